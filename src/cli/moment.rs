//! `--since` and `--until`: so long ago, a day, or a time.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};

use super::error::CliError;
use crate::collect::Scope;
use crate::model::Timestamp;

/// A time as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// So long before now.
    Ago(SignedDuration),
    /// A day, in UTC.
    Day(Date),
    /// A time.
    At(Timestamp),
}

impl Moment {
    /// As far back as an event history reaches.
    pub(super) const LONGEST: Self = Self::Ago(SignedDuration::from_hours(90 * 24));

    /// Its first moment; `None` before the calendar begins.
    pub(super) fn first(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Ago(span) => now.checked_sub(span).ok(),
            Self::Day(day) => TimeZone::UTC
                .to_timestamp(day.to_datetime(jiff::civil::Time::midnight()))
                .ok(),
            Self::At(time) => Some(time),
        }
    }

    /// Its last moment.
    pub(super) fn last(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Day(day) => {
                let next = Self::Day(day.tomorrow().ok()?).first(now)?;
                next.checked_sub(1.nanosecond()).ok()
            }
            other => other.first(now),
        }
    }
}

/// How far back an event history is read from `since` on.
///
/// # Errors
/// Further than it reaches, 90 days, or into the future.
pub(super) fn reach_back(since: Option<Timestamp>, now: Timestamp) -> Result<Duration, CliError> {
    let back = since.and_then(|since| Duration::try_from(now.duration_since(since)).ok());
    match back {
        Some(back) if back <= Scope::LONGEST => Ok(back),
        Some(_) => Err(CliError::Usage {
            message: "an event history reaches back 90 days, and --since lies before that"
                .to_owned(),
            hint: "search an archive for what is older: detect --source archive:PATH",
        }),
        None => Err(CliError::Usage {
            message: "--since lies in the future".to_owned(),
            hint: "name a time that has passed, in UTC",
        }),
    }
}

/// One that an event history reaches.
pub(super) fn parse_recent(text: &str) -> Result<Moment, String> {
    match (parse_moment(text)?, Moment::LONGEST) {
        (Moment::Ago(span), Moment::Ago(longest)) if span > longest => Err(format!(
            "an event history reaches back 90 days, and `{text}` lies before that"
        )),
        (moment, _) => Ok(moment),
    }
}

pub(super) fn parse_moment(text: &str) -> Result<Moment, String> {
    let unit = |unit, hours: i64| {
        let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
        Some(Moment::Ago(SignedDuration::from_hours(
            i64::from(count) * hours,
        )))
    };
    let ago = unit('h', 1)
        .or_else(|| unit('d', 24))
        .or_else(|| unit('w', 168));
    ago.or_else(|| text.parse().ok().map(Moment::At))
        // A time without its zone would be read as its day.
        .or_else(|| {
            let day = text.len() == "YYYY-MM-DD".len();
            day.then(|| text.parse().ok())?.map(Moment::Day)
        })
        .ok_or_else(|| {
            format!("`{text}` is no time (expected 90d, 36h, 2026-11-01 or 2026-11-01T12:00:00Z)")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_has_a_first_and_a_last_moment() {
        let now = "2026-11-24T10:00:00Z".parse().unwrap();
        for (text, first, last) in [
            ("90d", "2026-08-26T10:00:00Z", "2026-08-26T10:00:00Z"),
            ("36h", "2026-11-22T22:00:00Z", "2026-11-22T22:00:00Z"),
            ("2w", "2026-11-10T10:00:00Z", "2026-11-10T10:00:00Z"),
            (
                "2026-11-01",
                "2026-11-01T00:00:00Z",
                "2026-11-01T23:59:59.999999999Z",
            ),
            (
                "2026-11-01T12:00:00+02:00",
                "2026-11-01T10:00:00Z",
                "2026-11-01T10:00:00Z",
            ),
        ] {
            let moment = parse_moment(text).unwrap();
            assert_eq!(moment.first(now).unwrap().to_string(), first);
            assert_eq!(moment.last(now).unwrap().to_string(), last);
        }
        for bad in [
            "",
            "90",
            "-1d",
            "2026-13-01",
            "yesterday",
            "1.5d",
            "2026-11-01T12:00:00",
        ] {
            assert!(parse_moment(bad).is_err(), "{bad}");
        }
    }
}
