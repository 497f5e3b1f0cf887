//! Small organizations for unit tests.

use std::collections::BTreeMap;

use super::monitoring::{EventSelector, Trail, TrailStatus};
use super::organization::{
    Account, AccountState, Attachments, FeatureSet, JoinedMethod, Organization, Policy,
    PolicyTypeState, Root, RootFeatures, tags_not_read,
};
use super::snapshot::{Caller, Depth, EventHistory, SNAPSHOT_VERSION, stack_sets_not_read};
use super::{
    AccountId, Gap, GapReason, NodeId, Observed, Partition, PolicyId, Snapshot, Timestamp,
};

pub(crate) const MANAGEMENT: &str = "111111111111";
pub(crate) const FULL: &str = "p-FullAWSAccess";
pub(crate) const ALLOW_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
pub(crate) const DENY_LEAVE: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"NoLeave","Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}"#;
pub(crate) const DENY_ALL_EXITS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake","account:CloseAccount"],"Resource":"*"}]}"#;

pub(crate) fn account_id(text: &str) -> AccountId {
    text.parse().unwrap()
}

pub(crate) fn node(text: &str) -> NodeId {
    text.parse().unwrap()
}

pub(crate) fn policy_id(text: &str) -> PolicyId {
    text.parse().unwrap()
}

pub(crate) fn gap(operation: &str) -> Gap {
    Gap {
        operation: operation.to_owned(),
        target: None,
        reason: GapReason::AccessDenied,
        message: "denied in a test".to_owned(),
        request_id: None,
    }
}

/// Management account and one member, `222222222222`, in `ou-ab12-11111111`; FullAWSAccess
/// everywhere; everything read.
pub(crate) fn organization() -> Snapshot {
    let now: Timestamp = "2026-11-24T02:00:00Z".parse().unwrap();
    let mut snapshot = Snapshot {
        format_version: SNAPSHOT_VERSION,
        tool_version: "0.0.0".to_owned(),
        taken_at: now,
        caller: Caller {
            account: account_id(MANAGEMENT),
            arn: format!("arn:aws:iam::{MANAGEMENT}:user/auditor"),
            partition: Partition::Aws,
            region: "us-east-1".to_owned(),
            endpoint: None,
        },
        depth: Depth::Full,
        organization: Observed::Known(Organization {
            id: "o-exampleorg1".parse().unwrap(),
            arn: format!("arn:aws:organizations::{MANAGEMENT}:organization/o-exampleorg1"),
            feature_set: FeatureSet::All,
            management_account: account_id(MANAGEMENT),
            management_email: None,
        }),
        root: Observed::Known(Root {
            id: "r-ab12".parse().unwrap(),
            scp_state: PolicyTypeState::Enabled,
        }),
        accounts: Observed::Known(BTreeMap::new()),
        units: BTreeMap::new(),
        policies: BTreeMap::new(),
        policies_listed: Observed::Known(0),
        attachments: Attachments::default(),
        delegation_policy: Observed::Known(None),
        delegated_administrators: Observed::Known(Vec::new()),
        trusted_services: Observed::Known(Vec::new()),
        root_features: Observed::Known(RootFeatures {
            root_credentials_management: true,
            root_sessions: true,
        }),
        handshakes: Observed::Known(Vec::new()),
        stack_sets: stack_sets_not_read(),
        events: EventHistory {
            account: account_id(MANAGEMENT),
            region: "us-east-1".to_owned(),
            from: now,
            until: now,
            records: Vec::new(),
            gaps: Vec::new(),
            unparsed: Vec::new(),
        },
        trails: Observed::Known(vec![organization_trail()]),
        event_rules: Observed::Known(Vec::new()),
        members: BTreeMap::new(),
    };
    attach(
        &mut snapshot,
        FULL,
        ALLOW_ALL,
        &["r-ab12", "ou-ab12-11111111"],
    );
    add_account(&mut snapshot, MANAGEMENT, &["r-ab12"]);
    add_account(
        &mut snapshot,
        "222222222222",
        &["r-ab12", "ou-ab12-11111111"],
    );
    snapshot
}

/// A sound organization trail of the management account, whose log group nobody filters.
pub(crate) fn organization_trail() -> Trail {
    Trail {
        arn: format!("arn:aws:cloudtrail:us-east-1:{MANAGEMENT}:trail/everything"),
        name: "everything".to_owned(),
        home_region: "us-east-1".to_owned(),
        organization: true,
        multi_region: true,
        validated: true,
        bucket: Some("example-trail".to_owned()),
        log_group: Some(format!(
            "arn:aws:logs:us-east-1:{MANAGEMENT}:log-group:trail:*"
        )),
        status: Observed::Known(TrailStatus {
            logging: true,
            delivery_error: None,
            log_group_error: None,
        }),
        selectors: Observed::Known(vec![EventSelector {
            reads: true,
            writes: true,
            excluded: Vec::new(),
            narrowed_by: Vec::new(),
        }]),
        filters: Observed::Known(Vec::new()),
    }
}

/// Adds an account with FullAWSAccess on it.
pub(crate) fn add_account(snapshot: &mut Snapshot, id: &str, parents: &[&str]) {
    let account = Account {
        id: account_id(id),
        name: format!("account {id}"),
        email: format!("root+{id}@example.com"),
        state: Some(AccountState::Active),
        joined_method: Some(JoinedMethod::Created),
        joined_at: None,
        parents: Observed::Known(parents.iter().map(|parent| node(parent)).collect()),
        tags: tags_not_read(),
    };
    if let Observed::Known(accounts) = &mut snapshot.accounts {
        accounts.insert(account.id.clone(), account);
    }
    attach(snapshot, FULL, ALLOW_ALL, &[id]);
}

/// Creates the SCP if need be and hangs it on more nodes.
pub(crate) fn attach(snapshot: &mut Snapshot, id: &str, content: &str, nodes: &[&str]) {
    let id = policy_id(id);
    snapshot.policies.entry(id.clone()).or_insert_with(|| Policy {
        id: id.clone(),
        arn: format!("arn:aws:organizations::{MANAGEMENT}:policy/o-exampleorg1/service_control_policy/{id}"),
        name: format!("name of {id}"),
        aws_managed: id.is_full_aws_access(),
        content: Observed::Known(content.to_owned()),
        description: None,
        tags: tags_not_read(),
    });
    let targets = snapshot
        .attachments
        .by_policy
        .entry(id)
        .or_insert_with(|| Observed::Known(Vec::new()));
    if let Observed::Known(targets) = targets {
        targets.extend(nodes.iter().map(|text| node(text)));
    }
}
