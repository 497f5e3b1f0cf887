//! Numbers, times and addresses worth trying: between two of them no test changes.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::moment::{ONE, written, written_time};
use crate::model::Timestamp;

/// Every policy number, what lies between two neighbours, and what lies beyond.
pub(super) fn numbers(policy: impl Iterator<Item = i128>, lowest: Option<i128>) -> Vec<String> {
    let named: BTreeSet<i128> = policy.collect();
    let mut points = named.clone();
    let neighbours = named.iter().zip(named.iter().skip(1));
    points.extend(neighbours.map(|(one, next)| one + (next - one) / 2));
    points.extend(named.first().map(|first| first - ONE));
    points.extend(named.last().map(|last| last + ONE));
    points.insert(0);
    points.retain(|point| lowest.is_none_or(|lowest| lowest <= *point));
    points.into_iter().map(written).collect()
}

/// Every policy time and its neighbours, from `from` on.
pub(super) fn times(policy: impl Iterator<Item = i128>, from: Option<Timestamp>) -> Vec<String> {
    let from = from.map(Timestamp::as_nanosecond);
    let named: BTreeSet<i128> = policy.collect();
    let mut points = BTreeSet::from([from.unwrap_or(0)]);
    for moment in &named {
        points.extend([moment - ONE, *moment, moment + ONE]);
    }
    let neighbours = named.iter().zip(named.iter().skip(1));
    points.extend(
        neighbours
            .filter(|(one, next)| *next - *one < 2 * ONE)
            .map(|(one, next)| one + (next - one) / 2),
    );
    points.retain(|point| from.is_none_or(|from| *point >= from));
    points.into_iter().map(written_time).collect()
}

/// The first and the last address of a range: `address` or `address/bits`.
///
/// `None` for whatever else is written, and for an address of one family inside the other, of
/// which AWS does not say what it matches.
pub(super) fn range(text: &str) -> Option<(IpAddr, IpAddr)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => {
            let plain = bits.bytes().all(|byte| byte.is_ascii_digit()) && bits.len() < 4;
            (address, Some(bits.parse::<u32>().ok().filter(|_| plain)?))
        }
        None => (text, None),
    };
    match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(v4) => {
            let host = 32_u32.checked_sub(bits.unwrap_or(32))?;
            let mask = u32::MAX.checked_shl(host).unwrap_or(0);
            let low = v4.to_bits() & mask;
            Some((IpAddr::V4(low.into()), IpAddr::V4((low | !mask).into())))
        }
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => None,
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
