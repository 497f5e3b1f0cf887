//! Can a text hold a match? A search on bytes that never says no wrongly.

use memchr::memmem::Finder;

/// Bytes searched at once.
const PIECE: usize = 8 << 10;

/// Tells texts that may hold a wanted record from those that cannot.
///
/// A match needs members whose decoded values are wanted. JSON lets a character be written raw,
/// as `\u00XX`, and `/` also as `\/`. So a text that holds such a value V holds `"V"`, with both
/// quotes, or an escape that decodes to a character of V. Values are looked for rather than
/// `"eventName":"…"`, since neither order nor white space nor the spelling of member names is
/// fixed.
#[derive(Debug)]
pub struct Prefilter {
    /// How far a match may reach into the next piece.
    overlap: usize,
    /// A match holds one value of each group.
    groups: Vec<Vec<Finder<'static>>>,
    escape: Finder<'static>,
    /// Whether an ASCII character stands in any value.
    within: [bool; 128],
    slash: Option<Finder<'static>>,
    /// A value has a character that other escapes can write, so any escape counts.
    any_escape: bool,
}

impl Prefilter {
    /// Of groups of values; a match holds one value of each group.
    pub fn new<'a>(groups: impl IntoIterator<Item = Vec<&'a str>>) -> Self {
        let mut within = [false; 128];
        let (mut slash, mut any_escape) = (false, false);
        let mut finders: Vec<Vec<Finder<'static>>> = Vec::new();
        for group in groups {
            for c in group.iter().flat_map(|value| value.chars()) {
                slash |= c == '/';
                let plain = c.is_ascii() && !c.is_ascii_control() && c != '"' && c != '\\';
                any_escape |= !plain;
                if let Some(slot) = within.get_mut(c as usize) {
                    *slot = true;
                }
            }
            let quoted = group.iter().map(|value| format!("\"{value}\""));
            finders.push(
                quoted
                    .map(|value| Finder::new(value.as_bytes()).into_owned())
                    .collect(),
            );
        }
        let values = finders.iter().flatten();
        let longest = values.map(|value| value.needle().len()).max();
        // The group that says no with the fewest searches first.
        finders.sort_by_key(Vec::len);
        let escape: &[u8] = if any_escape { b"\\" } else { b"\\u00" };
        Self {
            // An escape takes six bytes.
            overlap: longest.unwrap_or(0).max(6),
            groups: finders,
            escape: Finder::new(escape).into_owned(),
            within,
            slash: slash.then(|| Finder::new(b"\\/").into_owned()),
            any_escape,
        }
    }

    /// May the text hold a match?
    pub fn may_hold(&self, text: &[u8]) -> bool {
        let (first, others) = match self.groups.split_first() {
            Some((first, others)) => (first.as_slice(), others),
            None => return true,
        };
        let mut raw = false;
        // Both searches go over a piece while it is in the nearest cache.
        for start in (0..text.len()).step_by(PIECE) {
            let end = text.len().min(start + PIECE + self.overlap);
            let piece = text.get(start..end).unwrap_or_default();
            if self.escaped(piece) {
                return true;
            }
            raw = raw || first.iter().any(|value| value.find(piece).is_some());
        }
        raw && others
            .iter()
            .all(|group| group.iter().any(|value| value.find(text).is_some()))
    }

    /// Is a character of a wanted value perhaps written as an escape?
    fn escaped(&self, text: &[u8]) -> bool {
        let slash = self.slash.as_ref();
        if slash.is_some_and(|slash| slash.find(text).is_some()) {
            return true;
        }
        self.escape
            .find_iter(text)
            .any(|at| self.any_escape || self.counts(text.get(at + 4..at + 6)))
    }

    /// Are these the last two digits of an escape that writes a character of a wanted value?
    fn counts(&self, digits: Option<&[u8]>) -> bool {
        let digit = |at: usize| char::from(*digits?.get(at)?).to_digit(16);
        let code = || Some(digit(0)? * 16 + digit(1)?);
        let within = code().and_then(|code| self.within.get(code as usize));
        within.is_some_and(|within| *within)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const SOURCE: &str = "organizations.amazonaws.com";
    const NAMES: [&str; 2] = ["LeaveOrganization", "CloseAccount"];

    fn filter() -> Prefilter {
        Prefilter::new([vec![SOURCE], NAMES.to_vec()])
    }

    /// A character as JSON may write it.
    fn spelled(c: char, how: u8) -> String {
        match how % 8 {
            0 => format!("\\u{:04x}", u32::from(c)),
            1 => format!("\\u{:04X}", u32::from(c)),
            2 if c == '/' => "\\/".to_owned(),
            _ => c.to_string(),
        }
    }

    fn string(text: &str, how: &[u8]) -> String {
        let hows = how.iter().copied().cycle();
        let body: String = text
            .chars()
            .zip(hows)
            .map(|(c, how)| spelled(c, how))
            .collect();
        format!("\"{body}\"")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn no_spelling_order_or_white_space_hides_a_match(
            name in 0..3_usize,
            hows in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..12), 5),
            rare in any::<bool>(),
            space in "[ \t\r\n]{0,2}",
            source_first in any::<bool>(),
        ) {
            // A third of the texts has no wanted name; half of them have few escapes.
            let name = NAMES.get(name).copied().unwrap_or("ListAccounts");
            let hows: Vec<Vec<u8>> = hows.into_iter().map(|how| {
                how.into_iter().map(|one| if rare && one != 0 { 7 } else { one }).collect()
            }).collect();
            let member = |key: &str, value: &str, at: usize| {
                format!("{space}{}{space}:{space}{}", string(key, &hows[at]), string(value, &hows[at + 1]))
            };
            let mut members = [member("eventSource", SOURCE, 0), member("eventName", name, 2)];
            if !source_first {
                members.reverse();
            }
            let text = format!("{{{}{space}}}", members.join(","));
            let read: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read["eventName"], name);
            prop_assert_eq!(&read["eventSource"], SOURCE);
            if NAMES.contains(&name) {
                prop_assert!(filter().may_hold(text.as_bytes()), "{}", text);
            }
        }

        #[test]
        fn a_principal_is_not_hidden_either(hows in prop::collection::vec(any::<u8>(), 1..40)) {
            let arn = "arn:aws:iam::111122223333:role/ops/Admin";
            let filter = Prefilter::new([vec![arn]]);
            prop_assert!(filter.may_hold(string(arn, &hows).as_bytes()));
        }
    }

    #[test]
    fn what_only_names_the_action_falls_away() {
        let filter = filter();
        for text in [
            r#"{"eventSource":"iam.amazonaws.com","eventName":"LeaveOrganization"}"#,
            r#"{"eventSource":"organizations.amazonaws.com","eventName":"ListAccounts"}"#,
            r#"{"p":"{\"Action\":\"organizations:LeaveOrganization\"}","s":"organizations.amazonaws.com"}"#,
            r#"{"userAgent":"x \u003cLeaveOrganization\u003e","s":"organizations.amazonaws.com"}"#,
            r#"{"eventName":"leaveorganization","s":"organizations.amazonaws.com"}"#,
        ] {
            assert!(!filter.may_hold(text.as_bytes()), "{text}");
        }
        // Cut off within an escape.
        assert!(!filter.may_hold(br"\u00"));
        assert!(!filter.may_hold(br"\u004"));
    }

    #[test]
    fn the_ends_of_pieces_hide_nothing() {
        let filter = filter();
        let name = format!("\"{}\"", NAMES[0]);
        for text in [format!("\"{SOURCE}\""), r"\u004f".to_owned()] {
            for before in PIECE - 40..PIECE + 4 {
                let mut whole = " ".repeat(before);
                whole.push_str(&text);
                whole.push_str(&name);
                assert!(filter.may_hold(whole.as_bytes()), "{text} at {before}");
            }
        }
    }

    #[test]
    fn a_value_beyond_ascii_counts_any_escape() {
        let filter = Prefilter::new([vec!["Jos\u{e9}"]]);
        assert!(filter.may_hold(br#""Jos\u00e9""#));
        assert!(filter.may_hold("\"Jos\u{e9}\"".as_bytes()));
        assert!(!filter.may_hold(br#""Jose""#));
    }
}
