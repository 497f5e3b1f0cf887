//! Does a `CloudWatch` alarm watch the metric of a filter, and does one event set it off?
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html>

use serde_json::{Map, Value};

use super::place::{Language, literal, number};
use super::{Piece, pattern};

/// The metric that a filter writes.
pub(super) struct Metric<'a> {
    /// The filter in Terraform's references.
    pub(super) address: Option<String>,
    pub(super) name: Option<&'a Value>,
    pub(super) namespace: Option<&'a Value>,
    /// What one event adds.
    pub(super) value: Option<&'a Value>,
    /// What is written while nothing matches.
    pub(super) default: Option<&'a Value>,
    pub(super) dimensions: Option<&'a Value>,
    pub(super) unit: Option<&'a Value>,
}

impl Metric<'_> {
    /// Does a reference of Terraform name what this filter writes?
    fn is_meant(&self, reference: &Value) -> bool {
        let rest = || {
            let (_, rest) = reference.as_str()?.split_once(self.address.as_deref()?)?;
            Some(rest.starts_with(['.', '[']) && rest.contains(".metric_transformation["))
        };
        rest().unwrap_or(false)
    }
}

/// A `CloudWatch` alarm with an action.
pub(super) struct Alarm<'a> {
    pub(super) name: &'a str,
    pub(super) language: Language,
    pub(super) block: &'a Map<String, Value>,
    /// Whether it is created, and its actions are enabled.
    pub(super) ready: Piece,
}

/// What the best of the alarms makes of one event; `None`: none watches the metric.
pub(super) fn watched(metric: &Metric<'_>, alarms: &[Alarm<'_>]) -> Option<Piece> {
    let mut best = None;
    for alarm in alarms {
        let watches = match alarm.watches(metric) {
            Some(false) => continue,
            Some(true) => Piece::There,
            None => Piece::Unknown("whether it watches the metric".to_owned()),
        };
        let called = |what: &str| format!("alarm `{}`: {what}", alarm.name);
        let piece = Piece::worst([watches, alarm.ready.clone(), alarm.hears(metric)]);
        best = match (piece, best) {
            (Piece::There, _) => return Some(Piece::There),
            (Piece::Unknown(what), _) => Some(Piece::Unknown(called(&what))),
            (Piece::Lacks(_), Some(better)) => Some(better),
            (Piece::Lacks(what), None) => Some(Piece::Lacks(called(&what))),
        };
    }
    best
}

impl Alarm<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.language.get(self.block, key)
    }

    fn word(&self, key: &str) -> Option<&str> {
        literal(self.get(key)?)
    }

    fn number(&self, key: &str) -> Option<f64> {
        number(self.get(key)?)
    }

    fn watches(&self, metric: &Metric<'_>) -> Option<bool> {
        let same = |own: Option<&Value>, theirs: Option<&Value>| {
            let (own, theirs) = (own?, theirs?);
            if own == theirs || metric.is_meant(own) {
                return Some(true);
            }
            literal(own).and(literal(theirs)).map(|_| false)
        };
        let filled = |value: Option<&Value>| match value {
            Some(Value::Object(map)) => !map.is_empty(),
            Some(Value::Array(list)) => !list.is_empty(),
            other => other.is_some(),
        };
        // A metric is another one for each set of dimensions.
        let dimensions = match (filled(self.get("Dimensions")), filled(metric.dimensions)) {
            (false, false) => Some(true),
            (true, true) => None,
            _ => Some(false),
        };
        let answers = [
            same(self.get("MetricName"), metric.name),
            same(self.get("Namespace"), metric.namespace),
            dimensions,
        ];
        pattern::all(answers.into_iter())
    }

    fn hears(&self, metric: &Metric<'_>) -> Piece {
        Piece::worst([self.unit(metric), self.condition(metric)])
    }

    /// A filter without a unit writes `None`; an alarm with another one sees no data.
    fn unit(&self, metric: &Metric<'_>) -> Piece {
        let Some(own) = self.get("Unit") else {
            return Piece::There;
        };
        let theirs = metric.unit.map_or(Some("None"), literal);
        match (literal(own), theirs) {
            (Some(own), Some(theirs)) if own == theirs => Piece::There,
            (Some(own), Some(theirs)) => Piece::Lacks(format!(
                "it watches the unit {own}, and the filter writes {theirs}"
            )),
            _ => Piece::Unknown("whether its unit is that of the filter".to_owned()),
        }
    }

    /// Is the condition met by one event in one period, and not before it?
    fn condition(&self, metric: &Metric<'_>) -> Piece {
        let unknown = |what: &str| Piece::Unknown(format!("whether {what}"));
        let (Some(operator), Some(threshold), Some(statistic)) = (
            self.word("ComparisonOperator"),
            self.number("Threshold"),
            self.word("Statistic"),
        ) else {
            return unknown("one event meets its condition, which is not written out");
        };
        let Some(value) = metric.value.and_then(number) else {
            return unknown(
                "what one event adds meets its condition: the filter's value is no number",
            );
        };
        let Some(met) = comparison(operator, threshold) else {
            return unknown(&format!("one event meets {operator}"));
        };
        let Some(sum) = reported(statistic, value, metric.default) else {
            return unknown(&format!(
                "the {statistic} of a period with one event meets its condition"
            ));
        };
        if !met(sum) {
            return Piece::Lacks(format!(
                "one event does not meet its condition: {statistic} {sum} is not {operator} {threshold}"
            ));
        }
        // Only a change of state does something.
        if metric.default.and_then(number).is_some_and(met) {
            return Piece::Lacks(
                "its condition is met before anything happens, so an event changes nothing"
                    .to_owned(),
            );
        }
        Piece::worst([self.missing_data(metric.default.is_some()), self.periods()])
    }

    /// What it makes of periods in which nothing happens.
    fn missing_data(&self, has_default: bool) -> Piece {
        let Some(treated) = self.get("TreatMissingData") else {
            return Piece::There;
        };
        match (literal(treated), has_default) {
            (Some("missing" | "notBreaching"), _) | (Some("ignore"), true) => Piece::There,
            (Some("breaching"), false) => Piece::Lacks(
                "it treats missing data as breaching: it is in alarm before anything happens, so \
                 an event changes nothing"
                    .to_owned(),
            ),
            (Some("ignore"), false) => Piece::Unknown(
                "whether it leaves the alarm state after an earlier event: it ignores missing data"
                    .to_owned(),
            ),
            _ => Piece::Unknown("whether it is in alarm before anything happens".to_owned()),
        }
    }

    /// One event is one data point, unless AWS counts missing ones as it.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html>
    fn periods(&self) -> Piece {
        let wanted = self.get("DatapointsToAlarm");
        let wanted = wanted.or_else(|| self.get("EvaluationPeriods"));
        match wanted.and_then(number) {
            Some(wanted) if wanted <= 1.0 => Piece::There,
            Some(wanted) if self.word("TreatMissingData") == Some("notBreaching") => {
                Piece::Lacks(format!(
                    "it wants {wanted} periods that meet its condition, and one event is in one"
                ))
            }
            Some(wanted) => Piece::Unknown(format!(
                "whether one event is enough: it wants {wanted} periods that meet its condition"
            )),
            None => Piece::Unknown("how many periods have to meet its condition".to_owned()),
        }
    }
}

fn comparison(operator: &str, threshold: f64) -> Option<impl Fn(f64) -> bool + Copy> {
    let orders: fn(&f64, &f64) -> bool = match operator {
        "GreaterThanThreshold" => f64::gt,
        "GreaterThanOrEqualToThreshold" => f64::ge,
        "LessThanThreshold" => f64::lt,
        "LessThanOrEqualToThreshold" => f64::le,
        _ => return None,
    };
    Some(move |value: f64| orders(&value, &threshold))
}

/// The statistic of a period with one event, which adds `value`.
fn reported(statistic: &str, value: f64, default: Option<&Value>) -> Option<f64> {
    match (statistic, default) {
        ("SampleCount", None) => Some(1.0),
        ("Sum" | "Average" | "Minimum" | "Maximum", None) => Some(value),
        ("Sum", Some(default)) => number(default).filter(|one| *one == 0.0).map(|_| value),
        ("Maximum", Some(default)) => number(default).map(|one| one.max(value)),
        _ => None,
    }
}
