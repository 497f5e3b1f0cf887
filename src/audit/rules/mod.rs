//! The registry: one line a rule.

mod delegated_administrator_registered;
mod delegation_policy_lifts_guard;
mod direct_transfer_open;
mod direct_transfer_rests_on_leave_deny;
mod exempting;
mod exit_verdict_unknown;
pub(super) mod foreign_invitation_waits;
mod guard_by_accident;
mod guard_by_missing_allow;
mod guard_carves_out_place;
mod guard_exemption_self_service;
mod guard_exemption_vacuous;
mod guard_hangs_on_condition;
mod guard_has_exemptions;
mod guard_never_applies;
mod guard_text_differs;
mod hearing;
mod invitation_open;
mod leave_organization_open;
mod no_alarm_on_attempts;
mod no_alarm_on_departure;
mod open_path;
mod organization_trail_missing;
mod organization_trail_not_logging;
mod organization_trail_weak;
mod root_access_not_central;
mod root_email_foreign_domain;
mod root_scp_slots_full;
mod scps_not_in_force;
mod self_closure_open;
mod single_deny;
#[cfg(test)]
mod testing;
mod trail_bucket_in_member;

use super::Rule;

/// Every rule, in the order of the documentation.
pub static RULES: [Rule; 28] = [
    scps_not_in_force::RULE,
    leave_organization_open::RULE,
    direct_transfer_open::RULE,
    self_closure_open::RULE,
    direct_transfer_rests_on_leave_deny::RULE,
    guard_exemption_self_service::RULE,
    guard_has_exemptions::RULE,
    guard_carves_out_place::RULE,
    guard_never_applies::RULE,
    guard_exemption_vacuous::RULE,
    guard_hangs_on_condition::RULE,
    exit_verdict_unknown::RULE,
    guard_by_missing_allow::RULE,
    guard_by_accident::RULE,
    guard_text_differs::RULE,
    root_scp_slots_full::RULE,
    delegation_policy_lifts_guard::RULE,
    delegated_administrator_registered::RULE,
    root_access_not_central::RULE,
    root_email_foreign_domain::RULE,
    invitation_open::RULE,
    foreign_invitation_waits::RULE,
    no_alarm_on_departure::RULE,
    no_alarm_on_attempts::RULE,
    organization_trail_missing::RULE,
    organization_trail_not_logging::RULE,
    organization_trail_weak::RULE,
    trail_bucket_in_member::RULE,
];

#[cfg(test)]
mod tests {
    use super::RULES;

    #[test]
    fn every_rule_is_registered_once_and_explained() {
        let files =
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/audit/rules")).unwrap();
        let mut on_disk: Vec<String> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".rs").map(|stem| stem.replace('_', "-")))
            .filter(|stem| {
                let shared = [
                    "mod",
                    "testing",
                    "open-path",
                    "exempting",
                    "single-deny",
                    "hearing",
                ];
                !shared.contains(&stem.as_str())
            })
            .collect();
        let mut registered: Vec<&str> = RULES.iter().map(|rule| rule.meta.id).collect();
        on_disk.sort();
        registered.sort_unstable();
        assert_eq!(on_disk, registered);
        for rule in &RULES {
            for section in ["What it checks:", "Why it matters:", "How to fix:"] {
                assert!(
                    rule.meta.explain.contains(section),
                    "{}: {section}",
                    rule.meta.id
                );
            }
        }
    }
}
