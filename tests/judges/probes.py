"""Asks the simulator what AWS's reference documents, with boto3 as the client.

    python probes.py --binary target/debug/org-exit-guard [--failures FILE]

The demo's organization and an empty world here; `probes_exits.py`, `probes_guards.py` and
`probes_rest.py` make worlds of their own. Probes of what the simulator lacks fail, they are not left out. What passes
is held against AWS's models by `model_check.py`.
"""

import argparse
import json
import sys
from pathlib import Path

import probes_exits
import probes_guards
import probes_rest
from probe import Caller, Probes
from served import Served

SCP = "SERVICE_CONTROL_POLICY"
NOBODY = "999999999999"
DENY_LEAVE = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}]})  # fmt: skip
HARMLESS = DENY_LEAVE.replace("organizations:LeaveOrganization", "ec2:Nothing")


def pages(call, member, **arguments):
    """All items of a list, and the sizes of its pages; a repeated token ends it."""
    items, sizes, token, seen = [], [], None, set()
    while token not in seen:
        seen.add(token)
        answer = call(**arguments, **({"NextToken": token} if token else {}))
        items += answer[member]
        sizes.append(len(answer[member]))
        token = answer.get("NextToken")
        if not token:
            break
    return items, sizes


def reads(probe, admin):
    """Reads of the demo organization; returns root and accounts."""
    o = admin.organizations
    org = probe.gives("org.describe", o.describe_organization,
                      lambda a: a["Organization"]["FeatureSet"] == "ALL").get("Organization", {})
    probe("org.describe-members", {"Id", "Arn", "MasterAccountId", "MasterAccountArn",
                                   "MasterAccountEmail"} <= set(org), org)
    root = probe.gives("org.roots", o.list_roots,
                       lambda a: a["Roots"][0]["PolicyTypes"] == [{"Type": SCP, "Status": "ENABLED"}])
    root = root.get("Roots", [{}])[0].get("Id", "")
    accounts, sizes = pages(o.list_accounts, "Accounts")
    probe("accounts.pages-of-20-at-most", len(accounts) > 20 and max(sizes) <= 20, sizes)
    probe("accounts.each-once", len({a["Id"] for a in accounts}) == len(accounts))
    probe("accounts.state", all(a.get("State") for a in accounts), accounts[0])
    probe("accounts.paths", all(p.startswith(f"{org.get('Id')}/{root}/") and p.endswith(f"{a['Id']}/")
                                for a in accounts for p in a.get("Paths", ["-"])), accounts[0])
    probe("accounts.joined", all(a["JoinedMethod"] in ("CREATED", "INVITED") for a in accounts))
    sevens, sizes = pages(o.list_accounts, "Accounts", MaxResults=7)
    probe("accounts.max-results-7", max(sizes) <= 7 and len(sevens) == len(accounts), sizes)
    return root, accounts


LISTS = {
    "list_accounts": {}, "list_roots": {}, "list_policies": {"Filter": SCP},
    "list_handshakes_for_organization": {}, "list_handshakes_for_account": {},
    "list_delegated_administrators": {}, "list_aws_service_access_for_organization": {},
    "list_create_account_status": {}, "list_accounts_for_parent": {"ParentId": "ROOT"},
    "list_organizational_units_for_parent": {"ParentId": "ROOT"},
    "list_children": {"ParentId": "ROOT", "ChildType": "ACCOUNT"},
    "list_policies_for_target": {"TargetId": "ROOT", "Filter": SCP},
    "list_targets_for_policy": {"PolicyId": "p-FullAWSAccess"},
}  # fmt: skip


def lists(probe, admin, root):
    """Page sizes, quotas of MaxResults, and tokens, on every list."""
    for name, arguments in LISTS.items():
        call = getattr(admin.organizations, name)
        arguments = {k: root if v == "ROOT" else v for k, v in arguments.items()}
        probe.gives(f"list.{name}", lambda: call(**arguments))
        for size, reason in ((21, "MAX_VALUE_EXCEEDED"), (0, "MIN_VALUE_EXCEEDED")):
            probe.refused(f"list.{name}.max-results-{size}",
                          lambda: call(**arguments, MaxResults=size), "InvalidInputException", reason)
        probe.refused(f"list.{name}.made-up-token", lambda: call(**arguments, NextToken="abc"),
                      "InvalidInputException", "INVALID_NEXT_TOKEN")
    o = admin.organizations
    token = o.list_accounts(MaxResults=2).get("NextToken")
    probe.refused("token.of-another-operation",
                  lambda: o.list_accounts_for_parent(ParentId=root, NextToken=token),
                  "InvalidInputException", "INVALID_NEXT_TOKEN")


def unknown(probe, admin, root):
    """What does not exist, by operation."""
    o = admin.organizations
    ou, policy = "ou-zzzz-zzzzzzzz", "p-zzzzzzzzzz"
    rows = [
        ("describe_account", {"AccountId": NOBODY}, "AccountNotFoundException"),
        ("close_account", {"AccountId": NOBODY}, "AccountNotFoundException"),
        ("remove_account_from_organization", {"AccountId": NOBODY}, "AccountNotFoundException"),
        ("move_account", {"AccountId": NOBODY, "SourceParentId": root, "DestinationParentId": root},
         "AccountNotFoundException"),
        ("describe_organizational_unit", {"OrganizationalUnitId": ou}, "OrganizationalUnitNotFoundException"),
        ("update_organizational_unit", {"OrganizationalUnitId": ou, "Name": "x"},
         "OrganizationalUnitNotFoundException"),
        ("delete_organizational_unit", {"OrganizationalUnitId": ou}, "OrganizationalUnitNotFoundException"),
        ("create_organizational_unit", {"ParentId": ou, "Name": "x"}, "ParentNotFoundException"),
        ("list_accounts_for_parent", {"ParentId": ou}, "ParentNotFoundException"),
        ("list_organizational_units_for_parent", {"ParentId": ou}, "ParentNotFoundException"),
        ("list_children", {"ParentId": ou, "ChildType": "ACCOUNT"}, "ParentNotFoundException"),
        ("list_parents", {"ChildId": NOBODY}, "ChildNotFoundException"),
        ("describe_policy", {"PolicyId": policy}, "PolicyNotFoundException"),
        ("update_policy", {"PolicyId": policy, "Name": "x"}, "PolicyNotFoundException"),
        ("delete_policy", {"PolicyId": policy}, "PolicyNotFoundException"),
        ("attach_policy", {"PolicyId": policy, "TargetId": root}, "PolicyNotFoundException"),
        ("detach_policy", {"PolicyId": policy, "TargetId": root}, "PolicyNotFoundException"),
        ("attach_policy", {"PolicyId": "p-FullAWSAccess", "TargetId": ou}, "TargetNotFoundException"),
        ("detach_policy", {"PolicyId": "p-FullAWSAccess", "TargetId": ou}, "TargetNotFoundException"),
        ("list_policies_for_target", {"TargetId": ou, "Filter": SCP}, "TargetNotFoundException"),
        ("list_targets_for_policy", {"PolicyId": policy}, "PolicyNotFoundException"),
        ("describe_handshake", {"HandshakeId": "h-zzzzzzzzzz"}, "HandshakeNotFoundException"),
        ("accept_handshake", {"HandshakeId": "h-zzzzzzzzzz"}, "HandshakeNotFoundException"),
        ("cancel_handshake", {"HandshakeId": "h-zzzzzzzzzz"}, "HandshakeNotFoundException"),
        ("decline_handshake", {"HandshakeId": "h-zzzzzzzzzz"}, "HandshakeNotFoundException"),
        ("enable_policy_type", {"RootId": "r-zzzz", "PolicyType": SCP}, "RootNotFoundException"),
        ("disable_policy_type", {"RootId": "r-zzzz", "PolicyType": SCP}, "RootNotFoundException"),
        ("describe_create_account_status", {"CreateAccountRequestId": "car-" + "0" * 32},
         "CreateAccountStatusNotFoundException"),
        ("list_delegated_services_for_account", {"AccountId": NOBODY}, "AccountNotFoundException"),
        ("register_delegated_administrator", {"AccountId": NOBODY, "ServicePrincipal": "iam.amazonaws.com"},
         "AccountNotFoundException"),
        ("list_tags_for_resource", {"ResourceId": NOBODY}, "TargetNotFoundException"),
    ]  # fmt: skip
    for number, (name, arguments, code) in enumerate(rows):
        probe.refused(f"unknown.{number:02}.{name}", lambda: getattr(o, name)(**arguments), code)


def policies(probe, admin, root, account):
    """SCPs: create, quotas, attach, detach, delete."""
    o = admin.organizations

    def create(name, content=HARMLESS):
        return o.create_policy(Name=name, Description="", Type=SCP, Content=content)

    made = probe.gives("scp.create", lambda: create("probe-leave", DENY_LEAVE),
                       lambda a: a["Policy"]["Content"] == DENY_LEAVE)
    leave = made.get("Policy", {}).get("PolicySummary", {}).get("Id", "")
    probe.refused("scp.create-twice", lambda: create("probe-leave"), "DuplicatePolicyException")
    for name, content in {
        "not-json": "{", "no-statement": "{}", "principal": DENY_LEAVE.replace('"Action"', '"Principal":"*","Action"'),
        "lower-case-effect": DENY_LEAVE.replace("Deny", "deny"),
        "no-resource": DENY_LEAVE.replace(', "Resource": "*"', ""),
    }.items():
        probe.refused(f"scp.malformed.{name}", lambda: create(f"probe-{name}", content),
                      "MalformedPolicyDocumentException")
    big = HARMLESS.replace("ec2:Nothing", "ec2:" + "N" * 10_240)
    probe.refused("scp.too-long", lambda: create("probe-big", big),
                  "ConstraintViolationException", "POLICY_CONTENT_LIMIT_EXCEEDED")
    probe.gives("scp.describe", lambda: o.describe_policy(PolicyId=leave),
                lambda a: a["Policy"]["PolicySummary"]["Type"] == SCP)
    probe.gives("scp.attach", lambda: o.attach_policy(PolicyId=leave, TargetId=account))
    probe.refused("scp.attach-twice", lambda: o.attach_policy(PolicyId=leave, TargetId=account),
                  "DuplicatePolicyAttachmentException")
    probe.gives("scp.for-target", lambda: o.list_policies_for_target(TargetId=account, Filter=SCP),
                lambda a: leave in {p["Id"] for p in a["Policies"]})
    probe.gives("scp.targets", lambda: o.list_targets_for_policy(PolicyId=leave),
                lambda a: [(t["TargetId"], t["Type"]) for t in a["Targets"]] == [(account, "ACCOUNT")])
    probe.refused("scp.delete-attached", lambda: o.delete_policy(PolicyId=leave), "PolicyInUseException")
    probe.refused("scp.detach-not-attached", lambda: o.detach_policy(PolicyId=leave, TargetId=root),
                  "PolicyNotAttachedException")
    probe.gives("scp.update-keeps-id", lambda: o.update_policy(PolicyId=leave, Description="new"),
                lambda a: a["Policy"]["PolicySummary"]["Id"] == leave)
    probe.refused("scp.update-malformed", lambda: o.update_policy(PolicyId=leave, Content="{"),
                  "MalformedPolicyDocumentException")
    probe.refused("scp.update-aws-managed",
                  lambda: o.update_policy(PolicyId="p-FullAWSAccess", Description="x"), "InvalidInputException", "IMMUTABLE_POLICY")
    probe.refused("scp.enable-twice", lambda: o.enable_policy_type(RootId=root, PolicyType=SCP),
                  "PolicyTypeAlreadyEnabledException")
    probe.refused("scp.effective", lambda: o.describe_effective_policy(PolicyType=SCP), "InvalidInputException")
    probe.refused("tag.effective-none", lambda: o.describe_effective_policy(PolicyType="TAG_POLICY"),
                  "EffectivePolicyNotFoundException")
    return leave


def guarded(probe, admin, member, account):
    """Leaving under an SCP, and without the IAM permission, in different words."""
    probe.refused("leave.under-scp", member.organizations.leave_organization, "AccessDeniedException",
                  words="with an explicit deny in a service control policy")
    probe.refused("leave.management", admin.organizations.leave_organization,
                  "MasterCannotLeaveOrganizationException")
    weak = {}
    weak_policy = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}]})  # fmt: skip
    probe.gives("leave.session-policy-assume", lambda: weak.setdefault(
        "caller", admin.become(account, Policy=weak_policy)))
    if "caller" in weak:
        probe.refused("leave.session-policy", weak["caller"].organizations.leave_organization,
                      "AccessDeniedException")
    for name, arguments in {
        "remove_account_from_organization": {"AccountId": account}, "close_account": {"AccountId": account},
        "delete_resource_policy": {}, "invite_account_to_organization":
        {"Target": {"Type": "ACCOUNT", "Id": NOBODY}}, "list_accounts": {}, "list_roots": {},
    }.items():  # fmt: skip
        call = getattr(member.organizations, name)
        probe.refused(f"member.{name}", lambda: call(**arguments), "AccessDeniedException")
    probe.gives("member.describe_organization", member.organizations.describe_organization)
    probe.gives("member.list_handshakes_for_account", member.organizations.list_handshakes_for_account)


def trail(probe, admin, member):
    """What was called is in the caller's event history, refusals too."""
    def lookup(caller, **arguments):
        return caller.cloudtrail.lookup_events(**arguments)["Events"]

    def named(name):
        return [{"AttributeKey": "EventName", "AttributeValue": name}]

    found = probe.gives("trail.refused-leave-in-member", lambda: lookup(member, LookupAttributes=named("LeaveOrganization")),
                        lambda a: json.loads(a[0]["CloudTrailEvent"])["errorCode"].startswith("AccessDenied"))
    record = json.loads(found[0]["CloudTrailEvent"]) if found else {}
    probe("trail.region", record.get("awsRegion") == "us-east-1", record)
    probe("trail.event-type", record.get("eventType") == "AwsApiCall", record)
    probe("trail.identity", record.get("userIdentity", {}).get("type") == "AssumedRole", record)
    probe("trail.parameters-null", record.get("requestParameters", 0) is None, record)
    probe.gives("trail.members-leave-not-in-management", lambda: lookup(admin, LookupAttributes=named("LeaveOrganization")),
                lambda a: all(json.loads(e["CloudTrailEvent"])["recipientAccountId"] != record.get("recipientAccountId") for e in a))
    probe.gives("trail.create-policy", lambda: lookup(admin, LookupAttributes=named("CreatePolicy")), len)
    times = [e["EventTime"] for e in lookup(admin)]
    probe("trail.newest-first", times == sorted(times, reverse=True) and len(times) <= 50)
    ct = admin.cloudtrail
    probe.refused("trail.two-attributes", lambda: ct.lookup_events(LookupAttributes=named("A") + named("B")),
                  "InvalidLookupAttributesException")
    probe.refused("trail.max-results-51", lambda: ct.lookup_events(MaxResults=51), "InvalidMaxResultsException")
    probe.refused("trail.made-up-token", lambda: ct.lookup_events(NextToken="x"), "InvalidNextTokenException")
    probe.refused("trail.range", lambda: ct.lookup_events(StartTime=2_000_000_000, EndTime=1_900_000_000),
                  "InvalidTimeRangeException")


def handshakes(probe, admin):
    """Invitations, sent and taken back."""
    o = admin.organizations
    management = o.describe_organization()["Organization"]["MasterAccountId"]

    def invite(kind, target):
        return o.invite_account_to_organization(Target={"Type": kind, "Id": target})

    made = probe.gives("invite.email", lambda: invite("EMAIL", "nobody@example.com"),
                       lambda a: a["Handshake"]["State"] == "OPEN" and a["Handshake"]["Action"] == "INVITE")
    shake = made.get("Handshake", {})
    life = shake.get("ExpirationTimestamp") and (shake["ExpirationTimestamp"] - shake["RequestedTimestamp"]).days
    probe("invite.15-days", life == 15, life)
    probe.refused("invite.twice", lambda: invite("EMAIL", "nobody@example.com"), "DuplicateHandshakeException")
    probe.refused("invite.member", lambda: invite("ACCOUNT", management),
                  "HandshakeConstraintViolationException", "ALREADY_IN_AN_ORGANIZATION")
    probe.refused("invite.bad-email", lambda: invite("EMAIL", "nobody"), "InvalidInputException")
    probe.refused("invite.organization", lambda: invite("ORGANIZATION", "o-exampleorg1"),
                  "InvalidInputException", "INVALID_PARTY_TYPE_TARGET")
    handshake = shake.get("Id", "")
    probe.gives("invite.describe", lambda: o.describe_handshake(HandshakeId=handshake),
                lambda a: {p["Type"] for p in a["Handshake"]["Parties"]} == {"ORGANIZATION", "EMAIL"})
    probe.refused("invite.accepted-by-sender", lambda: o.accept_handshake(HandshakeId=handshake), "AccessDeniedException")
    probe.gives("invite.cancel", lambda: o.cancel_handshake(HandshakeId=handshake),
                lambda a: a["Handshake"]["State"] == "CANCELED")
    probe.refused("invite.cancel-twice", lambda: o.cancel_handshake(HandshakeId=handshake),
                  "HandshakeAlreadyInStateException")
    probe.gives("invite.listed-after-end", lambda: pages(o.list_handshakes_for_organization, "Handshakes")[0],
                lambda a: handshake in {h["Id"] for h in a})


def others(probe, admin, account):
    """STS, IAM, Account, EventBridge."""
    iam, sts, acc, events = admin.iam, admin.sts, admin.account, admin.events
    probe.gives("sts.identity", sts.get_caller_identity, lambda a: set(a) >= {"Arn", "Account", "UserId"})
    missing = f"arn:aws:iam::{account}:role/NoSuchRole"
    probe.refused("sts.no-such-role", lambda: sts.assume_role(RoleArn=missing, RoleSessionName="probe"), "AccessDenied")
    probe.refused("sts.duration", lambda: sts.assume_role(RoleArn=missing, RoleSessionName="probe", DurationSeconds=60), "ValidationError")
    stranger = Caller(admin.credentials[0], "AKIAIOSFODNN7EXAMPLE", "x")
    probe.refused("sts.unknown-key", stranger.sts.get_caller_identity, "InvalidClientTokenId")
    probe.refused("org.unknown-key", stranger.organizations.list_roots, "UnrecognizedClientException")
    probe.gives("iam.org-features", iam.list_organizations_features, lambda a: "EnabledFeatures" in a)
    probe.gives("sts.assume-root", lambda: sts.assume_root(TargetPrincipal=account, TaskPolicyArn={
        "arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}, DurationSeconds=900))
    # The demo's organization has not given the service trusted access.
    # https://docs.aws.amazon.com/accounts/latest/reference/using-orgs-trusted-access.html
    probe.refused("account.primary-email-not-trusted", lambda: acc.get_primary_email(AccountId=account), "AccessDeniedException")
    probe.gives("account.trust", lambda: admin.organizations.enable_aws_service_access(ServicePrincipal="account.amazonaws.com"))
    probe.gives("account.primary-email", lambda: acc.get_primary_email(AccountId=account), lambda a: "@" in a["PrimaryEmail"])
    probe.gives("account.information", lambda: acc.get_account_information(AccountId=account))
    probe.gives("account.start-email-update", lambda: acc.start_primary_email_update(AccountId=account, PrimaryEmail="new@example.com"))
    probe.refused("account.no-contact", lambda: acc.get_alternate_contact(AlternateContactType="SECURITY"), "ResourceNotFoundException")
    probe.gives("events.put-rule", lambda: events.put_rule(Name="probe", EventPattern='{"source":["aws.organizations"]}'))
    probe.gives("events.list-rules", events.list_rules)
    probe.gives("events.targets", lambda: events.list_targets_by_rule(Rule="probe"))
    probe.refused("events.describe-none", lambda: events.describe_rule(Name="none"), "ResourceNotFoundException")
    probe.gives("iam.create-user", lambda: iam.create_user(UserName="probe"))
    key = probe.gives("iam.create-key", lambda: iam.create_access_key(UserName="probe")).get("AccessKey", {})
    user = Caller(admin.credentials[0], key.get("AccessKeyId", "none"), key.get("SecretAccessKey", "none"))
    probe.refused("iam.no-policy-no-call", user.organizations.list_roots, "AccessDeniedException")
    probe.gives("iam.list-keys", lambda: iam.list_access_keys(UserName="probe"), lambda a: len(a["AccessKeyMetadata"]) == 1)
    probe.gives("iam.key-on", user.sts.get_caller_identity, lambda a: a["Arn"].endswith(":user/probe"))
    probe.gives("iam.key-off", lambda: iam.update_access_key(UserName="probe", AccessKeyId=key["AccessKeyId"], Status="Inactive"))
    probe.refused("iam.key-off-refused", user.sts.get_caller_identity, "InvalidClientTokenId")
    probe.gives("iam.key-on-again", lambda: iam.update_access_key(UserName="probe", AccessKeyId=key["AccessKeyId"], Status="Active"))
    probe.gives("iam.key-on-again-works", user.sts.get_caller_identity)
    for name, arguments in {
        "get_user": {"UserName": "none"}, "get_role": {"RoleName": "none"}, "list_access_keys": {"UserName": "none"},
        "get_role_policy": {"RoleName": "none", "PolicyName": "p"}, "list_role_policies": {"RoleName": "none"},
        "delete_login_profile": {"UserName": "none"}, "get_user_policy": {"UserName": "none", "PolicyName": "p"},
        "put_role_policy": {"RoleName": "none", "PolicyName": "p", "PolicyDocument": HARMLESS},
        "put_user_policy": {"UserName": "none", "PolicyName": "p", "PolicyDocument": HARMLESS},
    }.items():
        probe.refused(f"iam.none.{name}", lambda: getattr(iam, name)(**arguments), "NoSuchEntity")
    allow = DENY_LEAVE.replace("Deny", "Allow").replace("organizations:LeaveOrganization", "*")
    level = {"ServiceControlPolicyInputList": [allow, DENY_LEAVE]}
    probe.gives("iam.simulate-with-scps", lambda: iam.simulate_custom_policy(
        PolicyInputList=[allow], ActionNames=["organizations:LeaveOrganization"],
        OrderedOrganizationPolicyInputList=[level]),
        lambda a: a["EvaluationResults"][0]["EvalDecision"] == "explicitDeny")


def empty(probe, admin):
    """An account outside any organization, and founding one."""
    o = admin.organizations
    for name in ("describe_organization", "list_roots", "list_accounts", "leave_organization"):
        probe.refused(f"standalone.{name}", getattr(o, name), "AWSOrganizationsNotInUseException")
    probe.gives("found.create", lambda: o.create_organization(FeatureSet="ALL"), lambda a: a["Organization"]["FeatureSet"] == "ALL")
    probe.refused("found.twice", lambda: o.create_organization(FeatureSet="ALL"), "AlreadyInOrganizationException")
    root = (probe.gives("found.root", o.list_roots).get("Roots") or [{}])[0]
    probe("found.scps-off-at-first", root.get("PolicyTypes") == [], root)
    probe.refused("found.attach-before-enable", lambda: o.attach_policy(PolicyId="p-FullAWSAccess", TargetId=root["Id"]), "PolicyTypeNotEnabledException")
    probe.gives("found.create-account", lambda: o.create_account(Email="a@example.com", AccountName="a"),
                lambda a: a["CreateAccountStatus"]["State"] in ("IN_PROGRESS", "SUCCEEDED"))
    probe.gives("found.create-unit", lambda: o.create_organizational_unit(ParentId=root["Id"], Name="A"))
    probe.refused("found.unit-twice", lambda: o.create_organizational_unit(ParentId=root["Id"], Name="A"), "DuplicateOrganizationalUnitException")
    probe.refused("found.delete-not-empty", o.delete_organization, "OrganizationNotEmptyException")


def run(probe, binary):
    with Served(binary) as served:
        admin = Caller(served.endpoint, served.key, served.secret)
        root, accounts = reads(probe, admin)
        management = admin.sts.get_caller_identity()["Account"]
        account, member = next((a["Id"], c) for a in accounts if a["Id"] != management
                               and a["State"] == "ACTIVE" and (c := entered(admin, a["Id"])))
        lists(probe, admin, root)
        unknown(probe, admin, root)
        policies(probe, admin, root, account)
        guarded(probe, admin, member, account)
        trail(probe, admin, member)
        handshakes(probe, admin)
        others(probe, admin, account)
    with Served(binary, "--empty") as served:
        empty(probe, Caller(served.endpoint, served.key, served.secret))
    probes_exits.run(probe, binary)
    probes_guards.run(probe, binary)
    probes_rest.run(probe, binary)


def entered(admin, account):
    try:
        return admin.become(account)
    except Exception:  # no such role there, or closed
        return None


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", type=Path, required=True)
    arguments.add_argument("--failures", type=Path, help="write what failed to this file too")
    wanted = arguments.parse_args()
    probe = Probes()
    run(probe, wanted.binary)
    if wanted.failures:
        wanted.failures.write_text("".join(f"{n}\n    {d}\n" for n, d in probe.failures), "utf-8")
    print(f"probes: {probe.passed} passed, {len(probe.failures)} failed")
    return 1 if probe.failures else 0


if __name__ == "__main__":
    sys.exit(main())
