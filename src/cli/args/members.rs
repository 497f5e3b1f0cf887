//! Arguments of looking into members.

use std::collections::BTreeSet;

use clap::Args;

use crate::collect::Members;
use crate::model::AccountId;

#[derive(Debug, Default, Args)]
pub(in crate::cli) struct MemberArgs {
    /// Look into each member as well, through the role of this name there: its own event history,
    /// and the invitations that wait in it
    #[arg(long, value_name = "NAME", help_heading = "AWS")]
    pub(in crate::cli) member_role: Option<String>,
    /// External id for --member-role
    #[arg(
        long,
        value_name = "ID",
        requires = "member_role",
        help_heading = "AWS"
    )]
    pub(in crate::cli) member_external_id: Option<String>,
}

impl MemberArgs {
    /// Which members are looked into, if any; `only` these, none: all.
    pub(in crate::cli) fn whom<'a>(&'a self, only: &'a BTreeSet<AccountId>) -> Option<Members<'a>> {
        Some(Members {
            role: self.member_role.as_deref()?,
            external_id: self.member_external_id.as_deref(),
            only,
        })
    }
}
