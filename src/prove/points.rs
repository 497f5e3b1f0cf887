//! Numbers, times and addresses worth trying: between two of them no test changes.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::model::Timestamp;

/// Every policy number, what lies between two neighbours, and what lies beyond.
pub(super) fn numbers<'a>(policy: impl Iterator<Item = &'a String>, lowest: f64) -> Vec<String> {
    let mut named: Vec<f64> = policy
        .filter_map(|value| value.parse::<f64>().ok())
        .filter(|number| number.is_finite() && number.abs() < 1.0e15)
        .collect();
    named.sort_by(f64::total_cmp);
    named.dedup();
    let between = named
        .windows(2)
        .filter_map(|pair| Some(f64::midpoint(*pair.first()?, *pair.last()?)));
    let mut points: Vec<f64> = between.collect();
    points.extend(named.first().map(|first| first - 1.0));
    points.extend(named.last().map(|last| last + 1.0));
    points.extend(named);
    points.push(0.0);
    points.retain(|point| *point >= lowest);
    points.sort_by(f64::total_cmp);
    points.dedup();
    points.into_iter().map(|point| point.to_string()).collect()
}

/// Every policy time and its neighbours, from `from` on.
pub(super) fn times<'a>(
    policy: impl Iterator<Item = &'a String>,
    from: Option<Timestamp>,
) -> Vec<String> {
    let second = jiff::SignedDuration::from_secs(1);
    let mut points = vec![from.unwrap_or(Timestamp::UNIX_EPOCH)];
    // Far enough ahead of every date that a policy names.
    points.extend(Timestamp::from_second(16_725_225_600).ok());
    for moment in policy.filter_map(|text| moment(text)) {
        points.extend(
            [
                moment.checked_sub(second).ok(),
                Some(moment),
                moment.checked_add(second).ok(),
            ]
            .into_iter()
            .flatten(),
        );
    }
    points.retain(|point| from.is_none_or(|from| *point >= from));
    points.sort();
    points.dedup();
    points.into_iter().map(|point| point.to_string()).collect()
}

/// ISO 8601 with or without a time, or seconds since 1970.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let seconds = text
        .parse::<i64>()
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    let day = || text.parse::<jiff::civil::Date>().ok();
    let midnight = || {
        jiff::tz::Offset::UTC
            .to_timestamp(day()?.at(0, 0, 0, 0))
            .ok()
    };
    seconds.or_else(|| text.parse().ok()).or_else(midnight)
}

/// The first and the last address of a range.
pub(super) fn range(text: &str) -> Option<(IpAddr, IpAddr)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
        None => (text, None),
    };
    match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(v4) => {
            let host = 32_u32.checked_sub(bits.unwrap_or(32))?;
            let mask = u32::MAX.checked_shl(host).unwrap_or(0);
            let low = v4.to_bits() & mask;
            Some((IpAddr::V4(low.into()), IpAddr::V4((low | !mask).into())))
        }
        IpAddr::V6(v6) => {
            let host = 128_u32.checked_sub(bits.unwrap_or(128))?;
            let mask = u128::MAX.checked_shl(host).unwrap_or(0);
            let low = v6.to_bits() & mask;
            Some((IpAddr::V6(low.into()), IpAddr::V6((low | !mask).into())))
        }
    }
}

/// Both ends of every range and their neighbours, and an ordinary address of each family.
pub(super) fn addresses<'a>(policy: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut points: BTreeSet<IpAddr> = BTreeSet::new();
    points.extend(
        ["203.0.113.7", "2001:db8::7"]
            .iter()
            .filter_map(|text| text.parse::<IpAddr>().ok()),
    );
    for (low, high) in policy.filter_map(|text| range(text)) {
        points.extend([low, high]);
        points.extend(neighbour(low, false));
        points.extend(neighbour(high, true));
    }
    points.into_iter().map(|point| point.to_string()).collect()
}

fn neighbour(address: IpAddr, up: bool) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => {
            let bits = v4.to_bits();
            let next = if up {
                bits.checked_add(1)
            } else {
                bits.checked_sub(1)
            };
            next.map(|bits| IpAddr::V4(bits.into()))
        }
        IpAddr::V6(v6) => {
            let bits = v6.to_bits();
            let next = if up {
                bits.checked_add(1)
            } else {
                bits.checked_sub(1)
            };
            next.map(|bits| IpAddr::V6(bits.into()))
        }
    }
}
