//! Arguments of looking into members.

use clap::Args;

#[derive(Debug, Clone, Default, PartialEq, Args)]
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
    /// Read every member anew, also those that a run finished which was interrupted less than an
    /// hour ago
    #[arg(long, requires = "member_role", help_heading = "Behaviour")]
    pub(in crate::cli) fresh: bool,
}
