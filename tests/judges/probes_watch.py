"""Probes of log groups with their metric filters, and of StackSets."""

import json

from worlds import played

ONE = "[[account]]\nname = \"app\"\n"
NOTHING = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}]})  # fmt: skip
STACK_SETS = "member.org.stacksets.cloudformation.amazonaws.com"


def pages(call, member, token, **arguments):
    """All items of a list, and the sizes of its pages."""
    answer = call(**arguments)
    items, sizes = list(answer[member]), [len(answer[member])]
    while token in answer and len(sizes) < 50:
        answer = call(**arguments, **{token: answer[token]})
        items += answer[member]
        sizes.append(len(answer[member]))
    return items, sizes


def log_groups(probe, world):
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html"""
    logs, group = world.admin.logs, {"logGroupName": "trail"}
    bad, none = "InvalidParameterException", "ResourceNotFoundException"
    metric = {"metricName": "exits", "metricNamespace": "guard", "metricValue": "1"}

    def put(name="exits", pattern="{ $.eventName = LeaveOrganization }", changes=None, **more):
        one = {k: v for k, v in {**metric, **(changes or {})}.items() if v is not None}
        return logs.put_metric_filter(**{**group, "filterName": name, "filterPattern": pattern,
                                         "metricTransformations": [one], **more})  # fmt: skip

    probe.refused("log.no-group", lambda: put(), none)
    probe.refused("log.describe-no-group", lambda: logs.describe_metric_filters(**group), none)
    probe.refused("log.group-name", lambda: logs.create_log_group(logGroupName="a b"), bad)
    probe.refused("log.group-name-long", lambda: logs.create_log_group(logGroupName="a" * 513), bad)
    probe.gives("log.create", lambda: logs.create_log_group(**group))
    probe.refused("log.create-twice", lambda: logs.create_log_group(**group), "ResourceAlreadyExistsException")
    probe.gives("log.none-yet", lambda: logs.describe_metric_filters(**group), lambda a: a["metricFilters"] == [])
    for name, call in {
        "name-with-colon": lambda: put("a:b"), "name-long": lambda: put("a" * 513),
        "pattern-long": lambda: put(pattern="x" * 1025), "no-metric-name": lambda: put(changes={"metricName": None}),
        "no-metric-namespace": lambda: put(changes={"metricNamespace": None}),
        "no-metric-value": lambda: put(changes={"metricValue": None}),
        "namespace-with-dollar": lambda: put(changes={"metricNamespace": "$x"}),
        "two-transformations": lambda: put(metricTransformations=[metric, metric]),
        "no-transformation": lambda: put(metricTransformations=[]),
        "no-pattern": lambda: logs.put_metric_filter(**group, filterName="x", metricTransformations=[metric]),
    }.items():  # fmt: skip
        probe.refused(f"log.refused.{name}", call, bad)
    probe.gives("log.put", put)
    probe.gives("log.described", lambda: logs.describe_metric_filters(**group), lambda a: len(a["metricFilters"]) == 1 and {
        "filterName": "exits", "filterPattern": "{ $.eventName = LeaveOrganization }", "metricTransformations": [metric],
        "logGroupName": "trail"}.items() <= a["metricFilters"][0].items() and a["metricFilters"][0]["creationTime"] > 10**12)
    probe.gives("log.put-again", lambda: put(pattern="", changes={"metricValue": "2"}))
    probe.gives("log.replaced", lambda: logs.describe_metric_filters(**group), lambda a: [
        (f["filterPattern"], f["metricTransformations"][0]["metricValue"]) for f in a["metricFilters"]] == [("", "2")])
    for number in range(6):
        put(f"f{number}", changes={"metricName": f"m{number % 2}"})
    found, sizes = pages(logs.describe_metric_filters, "metricFilters", "nextToken", **group, limit=3)
    names = [one["filterName"] for one in found]
    probe("log.pages", sizes == [3, 3, 1] and names == ["exits", *(f"f{n}" for n in range(6))], (sizes, names))
    for limit in (0, 51):
        probe.refused(f"log.limit-{limit}", lambda: logs.describe_metric_filters(**group, limit=limit), bad)
    probe.refused("log.made-up-token", lambda: logs.describe_metric_filters(**group, nextToken="abc"), bad)
    token = logs.describe_metric_filters(**group, limit=1)["nextToken"]
    probe.refused("log.token-of-another-list", lambda: logs.describe_metric_filters(
        **group, filterNamePrefix="f", nextToken=token), bad)
    probe.gives("log.prefix", lambda: logs.describe_metric_filters(**group, filterNamePrefix="f"),
                lambda a: len(a["metricFilters"]) == 6)
    probe.gives("log.metric", lambda: logs.describe_metric_filters(**group, metricName="m1", metricNamespace="guard"),
                lambda a: [f["filterName"] for f in a["metricFilters"]] == ["f1", "f3", "f5"])
    for name in ("metricName", "metricNamespace"):
        probe.refused(f"log.{name}-alone", lambda: logs.describe_metric_filters(**group, **{name: "guard"}), bad)
    logs.create_log_group(logGroupName="other")
    put("e", logGroupName="other")
    probe.gives("log.of-all-groups", logs.describe_metric_filters, lambda a: [
        (f["filterName"], f["logGroupName"]) for f in a["metricFilters"]][:3] == [("e", "other"), ("exits", "trail"), ("f0", "trail")])
    for number in range(99):
        put(f"n{number}", logGroupName="other")
    probe.refused("log.filter-101", lambda: put("one-more", logGroupName="other"), "LimitExceededException")
    probe.gives("log.replace-the-100th", lambda: put("n1", logGroupName="other"))
    probe.gives("log.50-in-a-page", lambda: logs.describe_metric_filters(logGroupName="other"),
                lambda a: len(a["metricFilters"]) == 50 and a["nextToken"])
    probe.gives("log.delete", lambda: logs.delete_metric_filter(**group, filterName="exits"))
    probe.refused("log.delete-twice", lambda: logs.delete_metric_filter(**group, filterName="exits"), none)
    probe.refused("log.delete-no-group", lambda: logs.delete_metric_filter(logGroupName="no", filterName="e"), none)
    probe.refused("log.of-another-account", lambda: world("app").logs.describe_metric_filters(**group), none)
    weak = world.admin.become(world.ids["app"], Policy=NOTHING).logs
    probe.refused("log.not-allowed", weak.describe_metric_filters, "AccessDeniedException")


SETS = ONE + """
[[account]]
name = "lab"
ou = "Sandbox"
[[stack_set]]
name = "baseline"
[[stack_set]]
name = "lab"
place = "Sandbox"
retains = true
[[stack_set]]
name = "roles"
"""


def elsewhere(world):
    """One more StackSet, in a region that is not asked."""
    for organization in world["organizations"].values():
        for one in [*organization["stack_sets"]]:
            if one["name"] == "roles":
                organization["stack_sets"].append({**one, "name": "far", "id": "far:1", "region": "eu-west-1"})


def stack_sets(probe, world):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackSets.html"""
    c, bad, none = world.admin.cloudformation, "ValidationError", "StackSetNotFoundException"
    root = world.admin.organizations.list_roots()["Roots"][0]["Id"]

    def names(answer):
        return [one["StackSetName"] for one in answer["Summaries"]]

    listed = probe.gives("set.list", c.list_stack_sets, lambda a: names(a) == ["baseline", "lab", "roles"] and "NextToken" not in a)
    for one in listed.get("Summaries", []):
        holds = (one["Status"], one["PermissionModel"]) == ("ACTIVE", "SERVICE_MANAGED")
        name = one["StackSetName"]
        auto = {"Enabled": True, "RetainStacksOnAccountRemoval": name == "lab"}
        probe(f"set.shape.{name}", holds and one["AutoDeployment"] == auto and one["StackSetId"].startswith(f"{name}:"), one)
    found, sizes = pages(c.list_stack_sets, "Summaries", "NextToken", MaxResults=2)
    probe("set.pages", sizes == [2, 1] and len({one["StackSetId"] for one in found}) == 3, sizes)
    for size in (0, 101):
        probe.refused(f"set.max-results-{size}", lambda: c.list_stack_sets(MaxResults=size), bad)
    token = c.list_stack_sets(MaxResults=1)["NextToken"]
    for name, given in {"made-up": "abc", "number": "1", "of-another-list": token}.items():
        probe.refused(f"set.token.{name}", lambda: c.list_stack_sets(Status="ACTIVE", NextToken=given), bad)
    probe.gives("set.active", lambda: c.list_stack_sets(Status="ACTIVE"), lambda a: len(a["Summaries"]) == 3)
    probe.gives("set.deleted", lambda: c.list_stack_sets(Status="DELETED"), lambda a: a["Summaries"] == [])
    probe.refused("set.status", lambda: c.list_stack_sets(Status="GONE"), bad)
    probe.refused("set.call-as", lambda: c.list_stack_sets(CallAs="ROOT"), bad)

    described = probe.gives("set.describe", lambda: c.describe_stack_set(StackSetName="baseline"), lambda a: a["StackSet"][
        "OrganizationalUnitIds"] == [root] and a["StackSet"]["StackSetARN"].endswith(f":stackset/{a['StackSet']['StackSetId']}"))
    id = described.get("StackSet", {}).get("StackSetId")
    probe.gives("set.by-id", lambda: c.describe_stack_set(StackSetName=id), lambda a: a == {**a, "StackSet": described["StackSet"]})
    probe.gives("set.of-unit", lambda: c.describe_stack_set(StackSetName="lab"),
                lambda a: a["StackSet"]["OrganizationalUnitIds"][0].startswith("ou-"))
    for name in ("no-such", "far"):
        probe.refused(f"set.unknown.{name}", lambda: c.describe_stack_set(StackSetName=name), none)

    app = world("app").cloudformation
    probe.gives("set.member-sees-none", app.list_stack_sets, lambda a: a["Summaries"] == [])
    probe.refused("set.member-describes-none", lambda: app.describe_stack_set(StackSetName="baseline"), none)
    for name, caller in (("member", app), ("management", c)):
        probe.refused(f"set.no-delegated-administrator.{name}", lambda: caller.list_stack_sets(CallAs="DELEGATED_ADMIN"), bad)
    world.admin.organizations.register_delegated_administrator(AccountId=world.ids["app"], ServicePrincipal=STACK_SETS)
    probe.gives("set.delegated", lambda: app.list_stack_sets(CallAs="DELEGATED_ADMIN"), lambda a: len(a["Summaries"]) == 3)
    probe.gives("set.delegated-as-itself", app.list_stack_sets, lambda a: a["Summaries"] == [])
    probe.gives("set.delegated-describes", lambda: app.describe_stack_set(StackSetName="lab", CallAs="DELEGATED_ADMIN"))
    weak = world.admin.become(world.ids["app"], Policy=NOTHING).cloudformation
    probe.refused("set.not-allowed", weak.list_stack_sets, "AccessDenied")


def run(probe, binary):
    with played(binary, ONE) as world:
        log_groups(probe, world)
    with played(binary, SETS, change=elsewhere) as world:
        stack_sets(probe, world)
