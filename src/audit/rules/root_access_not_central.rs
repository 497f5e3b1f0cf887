//! `root-access-not-central`

use crate::audit::{Context, Finding, Rule};
use crate::model::rule::{RuleMeta, Severity};

static META: RuleMeta = RuleMeta {
    id: "root-access-not-central",
    title: "Root access of members is not managed centrally",
    severity: Severity::Medium,
    explain: "What it checks: whether the organization manages root credentials and root sessions of its members.\n\
              Why it matters: a member's root user decides over the mailbox that answers invitations, and only it can \
              close the account; without credentials it cannot sign in.\n\
              How to fix: enable RootCredentialsManagement and RootSessions in IAM, then delete the members' root credentials.",
    attack: &["T1078.004"],
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-enable-root-access.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let features = match (
        cx.snapshot.root_features.known(),
        cx.snapshot.root_features.gap(),
    ) {
        (Some(features), _) => features,
        (None, Some(gap)) => {
            return vec![Finding::unread(
                &META,
                gap,
                "whether root access is managed centrally",
            )];
        }
        (None, None) => return Vec::new(),
    };
    let mut missing = Vec::new();
    if !features.root_credentials_management {
        missing.push("RootCredentialsManagement");
    }
    if !features.root_sessions {
        missing.push("RootSessions");
    }
    if missing.is_empty() {
        return Vec::new();
    }
    let summary = format!(
        "central root access is incomplete: {} is not enabled",
        missing.join(" and ")
    );
    vec![Finding {
        remedy: "enable central root access in IAM, from the management account".to_owned(),
        ..Finding::failed(&META, "organization", summary)
    }]
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::Outcome;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, gap};
    use crate::model::organization::RootFeatures;

    #[test]
    fn on_off_and_unknown() {
        let mut snapshot = fixture::organization();
        assert!(run(&RULE, &snapshot).is_empty());
        snapshot.root_features = Observed::Known(RootFeatures {
            root_credentials_management: true,
            root_sessions: false,
        });
        assert!(
            run(&RULE, &snapshot)[0]
                .summary
                .contains("RootSessions is not enabled")
        );
        snapshot.root_features = Observed::Unknown(gap("iam:ListOrganizationsFeatures"));
        assert_eq!(run(&RULE, &snapshot)[0].outcome, Outcome::CouldNotTell);
    }
}
