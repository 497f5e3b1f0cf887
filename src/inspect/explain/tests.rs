use super::*;
use crate::model::fixture::{self, attach};

#[test]
fn what_the_steps_of_an_account_do_not_reach_is_said_to_be_undecided() {
    let statement = |number: usize| {
        let gap = "?".repeat(40);
        format!(
            r#"{{"Effect":"Deny","Action":"organizations:*","Resource":"*","Condition":{{"StringNotLike":{{"aws:PrincipalArn":"*{number}a{gap}b*"}}}}}}"#
        )
    };
    let statements: Vec<String> = (0..50).map(statement).collect();
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    );
    assert!(text.len() <= crate::scp::SCP_SIZE_LIMIT);
    let mut snapshot = fixture::organization();
    attach(&mut snapshot, "p-endless0", &text, &["r-ab12"]);
    let member = fixture::account_id("222222222222");
    let accounts = snapshot.accounts.known().unwrap();
    let paths: Vec<&'static ExitPath> = ExitPath::of_members().collect();
    let explained = explain(&snapshot, accounts.get(&member).unwrap(), &paths);
    let leave = explained.paths.first().unwrap();
    assert_eq!(leave.verdict, "undetermined");
    let held = explained.nodes.iter().flat_map(|node| &node.policies);
    let held = held.flat_map(|policy| &policy.statements);
    let found: Vec<&Match> = held.flat_map(|held| &held.on).map(|on| &on.found).collect();
    let undecided = found.iter().filter(|one| matches!(one, Match::Unclear(_)));
    assert!(undecided.count() > 50, "{}", found.len());
}
