//! The organization of the demo: one example of everything that an audit finds.

use jiff::SignedDuration;
use serde_json::json;

use crate::model::Timestamp;

use super::super::world::World;
use super::builder::WorldBuilder;
use super::history::{History, Who};

const LEAVE_ONLY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyLeave","Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}"#;
const FULL_GUARD: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyExit","Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake"],"Resource":"*"},{"Sid":"DenySelfClosure","Effect":"Deny","Action":"account:CloseAccount","Resource":"*"}]}"#;
const CONDITIONAL: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyLeaveExceptAdmins","Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake"],"Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/OrgAdmin*"}}}]}"#;
const DEAD: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyLeaveOfOurs","Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"arn:aws:organizations::*:organization/*"}]}"#;
const REGION_LOCK: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"OnlyEurope","Effect":"Deny","NotAction":["iam:*","sts:*","support:*","route53:*","cloudfront:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-central-1","eu-west-1"]}}}]}"#;
const ALLOW_LIST: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Approved","Effect":"Allow","Action":["ec2:*","s3:*","lambda:*","cloudwatch:*","logs:*","iam:Get*","iam:List*","sts:*"],"Resource":"*"}]}"#;
/// With this, only roles that exist already are exempt from [`CONDITIONAL`].
const HELD: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"OnlyOrgAdminsMakeOrgAdmins","Effect":"Deny","Action":["iam:*Role*","sts:AssumeRole*"],"Resource":"arn:aws:iam::*:role/OrgAdmin*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/OrgAdmin*"}}}]}"#;
const FOR_SERVICES: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyLeaveOfServices","Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*","Condition":{"Bool":{"aws:PrincipalIsAWSService":"true"}}}]}"#;
const TAG_HYGIENE: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"KeepOwnerTag","Effect":"Deny","Action":"ec2:DeleteTags","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"aws:TagKeys":"owner"}}}]}"#;

/// What is published most: it names the calls, and departures are no calls.
const API_CALLS_ONLY: &str = r#"{"source":["aws.organizations"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventSource":["organizations.amazonaws.com"],"eventName":["LeaveOrganization","RemoveAccountFromOrganization","CloseAccount","DeleteOrganization","DetachPolicy","DisablePolicyType"]}}"#;

const AUTOMATION: Who = Who {
    name: "terraform-apply",
    ip: "198.51.100.24",
    agent: "APN/1.0 HashiCorp/1.0 Terraform/1.9.8",
    session_of: Some("PlatformAutomation"),
};
const ADMIN: Who = Who {
    name: "j.ortega",
    ip: "198.51.100.7",
    agent: "aws-cli/2.31.4 md/awscrt#0.27.6",
    session_of: Some("AWSReservedSSO_OrgAdministrator_4f1c2a9d0b7e6a55"),
};
const STRANGER: Who = Who {
    name: "svc-backup",
    ip: "203.0.113.66",
    agent: "Boto3/1.35.0 Python/3.12.3 Linux/6.8.0",
    session_of: None,
};

const INSIDE: Who = Who {
    session_of: Some("OrganizationAccountAccessRole"),
    ..STRANGER
};

/// About 40 accounts in three levels of OUs; the same `now` gives the same world.
pub fn demo(now: Timestamp) -> World {
    let mut builder = WorldBuilder::seeded(now, 20_261_124);
    for (name, place) in ACCOUNTS {
        builder = builder.account(name, place);
    }
    for name in DEPARTED {
        builder = builder.standalone(name);
    }
    let builder = watching(delegations(scps(builder)))
        .foreign_organization("Northwind Reseller", &["analytics-prod"]);
    let ago = |days: i64| now - SignedDuration::from_hours(24 * days);
    let builder = builder
        .invitation("payments-poc", ago(2))
        .invitation("design-lab", ago(20));
    let mut world = exemptions(builder)
        .world(|world| accounts(world, now))
        .build();
    past(&mut world);
    world
}

/// Names are untrusted: one tries a terminal, a web page and a spreadsheet at once.
const HOSTILE: &str = "=HYPERLINK(\"http://x.example\")\u{1b}[31m<script>alert(1)</script>";

const ACCOUNTS: [(&str, &str); 38] = [
    ("log-archive", "Security"),
    ("security-tooling", "Security"),
    ("identity-center", "Security"),
    ("forensics", "Security/Break-Glass"),
    ("network-hub", "Infrastructure/Network"),
    ("dns", "Infrastructure/Network"),
    ("transit-eu", "Infrastructure/Network"),
    ("shared-services", "Infrastructure"),
    ("ci-runners", "Infrastructure"),
    ("backup-vault", "Infrastructure/Backup"),
    ("checkout-prod", "Workloads/Prod"),
    ("catalog-prod", "Workloads/Prod"),
    ("payments-prod", "Workloads/Prod/PCI"),
    ("card-vault-prod", "Workloads/Prod/PCI"),
    ("search-prod", "Workloads/Prod"),
    ("mobile-api-prod", "Workloads/Prod"),
    ("warehouse-prod", "Workloads/Prod"),
    ("checkout-staging", "Workloads/Staging"),
    ("catalog-staging", "Workloads/Staging"),
    ("payments-staging", "Workloads/Staging"),
    ("checkout-dev", "Workloads/Dev"),
    ("catalog-dev", "Workloads/Dev"),
    ("payments-dev", "Workloads/Dev"),
    ("search-dev", "Workloads/Dev"),
    ("mobile-api-dev", "Workloads/Dev"),
    ("data-lake", "Data"),
    ("ml-training", "Data"),
    ("bi-reporting", "Data/Reporting"),
    ("sandbox-amir", "Sandbox"),
    ("sandbox-bianca", "Sandbox"),
    ("sandbox-chen", "Sandbox"),
    (HOSTILE, "Sandbox"),
    ("eu-store", "Regional/Europe"),
    ("eu-loyalty", "Regional/Europe"),
    ("acquired-fabrikam", "Transition"),
    ("old-intranet", "Suspended"),
    ("old-wiki", "Suspended"),
    ("retired-crm", "Suspended"),
];

/// Accounts that were members once, and one that never was.
const DEPARTED: [&str; 5] = [
    "analytics-prod",
    "payments-poc",
    "divested-media",
    "design-lab",
    "hackathon-2026",
];

/// The root stays without a guard.
fn scps(builder: WorldBuilder) -> WorldBuilder {
    builder
        .scp("deny-leave", LEAVE_ONLY, &["Workloads/Prod"])
        .scp("exit-guard-security", FULL_GUARD, &["Security"])
        .scp(
            "deny-leave-except-orgadmin",
            CONDITIONAL,
            &["Infrastructure"],
        )
        .scp("deny-leave-organization-arn", DEAD, &["Workloads/Dev"])
        .scp("region-lock-europe", REGION_LOCK, &["Regional/Europe"])
        .scp("data-allow-list", ALLOW_LIST, &["Data"])
        .detached("FullAWSAccess", "Data")
        .scp("keep-owner-tag", TAG_HYGIENE, &["Workloads"])
        .scp("unused-draft", LEAVE_ONLY, &[])
}

/// One of each kind of exemption, and a deny that is dead by its condition.
fn exemptions(builder: WorldBuilder) -> WorldBuilder {
    let world = builder.clone().build();
    let unit = world.unit_at("Transition").unwrap_or_default().to_owned();
    let organization = world.organization().map(|found| found.id.clone());
    let place = format!("{}/*/{unit}/*", organization.unwrap_or_default());
    let guard = |condition: serde_json::Value| {
        let statement = json!({
            "Sid": "DenyLeave",
            "Effect": "Deny",
            "Action": "organizations:LeaveOrganization",
            "Resource": "*",
            "Condition": condition,
        });
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    let carved = json!({"ForAllValues:StringNotLike": {"aws:PrincipalOrgPaths": place}});
    let role = format!("arn:aws:iam::{}:role/OrgAdmin", world.management);
    let vacuous = json!({"ArnNotLike": {"aws:PrincipalArn": role}});
    builder
        .scp("protect-orgadmin-roles", HELD, &["Infrastructure/Backup"])
        .scp(
            "deny-leave-of-services",
            FOR_SERVICES,
            &["Workloads/Staging"],
        )
        .scp("deny-leave-but-transition", &guard(carved), &["Transition"])
        .scp(
            "deny-leave-except-management",
            &guard(vacuous),
            &["Workloads/Prod/PCI"],
        )
}

fn delegations(builder: WorldBuilder) -> WorldBuilder {
    let builder = builder
        .delegated_administrator(
            "security-tooling",
            &["guardduty.amazonaws.com", "securityhub.amazonaws.com"],
        )
        .delegated_administrator("identity-center", &["sso.amazonaws.com"])
        .root_features(&["RootCredentialsManagement"])
        .stack_set("security-baseline", "Workloads", false)
        .stack_set("audit-roles", "/", true);
    let world = builder.clone().build();
    let member = world.account_named("shared-services");
    let member = member.map(|account| account.id.clone()).unwrap_or_default();
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "PlatformTeamManagesPolicies",
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:aws:iam::{member}:root")},
            "Action": [
                "organizations:ListPolicies",
                "organizations:DescribePolicy",
                "organizations:DetachPolicy",
                "organizations:UpdatePolicy",
            ],
            "Resource": "*",
        }],
    });
    builder.delegation_policy(&policy.to_string())
}

/// A trail without digests, whose log group nobody filters, and a rule that hears calls alone.
fn watching(builder: WorldBuilder) -> WorldBuilder {
    builder
        .log_group("organization-trail")
        .trail("organization-trail", |trail| {
            "example-corp-trail".clone_into(&mut trail.bucket);
            trail.validated = false;
            trail.log_group = Some("organization-trail".to_owned());
        })
        .rule("organization-exit", API_CALLS_ONLY, true, 1)
}

fn accounts(world: &mut World, now: Timestamp) {
    let mut state = |name: &str, state: &str| {
        if let Some(account) = world.account_named_mut(name) {
            state.clone_into(&mut account.state);
            let closed = state == "CLOSED";
            account.closed_at = closed.then(|| now - SignedDuration::from_hours(24 * 12));
        }
    };
    state("old-intranet", "CLOSED");
    state("old-wiki", "SUSPENDED");
    state("retired-crm", "PENDING_CLOSURE");
    if let Some(account) = world.account_named_mut("sandbox-chen") {
        "chen.builds.things@gmail.com".clone_into(&mut account.email);
    }
    let management = world.management.clone();
    world.ensure_user(&management, super::super::ADMIN_USER);
    let joined = now - SignedDuration::from_hours(24 * 80);
    let acquired = world.account_named("acquired-fabrikam");
    if let Some(id) = acquired.map(|account| account.id.clone()) {
        let organization = world.organization_of_mut(&id);
        if let Some(member) = organization.and_then(|found| found.members.get_mut(&id)) {
            "INVITED".clone_into(&mut member.joined_method);
            member.joined_at = joined;
        }
    }
    // It never was a member, so nobody made the role there.
    if let Some(account) = world.account_named_mut("design-lab") {
        account.roles.clear();
    }
}

/// The last ninety days of the management account, oldest first. Departures
/// show as service events only: the members' own calls are logged in the members.
fn past(world: &mut World) {
    let ids = Ids::of(world);
    let account = world.management.clone();
    let mut past = History { world, account };
    let joined = json!({"accountId": ids.acquired, "joinedMethod": "INVITED"});
    past.service(80, "AccountJoinedOrganization", "joinedTime", joined);
    let old = json!({"accountId": ids.media, "departedMethod": "Left"});
    past.service(75, "AccountDepartedOrganization", "departedTime", old);
    let cleaned = json!({"accountId": "400000000417", "departureMethod": "CLEANED"});
    past.service(60, "AccountDepartedOrganization", "departureTime", cleaned);
    let request = json!({"accountId": ids.hackathon});
    past.call(41, ADMIN, "RemoveAccountFromOrganization", &request, None);
    let removed = json!({"accountId": ids.hackathon, "departureMethod": "REMOVED"});
    past.service(41, "AccountDepartedOrganization", "departureTime", removed);
    let request = json!({"content": "{\"Version\":\"2012-10-17\",\"Statement\":[]}"});
    past.call(33, AUTOMATION, "PutResourcePolicy", &request, None);
    let request = json!({"accountId": ids.closed});
    past.call(12, ADMIN, "CloseAccount", &request, None);
    tampering(&mut past, &ids);
    let left = json!({"accountId": ids.payments, "departureMethod": "LEFT"});
    past.service(4, "AccountDepartedOrganization", "departureTime", left);
    let left = json!({"accountId": ids.analytics, "departureMethod": "LEFT"});
    past.service(3, "AccountDepartedOrganization", "departureTime", left);
    // The call itself: logged in the account that left, and nowhere else.
    past.account = ids.payments;
    past.call(4, INSIDE, "LeaveOrganization", &json!(null), None);
}

/// What came before the departures: guards lifted, an account moved.
fn tampering(past: &mut History<'_>, ids: &Ids) {
    let request = json!({
        "accountId": ids.security,
        "servicePrincipal": "config.amazonaws.com",
    });
    past.call(9, ADMIN, "DeregisterDelegatedAdministrator", &request, None);
    let request = json!({"policyId": ids.leave, "targetId": ids.sandbox});
    past.call(6, STRANGER, "DetachPolicy", &request, None);
    let request = json!({"policyId": ids.dead, "content": DEAD});
    past.call(6, STRANGER, "UpdatePolicy", &request, None);
    let request = json!({"rootId": ids.root, "policyType": "SERVICE_CONTROL_POLICY"});
    let message = format!(
        "User: arn:aws:iam::{}:user/svc-backup is not authorized to perform: organizations:DisablePolicyType because no identity-based policy allows the organizations:DisablePolicyType action",
        past.account
    );
    let denied = Some(("AccessDenied", message.as_str()));
    past.call(6, STRANGER, "DisablePolicyType", &request, denied);
    let request = json!({
        "accountId": ids.payments,
        "sourceParentId": ids.prod,
        "destinationParentId": ids.sandbox,
    });
    past.call(5, STRANGER, "MoveAccount", &request, None);
}

/// Ids that the past speaks of.
struct Ids {
    root: String,
    prod: String,
    sandbox: String,
    leave: String,
    dead: String,
    acquired: String,
    security: String,
    closed: String,
    media: String,
    hackathon: String,
    payments: String,
    analytics: String,
}

impl Ids {
    fn of(world: &World) -> Self {
        let account = |name: &str| world.account_named(name).map(|found| found.id.clone());
        let account = |name: &str| account(name).unwrap_or_default();
        let unit = |path: &str| world.unit_at(path).unwrap_or_default().to_owned();
        let policy = |name: &str| world.policy_named(name).map(|found| found.id.clone());
        let policy = |name: &str| policy(name).unwrap_or_default();
        let root = world.organization().map(|found| found.root.clone());
        Self {
            root: root.unwrap_or_default(),
            prod: unit("Workloads/Prod"),
            sandbox: unit("Sandbox"),
            leave: policy("deny-leave"),
            dead: policy("deny-leave-organization-arn"),
            acquired: account("acquired-fabrikam"),
            security: account("security-tooling"),
            closed: account("old-intranet"),
            media: account("divested-media"),
            hackathon: account("hackathon-2026"),
            payments: account("payments-poc"),
            analytics: account("analytics-prod"),
        }
    }
}
