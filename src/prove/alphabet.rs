//! The characters that an automaton has to try: one of each kind that its patterns tell apart.

use super::glob::Set;

/// The sets that need a representative beside the literal characters.
const CLASSES: [Set; 6] = [
    Set::Any,
    Set::NotColon,
    Set::Name,
    Set::Path,
    Set::Digit,
    Set::LowerDigit,
];

/// Characters that none of those sets tells apart, a row each. Readable ones first: they end up
/// in examples that people read.
const ALIKE: [&str; 6] = [
    "abcdefghijklmnopqrstuvwxyz",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_+=,.@-",
    "0123456789",
    "!\"#$%&'()*/;<>?[\\]^`{|}~",
    ":",
    " é",
];

/// The characters that have to be tried.
pub(super) struct Alphabet {
    /// One for each combination of the sets that is not a literal character itself, then the
    /// literal characters in order.
    pub(super) characters: Vec<char>,
    /// The index at which those begin.
    pub(super) literals: usize,
    /// Literal characters that no other stands for.
    pub(super) lone: Vec<char>,
}

impl Alphabet {
    pub(super) fn of(sets: impl Iterator<Item = Set>) -> Self {
        let mut named = Vec::new();
        let mut used = [false; CLASSES.len()];
        for set in sets {
            match set {
                Set::One(c) => named.push(c),
                Set::Fold(c) => {
                    named.extend([c.to_ascii_lowercase(), c.to_ascii_uppercase()]);
                }
                other => {
                    let index = CLASSES.iter().position(|class| *class == other);
                    if let Some(used) = index.and_then(|index| used.get_mut(index)) {
                        *used = true;
                    }
                }
            }
        }
        named.sort_unstable();
        named.dedup();
        let within = |c: char| {
            let mut within = used;
            for (within, class) in within.iter_mut().zip(CLASSES) {
                *within &= class.contains(c);
            }
            within
        };
        let mut characters = Vec::new();
        let mut seen: Vec<[bool; CLASSES.len()]> = Vec::new();
        for row in ALIKE {
            let within = row.chars().next().map(within).unwrap_or_default();
            if seen.contains(&within) {
                continue;
            }
            let free = |c: &char| named.binary_search(c).is_err();
            // Like the blank are all the characters that nobody wrote down.
            let more = row.starts_with(' ').then_some('\u{a1}'..='\u{d7ff}');
            if let Some(c) = row.chars().chain(more.into_iter().flatten()).find(free) {
                seen.push(within);
                characters.push(c);
            }
        }
        let lone = named.iter().filter(|c| !seen.contains(&within(**c)));
        let lone = lone.copied().collect();
        let literals = characters.len();
        characters.extend(named);
        Self {
            characters,
            literals,
            lone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_set_tells_the_characters_of_a_row_apart() {
        let signature = |c: char| CLASSES.map(|set| set.contains(c));
        for row in ALIKE {
            let first = signature(row.chars().next().unwrap());
            assert!(row.chars().all(|c| signature(c) == first), "{row}");
        }
        let printable = ('!'..='~').chain([' ', '\u{7f}', '\u{2603}']);
        for c in printable {
            let alike = ALIKE
                .iter()
                .filter(|row| signature(row.chars().next().unwrap()) == signature(c));
            assert_eq!(alike.count(), 1, "{c}");
            let written = ALIKE.concat().contains(c);
            assert!(written || !c.is_ascii_graphic(), "{c}");
        }
    }
}
