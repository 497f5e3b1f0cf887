//! Dates of a policy or a request, as nanoseconds since 1970 however far ahead they lie.

const NANOS: i128 = 1_000_000_000;

/// A date in one of the W3C forms of ISO 8601 or in epoch seconds; `None`: it is no date.
///
/// "You must specify date/time values with one of the W3C implementations of the ISO 8601 date
/// formats or in epoch (UNIX) time":
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date>;
/// the forms: <https://www.w3.org/TR/NOTE-datetime>. Whether four digits are a year or
/// seconds is not said; `prove` leaves such a comparison open, and here they are a year.
pub(super) fn date(text: &str) -> Option<i128> {
    let (day, time) = match text.split_once('T') {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let Some(days) = days(day) else {
        return time.is_none().then(|| seconds(text)).flatten();
    };
    let Some(time) = time else {
        return Some(days * 86_400 * NANOS);
    };
    // With a time, the day is written in full.
    (day.len() == 10).then(|| Some(days * 86_400 * NANOS + of_day(time)?))?
}

/// Epoch seconds, with a fraction or without.
pub(super) fn seconds(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    Some(sign * (number(whole, 1..=18)? * NANOS + nanos(fraction)?))
}

fn number(digits: &str, length: std::ops::RangeInclusive<usize>) -> Option<i128> {
    let fits = length.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| digits.parse().ok())?
}

/// The digits behind a decimal point.
fn nanos(fraction: &str) -> Option<i128> {
    number(&format!("{fraction:0<9}"), 9..=9).filter(|_| !fraction.is_empty())
}

/// Days since 1970 of `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
fn days(text: &str) -> Option<i128> {
    let mut parts = text.split('-');
    let year = number(parts.next()?, 4..=4)?;
    let month = parts.next().map_or(Some(1), |part| number(part, 2..=2))?;
    let day = parts.next().map_or(Some(1), |part| number(part, 2..=2))?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let february = if leap { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = usize::try_from(month).ok()?.checked_sub(1)?;
    if parts.next().is_some() || !(1..=*lengths.get(before)?).contains(&day) {
        return None;
    }
    // Leap days of all years before this one.
    let leaps = |year: i128| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let in_year: i128 = lengths.iter().take(before).sum();
    Some((year - 1970) * 365 + leaps(year) - leaps(1970) + in_year + day - 1)
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.s`, and `Z` or `+hh:mm` or `-hh:mm`.
fn of_day(text: &str) -> Option<i128> {
    let minutes = |text: &str| {
        let (hours, minutes) = text.split_once(':')?;
        let (hours, minutes) = (number(hours, 2..=2)?, number(minutes, 2..=2)?);
        (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    };
    let zone = text.find(['Z', '+', '-'])?;
    let (clock, zone) = text.split_at_checked(zone)?;
    let behind = match zone.split_at_checked(1)? {
        ("Z", "") => 0,
        ("+", offset) => minutes(offset)?,
        ("-", offset) => -minutes(offset)?,
        _ => return None,
    };
    let (clock, second) = match clock.get(5..).filter(|rest| !rest.is_empty()) {
        None => (clock, 0),
        Some(rest) => {
            let (whole, fraction) = rest.strip_prefix(':').map(|rest| {
                let (whole, fraction) = rest.split_once('.').unwrap_or((rest, "0"));
                (whole, fraction)
            })?;
            let whole = number(whole, 2..=2).filter(|second| *second < 60)?;
            (clock.get(..5)?, whole * NANOS + nanos(fraction)?)
        }
    };
    Some((minutes(clock)? - behind) * 60 * NANOS + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_date_is_read_and_nothing_else() {
        let second = |text: &str| date(text).map(|nanos| nanos.div_euclid(NANOS));
        for (text, expected) in [
            ("1970-01-01", Some(0)),
            ("1969-12-31T23:59:59Z", Some(-1)),
            ("2000-03-01T00:00Z", Some(951_868_800)),
            ("2026-11", Some(1_793_491_200)),
            ("2026-11-01T02:30:00+02:30", Some(1_793_491_200)),
            ("2026-10-31T22:00:00.500-02:00", Some(1_793_491_200)),
            ("9999-12-31T23:59:59Z", Some(253_402_300_799)),
            ("1900000000000", Some(1_900_000_000_000)),
            ("1800000000.25", Some(1_800_000_000)),
            ("-5", Some(-5)),
            ("2026-02-29", None),
            ("2026-13", None),
            ("2026-11-24T00:00:00", None),
            ("2026-11T00:00Z", None),
            ("2026-11-24T24:00:00Z", None),
            ("garbage", None),
            ("1e9", None),
            ("", None),
            ("5.", None),
        ] {
            assert_eq!(second(text), expected, "{text}");
        }
        assert_eq!(date("5.25"), Some(5_250_000_000));
        assert_eq!(date("2027"), date("2027-01-01"));
    }
}
