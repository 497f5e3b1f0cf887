//! Can a text hold a match? A search on bytes that never says no wrongly.

use aho_corasick::{AhoCorasick, Match, packed};
use memchr::memmem::Finder;

/// Up to so many names of one source are looked for themselves: some sources stand in every file,
/// and more searches at once cost more than they save.
const FEW_NAMES: usize = 4;

/// Tells texts that may hold a wanted record from those that cannot.
///
/// A match needs members whose decoded values are wanted. JSON lets a character be written raw,
/// as `\u00XX`, and `/` also as `\/`. So a text that holds such a value V holds `"V"`, with both
/// quotes, or an escape that decodes to a character of V. Values are looked for rather than
/// `"eventName":"…"`, since neither order nor white space nor the spelling of member names is
/// fixed. One pass looks for the leading values of all alternatives, and for escapes.
#[derive(Debug)]
pub struct Prefilter {
    leads: Leads,
    /// What each pattern of `leads` means.
    meaning: Vec<Lead>,
    /// Beside its lead, a match holds one value of each group of its alternative.
    alternatives: Vec<Vec<Vec<Finder<'static>>>>,
    /// Whether an ASCII character stands in any value.
    within: [bool; 128],
    /// A value has a character that other escapes can write, so any escape counts.
    any_escape: bool,
}

#[derive(Debug, Clone, Copy)]
enum Lead {
    /// `\u00`, or any escape.
    Escape,
    /// `\/`
    Slash,
    /// A value of the first group of this alternative.
    Of(usize),
}

/// One search for all leads: vectorized where the processor can.
#[derive(Debug)]
enum Leads {
    Packed(packed::Searcher),
    Automaton(Box<AhoCorasick>),
    /// Nothing can be told.
    All,
}

impl Leads {
    fn of(patterns: &[Vec<u8>]) -> Self {
        let mut builder = packed::Config::new()
            .match_kind(packed::MatchKind::LeftmostFirst)
            .builder();
        if let Some(searcher) = builder.extend(patterns).build() {
            return Self::Packed(searcher);
        }
        AhoCorasick::new(patterns)
            .map_or(Self::All, |automaton| Self::Automaton(Box::new(automaton)))
    }

    /// Is there a match for which `counts`?
    fn any(&self, text: &[u8], counts: impl FnMut(Match) -> bool) -> bool {
        match self {
            Self::Packed(searcher) => searcher.find_iter(text).any(counts),
            Self::Automaton(automaton) => automaton.find_iter(text).any(counts),
            Self::All => true,
        }
    }
}

impl Prefilter {
    /// Of alternatives of groups of values; a match holds one value of each group of one
    /// alternative. The first group is looked for first, so it should be the rarer one.
    pub fn new<'a>(alternatives: impl IntoIterator<Item = Vec<Vec<&'a str>>>) -> Self {
        let mut values = String::new();
        let mut patterns = Vec::new();
        let mut meaning = Vec::new();
        let mut rest = Vec::new();
        for (at, groups) in alternatives.into_iter().enumerate() {
            values.extend(groups.iter().flatten().copied());
            let mut groups = groups.into_iter();
            for value in groups.next().into_iter().flatten() {
                patterns.push(quoted(value));
                meaning.push(Lead::Of(at));
            }
            rest.push(
                groups
                    .map(|group| group.into_iter().map(finder).collect())
                    .collect(),
            );
        }
        let mut within = [false; 128];
        for c in values.chars() {
            if let Some(slot) = within.get_mut(c as usize) {
                *slot = true;
            }
        }
        let plain = |c: char| c.is_ascii() && !c.is_ascii_control() && c != '"' && c != '\\';
        let any_escape = !values.chars().all(plain);
        let escape: &[u8] = if any_escape { b"\\" } else { b"\\u00" };
        patterns.push(escape.to_vec());
        meaning.push(Lead::Escape);
        if values.contains('/') && !any_escape {
            patterns.push(br"\/".to_vec());
            meaning.push(Lead::Slash);
        }
        Self {
            leads: Leads::of(&patterns),
            meaning,
            alternatives: rest,
            within,
            any_escape,
        }
    }

    /// Of events: source, and the names that are wanted of it.
    pub fn of_events<'a>(sources: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>) -> Self {
        Self::new(sources.into_iter().map(|(source, names)| {
            if names.len() <= FEW_NAMES {
                vec![names, vec![source]]
            } else {
                vec![vec![source], names]
            }
        }))
    }

    /// May the text hold a match?
    pub fn may_hold(&self, text: &[u8]) -> bool {
        let mut missed = vec![false; self.alternatives.len()];
        self.leads.any(text, |found| {
            let meaning = self.meaning.get(found.pattern().as_usize());
            match meaning {
                Some(Lead::Escape) => {
                    self.any_escape || self.counts(text.get(found.end()..found.end() + 2))
                }
                Some(Lead::Slash) | None => true,
                Some(Lead::Of(alternative)) => match missed.get_mut(*alternative) {
                    Some(true) => false,
                    Some(missed) => {
                        *missed = !self.holds_rest(*alternative, text);
                        !*missed
                    }
                    None => true,
                },
            }
        })
    }

    fn holds_rest(&self, alternative: usize, text: &[u8]) -> bool {
        let groups = self.alternatives.get(alternative);
        let mut groups = groups.into_iter().flatten();
        groups.all(|group| group.iter().any(|value| value.find(text).is_some()))
    }

    /// Are these the last two digits of an escape that writes a character of a wanted value?
    fn counts(&self, digits: Option<&[u8]>) -> bool {
        let digit = |at: usize| char::from(*digits?.get(at)?).to_digit(16);
        let code = || Some(digit(0)? * 16 + digit(1)?);
        let within = code().and_then(|code| self.within.get(code as usize));
        within.is_some_and(|within| *within)
    }
}

fn quoted(value: &str) -> Vec<u8> {
    format!("\"{value}\"").into_bytes()
}

fn finder(value: &str) -> Finder<'static> {
    Finder::new(&quoted(value)).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const SOURCE: &str = "organizations.amazonaws.com";
    const NAMES: [&str; 2] = ["LeaveOrganization", "CloseAccount"];

    fn filter() -> Prefilter {
        Prefilter::of_events([
            (SOURCE, NAMES.to_vec()),
            ("signin.amazonaws.com", vec!["EmailUpdated"]),
        ])
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
            let filter = Prefilter::new([vec![vec![arn]]]);
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
    fn nothing_is_hidden_wherever_it_stands() {
        let name = format!("\"{}\"", NAMES[0]);
        let source = format!("\"{SOURCE}\"");
        for before in 0..200 {
            let blank = " ".repeat(before);
            for text in [
                format!("{blank}{source}{name}"),
                format!("{name}{blank}{source}"),
                format!("{blank}\"EmailUpdated\" \"signin.amazonaws.com\""),
                format!(r"{blank}\u004f{blank}"),
            ] {
                assert!(filter().may_hold(text.as_bytes()), "{text}");
            }
        }
    }

    #[test]
    fn what_leads_to_nothing_does_not_hide_what_comes_after() {
        let text =
            r#"["EmailUpdated","EmailUpdated","organizations.amazonaws.com","CloseAccount"]"#;
        assert!(filter().may_hold(text.as_bytes()));
        let alone = r#"["EmailUpdated","CloseAccount","organizations.amazonaws.co"]"#;
        assert!(!filter().may_hold(alone.as_bytes()));
    }

    #[test]
    fn a_value_beyond_ascii_counts_any_escape() {
        let filter = Prefilter::new([vec![vec!["Jos\u{e9}"]]]);
        assert!(filter.may_hold(br#""Jos\u00e9""#));
        assert!(filter.may_hold("\"Jos\u{e9}\"".as_bytes()));
        assert!(!filter.may_hold(br#""Jose""#));
    }
}
