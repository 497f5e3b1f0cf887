"""The program that `beside_moto.py` runs against both: what moto and the simulator both know.

A step is a name and a call: it gets the caller and a dictionary for what later steps need.
"""

import json

SCP = "SERVICE_CONTROL_POLICY"
FULL = "p-FullAWSAccess"
NOBODY = "999999999999"
STEPS = []


def step(name):
    def add(call):
        STEPS.append((name, call))
        return call

    return add


def policy(effect, action, **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": effect, "Action": action, "Resource": "*", **more}]})  # fmt: skip


def org(operation, keep=None, **arguments):
    """A step of Organizations; arguments that are functions are asked what was kept."""
    number = sum(name.startswith(operation) for name, _ in STEPS) + 1

    def call(caller, kept):
        given = {k: v(kept) if callable(v) else v for k, v in arguments.items()}
        answer = getattr(caller.organizations, operation)(**given)
        if keep:
            keep(kept, answer)
        return answer

    STEPS.append((f"{operation}.{number}" if number > 1 else operation, call))


def iam(operation, keep=None, service="iam", **arguments):
    number = sum(name.startswith(f"{service}.{operation}") for name, _ in STEPS) + 1

    def call(caller, kept):
        given = {k: v(kept) if callable(v) else v for k, v in arguments.items()}
        answer = getattr(getattr(caller, service), operation)(**given)
        if keep:
            keep(kept, answer)
        return answer

    name = f"{service}.{operation}"
    STEPS.append((f"{name}.{number}" if number > 1 else name, call))


def kept(name):
    return lambda kept: kept[name]


def keep(name, *path):
    def keeper(kept, answer):
        for part in path:
            answer = answer[part]
        kept[name] = answer

    return keeper


# Before there is an organization.
org("describe_organization")
org("list_roots")
org("list_accounts")


@step("sts.get_caller_identity")
def caller_identity(caller, kept):
    answer = caller.sts.get_caller_identity()
    kept["management"] = answer["Account"]
    return {"Account": answer["Account"], "Arn": answer["Arn"]}



# Founding it.
org("create_organization", FeatureSet="ALL")
org("create_organization", FeatureSet="ALL")
org("describe_organization")
org("list_roots", keep=keep("root", "Roots", 0, "Id"))
org("attach_policy", PolicyId=FULL, TargetId=kept("root"))
org("enable_policy_type", RootId=kept("root"), PolicyType=SCP)
org("enable_policy_type", RootId=kept("root"), PolicyType=SCP)
org("list_policies", Filter=SCP)
org("describe_policy", PolicyId=FULL)
org("list_targets_for_policy", PolicyId=FULL)

# Accounts and OUs.
for letter in "abc":
    org("create_account", AccountName=letter, Email=f"{letter}@example.com",
        keep=keep(f"request-{letter}", "CreateAccountStatus", "Id"))
    org("describe_create_account_status", CreateAccountRequestId=kept(f"request-{letter}"),
        keep=keep(letter, "CreateAccountStatus", "AccountId"))
org("describe_create_account_status", CreateAccountRequestId="car-" + "0" * 32)
org("list_create_account_status")
org("list_accounts")
org("describe_account", AccountId=kept("a"))
org("describe_account", AccountId=NOBODY)
org("create_organizational_unit", ParentId=kept("root"), Name="Prod", keep=keep("prod", "OrganizationalUnit", "Id"))
org("create_organizational_unit", ParentId=kept("prod"), Name="Web", keep=keep("web", "OrganizationalUnit", "Id"))
org("create_organizational_unit", ParentId="ou-zzzz-zzzzzzzz", Name="X")
org("describe_organizational_unit", OrganizationalUnitId=kept("prod"))
org("describe_organizational_unit", OrganizationalUnitId="ou-zzzz-zzzzzzzz")
org("update_organizational_unit", OrganizationalUnitId=kept("web"), Name="Shop")
org("list_organizational_units_for_parent", ParentId=kept("root"))
org("list_children", ParentId=kept("root"), ChildType="ORGANIZATIONAL_UNIT")
org("list_parents", ChildId=kept("a"))
org("list_parents", ChildId=kept("web"))
org("list_parents", ChildId=NOBODY)
org("move_account", AccountId=kept("a"), SourceParentId=kept("root"), DestinationParentId=kept("web"))
org("move_account", AccountId=NOBODY, SourceParentId=kept("root"), DestinationParentId=kept("web"))
org("list_accounts_for_parent", ParentId=kept("web"))
org("list_accounts_for_parent", ParentId="ou-zzzz-zzzzzzzz")
org("list_children", ParentId=kept("web"), ChildType="ACCOUNT")
org("delete_organizational_unit", OrganizationalUnitId=kept("web"))

# Policies.
org("create_policy", Name="leave", Description="", Type=SCP, Content=policy("Deny", "organizations:LeaveOrganization"),
    keep=keep("leave", "Policy", "PolicySummary", "Id"))
org("create_policy", Name="leave", Description="", Type=SCP, Content=policy("Deny", "s3:*"))
org("describe_policy", PolicyId=kept("leave"))
org("describe_policy", PolicyId="p-zzzzzzzzzz")
org("update_policy", PolicyId=kept("leave"), Description="new", Content=policy("Deny", "organizations:*"))
org("list_policies", Filter=SCP)
org("attach_policy", PolicyId=kept("leave"), TargetId=kept("root"))
org("attach_policy", PolicyId=kept("leave"), TargetId=kept("prod"))
org("attach_policy", PolicyId=kept("leave"), TargetId=kept("a"))
org("attach_policy", PolicyId=kept("leave"), TargetId=kept("a"))
org("attach_policy", PolicyId="p-zzzzzzzzzz", TargetId=kept("a"))
org("attach_policy", PolicyId=kept("leave"), TargetId="ou-zzzz-zzzzzzzz")
org("list_policies_for_target", TargetId=kept("a"), Filter=SCP)
org("list_policies_for_target", TargetId=kept("root"), Filter=SCP)
org("list_policies_for_target", TargetId="ou-zzzz-zzzzzzzz", Filter=SCP)
org("list_targets_for_policy", PolicyId=kept("leave"))
org("list_targets_for_policy", PolicyId="p-zzzzzzzzzz")
org("delete_policy", PolicyId=kept("leave"))
org("detach_policy", PolicyId=kept("leave"), TargetId=kept("a"))
org("detach_policy", PolicyId=kept("leave"), TargetId=kept("a"))
org("detach_policy", PolicyId=FULL, TargetId=kept("b"))
org("detach_policy", PolicyId=kept("leave"), TargetId=kept("prod"))
org("detach_policy", PolicyId=kept("leave"), TargetId=kept("root"))
org("delete_policy", PolicyId=kept("leave"))
org("delete_policy", PolicyId=kept("leave"))

# Tags, services, administrators.
org("tag_resource", ResourceId=kept("a"), Tags=[{"Key": "team", "Value": "web"}])
org("list_tags_for_resource", ResourceId=kept("a"))
org("untag_resource", ResourceId=kept("a"), TagKeys=["team"])
org("list_tags_for_resource", ResourceId=kept("a"))
org("enable_aws_service_access", ServicePrincipal="guardduty.amazonaws.com")
org("list_aws_service_access_for_organization")
org("register_delegated_administrator", AccountId=kept("b"), ServicePrincipal="guardduty.amazonaws.com")
org("register_delegated_administrator", AccountId=kept("b"), ServicePrincipal="guardduty.amazonaws.com")
org("list_delegated_administrators")
org("list_delegated_services_for_account", AccountId=kept("b"))
org("deregister_delegated_administrator", AccountId=kept("b"), ServicePrincipal="guardduty.amazonaws.com")
org("list_delegated_administrators")
org("disable_aws_service_access", ServicePrincipal="guardduty.amazonaws.com")

# IAM and STS.
iam("create_user", UserName="eve")
iam("create_user", UserName="eve")
iam("get_user", UserName="eve")
iam("get_user", UserName="none")
iam("create_access_key", UserName="eve", keep=keep("key", "AccessKey", "AccessKeyId"))
iam("list_access_keys", UserName="eve")
iam("update_access_key", UserName="eve", AccessKeyId=kept("key"), Status="Inactive")
iam("list_access_keys", UserName="eve")
iam("get_access_key_last_used", AccessKeyId=kept("key"))
iam("create_access_key", UserName="eve", keep=keep("second", "AccessKey", "AccessKeyId"))
iam("create_access_key", UserName="eve")
iam("create_login_profile", UserName="eve", Password="Correct-horse-1")
iam("create_login_profile", UserName="eve", Password="Correct-horse-1")
iam("get_login_profile", UserName="eve")
iam("delete_login_profile", UserName="eve")
iam("delete_login_profile", UserName="eve")
iam("put_user_policy", UserName="eve", PolicyName="deny", PolicyDocument=policy("Deny", "s3:*"))
iam("get_user_policy", UserName="eve", PolicyName="deny")
iam("list_user_policies", UserName="eve")
iam("delete_user", UserName="eve")
iam("delete_user_policy", UserName="eve", PolicyName="deny")
iam("delete_user_policy", UserName="eve", PolicyName="deny")
iam("tag_user", UserName="eve", Tags=[{"Key": "team", "Value": "web"}])
iam("list_user_tags", UserName="eve")
iam("get_user", UserName="eve")
iam("list_users")
iam("create_group", GroupName="ops")
iam("create_group", GroupName="ops")
iam("add_user_to_group", GroupName="ops", UserName="eve")
iam("get_group", GroupName="ops")
iam("list_groups_for_user", UserName="eve")
iam("put_group_policy", GroupName="ops", PolicyName="all", PolicyDocument=policy("Allow", "s3:*"))
iam("list_group_policies", GroupName="ops")
iam("get_group_policy", GroupName="ops", PolicyName="all")
iam("delete_group_policy", GroupName="ops", PolicyName="all")
iam("delete_group", GroupName="ops")
iam("remove_user_from_group", GroupName="ops", UserName="eve")
iam("remove_user_from_group", GroupName="ops", UserName="eve")
iam("delete_group", GroupName="ops")
iam("delete_group", GroupName="ops")
iam("create_virtual_mfa_device", VirtualMFADeviceName="eve", keep=keep("mfa", "VirtualMFADevice", "SerialNumber"))
iam("enable_mfa_device", UserName="eve", SerialNumber=kept("mfa"), AuthenticationCode1="123456", AuthenticationCode2="654321")
iam("list_mfa_devices", UserName="eve")
iam("list_virtual_mfa_devices", AssignmentStatus="Assigned")
iam("deactivate_mfa_device", UserName="eve", SerialNumber=kept("mfa"))
iam("list_mfa_devices", UserName="eve")
iam("delete_virtual_mfa_device", SerialNumber=kept("mfa"))
for name in ("key", "second"):
    iam("delete_access_key", UserName="eve", AccessKeyId=kept(name))
iam("delete_access_key", UserName="eve", AccessKeyId=kept("key"))
iam("delete_user", UserName="eve")
iam("delete_user", UserName="eve")
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})  # fmt: skip
iam("create_role", RoleName="app", AssumeRolePolicyDocument=TRUST)
iam("create_role", RoleName="app", AssumeRolePolicyDocument=TRUST)
iam("tag_role", RoleName="app", Tags=[{"Key": "team", "Value": "web"}])
iam("list_role_tags", RoleName="app")
iam("get_role", RoleName="app")
iam("put_role_policy", RoleName="app", PolicyName="deny", PolicyDocument=policy("Deny", "s3:*"))
iam("list_role_policies", RoleName="app")
iam("get_role_policy", RoleName="app", PolicyName="deny")
iam("update_assume_role_policy", RoleName="app", PolicyDocument=TRUST)
iam("delete_role", RoleName="app")
iam("delete_role_policy", RoleName="app", PolicyName="deny")
iam("delete_role", RoleName="app")
iam("get_role", RoleName="app")


@step("sts.assume_role")
def assume(caller, kept):
    role = f"arn:aws:iam::{kept['c']}:role/OrganizationAccountAccessRole"
    answer = caller.sts.assume_role(RoleArn=role, RoleSessionName="beside")
    kept["member"] = caller.become(kept["c"])
    return answer["AssumedRoleUser"]["Arn"]


@step("member.get_caller_identity")
def identity(caller, kept):
    return kept["member"].sts.get_caller_identity()["Account"]


@step("member.describe_organization")
def described(caller, kept):
    return kept["member"].organizations.describe_organization()


@step("member.list_accounts")
def listed(caller, kept):
    return kept["member"].organizations.list_accounts()


# Ending it.
org("remove_account_from_organization", AccountId=kept("a"))
org("close_account", AccountId=kept("c"))
org("close_account", AccountId=NOBODY)
org("disable_policy_type", RootId=kept("root"), PolicyType=SCP)
org("disable_policy_type", RootId=kept("root"), PolicyType=SCP)
org("delete_organization")
