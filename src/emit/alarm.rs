//! An alarm on exits, attempts and weakened guards, as code.

use serde_json::{Map, Value, json};

use super::Iac;
use crate::exits::{EVENTS, EventKind, EventSpec};

/// What raises an alarm in the management account, and what in the organization trail.
fn events(in_member: bool) -> impl Iterator<Item = &'static EventSpec> {
    EVENTS.iter().filter(move |event| {
        let quiet = matches!(event.kind, EventKind::GuardRestored | EventKind::Joining);
        event.in_member == in_member && !quiet
    })
}

/// One rule for the default bus of the management account, in the Organizations region.
fn pattern() -> Value {
    let names: Vec<&str> = events(false).map(|event| event.name).collect();
    let mut sources: Vec<&str> = events(false).map(|event| event.source).collect();
    sources.sort_unstable();
    sources.dedup();
    json!({
        "detail-type": ["AWS Service Event via CloudTrail", "AWS API Call via CloudTrail"],
        "detail": {"eventSource": sources, "eventName": names},
    })
}

/// One filter for the log group of the organization trail: what members do is delivered there.
fn filter() -> String {
    let one = |event: &EventSpec| {
        format!(
            "(($.eventSource = \"{}\") && ($.eventName = \"{}\"))",
            event.source, event.name
        )
    };
    let terms: Vec<String> = events(true).map(one).collect();
    format!("{{ {} }}", terms.join(" || "))
}

/// The code; it is checked by [`crate::alarm::would_fire`].
pub fn alarm(language: Iac) -> String {
    let document = match language {
        Iac::CloudFormation => cloudformation(),
        Iac::Terraform => terraform(),
    };
    // Maps with text keys always serialize.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

const METRIC: &str = "OrganizationExitAttempts";
const NAMESPACE: &str = "OrgExitGuard";

fn cloudformation() -> Value {
    let topic = json!({"Ref": "AlarmTopic"});
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Alarms on exits from the organization; deploy in the management account, in the region of the Organizations events (us-east-1 in the aws partition)",
        "Parameters": {
            "TrailLogGroup": {
                "Type": "String",
                "Description": "Log group of the organization trail, in this account and region",
            },
        },
        "Resources": {
            "AlarmTopic": {"Type": "AWS::SNS::Topic"},
            "AlarmTopicPolicy": {
                "Type": "AWS::SNS::TopicPolicy",
                "Properties": {
                    "Topics": [topic],
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [{
                            "Effect": "Allow",
                            "Principal": {"Service": ["events.amazonaws.com", "cloudwatch.amazonaws.com"]},
                            "Action": "sns:Publish",
                            "Resource": topic,
                            "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
                        }],
                    },
                },
            },
            "ExitRule": {
                "Type": "AWS::Events::Rule",
                "Properties": {
                    "Description": "Departures, and what the management account does to members and guards",
                    "State": "ENABLED",
                    "EventPattern": pattern(),
                    "Targets": [{"Id": "topic", "Arn": topic}],
                },
            },
            "AttemptFilter": {
                "Type": "AWS::Logs::MetricFilter",
                "Properties": {
                    "LogGroupName": {"Ref": "TrailLogGroup"},
                    "FilterPattern": filter(),
                    "MetricTransformations": [
                        {"MetricName": METRIC, "MetricNamespace": NAMESPACE, "MetricValue": "1"},
                    ],
                },
            },
            "AttemptAlarm": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "AlarmDescription": "A member account tried to leave the organization, or its root user was touched",
                    "Namespace": NAMESPACE,
                    "MetricName": METRIC,
                    "Statistic": "Sum",
                    "Period": 300,
                    "EvaluationPeriods": 1,
                    "Threshold": 1,
                    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                    "TreatMissingData": "notBreaching",
                    "AlarmActions": [topic],
                },
            },
        },
    })
}

fn terraform() -> Value {
    let topic = "${aws_sns_topic.organization_exit.arn}";
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": ["events.amazonaws.com", "cloudwatch.amazonaws.com"]},
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {"StringEquals": {"aws:SourceAccount": "${data.aws_caller_identity.current.account_id}"}},
        }],
    });
    let mut resources = Map::new();
    let mut add = |kind: &str, block: Value| {
        resources.insert(kind.to_owned(), json!({"organization_exit": block}));
    };
    add("aws_sns_topic", json!({"name": "organization-exit"}));
    add(
        "aws_sns_topic_policy",
        json!({"arn": topic, "policy": policy.to_string()}),
    );
    add(
        "aws_cloudwatch_event_rule",
        json!({
            "name": "organization-exit",
            "description": "Departures, and what the management account does to members and guards",
            "state": "ENABLED",
            "event_pattern": pattern().to_string(),
        }),
    );
    add(
        "aws_cloudwatch_event_target",
        json!({"rule": "${aws_cloudwatch_event_rule.organization_exit.name}", "arn": topic}),
    );
    add(
        "aws_cloudwatch_log_metric_filter",
        json!({
            "name": "organization-exit",
            "log_group_name": "${var.trail_log_group}",
            "pattern": filter(),
            "metric_transformation": {"name": METRIC, "namespace": NAMESPACE, "value": "1"},
        }),
    );
    add(
        "aws_cloudwatch_metric_alarm",
        json!({
            "alarm_name": "organization-exit",
            "alarm_description": "A member account tried to leave the organization, or its root user was touched",
            "namespace": NAMESPACE,
            "metric_name": METRIC,
            "statistic": "Sum",
            "period": 300,
            "evaluation_periods": 1,
            "threshold": 1,
            "comparison_operator": "GreaterThanOrEqualToThreshold",
            "treat_missing_data": "notBreaching",
            "alarm_actions": [topic],
        }),
    );
    json!({
        "variable": {"trail_log_group": {
            "type": "string",
            "description": "Log group of the organization trail, in this account and region",
        }},
        "data": {"aws_caller_identity": {"current": {}}},
        "resource": resources,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarm::{Alarms, Deployed, Fires, read_template, would_fire};

    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
    const LONGEST_PATTERN: usize = 2048;
    /// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html>
    const LONGEST_FILTER: usize = 1024;

    fn read(language: Iac) -> Alarms {
        read_template(&alarm(language), Deployed::Management).unwrap()
    }

    #[test]
    fn what_is_emitted_passes_its_own_check() {
        for language in [Iac::CloudFormation, Iac::Terraform] {
            let raised = would_fire(&read(language));
            assert!(raised.len() > 15);
            for one in raised {
                assert!(matches!(one.fires, Fires::Yes(_)), "{language:?}: {one:?}");
            }
        }
    }

    #[test]
    fn a_missing_piece_is_seen() {
        let text = alarm(Iac::CloudFormation);
        let silent = |from: &str, to: &str| {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from}");
            let alarms = read_template(&changed, Deployed::Management).unwrap();
            let raised = would_fire(&alarms).into_iter();
            raised
                .filter(|one| matches!(one.fires, Fires::No(_)))
                .count()
        };
        assert_eq!(
            silent(
                "$.eventName = \\\"LeaveOrganization",
                "$.eventName = \\\"LeaveOrganisation"
            ),
            1
        );
        assert_eq!(
            silent("\"AccountDepartedOrganization\"", "\"AccountLeft\""),
            1
        );
        assert!(silent("\"ENABLED\"", "\"DISABLED\"") > 10);
        assert!(silent("\"AlarmActions\"", "\"Actions\"") > 4);
        assert!(silent("AWS Service Event via CloudTrail", "AWS Service Event") >= 2);
    }

    #[test]
    fn patterns_keep_to_the_quotas() {
        assert!(
            pattern().to_string().len() <= LONGEST_PATTERN,
            "{}",
            pattern().to_string().len()
        );
        assert!(filter().len() <= LONGEST_FILTER, "{}", filter().len());
    }
}
