//! The guard's own guard: what a delegated administrator's account is denied, so that whoever holds
//! it cannot lift the guard first and leave then.

use serde_json::Value;

/// The document, as published.
const DOCUMENT: &str = include_str!("../../policies/scp/guards-guard.json");

/// An SCP for the accounts of delegated administrators, as pretty JSON; `policy` is the guard's
/// ARN, without which every SCP is kept from them.
///
/// SCPs bind delegated administrators, and not the management account.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
pub fn guards_guard(policy: Option<&str>) -> String {
    // INVARIANT: the embedded document is JSON (tested).
    let mut document: Value = serde_json::from_str(DOCUMENT).unwrap_or(Value::Null);
    if let (Some(arn), Some(statement)) = (policy, document.pointer_mut("/Statement/0")) {
        statement["Resource"] = arn.into();
    }
    format!("{document:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::LIFTING;
    use crate::scp::{Dialect, parse};

    #[test]
    fn it_denies_every_action_by_which_the_guard_is_lifted() {
        let text = guards_guard(None);
        assert!(parse(&text, Dialect::Scp).is_ok());
        // Attaching takes nothing away.
        for action in LIFTING
            .iter()
            .filter(|action| !action.ends_with(":AttachPolicy"))
        {
            assert!(text.contains(action), "{action}");
        }
        let arn = "arn:aws:organizations::111111111111:policy/o-exampleorg1/service_control_policy/p-abcd1234";
        assert!(guards_guard(Some(arn)).contains(arn));
        assert!(!guards_guard(Some(arn)).contains("o-*"));
    }
}
