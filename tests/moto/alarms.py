"""What boto3 deploys on moto, and whether an audit says that anybody would hear of an exit."""

import json

from checks import parse
from seed import client

BUCKET, GROUP, TRAIL, RULE = "example-trail", "organization-trail", "organization-trail", "exits"
CALLS_ONLY = json.dumps({"detail-type": ["AWS API Call via CloudTrail"]})
LISTENING = {
    "no-alarm-on-attempts",
    "no-alarm-on-departure",
    "organization-trail-missing",
    "organization-trail-not-logging",
    "organization-trail-weak",
}


def emitted(program):
    """Pattern of the rule and of the filter in what `emit alarm` prints."""
    _, text, _ = program.run("emit", "alarm", "--format", "cloudformation", offline=True)
    resources = json.loads(text)["Resources"]
    pattern = json.dumps(resources["ExitRule"]["Properties"]["EventPattern"])
    return pattern, resources["AttemptFilter"]["Properties"]["FilterPattern"]


def deploy(endpoint, pattern, filter_pattern):
    """An organization trail with a log group and a filter on it, and a rule with a target."""
    client("s3", endpoint).create_bucket(Bucket=BUCKET)
    logs = client("logs", endpoint)
    logs.create_log_group(logGroupName=GROUP)
    group = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]["arn"]
    account = group.split(":")[4]
    trails = client("cloudtrail", endpoint)
    trails.create_trail(
        Name=TRAIL, S3BucketName=BUCKET, IsMultiRegionTrail=True, IsOrganizationTrail=True,
        EnableLogFileValidation=True, CloudWatchLogsLogGroupArn=group,
        CloudWatchLogsRoleArn=f"arn:aws:iam::{account}:role/trail",
    )  # fmt: skip
    trails.start_logging(Name=TRAIL)
    everything = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}
    trails.put_event_selectors(TrailName=TRAIL, EventSelectors=[everything])
    metric = {"metricName": "Attempts", "metricNamespace": "Exits", "metricValue": "1"}
    logs.put_metric_filter(
        logGroupName=GROUP, filterName="attempts", filterPattern=filter_pattern,
        metricTransformations=[metric],
    )  # fmt: skip
    events = client("events", endpoint)
    events.put_rule(Name=RULE, EventPattern=pattern)
    topic = f"arn:aws:sns:us-east-1:{account}:alarm"
    events.put_targets(Rule=RULE, Targets=[{"Id": "topic", "Arn": topic}])


def found(check, program, when):
    """Rules of this kind that an audit reports as failed, with all their words."""
    arguments = ("audit", "--format", "json", "--no-progress", "--no-baseline", "--allow-gaps")
    _, text, _ = program.run(*arguments)
    report = parse(check, when, text)
    ours = [one for one in report.get("findings", []) if one.get("rule") in LISTENING]
    return {one["rule"]: json.dumps(one) for one in ours}


def check_alarms(check, program, endpoint, live):
    """Nothing deployed; what `emit alarm` prints; the usual mistake. `endpoint`: moto's own, past the recorder."""
    before = {one.get("rule") for one in json.loads(live).get("findings", [])} & LISTENING
    nothing = {"no-alarm-on-attempts", "no-alarm-on-departure", "organization-trail-missing"}
    check.equal("alarms: nothing is deployed, and that is said", before, nothing)
    pattern, filter_pattern = emitted(program)
    deploy(endpoint, pattern, filter_pattern)
    check.equal("alarms: what is emitted is heard", found(check, program, "alarms"), {})
    events = client("events", endpoint)
    events.put_rule(Name=RULE, EventPattern=CALLS_ONLY)
    mistaken = found(check, program, "alarms, calls only")
    check.equal("alarms: a rule for calls misses departures", set(mistaken), {"no-alarm-on-departure"})
    words = mistaken.get("no-alarm-on-departure", "")
    check("alarms: the event is named", "AccountDepartedOrganization" in words, words)
