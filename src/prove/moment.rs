//! Decimal numbers and dates, exact and without an end: a policy may name the year 9999, or
//! milliseconds where seconds belong, and both lie beyond what time libraries hold.
//!
//! Both are counted in billionths: of one, and of a second since 1970.

/// Billionths of one.
pub(super) const ONE: i128 = 1_000_000_000;

/// Seconds of a day.
const DAY: i128 = 86_400;

/// Is it made of `length` digits?
fn digits(text: &str, length: usize) -> Option<i128> {
    if text.len() != length || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// An integer or a decimal number, as the Numeric operators and epoch seconds have it; `None`
/// for everything else, more than eighteen digits before or nine behind the point included.
pub(super) fn decimal(text: &str) -> Option<i128> {
    let magnitude = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = magnitude.split_once('.').unwrap_or((magnitude, "0"));
    if whole.len() > 18 || part.is_empty() || part.len() > 9 {
        return None;
    }
    let mut value = digits(whole, whole.len())? * ONE;
    value += digits(&format!("{part:0<9}"), 9)?;
    Some(if magnitude.len() < text.len() {
        -value
    } else {
        value
    })
}

/// A date in a W3C form of ISO 8601, or in epoch seconds.
///
/// "You must specify date/time values with one of the W3C implementations of the ISO 8601 date
/// formats or in epoch (UNIX) time":
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date>
/// and <https://www.w3.org/TR/NOTE-datetime>.
pub(super) fn moment(text: &str) -> Option<i128> {
    if let Some(seconds) = decimal(text)
        && !is_year_or_seconds(text)
    {
        return Some(seconds);
    }
    let year = digits(text.get(..4)?, 4)?;
    let rest = text.get(4..)?;
    let Some(rest) = rest.strip_prefix('-') else {
        return rest.is_empty().then(|| day_number(year, 1, 1) * DAY * ONE);
    };
    let month = digits(rest.get(..2)?, 2).filter(|month| (1..=12).contains(month))?;
    let rest = rest.get(2..)?;
    let Some(rest) = rest.strip_prefix('-') else {
        return rest
            .is_empty()
            .then(|| day_number(year, month, 1) * DAY * ONE);
    };
    let day = digits(rest.get(..2)?, 2)?;
    let (own, next) = match month {
        12 => (day_number(year, 12, 1), day_number(year + 1, 1, 1)),
        _ => (day_number(year, month, 1), day_number(year, month + 1, 1)),
    };
    if day < 1 || day > next - own {
        return None;
    }
    let midnight = (own + day - 1) * DAY * ONE;
    match rest.get(2..)? {
        "" => Some(midnight),
        rest => Some(midnight + within_day(rest.strip_prefix('T')?)?),
    }
}

/// Four digits are a year, and seconds too: AWS does not say which it takes them for.
pub(super) fn is_year_or_seconds(text: &str) -> bool {
    digits(text, 4).is_some()
}

/// Days from 1970 to a date of the Gregorian calendar, counted in years that begin in March.
fn day_number(year: i128, month: i128, day: i128) -> i128 {
    let (year, month) = if month < 3 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leaps + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.s` with its zone.
fn within_day(text: &str) -> Option<i128> {
    let minutes = |text: &str| {
        let hour = digits(text.get(..2)?, 2).filter(|hour| *hour < 24)?;
        let minute = digits(text.get(2..)?.strip_prefix(':')?, 2)?;
        (minute < 60).then_some(hour * 60 + minute)
    };
    let (clock, ahead) = if let Some(clock) = text.strip_suffix('Z') {
        (clock, 0)
    } else {
        let zone = text.len().checked_sub(6)?;
        let (clock, zone) = text.split_at_checked(zone)?;
        let offset = minutes(zone.get(1..)?)?;
        let sign = match zone.get(..1)? {
            "+" => 1,
            "-" => -1,
            _ => return None,
        };
        (clock, sign * offset)
    };
    let seconds = match clock.get(5..)? {
        "" => 0,
        rest => {
            let second = rest.strip_prefix(':')?;
            let whole = second.split('.').next()?;
            digits(whole, 2).filter(|whole| *whole < 60)?;
            decimal(second)?
        }
    };
    Some((minutes(clock.get(..5)?)? - ahead) * 60 * ONE + seconds)
}

/// A number as a policy or a request writes it.
pub(super) fn written(number: i128) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let (whole, part) = (number.abs() / ONE, number.abs() % ONE);
    let part = format!("{part:09}");
    let part = part.trim_end_matches('0');
    let point = if part.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{part}")
}

/// A time as `aws:CurrentTime` writes it; in epoch seconds where no year of four digits is left.
pub(super) fn written_time(moment: i128) -> String {
    let (days, rest) = (moment.div_euclid(DAY * ONE), moment.rem_euclid(DAY * ONE));
    // A year that is not too late, then the one in which the day lies.
    let mut year = 1970 + days.div_euclid(if days < 0 { 365 } else { 366 });
    while day_number(year + 1, 1, 1) <= days {
        year += 1 + (days - day_number(year + 1, 1, 1)) / 366;
    }
    if !(0..=9999).contains(&year) {
        return written(moment);
    }
    let mut month = 1;
    while month < 12 && day_number(year, month + 1, 1) <= days {
        month += 1;
    }
    let day = days - day_number(year, month, 1) + 1;
    let (seconds, part) = (rest / ONE, rest % ONE);
    let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60];
    let clock = clock.map(|two| format!("{two:02}")).join(":");
    let part = format!(".{part:09}");
    let part = part.trim_end_matches('0').trim_end_matches('.');
    format!("{year:04}-{month:02}-{day:02}T{clock}{part}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written_alike() {
        for text in [
            "1970-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2024-02-29T12:34:56.25Z",
            "2100-03-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "0001-01-01T00:00:00Z",
            "253402300800",
            "1900000000000.5",
        ] {
            assert_eq!(written_time(moment(text).unwrap()), text);
        }
        for day in (-800_000..3_000_000).step_by(97) {
            let text = written_time(day * DAY * ONE);
            assert_eq!(moment(&text), Some(day * DAY * ONE), "{text}");
        }
    }

    #[test]
    fn every_w3c_form_is_a_date_and_little_else() {
        let second = |text: &str| moment(text).map(|moment| moment.div_euclid(ONE));
        for (text, expected) in [
            ("2026", Some(1_767_225_600)),
            ("2026-11", Some(1_793_491_200)),
            ("2026-11-01", Some(1_793_491_200)),
            ("2026-11-01T00:00Z", Some(1_793_491_200)),
            ("2026-11-01T02:30:00.0+02:30", Some(1_793_491_200)),
            ("1793491200", Some(1_793_491_200)),
            ("1793491200.75", Some(1_793_491_200)),
            ("-1", Some(-1)),
            ("2026-02-29", None),
            ("2026-00", None),
            ("2026-1", None),
            ("2026-11-01T00:00:00", None),
            ("2026-11-01T00Z", None),
            ("2026-11-01T00:60Z", None),
            ("20261101", Some(20_261_101)),
            ("tomorrow", None),
            ("ábc", None),
            ("", None),
            ("1.", None),
            ("+5", None),
        ] {
            assert_eq!(second(text), expected, "{text}");
        }
        assert_eq!(decimal("-0.5"), Some(-ONE / 2));
        assert_eq!(written(decimal("-12.0340").unwrap()), "-12.034");
    }
}
