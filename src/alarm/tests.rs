//! What would fire in templates: good, bad and could not tell.

use serde_json::{Value, json};

use super::{Deployed, Fires, read_template, would_fire};

/// The answer about one event, by its word, and what is said.
fn answer(template: &Value, event: &str) -> (&'static str, String) {
    let alarms = read_template(&template.to_string(), Deployed::Management).unwrap();
    let raised = would_fire(&alarms);
    let one = raised.iter().find(|one| one.event.name == event).unwrap();
    match &one.fires {
        Fires::Yes(by) => ("yes", by.clone()),
        Fires::No(near) => ("no", near.join("; ")),
        Fires::CouldNotTell(what) => ("could not tell", what.join("; ")),
    }
}

fn cloudformation() -> Value {
    json!({"Resources": {
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {
            "EventPattern": {"source": ["aws.organizations"]},
            "Targets": [{"Id": "a", "Arn": "arn:aws:sns:us-east-1:111111111111:t"}],
        }},
        "Filter": {"Type": "AWS::Logs::MetricFilter", "Properties": {
            "FilterPattern": "{ $.eventName = \"LeaveOrganization\" }",
            "MetricTransformations": [
                {"MetricName": "Exits", "MetricNamespace": "Guard", "MetricValue": "1"},
            ],
        }},
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
            "MetricName": "Exits", "Namespace": "Guard", "Statistic": "Sum", "Period": 300,
            "EvaluationPeriods": 1, "Threshold": 1, "AlarmActions": [{"Ref": "Topic"}],
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        }},
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "own"}},
    }})
}

fn terraform() -> Value {
    json!({"resource": {
        "aws_cloudwatch_event_rule": {"r": {"event_pattern": "{\"source\":[\"aws.organizations\"]}"}},
        "aws_cloudwatch_event_target": {
            "t": {"rule": "${aws_cloudwatch_event_rule.r.name}", "arn": "arn:aws:sns:us-east-1:111111111111:t"},
        },
        "aws_cloudwatch_event_bus": {"b": {"name": "own"}},
        "aws_cloudwatch_log_metric_filter": {"f": {
            "pattern": "{ $.eventName = \"LeaveOrganization\" }",
            "metric_transformation": [{"name": "Exits", "namespace": "Guard", "value": "1"}],
        }},
        "aws_cloudwatch_metric_alarm": {"a": {
            "metric_name": "Exits", "namespace": "Guard", "statistic": "Sum", "period": 300,
            "evaluation_periods": 1, "threshold": 1, "alarm_actions": ["arn"],
            "comparison_operator": "GreaterThanOrEqualToThreshold",
        }},
    }})
}

/// The template with one value set, or taken out by `null`.
fn with(mut template: Value, place: &str, value: &Value) -> Value {
    let (parent, key) = place.rsplit_once('/').unwrap();
    let parent = template.pointer_mut(parent).unwrap();
    parent[key] = value.clone();
    template
}

fn holds(answered: &(&str, String), expected: &str, words: &str, case: &Value) {
    assert_eq!(answered.0, expected, "{case}: {}", answered.1);
    assert!(answered.1.contains(words), "{case}: {}", answered.1);
}

const DEPARTURE: &str = "AccountDepartedOrganization";
const ATTEMPT: &str = "LeaveOrganization";

#[test]
fn aws_delivers_to_the_default_bus_only() {
    let arn = "arn:aws:events:us-east-1:111111111111:event-bus/";
    let elsewhere = "is deployed on bus `own`, not on the default bus";
    let both = [
        (json!(null), "yes", "Rule"),
        (json!("default"), "yes", ""),
        (json!(format!("{arn}default")), "yes", ""),
        (
            json!("custom"),
            "no",
            "on bus `custom`, not on the default bus",
        ),
        (json!(format!("{arn}custom")), "no", "on bus `custom`"),
    ];
    let cloudformation_only = [
        (json!({"Ref": "AWS::NoValue"}), "yes", ""),
        (json!({"Ref": "Bus"}), "no", elsewhere),
        (json!({"Fn::GetAtt": ["Bus", "Name"]}), "no", elsewhere),
        (json!({"Fn::GetAtt": "Bus.Arn"}), "no", elsewhere),
        (json!({"Fn::Sub": "${Bus.Arn}"}), "no", elsewhere),
        (
            json!({"Fn::Sub": "arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"}),
            "yes",
            "",
        ),
        (
            json!({"Ref": "BusName"}),
            "could not tell",
            "whether `BusName` is the default bus",
        ),
        (
            json!({"Fn::ImportValue": "bus"}),
            "could not tell",
            "the bus that it names",
        ),
    ];
    for (bus, expected, words) in both.iter().chain(&cloudformation_only) {
        let changed = with(
            cloudformation(),
            "/Resources/Rule/Properties/EventBusName",
            bus,
        );
        holds(&answer(&changed, DEPARTURE), expected, words, bus);
    }
    let terraform_only = [
        (json!("${aws_cloudwatch_event_bus.b.name}"), "no", elsewhere),
        (
            json!("${aws_cloudwatch_event_bus.b[0].arn}"),
            "no",
            elsewhere,
        ),
        (
            json!("${aws_cloudwatch_event_bus.other.name}"),
            "could not tell",
            "`other`",
        ),
        (
            json!("${data.aws_cloudwatch_event_bus.b.name}"),
            "could not tell",
            "`data.aws_",
        ),
        (json!("${var.bus}"), "could not tell", "`var.bus`"),
    ];
    for (bus, expected, words) in both[1..].iter().chain(&terraform_only) {
        let place = "/resource/aws_cloudwatch_event_rule/r/event_bus_name";
        let changed = with(terraform(), place, bus);
        holds(&answer(&changed, DEPARTURE), expected, words, bus);
    }
}

/// Answers for an alarm with these properties, in either language.
fn of_alarms<const N: usize>(cases: [(Value, &str, &str); N]) {
    for (changes, expected, words) in cases {
        let (mut one, mut other) = (cloudformation(), terraform());
        for (key, value) in changes.as_object().unwrap() {
            one = with(one, &format!("/Resources/Alarm/Properties/{key}"), value);
            let place = "/resource/aws_cloudwatch_metric_alarm/a";
            let value = match value {
                Value::Object(_) if key != "AlarmActions" => &json!("${var.some}"),
                other => other,
            };
            other = with(
                other,
                &format!("{place}/{}", super::place::snake(key)),
                value,
            );
        }
        holds(&answer(&one, ATTEMPT), expected, words, &changes);
        holds(&answer(&other, ATTEMPT), expected, words, &changes);
    }
}

#[test]
fn an_alarm_has_to_be_set_off_by_one_event() {
    let operator = "GreaterThanThreshold";
    of_alarms([
        (json!({}), "yes", "ilter"),
        (
            json!({"ComparisonOperator": operator, "Threshold": 0}),
            "yes",
            "",
        ),
        (
            json!({"ComparisonOperator": operator, "Threshold": "0"}),
            "yes",
            "",
        ),
        (
            json!({"ComparisonOperator": operator}),
            "no",
            "Sum 1 is not GreaterThanThreshold 1",
        ),
        (
            json!({"Threshold": 1000}),
            "no",
            "one event does not meet its condition",
        ),
        (
            json!({"ComparisonOperator": "LessThanThreshold"}),
            "no",
            "LessThanThreshold 1",
        ),
        (
            json!({"Threshold": {"Ref": "Limit"}}),
            "could not tell",
            "not written out",
        ),
        (
            json!({"Threshold": null}),
            "could not tell",
            "not written out",
        ),
        (
            json!({"ComparisonOperator": "Odd"}),
            "could not tell",
            "Odd",
        ),
        (json!({"Statistic": "Maximum"}), "yes", ""),
        (json!({"Statistic": "SampleCount"}), "yes", ""),
        (json!({"Statistic": null}), "could not tell", ""),
    ]);
}

#[test]
fn periods_and_missing_data_count() {
    let two = json!({"EvaluationPeriods": 2, "TreatMissingData": "notBreaching"});
    of_alarms([
        (
            json!({"EvaluationPeriods": 3, "DatapointsToAlarm": 1}),
            "yes",
            "",
        ),
        (two, "no", "it wants 2 periods"),
        (
            json!({"EvaluationPeriods": 2}),
            "could not tell",
            "it wants 2 periods",
        ),
        (
            json!({"EvaluationPeriods": null}),
            "could not tell",
            "how many periods",
        ),
        (json!({"TreatMissingData": "notBreaching"}), "yes", ""),
        (
            json!({"TreatMissingData": "breaching"}),
            "no",
            "missing data as breaching",
        ),
        (
            json!({"TreatMissingData": "ignore"}),
            "could not tell",
            "ignores missing data",
        ),
    ]);
}

#[test]
fn an_alarm_has_to_watch_the_metric_and_act() {
    of_alarms([
        (json!({"Unit": "None"}), "yes", ""),
        (json!({"Unit": "Count"}), "no", "the filter writes None"),
        (
            json!({"Namespace": "Other"}),
            "no",
            "no alarm with an action watches",
        ),
        (
            json!({"Dimensions": [{"Name": "a", "Value": "b"}]}),
            "no",
            "no alarm with an action",
        ),
        (
            json!({"ActionsEnabled": false}),
            "no",
            "no alarm with an action",
        ),
        (
            json!({"ActionsEnabled": {"Ref": "On"}}),
            "could not tell",
            "actions are enabled",
        ),
        (
            json!({"AlarmActions": {"Fn::If": ["A", [], []]}}),
            "could not tell",
            "has an action",
        ),
        (
            json!({"MetricName": {"Ref": "Name"}}),
            "could not tell",
            "watches the metric",
        ),
    ]);
}

#[test]
fn what_one_event_adds_counts() {
    for (changes, expected, words) in [
        (json!({"MetricValue": "0.5"}), "no", "Sum 0.5 is not"),
        (json!({"MetricValue": 2}), "yes", ""),
        (json!({"MetricValue": "$.n"}), "could not tell", "no number"),
        (json!({"DefaultValue": 0}), "yes", ""),
        (
            json!({"DefaultValue": 3}),
            "could not tell",
            "the Sum of a period",
        ),
        (
            json!({"MetricName": {"Ref": "Name"}}),
            "could not tell",
            "watches the metric",
        ),
    ] {
        let mut changed = cloudformation();
        for (key, value) in changes.as_object().unwrap() {
            let place = "/Resources/Filter/Properties/MetricTransformations/0";
            changed = with(changed, &format!("{place}/{key}"), value);
        }
        holds(&answer(&changed, ATTEMPT), expected, words, &changes);
    }
    let always = "/Resources/Alarm/Properties/";
    let changed = with(
        cloudformation(),
        &format!("{always}Statistic"),
        &json!("Maximum"),
    );
    let place = "/Resources/Filter/Properties/MetricTransformations/0/DefaultValue";
    let changed = with(changed, place, &json!(1));
    holds(
        &answer(&changed, ATTEMPT),
        "no",
        "before anything happens",
        &changed,
    );
    // The best of several alarms counts.
    let mut two = cloudformation();
    two["Resources"]["Deaf"] = two["Resources"]["Alarm"].clone();
    two["Resources"]["Deaf"]["Properties"]["Threshold"] = json!(9);
    holds(&answer(&two, ATTEMPT), "yes", "Filter", &two);
    let reference = "${aws_cloudwatch_log_metric_filter.f.metric_transformation[0].name}";
    let place = "/resource/aws_cloudwatch_metric_alarm/a/metric_name";
    let referred = with(terraform(), place, &json!(reference));
    holds(&answer(&referred, ATTEMPT), "yes", "f", &referred);
}

#[test]
fn what_may_not_be_created_is_not_taken_for_there() {
    let equals = |one: &str, other: &str| json!({"C": {"Fn::Equals": [one, other]}});
    let asked = json!({"C": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}});
    let hangs = "hangs on condition `C`";
    for (conditions, expected, words) in [
        (equals("a", "a"), "yes", ""),
        (equals("a", "b"), "no", "its condition `C` is never met"),
        (asked, "could not tell", hangs),
        (json!({}), "could not tell", hangs),
    ] {
        for (resource, event) in [("Rule", DEPARTURE), ("Filter", ATTEMPT), ("Alarm", ATTEMPT)] {
            let place = format!("/Resources/{resource}/Condition");
            let mut changed = with(cloudformation(), &place, &json!("C"));
            changed["Conditions"] = conditions.clone();
            holds(&answer(&changed, event), expected, words, &changed);
        }
    }
    for (key, value, expected, words) in [
        ("count", json!(1), "yes", ""),
        ("count", json!(0), "no", "its `count` makes none"),
        (
            "count",
            json!("${var.on ? 1 : 0}"),
            "could not tell",
            "hangs on its `count`",
        ),
        ("for_each", json!({"a": 1}), "yes", ""),
        ("for_each", json!([]), "no", "its `for_each` makes none"),
        (
            "for_each",
            json!("${var.all}"),
            "could not tell",
            "hangs on its `for_each`",
        ),
    ] {
        for (resource, event) in [
            ("event_rule/r", DEPARTURE),
            ("log_metric_filter/f", ATTEMPT),
            ("metric_alarm/a", ATTEMPT),
        ] {
            let place = format!("/resource/aws_cloudwatch_{resource}/{key}");
            let changed = with(terraform(), &place, &value);
            holds(&answer(&changed, event), expected, words, &changed);
        }
        let place = format!("/resource/aws_cloudwatch_event_target/t/{key}");
        let changed = with(terraform(), &place, &value);
        holds(&answer(&changed, DEPARTURE), expected, "", &changed);
    }
    // With a count, Terraform writes the rule's index.
    let place = "/resource/aws_cloudwatch_event_target/t/rule";
    let indexed = with(
        terraform(),
        place,
        &json!("${aws_cloudwatch_event_rule.r[0].name}"),
    );
    holds(&answer(&indexed, DEPARTURE), "yes", "", &indexed);
    let given = with(terraform(), place, &json!("${var.rule}"));
    holds(&answer(&given, DEPARTURE), "could not tell", "", &given);
    let other = with(
        terraform(),
        place,
        &json!("${aws_cloudwatch_event_rule.r2.name}"),
    );
    holds(&answer(&other, DEPARTURE), "no", "has no target", &other);
}
