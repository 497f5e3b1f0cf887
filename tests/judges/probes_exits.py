"""Probes of the ways out of an organization and into another one."""

from datetime import datetime, timedelta, timezone

from worlds import events, played

PLACES = """
ous = ["Guarded", "Open"]
[organization]
trusted_services = ["account.amazonaws.com"]
[[scp]]
name = "no-leave"
deny = ["organizations:LeaveOrganization"]
attached = ["Guarded"]
[[scp]]
name = "no-accept"
deny = ["organizations:AcceptHandshake"]
attached = ["walled"]
[[account]]
name = "guarded"
ou = "Guarded"
[[account]]
name = "walled"
ou = "Open"
[[account]]
name = "free"
ou = "Open"
[[account]]
name = "loose"
[[account]]
name = "young"
created_days_ago = 2
[[account]]
name = "acquired"
joined = "INVITED"
created_days_ago = 1
[[account]]
name = "poor"
payment_method = false
[[account]]
name = "security"
administers = ["account.amazonaws.com"]
[[account]]
name = "weak"
lacks = ["organizations:LeaveOrganization"]
[[standalone]]
name = "outsider"
[[standalone]]
name = "second"
[[standalone]]
name = "lapsed"
[[standalone]]
name = "forgotten"
[[foreign]]
name = "Northwind"
[[foreign]]
name = "Newcomer"
[[invitation]]
account = "lapsed"
days_ago = 16
[[invitation]]
account = "forgotten"
days_ago = 46
"""
CONSTRAINT, SHAKE = "ConstraintViolationException", "HandshakeConstraintViolationException"
STATE = "InvalidHandshakeTransitionException"


def aged(world):
    """One foreign organization is a year old, the other a day; `weak` has no right of its own."""
    now = datetime.now(timezone.utc)
    names = {"Northwind": 365, "Newcomer": 1}
    for organization in world["organizations"].values():
        days = names.get(world["accounts"][organization["management"]]["name"])
        if days:
            organization["created_at"] = (now - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for account in world["accounts"].values():
        if account["name"] == "weak":
            account["users"]["Judge"]["permissions"]["lacks"] = ["organizations:LeaveOrganization"]


def leaving(probe, world):
    """https://docs.aws.amazon.com/organizations/latest/APIReference/API_LeaveOrganization.html"""
    o = world.admin.organizations
    rows = {
        "young": (CONSTRAINT, "WAIT_PERIOD_ACTIVE"),
        "poor": (CONSTRAINT, "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED"),
        "security": (CONSTRAINT, "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"),
    }
    for name, (code, reason) in rows.items():
        leave = world(name).organizations.leave_organization
        probe.refused(f"leave.{name}", leave, code, reason)
        probe.refused(f"remove.{name}", lambda: o.remove_account_from_organization(AccountId=world.ids[name]),
                      code, reason)
    probe.refused("remove.management", lambda: o.remove_account_from_organization(AccountId=world.world["management"]),
                  "MasterCannotLeaveOrganizationException")
    probe.refused("leave.under-an-scp", world("guarded").organizations.leave_organization, "AccessDeniedException",
                  words="with an explicit deny in a service control policy")
    probe.refused("leave.without-permission", world("weak").organizations.leave_organization,
                  "AccessDeniedException", words="because no identity-based policy allows the organizations:LeaveOrganization action")
    free = world("free")
    probe.gives("leave.free", free.organizations.leave_organization)
    probe.refused("leave.then-standalone", free.organizations.describe_organization, "AWSOrganizationsNotInUseException")
    probe.refused("leave.then-unknown", lambda: o.describe_account(AccountId=world.ids["free"]), "AccountNotFoundException")
    probe.gives("leave.acquired-yesterday", world("acquired").organizations.leave_organization)
    departed = events(world.admin, "AccountDepartedOrganization")
    mine = [e for e in departed if e["serviceEventDetails"]["accountId"] == world.ids["free"]]
    probe("leave.service-event", [e["eventType"] for e in mine] == ["AwsServiceEvent"], departed)
    probe("leave.service-event-method", [e["serviceEventDetails"]["departureMethod"] for e in mine] == ["LEFT"], mine)
    probe("leave.service-event-not-in-member", events(free, "AccountDepartedOrganization") == [])
    own = events(free, "LeaveOrganization")
    probe("leave.call-in-member", [e["eventType"] for e in own] == ["AwsApiCall"] and "errorCode" not in own[0], own)
    probe("leave.call-not-in-management", events(world.admin, "LeaveOrganization") == [])
    probe.gives("remove.loose", lambda: o.remove_account_from_organization(AccountId=world.ids["loose"]))
    departed = events(world.admin, "AccountDepartedOrganization")
    probe("remove.service-event", departed and departed[0]["serviceEventDetails"] | {"departureTime": 0} == {
        "accountId": world.ids["loose"], "departureMethod": "REMOVED", "departureTime": 0}, departed[:1])
    probe("remove.call-in-management", len(events(world.admin, "RemoveAccountFromOrganization")) >= 1)
    role = world.admin.become(world.ids["free"])
    probe.gives("leave.access-role-stays", role.sts.get_caller_identity, lambda a: a["Account"] == world.ids["free"])


def invited(world, sender, target):
    made = world(sender) if isinstance(sender, str) else sender
    made = made.organizations.invite_account_to_organization(Target={"Type": "ACCOUNT", "Id": world.ids[target]})
    return made["Handshake"]["Id"]


def invitations(probe, world):
    """https://docs.aws.amazon.com/organizations/latest/APIReference/API_Handshake.html"""
    o, out = world.admin.organizations, world("outsider").organizations
    first = invited(world, world.admin, "outsider")
    probe.gives("shake.listed-in-account", out.list_handshakes_for_account,
                lambda a: [h["Id"] for h in a["Handshakes"]] == [first])
    probe.gives("shake.described-by-account", lambda: out.describe_handshake(HandshakeId=first),
                lambda a: a["Handshake"]["State"] == "OPEN")
    second = world("second").organizations
    for name in ("describe_handshake", "accept_handshake", "decline_handshake"):
        call = getattr(second, name)
        probe.refused(f"shake.{name}-by-third-party", lambda: call(HandshakeId=first), "AccessDeniedException")
    probe.refused("shake.cancel-by-account", lambda: out.cancel_handshake(HandshakeId=first), "AccessDeniedException")
    probe.gives("shake.decline", lambda: out.decline_handshake(HandshakeId=first),
                lambda a: a["Handshake"]["State"] == "DECLINED")
    probe.refused("shake.decline-twice", lambda: out.decline_handshake(HandshakeId=first), "HandshakeAlreadyInStateException")
    probe.refused("shake.accept-declined", lambda: out.accept_handshake(HandshakeId=first), STATE)
    again = invited(world, world.admin, "outsider")
    probe("shake.invited-again", again != first)
    probe.gives("shake.accept", lambda: out.accept_handshake(HandshakeId=again),
                lambda a: a["Handshake"]["State"] == "ACCEPTED")
    probe.refused("shake.cancel-accepted", lambda: o.cancel_handshake(HandshakeId=again), STATE)
    root = o.list_roots()["Roots"][0]["Id"]
    probe.gives("shake.lands-in-root", lambda: o.list_parents(ChildId=world.ids["outsider"]),
                lambda a: a["Parents"] == [{"Id": root, "Type": "ROOT"}])
    probe.gives("shake.joined-method", lambda: o.describe_account(AccountId=world.ids["outsider"]),
                lambda a: a["Account"]["JoinedMethod"] == "INVITED")
    probe.gives("shake.full-access-on-arrival", lambda: o.list_policies_for_target(
        TargetId=world.ids["outsider"], Filter="SERVICE_CONTROL_POLICY"),
        lambda a: [p["Id"] for p in a["Policies"]] == ["p-FullAWSAccess"])
    joined = events(world.admin, "AccountJoinedOrganization")
    probe("shake.joined-event", joined and joined[0]["serviceEventDetails"]["accountId"] == world.ids["outsider"]
          and joined[0]["serviceEventDetails"]["joinedMethod"] == "INVITED", joined[:1])
    probe("shake.joined-event-not-in-account", events(world("outsider"), "AccountJoinedOrganization") == [])
    probe("shake.accept-call-in-account", len(events(world("outsider"), "AcceptHandshake")) >= 1)
    probe.refused("shake.invite-member", lambda: invited(world, world.admin, "outsider"), SHAKE, "ALREADY_IN_AN_ORGANIZATION")
    sent = {h["Parties"][1]["Id"]: h for h in o.list_handshakes_for_organization()["Handshakes"]}
    lapsed = sent.get(world.ids["lapsed"], {})
    probe("shake.expired-after-15-days", lapsed.get("State") == "EXPIRED", sent)
    probe.refused("shake.accept-expired", lambda: world("lapsed").organizations.accept_handshake(HandshakeId=lapsed["Id"]), STATE)
    probe("shake.listed-for-30-days", world.ids["forgotten"] not in sent, sent)


def taken_over(probe, world):
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_account_migration.html"""
    o = world.admin.organizations
    ours = o.describe_organization()["Organization"]["Id"]
    theirs = world("Northwind").organizations.describe_organization()["Organization"]["Id"]
    probe("transfer.two-organizations", ours != theirs)
    accept = {name: invited(world, "Northwind", name) for name in ("guarded", "walled", "young", "security", "poor")}
    def take(name, id=None):
        return world(name).organizations.accept_handshake(HandshakeId=id or accept[name])
    arn = world("poor").organizations.describe_handshake(HandshakeId=accept["poor"])["Handshake"]["Arn"]
    probe("transfer.arn-names-the-inviter", arn == f"arn:aws:organizations::{world.ids['Northwind']}:handshake/{theirs}/invite/{accept['poor']}", arn)
    probe.refused("transfer.stopped-by-leave-deny", lambda: take("guarded"), "AccessDeniedException",
                  words="organizations:LeaveOrganization on resource: * with an explicit deny in a service control policy")
    probe.refused("transfer.stopped-by-accept-deny", lambda: take("walled"), "AccessDeniedException",
                  words="organizations:AcceptHandshake")
    probe.refused("transfer.young", lambda: take("young"), CONSTRAINT, "WAIT_PERIOD_ACTIVE")
    probe.refused("transfer.delegated-administrator", lambda: take("security"), CONSTRAINT,
                  "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG")
    new = invited(world, "Newcomer", "poor")
    probe.refused("transfer.into-a-new-organization", lambda: take("poor", new), CONSTRAINT, "WAIT_PERIOD_ACTIVE")
    probe.refused("transfer.management", lambda: world.admin.organizations.accept_handshake(
        HandshakeId=world("Northwind").organizations.invite_account_to_organization(
            Target={"Type": "ACCOUNT", "Id": world.world["management"]})["Handshake"]["Id"]),
        "MasterCannotLeaveOrganizationException")
    probe.gives("transfer.needs-no-payment-method", lambda: take("poor"), lambda a: a["Handshake"]["State"] == "ACCEPTED")
    probe.gives("transfer.in-the-other-organization", world("poor").organizations.describe_organization,
                lambda a: a["Organization"]["Id"] == theirs)
    probe.refused("transfer.gone-here", lambda: o.describe_account(AccountId=world.ids["poor"]), "AccountNotFoundException")
    left = events(world.admin, "AccountDepartedOrganization")
    probe("transfer.departed-event-here", left and left[0]["serviceEventDetails"]["accountId"] == world.ids["poor"]
          and left[0]["serviceEventDetails"]["departureMethod"] == "LEFT", left[:1])
    joined = events(world("Northwind"), "AccountJoinedOrganization")
    probe("transfer.joined-event-there", joined and joined[0]["serviceEventDetails"]["accountId"] == world.ids["poor"], joined[:1])
    probe("transfer.no-accept-call-here", world.ids["poor"] not in str(events(world.admin, "AcceptHandshake")))
    probe("transfer.accept-call-in-account", "errorCode" not in events(world("poor"), "AcceptHandshake")[0])
    probe("transfer.no-service-event-in-account", events(world("poor"), "AccountDepartedOrganization") == [])
    probe.refused("transfer.our-scp-cannot-bind-it", lambda: o.list_policies_for_target(
        TargetId=world.ids["poor"], Filter="SERVICE_CONTROL_POLICY"), "TargetNotFoundException")


def run(probe, binary):
    with played(binary, PLACES, change=aged) as world:
        leaving(probe, world)
        taken_over(probe, world)
        invitations(probe, world)
    # The other reading of AWS's pages: a transfer needs no permission to leave.
    other = PLACES.replace("[organization]", "[switches]\ntransfer_needs_leave = false\n[organization]", 1)
    with played(binary, other, change=aged) as world:
        guarded, walled = (invited(world, "Northwind", name) for name in ("guarded", "walled"))
        probe.gives("transfer.other-reading-leave-deny-does-not-stop-it",
                    lambda: world("guarded").organizations.accept_handshake(HandshakeId=guarded))
        probe.refused("transfer.other-reading-accept-deny-stops-it",
                      lambda: world("walled").organizations.accept_handshake(HandshakeId=walled), "AccessDeniedException")
    # Before November 2025, and right after a change of membership.
    before = PLACES.replace("[organization]", "[switches]\ndirect_transfer = false\nmembership_change_wait = 3600\n[organization]", 1)
    with played(binary, before, change=aged) as world:
        probe.refused("transfer.not-before-2025", lambda: invited(world, "Northwind", "poor"), SHAKE, "ALREADY_IN_AN_ORGANIZATION")
        world("free").organizations.leave_organization()
        probe.refused("invite.right-after-leaving", lambda: invited(world, world.admin, "free"), SHAKE,
                      "ORGANIZATION_MEMBERSHIP_CHANGE_RATE_LIMIT_EXCEEDED")
        probe.gives("invite.long-after-leaving", lambda: invited(world, world.admin, "outsider"))
