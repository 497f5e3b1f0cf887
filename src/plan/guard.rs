//! The guard: one service control policy for every organization and partition.

use std::collections::BTreeSet;

use serde_json::{Value, json};

pub use crate::model::ours::GUARD_NAME;
use crate::model::{NodeId, OrganizationId, OuId, Snapshot};
use crate::scp::{Dialect, Document, parse};

/// The static document, as published.
const DOCUMENT: &str = include_str!("../../policies/scp/exit-guard.json");

/// Which statements the guard has, and whom it carves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// With the statement against leaving and direct transfer.
    pub exit: bool,
    /// With the statement against closing accounts from inside.
    pub self_closure: bool,
    /// Patterns on `aws:PrincipalOrgPaths` of OUs from which accounts leave on purpose.
    pub carved_out: Vec<String>,
}

impl Guard {
    /// The guard for an organization with these transition OUs.
    ///
    /// A deny at the root cannot be lifted below, so the OUs are carved out of it.
    pub fn for_organization(
        snapshot: &Snapshot,
        transition: &BTreeSet<OuId>,
        self_closure: bool,
    ) -> Self {
        let organization = snapshot
            .organization
            .known()
            .map(|organization| &organization.id);
        let carved_out = transition
            .iter()
            .filter_map(|ou| Some(org_path(organization?, ou, snapshot)))
            .collect();
        Self {
            exit: true,
            self_closure,
            carved_out,
        }
    }

    /// The policy's text, without white space, since AWS counts every character.
    pub fn text(&self) -> String {
        // INVARIANT: the embedded document is JSON (tested).
        let mut document: Value = serde_json::from_str(DOCUMENT).unwrap_or(Value::Null);
        if let Some(statements) = document.get_mut("Statement").and_then(Value::as_array_mut) {
            if !self.self_closure {
                statements.truncate(1);
            }
            if let (false, Some(first)) = (self.carved_out.is_empty(), statements.first_mut()) {
                // `ForAllValues`: a principal without the key is still denied.
                first["Condition"] = json!({ "ForAllValues:StringNotLike": { "aws:PrincipalOrgPaths": self.carved_out } });
            }
            if !self.exit && self.self_closure {
                statements.remove(0);
            }
        }
        document.to_string()
    }

    /// The parsed policy; `None` never happens for a text that this type made (tested).
    pub fn document(&self) -> Option<Document> {
        parse(&self.text(), Dialect::Scp).ok()
    }
}

/// `o-…/r-…/ou-…/*`: the OU and everything below it.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgpaths>
fn org_path(organization: &OrganizationId, ou: &OuId, snapshot: &Snapshot) -> String {
    match snapshot.units.get(ou) {
        Some(unit) => {
            let parents: Vec<&str> = unit.parents.iter().map(NodeId::as_str).collect();
            format!("{organization}/{}/{ou}/*", parents.join("/"))
        }
        // An OU without accounts was not met; its id is unique within the organization.
        None => format!("{organization}/*/{ou}/*"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scp::SCP_SIZE_LIMIT;

    #[test]
    fn every_form_parses_and_fits() {
        for self_closure in [true, false] {
            for carved_out in [
                vec![],
                vec!["o-exampleorg1/r-ab12/ou-ab12-11111111/*".to_owned()],
            ] {
                let guard = Guard {
                    exit: true,
                    self_closure,
                    carved_out,
                };
                let document = guard.document().unwrap();
                assert_eq!(document.statements.len(), if self_closure { 2 } else { 1 });
                assert!(guard.text().chars().count() < SCP_SIZE_LIMIT);
                assert_eq!(
                    document.statements[0].conditions.len(),
                    usize::from(!guard.carved_out.is_empty())
                );
            }
        }
    }

    #[test]
    fn either_half_can_be_left_out_and_never_both() {
        let text = |exit, self_closure| {
            let guard = Guard {
                exit,
                self_closure,
                carved_out: vec![],
            };
            assert!(guard.document().is_some());
            guard.text()
        };
        assert!(!text(false, true).contains("LeaveOrganization"));
        assert!(!text(true, false).contains("CloseAccount"));
        assert_eq!(text(false, false), text(true, false));
    }

    #[test]
    fn the_guard_denies_exactly_the_actions_of_the_guarded_paths() {
        use crate::exits::ExitPath;
        let text = Guard {
            exit: true,
            self_closure: true,
            carved_out: vec![],
        }
        .text();
        for path in ExitPath::of_members() {
            for action in path.actions {
                assert!(text.contains(action.name), "{}", action.name);
            }
        }
    }
}
