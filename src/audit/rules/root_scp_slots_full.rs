//! `root-scp-slots-full`

use crate::audit::{Context, Finding, Rule};
use crate::model::NodeId;
use crate::model::rule::{Confidence, RuleMeta, Severity};
use crate::scp::SCPS_PER_TARGET;
use crate::verdict::Standing;

static META: RuleMeta = RuleMeta {
    id: "root-scp-slots-full",
    title: "The root has no free slot for the guard",
    severity: Severity::Medium,
    explain: "What it checks: how many SCPs hang on the root, when some account still needs a guard. AWS documents \
              10 SCPs for each root, OU or account since May 2026.\n\
              Why it matters: the guard cannot be attached in an emergency.\n\
              How to fix: merge two SCPs of the root, or add the guard's statements to one of them.",
    attack: &[],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let guarded = cx
        .judgement
        .standings
        .values()
        .all(|standing| match standing {
            Standing::Member { verdicts, .. } => verdicts.iter().all(|one| one.answer.is_blocked()),
            Standing::Management | Standing::NotActing(_) => true,
        });
    let Some(root) = cx.snapshot.root.known() else {
        return Vec::new();
    };
    if guarded {
        return Vec::new();
    }
    match cx
        .snapshot
        .attachments
        .by_node
        .get(&NodeId::Root(root.id.clone()))
    {
        Some(attached) => match (attached.known(), attached.gap()) {
            (_, Some(gap)) => vec![Finding::unread(
                &META,
                gap,
                "how many SCPs hang on the root",
            )],
            (Some(policies), None) if policies.len() >= SCPS_PER_TARGET => {
                let summary = format!(
                    "{} SCPs hang on root {}, and AWS documents {SCPS_PER_TARGET} as the most: the guard \
                     has no slot",
                    policies.len(),
                    root.id
                );
                vec![Finding {
                    confidence: Confidence::Medium,
                    evidence: policies.iter().map(ToString::to_string).collect(),
                    remedy: "merge two of them, or add the guard's statements to one".to_owned(),
                    ..Finding::failed(&META, root.id.to_string(), summary)
                }]
            }
            _ => Vec::new(),
        },
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::Outcome;
    use crate::audit::rules::testing::run;
    use crate::model::Observed;
    use crate::model::fixture::{self, gap, node, policy_id};

    #[test]
    fn full_free_and_unread_roots() {
        let mut snapshot = fixture::organization();
        let mut set = |attached| {
            snapshot
                .attachments
                .by_node
                .insert(node("r-ab12"), attached);
            run(&RULE, &snapshot)
        };
        let ids: Vec<_> = (0..10)
            .map(|n| policy_id(&format!("p-policy{n:02}")))
            .collect();
        assert_eq!(set(Observed::Known(ids.clone())).len(), 1);
        assert!(set(Observed::Known(ids[..9].to_vec())).is_empty());
        let unread = set(Observed::Unknown(gap(
            "organizations:ListPoliciesForTarget",
        )));
        assert_eq!(unread[0].outcome, Outcome::CouldNotTell);
    }
}
