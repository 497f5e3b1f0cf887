//! `guard-text-differs`

use crate::audit::{Context, Finding, Rule};
use crate::exits::{ExitPath, GuardStatement};
use crate::model::organization::Policy;
use crate::model::rule::{RuleMeta, Severity};
use crate::scp::{Dialect, Document, Effect, Statement, parse};

static META: RuleMeta = RuleMeta {
    id: "guard-text-differs",
    title: "An SCP with this tool's name or tag says something else",
    severity: Severity::Medium,
    explain: "What it checks: SCPs named org-exit-guard (or org-exit-guard-2 and so on) whose text is no form of the \
              guard, and SCPs that a run of this tool created and whose text is another one since. Names are seen of \
              every SCP that was read; tags are read by snapshot and by audit --full.\n\
              Why it matters: whoever sees the name takes it for the guard. It was edited, or somebody else made it.\n\
              How to fix: detect shows who changed it. Detach and delete it, or rename it, once the guard is attached \
              without it.",
    attack: &["T1666", "T1484"],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

fn check(cx: &Context<'_>) -> Vec<Finding> {
    cx.snapshot.policies.values().filter_map(judge).collect()
}

fn judge(policy: &Policy) -> Option<Finding> {
    let named = policy.is_named_as_the_guard();
    if let (true, Some(gap)) = (named, policy.content.gap()) {
        let what = format!(
            "what SCP {} says, which carries the guard's name",
            policy.id
        );
        return Some(Finding::unread(&META, gap, &what));
    }
    let text = policy.content.known()?;
    let guard = parse(text, Dialect::Scp).is_ok_and(|document| is_guard(&document));
    let why = if policy.was_rewritten() {
        "was created by this tool and says something else since"
    } else if named && !guard {
        "carries the guard's name and is not the guard"
    } else {
        return None;
    };
    let summary = format!("SCP `{}` ({}) {why}", policy.name, policy.id);
    Some(Finding {
        evidence: vec![format!("it says: {text}")],
        remedy: "find out who changed it: org-exit-guard detect".to_owned(),
        ..Finding::failed(&META, policy.id.to_string(), summary)
    })
}

/// Is it the guard, or a half of it, with or without OUs that are carved out?
fn is_guard(document: &Document) -> bool {
    let denies = |half: GuardStatement| {
        let paths = ExitPath::of_members().filter(move |path| path.guard == Some(half));
        let actions: Vec<&str> = paths
            .flat_map(|path| path.actions)
            .map(|action| action.name)
            .collect();
        move |statement: &Statement| {
            let patterns = &statement.actions.patterns;
            let named = |action: &&str| {
                let mut patterns = patterns.iter();
                patterns.any(|one| one.as_str().eq_ignore_ascii_case(action))
            };
            statement.effect == Effect::Deny
                && !statement.actions.negated
                && actions.iter().all(named)
                && patterns.iter().all(|one| {
                    let mut actions = actions.iter();
                    actions.any(|action| one.as_str().eq_ignore_ascii_case(action))
                })
        }
    };
    let (exit, closure) = (
        denies(GuardStatement::Exit),
        denies(GuardStatement::SelfClosure),
    );
    let carved = |statement: &Statement| {
        statement.conditions.iter().all(|one| {
            let operator = one
                .operator_text
                .eq_ignore_ascii_case("ForAllValues:StringNotLike");
            operator && one.key.eq_ignore_ascii_case("aws:PrincipalOrgPaths")
        })
    };
    let whole = |statement: &Statement| {
        (exit(statement) && carved(statement))
            || (closure(statement) && statement.conditions.is_empty())
    };
    !document.statements.is_empty() && document.statements.iter().all(whole)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::rules::testing::run;
    use crate::model::fixture::{self, DENY_ALL_EXITS, DENY_LEAVE, attach, gap, policy_id};
    use crate::model::ours::policy_tags;
    use crate::model::{Observed, Snapshot};

    const GUARD: &str = include_str!("../../../policies/scp/exit-guard.json");

    fn with(name: &str, text: &str) -> Snapshot {
        let mut snapshot = fixture::organization();
        attach(&mut snapshot, "p-named000", text, &["r-ab12"]);
        let policy = snapshot.policies.get_mut(&policy_id("p-named000")).unwrap();
        name.clone_into(&mut policy.name);
        snapshot
    }

    #[test]
    fn the_guards_name_on_another_text_fails_and_on_every_form_of_the_guard_passes() {
        let carved = GUARD.replacen(
            r#""Resource": "*""#,
            r#""Resource": "*", "Condition": {"ForAllValues:StringNotLike": {"aws:PrincipalOrgPaths": "o-a/*/ou-b/*"}}"#,
            1,
        );
        assert_ne!(carved, GUARD);
        for text in [GUARD, &carved] {
            assert!(
                run(&RULE, &with("org-exit-guard", text)).is_empty(),
                "{text}"
            );
        }
        for name in ["org-exit-guard", "org-exit-guard-2"] {
            let found = run(&RULE, &with(name, DENY_LEAVE));
            assert_eq!(found.len(), 1, "{name}");
            assert!(
                found[0].summary.contains("is not the guard"),
                "{:?}",
                found[0]
            );
        }
        let lifted = GUARD.replace("Deny", "Allow");
        assert_eq!(run(&RULE, &with("org-exit-guard", &lifted)).len(), 1);
        for name in [
            "exit-guard-security",
            "org-exit-guard-quarantine-222222222222",
        ] {
            assert!(run(&RULE, &with(name, DENY_ALL_EXITS)).is_empty(), "{name}");
        }
    }

    #[test]
    fn a_text_that_was_changed_since_a_run_created_it_fails_whatever_its_name() {
        let tagged = |now: &str| {
            let mut snapshot = with("renamed", now);
            let policy = snapshot.policies.get_mut(&policy_id("p-named000")).unwrap();
            policy.tags = Observed::Known(policy_tags("run", "why".to_owned(), GUARD));
            run(&RULE, &snapshot)
        };
        assert!(
            tagged(&GUARD.replace(' ', "")).is_empty(),
            "white space is no change"
        );
        assert!(
            tagged(DENY_LEAVE)[0]
                .summary
                .contains("something else since")
        );
    }

    #[test]
    fn a_text_that_could_not_be_read_is_no_pass() {
        let mut snapshot = with("org-exit-guard", GUARD);
        let policy = snapshot.policies.get_mut(&policy_id("p-named000")).unwrap();
        policy.content = Observed::Unknown(gap("organizations:DescribePolicy"));
        let found = run(&RULE, &snapshot);
        assert_eq!(found.len(), 1);
        assert!(found[0].summary.contains("p-named000"), "{:?}", found[0]);
    }
}
