"""Probes of what guards an organization: SCPs, delegation, root access, contacts, the event history."""

import json
import time

from probe import Caller
from worlds import events, played

SCP = "SERVICE_CONTROL_POLICY"
CONSTRAINT, INVALID = "ConstraintViolationException", "InvalidInputException"
FULL = "p-FullAWSAccess"
PLACES = """
ous = ["Prod/Web", "Dev"]
[[account]]
name = "app"
ou = "Prod/Web"
[[account]]
name = "other"
ou = "Dev"
[[scp]]
name = "deny-exit"
deny = ["organizations:LeaveOrganization"]
attached = ["/", "Prod", "app"]
"""


def statement(**parts):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Resource": "*"} | parts]})


def ids(answer, member):
    return sorted(item["Id"] for item in answer[member])


def nodes(o, root):
    """The root, every OU, every account."""
    found, units = [root], [root]
    for parent in units:
        below = o.list_organizational_units_for_parent(ParentId=parent)["OrganizationalUnits"]
        units += [unit["Id"] for unit in below]
    return found + units[1:] + [a["Id"] for a in o.list_accounts()["Accounts"]]


def attachments(probe, world):
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html"""
    o, app = world.admin.organizations, world.ids["app"]
    root = o.list_roots()["Roots"][0]["Id"]
    made = [o.create_policy(Name=f"n{i}", Description="", Type=SCP, Content=statement(Action=f"ec2:X{i}"))
            ["Policy"]["PolicySummary"]["Id"] for i in range(10)]
    other = world.ids["other"]
    for policy in made[:9]:
        o.attach_policy(PolicyId=policy, TargetId=other)
    probe.gives("attach.ten", lambda: o.list_policies_for_target(TargetId=other, Filter=SCP), lambda a: len(a["Policies"]) == 10)
    probe.refused("attach.eleventh", lambda: o.attach_policy(PolicyId=made[9], TargetId=other), CONSTRAINT,
                  "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
    for policy in made[:9]:
        o.detach_policy(PolicyId=policy, TargetId=other)
    probe.refused("detach.last", lambda: o.detach_policy(PolicyId=FULL, TargetId=other), CONSTRAINT,
                  "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
    probe.gives("detach.full-access-beside-another", lambda: o.detach_policy(PolicyId=FULL, TargetId=app))
    probe.refused("detach.then-nothing-allows", world("app").iam.list_users, "AccessDenied",
                  words="because no service control policy allows the iam:ListUsers action")
    probe.gives("detach.other-account-unharmed", world("other").iam.list_users)
    unit = o.create_organizational_unit(ParentId=root, Name="New")["OrganizationalUnit"]["Id"]
    probe.gives("new-unit.full-access", lambda: o.list_policies_for_target(TargetId=unit, Filter=SCP),
                lambda a: ids(a, "Policies") == [FULL])
    status = o.create_account(AccountName="fresh", Email="fresh@example.com")["CreateAccountStatus"]
    status = o.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]
    fresh = status["AccountId"]
    probe.gives("new-account.full-access", lambda: o.list_policies_for_target(TargetId=fresh, Filter=SCP),
                lambda a: ids(a, "Policies") == [FULL])
    probe.gives("new-account.access-role", lambda: world.admin.become(fresh).sts.get_caller_identity(),
                lambda a: a["Account"] == fresh)
    probe.gives("policies.enabled", o.list_roots, lambda a: a["Roots"][0]["PolicyTypes"] == [{"Type": SCP, "Status": "ENABLED"}])
    probe.gives("policies.disable", lambda: o.disable_policy_type(RootId=root, PolicyType=SCP))
    probe.refused("policies.disable-twice", lambda: o.disable_policy_type(RootId=root, PolicyType=SCP),
                  "PolicyTypeNotEnabledException")
    probe.gives("policies.none-enabled", o.list_roots, lambda a: a["Roots"][0]["PolicyTypes"] == [])
    probe.gives("policies.still-there", lambda: o.list_policies(Filter=SCP), lambda a: len(a["Policies"]) == 12)
    probe.gives("policies.no-longer-bind", world("app").iam.list_users)
    probe.refused("policies.attach-while-off", lambda: o.attach_policy(PolicyId=made[0], TargetId=root), "PolicyTypeNotEnabledException")
    probe.gives("policies.enable-again", lambda: o.enable_policy_type(RootId=root, PolicyType=SCP))
    every = {node: ids(o.list_policies_for_target(TargetId=node, Filter=SCP), "Policies") for node in nodes(o, root)}
    probe("policies.attachments-are-lost", len(every) >= 9 and all(found == [FULL] for found in every.values()), every)


def delegation(probe, world):
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs-policy-delegate.html"""
    o, app, member = world.admin.organizations, world.ids["app"], world("app").organizations
    root = o.list_roots()["Roots"][0]["Id"]
    units = o.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    dev = next(unit["Id"] for unit in units if unit["Name"] == "Dev")
    policy = next(p["Id"] for p in o.list_policies(Filter=SCP)["Policies"] if p["Id"] != FULL)
    text = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{app}:root"}, "Resource": "*",
        "Action": ["organizations:ListRoots", "organizations:ListPolicies", "organizations:AttachPolicy", "organizations:DetachPolicy"]}]})  # fmt: skip
    probe.refused("delegate.none-yet", o.describe_resource_policy, "ResourcePolicyNotFoundException")
    probe.refused("delegate.before", member.list_roots, "AccessDeniedException")
    probe.refused("delegate.not-json", lambda: o.put_resource_policy(Content="{"), INVALID, "INVALID_RESOURCE_POLICY_JSON")
    probe.refused("delegate.too-long", lambda: o.put_resource_policy(Content=text + " " * 40_000), INVALID, "MAX_LENGTH_EXCEEDED")
    probe.refused("delegate.by-member", lambda: member.put_resource_policy(Content=text), "AccessDeniedException")
    probe.gives("delegate.put", lambda: o.put_resource_policy(Content=text),
                lambda a: a["ResourcePolicy"]["Content"] == text and a["ResourcePolicy"]["ResourcePolicySummary"]["Id"].startswith("rp-"))
    probe.gives("delegate.described", o.describe_resource_policy, lambda a: a["ResourcePolicy"]["Content"] == text)
    probe.gives("delegate.list-roots", member.list_roots)
    probe.gives("delegate.attach", lambda: member.attach_policy(PolicyId=policy, TargetId=dev))
    probe.gives("delegate.detach", lambda: member.detach_policy(PolicyId=policy, TargetId=dev))
    probe.refused("delegate.only-what-it-says", member.list_accounts, "AccessDeniedException")
    probe.refused("delegate.never-moves", lambda: member.move_account(AccountId=app, SourceParentId=root, DestinationParentId=dev),
                  "AccessDeniedException")
    probe.refused("delegate.only-whom-it-names", world("other").organizations.list_roots, "AccessDeniedException")
    probe("delegate.logged-where-it-was-called", len(events(world("app"), "DetachPolicy")) == 1)
    probe.gives("delegate.delete", o.delete_resource_policy)
    probe.refused("delegate.afterwards", member.list_roots, "AccessDeniedException")
    probe.refused("delegate.delete-twice", o.delete_resource_policy, "ResourcePolicyNotFoundException")

    service = "guardduty.amazonaws.com"
    def register(account=app):
        return o.register_delegated_administrator(AccountId=account, ServicePrincipal=service)
    probe.refused("administrator.without-trusted-access", register, CONSTRAINT, "SERVICE_ACCESS_NOT_ENABLED")
    probe.gives("administrator.trust", lambda: o.enable_aws_service_access(ServicePrincipal=service))
    probe.gives("administrator.trusted", o.list_aws_service_access_for_organization,
                lambda a: [s["ServicePrincipal"] for s in a["EnabledServicePrincipals"]] == [service])
    probe.refused("administrator.management", lambda: register(world.world["management"]), CONSTRAINT,
                  "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR")
    probe.gives("administrator.register", register)
    probe.refused("administrator.register-twice", register, "AccountAlreadyRegisteredException")
    probe.gives("administrator.listed", lambda: o.list_delegated_administrators(ServicePrincipal=service),
                lambda a: [d["Id"] for d in a["DelegatedAdministrators"]] == [app])
    probe.gives("administrator.services", lambda: o.list_delegated_services_for_account(AccountId=app),
                lambda a: [d["ServicePrincipal"] for d in a["DelegatedServices"]] == [service])
    probe.gives("administrator.reads", member.list_accounts, lambda a: len(a["Accounts"]) == 3)
    probe.refused("administrator.writes-not", lambda: member.attach_policy(PolicyId=policy, TargetId=dev), "AccessDeniedException")
    probe.refused("administrator.blocks-untrust", lambda: o.disable_aws_service_access(ServicePrincipal=service), CONSTRAINT,
                  "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE")
    probe.refused("administrator.removal", lambda: o.remove_account_from_organization(AccountId=app), CONSTRAINT,
                  "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG")
    probe.gives("administrator.deregister", lambda: o.deregister_delegated_administrator(AccountId=app, ServicePrincipal=service))
    probe.refused("administrator.deregister-twice", lambda: o.deregister_delegated_administrator(
        AccountId=app, ServicePrincipal=service), "AccountNotRegisteredException")
    probe.refused("administrator.reads-no-more", member.list_accounts, "AccessDeniedException")


def root_access(probe, world):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-enable-root-access.html"""
    iam, o, app, member = world.admin.iam, world.admin.organizations, world.ids["app"], world("app")
    sts = world.admin.sts
    task = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}
    probe.refused("root.not-trusted", iam.list_organizations_features, "ServiceAccessNotEnabledException")
    o.enable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
    probe.gives("root.none", iam.list_organizations_features, lambda a: a["EnabledFeatures"] == [])
    probe.refused("root.no-session-before", lambda: sts.assume_root(TargetPrincipal=app, TaskPolicyArn=task), "AccessDenied")
    probe.refused("root.by-member", member.iam.enable_organizations_root_sessions,
                  "AccountNotManagementOrDelegatedAdministratorException")
    o.register_delegated_administrator(AccountId=world.ids["other"], ServicePrincipal="iam.amazonaws.com")
    delegated = world("other").iam
    probe.gives("root.listed-by-administrator", delegated.list_organizations_features)
    probe.refused("root.enabled-by-administrator", delegated.enable_organizations_root_sessions, "CallerIsNotManagementAccountException")
    probe.gives("root.credentials", iam.enable_organizations_root_credentials_management,
                lambda a: a["EnabledFeatures"] == ["RootCredentialsManagement"])
    probe.gives("root.sessions", iam.enable_organizations_root_sessions,
                lambda a: sorted(a["EnabledFeatures"]) == ["RootCredentialsManagement", "RootSessions"])
    made = probe.gives("root.assume", lambda: sts.assume_root(TargetPrincipal=app, TaskPolicyArn=task))
    if made:
        keys = made["Credentials"]
        root = Caller(world.served.endpoint, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        probe.gives("root.is-root", root.sts.get_caller_identity, lambda a: a["Arn"] == f"arn:aws:iam::{app}:root")
        probe.gives("root.task", root.iam.get_account_summary, lambda a: a["SummaryMap"]["AccountAccessKeysPresent"] == 0)
        probe.refused("root.cannot-leave", root.organizations.leave_organization, "AccessDeniedException")
        probe.refused("root.only-its-task", root.iam.list_users, "AccessDenied")
    probe.refused("root.too-long", lambda: sts.assume_root(TargetPrincipal=app, TaskPolicyArn=task, DurationSeconds=901), "ValidationError")
    probe.gives("root.disabled-by-administrator", delegated.disable_organizations_root_sessions,
                lambda a: a["EnabledFeatures"] == ["RootCredentialsManagement"])


def contacts(probe, world):
    """https://docs.aws.amazon.com/accounts/latest/reference/API_PutAlternateContact.html"""
    admin, o, app = world.admin.account, world.admin.organizations, world.ids["app"]
    contact = {"AlternateContactType": "SECURITY", "Name": "Kim", "Title": "CISO",
               "EmailAddress": "soc@example.com", "PhoneNumber": "+49 30 1234"}  # fmt: skip
    probe.gives("contact.own", lambda: admin.put_alternate_contact(**contact))
    probe.gives("contact.get", lambda: admin.get_alternate_contact(AlternateContactType="SECURITY"),
                lambda a: a["AlternateContact"] == contact)
    probe.gives("contact.delete", lambda: admin.delete_alternate_contact(AlternateContactType="SECURITY"))
    probe.refused("contact.delete-twice", lambda: admin.delete_alternate_contact(AlternateContactType="SECURITY"),
                  "ResourceNotFoundException")
    probe.refused("contact.kind", lambda: admin.get_alternate_contact(AlternateContactType="LEGAL"), "ValidationException")
    probe.refused("contact.member-not-trusted", lambda: admin.put_alternate_contact(**contact, AccountId=app), "AccessDeniedException")
    probe.refused("email.member-not-trusted", lambda: admin.get_primary_email(AccountId=app), "AccessDeniedException")
    o.enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    probe.gives("contact.of-member", lambda: admin.put_alternate_contact(**contact, AccountId=app))
    probe.gives("contact.seen-by-member", lambda: world("app").account.get_alternate_contact(AlternateContactType="SECURITY"),
                lambda a: a["AlternateContact"]["EmailAddress"] == "soc@example.com")
    probe.refused("contact.of-member-by-member", lambda: world("app").account.get_alternate_contact(
        AlternateContactType="SECURITY", AccountId=world.ids["other"]), "AccessDeniedException")
    probe.gives("email.of-member", lambda: admin.get_primary_email(AccountId=app), lambda a: "@" in a["PrimaryEmail"])
    probe.gives("email.start", lambda: admin.start_primary_email_update(AccountId=app, PrimaryEmail="new@example.com"),
                lambda a: a["Status"] == "PENDING")
    probe.refused("email.wrong-password", lambda: admin.accept_primary_email_update(
        AccountId=app, PrimaryEmail="new@example.com", Otp="abcdef"), "ValidationException")
    probe.refused("email.taken", lambda: admin.start_primary_email_update(
        AccountId=app, PrimaryEmail=o.describe_organization()["Organization"]["MasterAccountEmail"]), "ConflictException")


def history(probe, world):
    """https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html"""
    o, ct = world.admin.organizations, world.admin.cloudtrail
    for _ in range(120):
        o.describe_organization()
    named = [{"AttributeKey": "EventName", "AttributeValue": "DescribeOrganization"}]
    found, sizes, token = [], [], None
    while len(sizes) < 20:
        answer = ct.lookup_events(LookupAttributes=named, **({"NextToken": token} if token else {}))
        found, token = found + answer["Events"], answer.get("NextToken")
        sizes.append(len(answer["Events"]))
        if not token:
            break
    probe("history.pages-of-50", max(sizes) == 50 and len(sizes) == 3, sizes)
    probe("history.each-once", len({e["EventId"] for e in found}) == len(found) == 120, len(found))
    times = [e["EventTime"] for e in found]
    probe("history.newest-first", times == sorted(times, reverse=True))
    token = ct.lookup_events(LookupAttributes=named)["NextToken"]
    other = [{"AttributeKey": "EventName", "AttributeValue": "ListRoots"}]
    probe.refused("history.token-of-another-lookup", lambda: ct.lookup_events(LookupAttributes=other, NextToken=token),
                  "InvalidNextTokenException")
    probe.refused("history.two-attributes", lambda: ct.lookup_events(LookupAttributes=named + other), "InvalidLookupAttributesException")
    key = {"AttributeKey": "AccessKeyId", "AttributeValue": world.admin.credentials[1]}
    probe.gives("history.by-key", lambda: ct.lookup_events(LookupAttributes=[key]), lambda a: len(a["Events"]) == 50)
    probe.gives("history.of-the-future", lambda: ct.lookup_events(StartTime=time.time() + 3600), lambda a: a["Events"] == [])
    o.list_roots()
    probe.gives("history.by-time", lambda: ct.lookup_events(LookupAttributes=other, StartTime=time.time() - 60, EndTime=time.time() + 60),
                lambda a: len(a["Events"]) == 1)


def delivery(probe, binary):
    """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html"""
    late = PLACES + "[switches]\ndelivery = { late = 3, twice = 2 }\n"
    with played(binary, late) as world:
        o = world.admin.organizations
        for _ in range(4):
            o.list_roots()
        probe("delivery.late", events(world.admin, "ListRoots") == [])
        time.sleep(3.5)
        ids = [e["eventID"] for e in events(world.admin, "ListRoots")]
        probe("delivery.twice-with-one-id", len(ids) == 6 and len(set(ids)) == 4, ids)
    mixed = PLACES + "[switches]\ndelivery = { late = 4, out_of_order = true }\n"
    with played(binary, mixed) as world:
        o, seen = world.admin.organizations, []
        for _ in range(12):
            o.list_roots()
            seen.append({e["eventID"] for e in events(world.admin, "ListRoots")})
            time.sleep(0.3)
        time.sleep(4.5)
        order = [e["eventID"] for e in events(world.admin, "ListRoots")][::-1]
        first = {id: next((n for n, then in enumerate(seen) if id in then), 99) for id in order}
        arrivals = [first[id] for id in order]
        probe("delivery.some-overtake-others", len(order) == 12 and arrivals != sorted(arrivals), arrivals)


def rates(probe, binary):
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html"""
    with played(binary, PLACES, "--throttle") as world:
        def burst(call, count):
            codes = []
            for _ in range(count):
                try:
                    call()
                    codes.append("ok")
                except Exception as error:
                    codes.append(error.response["Error"]["Code"])
            return codes

        lookups = burst(world.admin.cloudtrail.lookup_events, 6)
        probe("rates.lookup-events", lookups[:2] == ["ok"] * 2 and "ThrottlingException" in lookups[2:], lookups)
        roots = burst(world.admin.organizations.list_roots, 6)
        probe("rates.list-roots", roots[:2] == ["ok"] * 2 and "TooManyRequestsException" in roots[2:], roots)
        probe("rates.another-account-has-its-own", burst(world("app").cloudtrail.lookup_events, 2) == ["ok"] * 2)
        time.sleep(1.1)
        probe("rates.refill", burst(world.admin.organizations.list_roots, 1) == ["ok"])


def pending(probe, binary):
    """https://docs.aws.amazon.com/organizations/latest/APIReference/API_DisablePolicyType.html"""
    slow = PLACES + "[switches]\npolicy_type_delay = 3\n"
    change = """[[change]]
before = "organizations:ListPolicies"
call = 2
change.detach = { policy = "deny-exit", target = "/" }
"""
    with played(binary, slow + change) as world:
        o = world.admin.organizations
        root = o.list_roots()["Roots"][0]["Id"]
        targets = []
        for _ in range(2):
            guard = next(p["Id"] for p in o.list_policies(Filter=SCP)["Policies"] if p["Name"] == "deny-exit")
            targets.append(len(o.list_targets_for_policy(PolicyId=guard)["Targets"]))
        probe("change.by-others-at-the-second-call", targets == [3, 2], targets)
        o.disable_policy_type(RootId=root, PolicyType=SCP)
        probe.gives("pending.status", o.list_roots, lambda a: a["Roots"][0]["PolicyTypes"] == [{"Type": SCP, "Status": "PENDING_DISABLE"}])
        probe.refused("pending.attach", lambda: o.attach_policy(PolicyId=guard, TargetId=root), "PolicyChangesInProgressException")
        time.sleep(3.2)
        probe.gives("pending.done", o.list_roots, lambda a: a["Roots"][0]["PolicyTypes"] == [])


def credentials(probe, world):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html"""
    member, app = world("other"), world.ids["other"]
    session = world.admin.become(app)
    probe.gives("session.works", session.iam.list_users)
    deny = json.loads(statement(Action="*"))
    deny["Statement"][0]["Condition"] = {"DateLessThan": {"aws:TokenIssueTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))}}
    member.iam.put_role_policy(RoleName="OrganizationAccountAccessRole", PolicyName="AWSRevokeOlderSessions", PolicyDocument=json.dumps(deny))
    probe.refused("session.revoked", session.iam.list_users, "AccessDenied", words="with an explicit deny in an identity-based policy")
    time.sleep(1.6)
    probe.gives("session.new-ones-work", lambda: world.admin.become(app).iam.list_users())
    iam = member.iam
    iam.create_user(UserName="eve")
    key = iam.create_access_key(UserName="eve")["AccessKey"]
    eve = Caller(world.served.endpoint, key["AccessKeyId"], key["SecretAccessKey"])
    iam.create_group(GroupName="ops")
    iam.put_group_policy(GroupName="ops", PolicyName="all", PolicyDocument=statement(Effect="Allow", Action="iam:*"))
    probe.refused("group.before", eve.iam.list_users, "AccessDenied")
    probe.gives("group.add", lambda: iam.add_user_to_group(GroupName="ops", UserName="eve"))
    probe.gives("group.allows", eve.iam.list_users)
    probe.gives("group.of-user", lambda: iam.list_groups_for_user(UserName="eve"), lambda a: a["Groups"][0]["GroupName"] == "ops")
    probe.gives("group.members", lambda: iam.get_group(GroupName="ops"), lambda a: a["Users"][0]["UserName"] == "eve")
    probe.gives("group.policies", lambda: iam.list_group_policies(GroupName="ops"), lambda a: a["PolicyNames"] == ["all"])
    probe.refused("group.delete-with-members", lambda: iam.delete_group(GroupName="ops"), "DeleteConflict")
    probe.gives("group.remove", lambda: iam.remove_user_from_group(GroupName="ops", UserName="eve"))
    probe.refused("group.afterwards", eve.iam.list_users, "AccessDenied")
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="eve")["VirtualMFADevice"]["SerialNumber"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    probe.gives("mfa.enable", lambda: iam.enable_mfa_device(UserName="eve", SerialNumber=serial, **codes))
    probe.gives("mfa.listed", lambda: iam.list_mfa_devices(UserName="eve"), lambda a: a["MFADevices"][0]["SerialNumber"] == serial)
    probe.refused("mfa.delete-while-enabled", lambda: iam.delete_virtual_mfa_device(SerialNumber=serial), "DeleteConflict")
    probe.gives("mfa.summary", iam.get_account_summary, lambda a: (a["SummaryMap"]["MFADevicesInUse"], a["SummaryMap"]["Groups"]) == (1, 1))
    probe.gives("mfa.deactivate", lambda: iam.deactivate_mfa_device(UserName="eve", SerialNumber=serial))
    probe.gives("mfa.unassigned", lambda: iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned"),
                lambda a: [d["SerialNumber"] for d in a["VirtualMFADevices"]] == [serial])
    probe.refused("user.delete-with-key", lambda: iam.delete_user(UserName="eve"), "DeleteConflict")


def run(probe, binary):
    for part in (attachments, delegation, root_access, contacts, history, credentials):
        with played(binary, PLACES) as world:
            part(probe, world)
    for part in (delivery, rates, pending):
        part(probe, binary)
