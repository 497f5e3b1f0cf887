//! What no API does, only the console: a root user closes its own account.
//!
//! <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-closing.html>

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::authorize::authorize;
use super::identify::{Caller, CallerKind};
use super::permissions::Permitted;
use super::refusal::Refusal;
use super::services::record::record;
use super::wire::{Api, Request};
use super::world::{Due, World};

/// The permission that the console asks for; there is no API of that name.
const ACTION: &str = "account:CloseAccount";

/// Closes an account as its root user would on the Account page, and records the attempt.
///
/// # Errors
/// What a service control policy denies; a management account with members; an
/// account that is closed, or that there is not.
pub(super) fn close_as_root(world: &mut World, account: &str) -> Result<(), Refusal> {
    let root = Caller {
        account: account.to_owned(),
        arn: format!("arn:{}:iam::{account}:root", world.partition),
        user_id: account.to_owned(),
        access_key: String::new(),
        kind: CallerKind::RootUser,
        permitted: Permitted::everything(),
        tags: std::collections::BTreeMap::new(),
    };
    let request = Request {
        api: Api::Account,
        operation: "CloseAccount".to_owned(),
        input: json!({}),
        region: world.partition.organizations_region().to_owned(),
        access_key: None,
        session_token: None,
        user_agent: "Mozilla/5.0".to_owned(),
    };
    let result = close(world, &root, &request);
    let id = world.draw_uuid();
    record(world, &root, &request, &result, &id);
    result.map(|_| ())
}

fn close(world: &mut World, root: &Caller, request: &Request) -> Result<Value, Refusal> {
    let account = &root.account;
    let resource = format!("arn:{}:account::{account}:account", world.partition);
    authorize(world, root, ACTION, &resource, request)?;
    let conflict = |text: &str| Refusal::new("ConflictException", text).status(409);
    let manages = world
        .organization_of(account)
        .is_some_and(|found| found.management == *account && found.members.len() > 1);
    if manages {
        return Err(conflict(
            "The account manages an organization with members.",
        ));
    }
    let at = world.now + SignedDuration::from_secs(i64::from(world.switches.closure_delay));
    let found = world
        .accounts
        .get_mut(account)
        .filter(|a| a.state == "ACTIVE");
    let found = found.ok_or_else(|| conflict("The account is not active."))?;
    "PENDING_CLOSURE".clone_into(&mut found.state);
    world.due.push((at, Due::Closed(account.clone())));
    Ok(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::super::tests::support::{MANAGEMENT, MEMBER, builder, policy};
    use super::*;

    #[test]
    fn a_root_user_closes_its_account_unless_an_scp_denies_it() {
        let text = policy("Deny", "account:CloseAccount");
        let world = builder().account("a", "/").account("b", "Guarded");
        let mut world = world.scp("guard", &text, &["Guarded"]).build();
        close_as_root(&mut world, MEMBER).unwrap();
        assert_eq!(world.accounts[MEMBER].state, "PENDING_CLOSURE");
        let refused = close_as_root(&mut world, "200000000002").unwrap_err();
        assert!(
            refused
                .message
                .contains("explicit deny in a service control policy")
        );
        assert_eq!(world.accounts["200000000002"].state, "ACTIVE");
        let recorded = &world.accounts["200000000002"].trail["us-east-1"][0];
        assert_eq!(recorded["errorCode"], "AccessDenied");
        assert_eq!(recorded["userIdentity"]["type"], "Root");
        assert!(close_as_root(&mut world, MANAGEMENT).is_err());
        let later = world.now + SignedDuration::from_secs(60);
        world.advance_to(later);
        assert_eq!(world.accounts[MEMBER].state, "CLOSED");
    }
}
