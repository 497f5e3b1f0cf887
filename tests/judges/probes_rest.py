"""Probes of every operation: what is required, and the operations that no other probe needs."""

import json

from botocore import xform_name
from botocore.exceptions import ClientError

import probes_watch
from models import service_model
from probe import Caller
from served import CALLED, Served
from worlds import played

SERVICES = ("organizations", "iam", "sts", "account", "cloudtrail", "events", "logs", "cloudformation")
# What no service of AWS answers about an operation that it has.
UNKNOWN = {"UnknownOperationException", "InvalidAction", "404", "MissingAuthenticationToken"}
# How each service says that a required member is not there.
BLANK = {"InvalidInputException", "ValidationError", "ValidationException", "InvalidTrailNameException",
         "InvalidParameterException"}
ONE = "[[account]]\nname = \"app\"\n"


def bare(probe, binary):
    """Every operation of AWS's models without any member; returns those that the simulator has."""
    known = set()
    with Served(binary) as served:
        admin = Caller(served.endpoint, served.key, served.secret)
        for service in SERVICES:
            model = service_model(service)
            for operation in model.operation_names:
                before = set(CALLED)
                try:
                    getattr(getattr(admin, service), xform_name(operation))()
                    code = "it succeeded"
                except ClientError as error:
                    code = error.response["Error"]["Code"]
                CALLED.clear()
                CALLED.update(before)  # asking without members is no probe of an operation
                if code in UNKNOWN:
                    continue
                known.add((service, operation))
                shape = model.operation_model(operation).input_shape
                if shape is not None and shape.required_members:
                    probe(f"required.{service}.{operation}", code in BLANK, code)
    return known


def trails(probe, world):
    """https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html"""
    ct, name = world.admin.cloudtrail, {"Name": "all"}
    probe.refused("trail.none", lambda: ct.get_trail(**name), "TrailNotFoundException")
    probe.gives("trail.create", lambda: ct.create_trail(**name, S3BucketName="logs", IsMultiRegionTrail=True),
                lambda a: a["Name"] == "all" and a["IsMultiRegionTrail"] is True)
    probe.refused("trail.create-twice", lambda: ct.create_trail(**name, S3BucketName="logs"), "TrailAlreadyExistsException")
    probe.gives("trail.not-logging-yet", lambda: ct.get_trail_status(**name), lambda a: a["IsLogging"] is False)
    probe.gives("trail.start", lambda: ct.start_logging(**name))
    probe.gives("trail.logging", lambda: ct.get_trail_status(**name), lambda a: a["IsLogging"] is True)
    probe.gives("trail.stop", lambda: ct.stop_logging(**name))
    probe.gives("trail.stopped", lambda: ct.get_trail_status(**name), lambda a: a["IsLogging"] is False and "StopLoggingTime" in a)
    probe.gives("trail.update", lambda: ct.update_trail(**name, S3BucketName="other"), lambda a: a["S3BucketName"] == "other")
    writes = [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]
    probe.gives("trail.select", lambda: ct.put_event_selectors(TrailName="all", EventSelectors=writes),
                lambda a: a["EventSelectors"][0]["ReadWriteType"] == "WriteOnly")
    probe.gives("trail.selected", lambda: ct.get_event_selectors(TrailName="all"),
                lambda a: a["EventSelectors"][0]["ReadWriteType"] == "WriteOnly")
    probe.gives("trail.get", lambda: ct.get_trail(**name), lambda a: a["Trail"]["S3BucketName"] == "other" and a["Trail"]["HomeRegion"] == "us-east-1")
    probe.gives("trail.describe", ct.describe_trails, lambda a: [t["Name"] for t in a["trailList"]] == ["all"])
    probe.gives("trail.list", ct.list_trails, lambda a: [t["Name"] for t in a["Trails"]] == ["all"])
    probe.gives("trail.selectors", lambda: ct.get_event_selectors(TrailName="all"), lambda a: a["TrailARN"].endswith(":trail/all"))
    probe.gives("trail.delete", lambda: ct.delete_trail(**name))
    probe.refused("trail.delete-twice", lambda: ct.delete_trail(**name), "TrailNotFoundException")


def rules(probe, world):
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html"""
    events = world.admin.events
    events.put_rule(Name="exits", EventPattern='{"source":["aws.organizations"]}')
    target = {"Id": "1", "Arn": "arn:aws:sns:us-east-1:111111111111:alarm"}
    probe.gives("rule.enabled-at-first", lambda: events.describe_rule(Name="exits"), lambda a: a["State"] == "ENABLED")
    probe.gives("rule.targets", lambda: events.put_targets(Rule="exits", Targets=[target]), lambda a: a["FailedEntryCount"] == 0)
    probe.gives("rule.targets-listed", lambda: events.list_targets_by_rule(Rule="exits"), lambda a: a["Targets"] == [target])
    probe.gives("rule.disable", lambda: events.disable_rule(Name="exits"))
    probe.gives("rule.disabled", lambda: events.describe_rule(Name="exits"), lambda a: a["State"] == "DISABLED")
    probe.gives("rule.enable", lambda: events.enable_rule(Name="exits"))
    probe.refused("rule.delete-with-targets", lambda: events.delete_rule(Name="exits"), "ValidationException")
    probe.refused("rule.six-targets", lambda: events.put_targets(Rule="exits", Targets=[
        {**target, "Id": str(number)} for number in range(6)]), "LimitExceededException")
    probe.gives("rule.remove-targets", lambda: events.remove_targets(Rule="exits", Ids=["1"]), lambda a: a["FailedEntryCount"] == 0)
    probe.gives("rule.delete", lambda: events.delete_rule(Name="exits"))
    probe.gives("rule.delete-twice", lambda: events.delete_rule(Name="exits"))
    probe.refused("rule.bad-pattern", lambda: events.put_rule(Name="x", EventPattern="{"), "InvalidEventPatternException")


def attached(probe, world):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachUserPolicy.html"""
    iam = world.admin.iam
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})  # fmt: skip
    iam.create_user(UserName="kim")
    iam.create_group(GroupName="ops")
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust)
    for kind, owner in (("user", {"UserName": "kim"}), ("group", {"GroupName": "ops"}), ("role", {"RoleName": "app"})):
        def method(start, kind=kind):
            return getattr(iam, start.replace("KIND", kind))

        probe.gives(f"attached.{kind}", lambda: method("attach_KIND_policy")(**owner, PolicyArn=arn))
        probe.gives(f"attached.{kind}.listed", lambda: method("list_attached_KIND_policies")(**owner),
                    lambda a: a["AttachedPolicies"] == [{"PolicyName": "ReadOnlyAccess", "PolicyArn": arn}])
        probe.refused(f"attached.{kind}.keeps-it", lambda: method("delete_KIND")(**owner), "DeleteConflict")
        probe.gives(f"attached.{kind}.detach", lambda: method("detach_KIND_policy")(**owner, PolicyArn=arn))
        probe.refused(f"attached.{kind}.detach-twice", lambda: method("detach_KIND_policy")(**owner, PolicyArn=arn), "NoSuchEntity")
        probe.gives(f"attached.{kind}.delete", lambda: method("delete_KIND")(**owner))
    probe.gives("roles.listed", world("app").iam.list_roles, lambda a: [r["RoleName"] for r in a["Roles"]] == ["OrganizationAccountAccessRole"])
    key = world("app").credentials[1]
    probe.gives("key.account", lambda: world.admin.sts.get_access_key_info(AccessKeyId=key), lambda a: a["Account"] == world.ids["app"])
    world.admin.organizations.enable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
    iam.enable_organizations_root_credentials_management()
    probe.gives("root.credentials-off", iam.disable_organizations_root_credentials_management, lambda a: a["EnabledFeatures"] == [])
    account = world.admin.account
    world.admin.organizations.enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    probe.gives("account.rename", lambda: account.put_account_name(AccountId=world.ids["app"], AccountName="renamed"))
    probe.gives("account.renamed", lambda: world.admin.organizations.describe_account(AccountId=world.ids["app"]),
                lambda a: a["Account"]["Name"] == "renamed")


def users(probe, world):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateLoginProfile.html"""
    iam, kim = world.admin.iam, {"UserName": "kim"}
    iam.create_user(**kim, Tags=[{"Key": "team", "Value": "web"}])
    probe.gives("user.tags", lambda: iam.get_user(**kim), lambda a: a["User"]["Tags"] == [{"Key": "team", "Value": "web"}])
    probe.gives("user.listed-without-tags", iam.list_users, lambda a: "kim" in {u["UserName"] for u in a["Users"]} and "Tags" not in str(a["Users"]))
    probe.gives("user.tag", lambda: iam.tag_user(**kim, Tags=[{"Key": "cost", "Value": "1"}]))
    probe.gives("user.untag", lambda: iam.untag_user(**kim, TagKeys=["team"]))
    probe.gives("user.tags-then", lambda: iam.list_user_tags(**kim), lambda a: a["Tags"] == [{"Key": "cost", "Value": "1"}])
    password = {"Password": "Correct-horse-1"}
    probe.gives("password.create", lambda: iam.create_login_profile(**kim, **password), lambda a: a["LoginProfile"]["UserName"] == "kim")
    probe.refused("password.create-twice", lambda: iam.create_login_profile(**kim, **password), "EntityAlreadyExists")
    probe.gives("password.get", lambda: iam.get_login_profile(**kim))
    probe.gives("password.update", lambda: iam.update_login_profile(**kim, **password))
    probe.refused("password.keeps-user", lambda: iam.delete_user(**kim), "DeleteConflict")
    probe.gives("password.delete", lambda: iam.delete_login_profile(**kim))
    probe.refused("password.gone", lambda: iam.get_login_profile(**kim), "NoSuchEntity")
    key = iam.create_access_key(**kim)["AccessKey"]["AccessKeyId"]
    probe.gives("key.never-used", lambda: iam.get_access_key_last_used(AccessKeyId=key),
                lambda a: a["AccessKeyLastUsed"]["ServiceName"] == "N/A" and "LastUsedDate" not in a["AccessKeyLastUsed"])
    iam.create_access_key(**kim)
    probe.refused("key.third", lambda: iam.create_access_key(**kim), "LimitExceeded")
    probe.gives("key.delete", lambda: iam.delete_access_key(**kim, AccessKeyId=key))
    probe.refused("key.delete-twice", lambda: iam.delete_access_key(**kim, AccessKeyId=key), "NoSuchEntity")
    probe.gives("certificates.none", lambda: iam.list_signing_certificates(**kim), lambda a: a["Certificates"] == [])
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{world.ids['app']}:root"}, "Action": "sts:AssumeRole"}]})  # fmt: skip
    iam.create_group(GroupName="ops")
    iam.create_role(RoleName="partner", AssumeRolePolicyDocument=trust.replace("sts:AssumeRole", "sts:TagSession"))
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]})
    named = {"PolicyName": "no-s3"}
    for kind, owner in (("user", kim), ("group", {"GroupName": "ops"}), ("role", {"RoleName": "partner"})):
        def method(start, kind=kind):
            return getattr(iam, start.replace("KIND", kind))

        probe.refused(f"inline.{kind}.malformed", lambda: method("put_KIND_policy")(**owner, **named, PolicyDocument="{"), "MalformedPolicyDocument")
        probe.gives(f"inline.{kind}.put", lambda: method("put_KIND_policy")(**owner, **named, PolicyDocument=document))
        probe.gives(f"inline.{kind}.get", lambda: method("get_KIND_policy")(**owner, **named), lambda a: a["PolicyDocument"] == json.loads(document))
        probe.gives(f"inline.{kind}.list", lambda: method("list_KIND_policies")(**owner), lambda a: a["PolicyNames"] == ["no-s3"])
        probe.gives(f"inline.{kind}.delete", lambda: method("delete_KIND_policy")(**owner, **named))
        probe.refused(f"inline.{kind}.delete-twice", lambda: method("delete_KIND_policy")(**owner, **named), "NoSuchEntity")
    probe.gives("group.list", iam.list_groups, lambda a: [g["GroupName"] for g in a["Groups"]] == ["ops"])
    role = {"RoleArn": f"arn:aws:iam::{world.world['management']}:role/partner", "RoleSessionName": "probe"}
    assume = world("app").sts.assume_role
    probe.refused("role.not-trusted-for-that", lambda: assume(**role), "AccessDenied")
    probe.gives("role.trust", lambda: iam.update_assume_role_policy(RoleName="partner", PolicyDocument=trust))
    probe.gives("role.trusted", lambda: assume(**role))
    probe.refused("role.session-name", lambda: assume(**role | {"RoleSessionName": "x"}), "ValidationError")
    probe.gives("role.tag", lambda: iam.tag_role(RoleName="partner", Tags=[{"Key": "team", "Value": "web"}]))
    probe.gives("role.tags", lambda: iam.list_role_tags(RoleName="partner"), lambda a: len(a["Tags"]) == 1)
    probe.gives("role.untag", lambda: iam.untag_role(RoleName="partner", TagKeys=["team"]))
    sts = world.admin.sts
    session = probe.gives("token.session", lambda: sts.get_session_token()).get("Credentials")
    if session:
        caller = Caller(world.served.endpoint, session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
        probe.gives("token.is-the-user", caller.sts.get_caller_identity, lambda a: a["Arn"].endswith(":user/Judge"))
        probe.refused("token.not-for-iam", caller.iam.list_users, "InvalidClientTokenId")
    probe.gives("token.federated", lambda: sts.get_federation_token(Name="kim"), lambda a: a["FederatedUser"]["Arn"].endswith(":federated-user/kim"))


def organization(probe, world):
    """https://docs.aws.amazon.com/organizations/latest/APIReference/API_TagResource.html"""
    o, app = world.admin.organizations, world.ids["app"]
    root = o.list_roots()["Roots"][0]["Id"]
    probe.gives("tags.put", lambda: o.tag_resource(ResourceId=app, Tags=[{"Key": "team", "Value": "web"}]))
    probe.gives("tags.listed", lambda: o.list_tags_for_resource(ResourceId=app), lambda a: a["Tags"] == [{"Key": "team", "Value": "web"}])
    probe.gives("tags.gone", lambda: o.untag_resource(ResourceId=app, TagKeys=["team"]))
    made = o.create_organizational_unit(ParentId=root, Name="A")["OrganizationalUnit"]["Id"]
    probe.gives("unit.update", lambda: o.update_organizational_unit(OrganizationalUnitId=made, Name="B"),
                lambda a: a["OrganizationalUnit"]["Name"] == "B")
    probe.gives("unit.described", lambda: o.describe_organizational_unit(OrganizationalUnitId=made),
                lambda a: a["OrganizationalUnit"]["Id"] == made)
    probe.gives("unit.move", lambda: o.move_account(AccountId=app, SourceParentId=root, DestinationParentId=made))
    probe.refused("unit.move-wrong-source", lambda: o.move_account(AccountId=app, SourceParentId=root, DestinationParentId=made),
                  "SourceParentNotFoundException")
    probe.refused("unit.delete-not-empty", lambda: o.delete_organizational_unit(OrganizationalUnitId=made), "OrganizationalUnitNotEmptyException")
    probe.gives("unit.listed-children", lambda: o.list_children(ParentId=made, ChildType="ACCOUNT"),
                lambda a: a["Children"] == [{"Id": app, "Type": "ACCOUNT"}])
    o.move_account(AccountId=app, SourceParentId=made, DestinationParentId=root)
    probe.gives("unit.delete", lambda: o.delete_organizational_unit(OrganizationalUnitId=made))
    parent = root
    for level in range(5):
        parent = o.create_organizational_unit(ParentId=parent, Name=f"L{level}")["OrganizationalUnit"]["Id"]
    probe.refused("unit.sixth-level", lambda: o.create_organizational_unit(ParentId=parent, Name="L6"),
                  "ConstraintViolationException", "OU_DEPTH_LIMIT_EXCEEDED")
    policy = o.create_policy(Name="x", Description="", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}))["Policy"]["PolicySummary"]["Id"]
    probe.gives("policy.delete", lambda: o.delete_policy(PolicyId=policy))
    probe.gives("close.account", lambda: o.close_account(AccountId=app))
    probe.gives("close.pending", lambda: o.describe_account(AccountId=app), lambda a: a["Account"]["State"] == "PENDING_CLOSURE")
    probe.refused("close.twice", lambda: o.close_account(AccountId=app), "ConflictException")
    probe.refused("close.management", lambda: o.close_account(AccountId=world.world["management"]),
                  "ConstraintViolationException", "CANNOT_CLOSE_MANAGEMENT_ACCOUNT")


def features(probe, world):
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_org_support-all-features.html"""
    o, joined = world.admin.organizations, world("joined").organizations
    shake = "HandshakeConstraintViolationException"
    probe.refused("features.no-scps-before", lambda: o.create_policy(Name="x", Description="", Type="SERVICE_CONTROL_POLICY", Content="{}"),
                  "PolicyTypeNotAvailableForOrganizationException")
    probe.gives("features.start", o.enable_all_features, lambda a: a["Handshake"]["Action"] == "ENABLE_ALL_FEATURES"
                and a["Handshake"]["State"] == "REQUESTED")
    probe.refused("features.start-twice", o.enable_all_features, shake, "ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION")
    asked = probe.gives("features.invited-member-is-asked", joined.list_handshakes_for_account,
                        lambda a: [h["Action"] for h in a["Handshakes"]] == ["ENABLE_ALL_FEATURES"])
    probe.gives("features.created-member-is-not", world("app").organizations.list_handshakes_for_account, lambda a: a["Handshakes"] == [])
    for handshake in asked.get("Handshakes", []):
        probe.gives("features.member-agrees", lambda: joined.accept_handshake(HandshakeId=handshake["Id"]))
    last = [h for h in o.list_handshakes_for_organization()["Handshakes"] if h["Action"] == "APPROVE_ALL_FEATURES"]
    probe("features.management-is-asked-last", len(last) == 1, last)
    for handshake in last:
        probe.gives("features.management-agrees", lambda: o.accept_handshake(HandshakeId=handshake["Id"]))
    probe.gives("features.all", o.describe_organization, lambda a: a["Organization"]["FeatureSet"] == "ALL")
    probe.refused("features.all-already", o.enable_all_features, shake, "ORGANIZATION_ALREADY_HAS_ALL_FEATURES")


BILLING = """
[organization]
feature_set = "CONSOLIDATED_BILLING"
scps = false
[[account]]
name = "app"
[[account]]
name = "joined"
joined = "INVITED"
"""


def run(probe, binary):
    """The last of the probes: it ends with the operations that none of them has called."""
    for part in (trails, rules, attached, users, organization):
        with played(binary, ONE) as world:
            part(probe, world)
    with played(binary, BILLING) as world:
        features(probe, world)
    probes_watch.run(probe, binary)
    known = bare(probe, binary)
    never = sorted(f"{service}.{operation}" for service, operation in known - CALLED)
    probe("every operation of the simulator is probed", len(known) > 150 and not never, f"{len(known)} known, never called: {never}")
