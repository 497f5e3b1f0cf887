//! Groups, MFA devices and the account's summary: what a tool that disables a user has to undo.

use super::support::*;
use crate::sim::Simulator;

/// The management account's administrator, and a user with a key.
fn eve() -> (Plain, Plain) {
    let simulator = Simulator::new(builder().build());
    let admin = Plain::of(&simulator, MANAGEMENT);
    admin.iam("CreateUser", &[("UserName", "eve")]).unwrap();
    let made = admin
        .iam("CreateAccessKey", &[("UserName", "eve")])
        .unwrap();
    let key = text_of(&made, "AccessKeyId");
    let token = None;
    (
        admin,
        Plain {
            simulator,
            key,
            token,
        },
    )
}

#[test]
fn a_user_may_do_what_its_groups_may_and_no_longer_when_taken_out() {
    let (admin, eve) = eve();
    let group = ("GroupName", "ops");
    admin.iam("CreateGroup", &[group]).unwrap();
    assert_eq!(
        admin
            .iam("CreateGroup", &[("GroupName", "OPS")])
            .unwrap_err(),
        "409 EntityAlreadyExists"
    );
    let document = policy("Allow", "iam:ListUsers");
    let fields = [
        group,
        ("PolicyName", "read"),
        ("PolicyDocument", document.as_str()),
    ];
    admin.iam("PutGroupPolicy", &fields).unwrap();
    let arn = ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess");
    assert_eq!(eve.iam("ListUsers", &[]).unwrap_err(), "403 AccessDenied");
    let both = [group, ("UserName", "eve")];
    admin.iam("AddUserToGroup", &both).unwrap();
    assert!(eve.iam("ListUsers", &[]).is_ok());
    assert_eq!(eve.iam("ListRoles", &[]).unwrap_err(), "403 AccessDenied");
    admin.iam("AttachGroupPolicy", &[group, arn]).unwrap();
    assert!(eve.iam("ListRoles", &[]).is_ok());
    let of_eve = admin
        .iam("ListGroupsForUser", &[("UserName", "eve")])
        .unwrap();
    assert_eq!(text_of(&of_eve, "GroupName"), "ops");
    let members = admin.iam("GetGroup", &[group]).unwrap();
    assert_eq!(text_of(&members, "UserName"), "eve");
    let key = [("UserName", "eve"), ("AccessKeyId", eve.key.as_str())];
    admin.iam("DeleteAccessKey", &key).unwrap();
    let delete = || admin.iam("DeleteUser", &[("UserName", "eve")]);
    assert_eq!(delete().unwrap_err(), "409 DeleteConflict");
    assert_eq!(
        admin.iam("DeleteGroup", &[group]).unwrap_err(),
        "409 DeleteConflict"
    );
    admin.iam("RemoveUserFromGroup", &both).unwrap();
    assert_eq!(
        admin.iam("RemoveUserFromGroup", &both).unwrap_err(),
        "404 NoSuchEntity"
    );
    delete().unwrap();
    admin.iam("DetachGroupPolicy", &[group, arn]).unwrap();
    admin
        .iam("DeleteGroupPolicy", &[group, ("PolicyName", "read")])
        .unwrap();
    admin.iam("DeleteGroup", &[group]).unwrap();
}

#[test]
fn an_mfa_device_belongs_to_one_user_until_it_is_deactivated() {
    let (admin, _) = eve();
    let made = admin
        .iam("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "eve")])
        .unwrap();
    let serial = text_of(&made, "SerialNumber");
    let of_eve = [("UserName", "eve"), ("SerialNumber", serial.as_str())];
    let codes = [
        ("AuthenticationCode1", "123456"),
        ("AuthenticationCode2", "654321"),
    ];
    let enable = |fields: &[(&str, &str)]| admin.iam("EnableMFADevice", fields);
    assert_eq!(enable(&of_eve).unwrap_err(), "400 ValidationError");
    let whole = [of_eve, codes].concat();
    enable(&whole).unwrap();
    assert_eq!(enable(&whole).unwrap_err(), "409 EntityAlreadyExists");
    let listed = admin.iam("ListMFADevices", &of_eve[..1]).unwrap();
    assert_eq!(text_of(&listed, "SerialNumber"), serial);
    let summary = admin.iam("GetAccountSummary", &[]).unwrap();
    assert!(
        summary.contains("<entry><key>MFADevicesInUse</key><value>1</value></entry>"),
        "{summary}"
    );
    let delete = || admin.iam("DeleteVirtualMFADevice", &of_eve[1..]);
    assert_eq!(delete().unwrap_err(), "409 DeleteConflict");
    admin.iam("DeactivateMFADevice", &of_eve).unwrap();
    let unassigned = [("AssignmentStatus", "Unassigned")];
    let listed = admin.iam("ListVirtualMFADevices", &unassigned).unwrap();
    assert_eq!(text_of(&listed, "SerialNumber"), serial);
    delete().unwrap();
    assert_eq!(delete().unwrap_err(), "404 NoSuchEntity");
}
