//! Does an SCP leave a named principal alone, whatever it denies to others?

use super::case::{Case, organization};
use super::texts::Texts;
use crate::model::Snapshot;
use crate::model::organization::Account;
use crate::prove::{Decision, Kind, Level, Question, Target, decide};
use crate::scp::{Dialect, Document, Effect, Pattern, PatternList, parse};

/// Is it proved that no deny of `document` ever binds the principal in this account, whatever
/// it asks for? `principal` is an ARN in which the account may be `*`.
pub fn spares(
    snapshot: &Snapshot,
    account: &Account,
    document: &Document,
    principal: &str,
) -> bool {
    let only = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"ArnLike": {"aws:PrincipalArn": principal}},
        }],
    });
    let Ok(only) = parse(&only.to_string(), Dialect::Scp) else {
        return false;
    };
    let texts = Texts::of(snapshot);
    let case = Case::new(snapshot, &texts, &[], account);
    let asked = [Question {
        action: "organizations:AcceptHandshake",
        target: Target::ForeignInvitation {
            partition: snapshot.caller.partition,
            own: organization(snapshot),
        },
    }];
    denies(document).all(|deny| {
        let levels = [
            Level::complete(std::slice::from_ref(&only)),
            Level::complete(std::slice::from_ref(&deny)),
        ];
        let answer = decide(&levels, &asked, &case.subject(), &Kind::ALL);
        matches!(answer, Decision::Blocked(_))
    })
}

/// Each deny alone, as an SCP that allows everything under its conditions.
fn denies(document: &Document) -> impl Iterator<Item = Document> + '_ {
    let everything = || PatternList {
        negated: false,
        patterns: vec![Pattern::new("*")],
    };
    let denies = document.statements.iter();
    let denies = denies.filter(|statement| statement.effect == Effect::Deny);
    denies.map(move |statement| {
        let mut statement = statement.clone();
        statement.effect = Effect::Allow;
        statement.actions = everything();
        statement.resources = everything();
        Document {
            version: document.version,
            statements: vec![statement],
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::*;

    const MEMBER: &str = "222222222222";

    fn spared(text: &str, principal: &str) -> bool {
        let snapshot = crate::model::fixture::organization();
        let account = snapshot.accounts.known().unwrap()[&account_id(MEMBER)].clone();
        let document = parse(text, Dialect::Scp).unwrap();
        spares(&snapshot, &account, &document, principal)
    }

    fn but(operator: &str, role: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"{operator}":{{"aws:PrincipalArn":"{role}"}}}}}}]}}"#
        )
    }

    #[test]
    fn only_a_deny_that_exempts_the_principal_spares_it() {
        let named = format!("arn:aws:iam::{MEMBER}:role/BreakGlass");
        let other = format!("arn:aws:iam::{MEMBER}:role/Other");
        assert!(spared(&but("ArnNotLike", &named), &named));
        assert!(!spared(&but("ArnNotLike", &named), &other));
        assert!(!spared(DENY_LEAVE, &named));
        assert!(spared(ALLOW_ALL, &named));
        // A role elsewhere is nobody in this account.
        assert!(spared(
            DENY_LEAVE,
            "arn:aws:iam::333333333333:role/BreakGlass"
        ));
    }

    #[test]
    fn an_account_may_be_left_open() {
        let any = "arn:aws:iam::*:role/BreakGlass";
        assert!(spared(&but("ArnNotLike", any), any));
        assert!(spared(&but("ArnNotLike", "arn:aws:iam::*:role/*"), any));
        assert!(!spared(&but("ArnLike", "arn:aws:iam::*:role/Break*"), any));
    }
}
