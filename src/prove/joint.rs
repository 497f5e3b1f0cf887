//! Pattern automata, and every way in which a text can satisfy some of the patterns.
//!
//! A state is the set of positions reached, as bits. What every text of the key begins with is
//! read first; what then lies ahead of all patterns is laid out in one row of bits, mostly a
//! single word. One breadth-first search over those joint states finds every realizable
//! combination of matches, each with a shortest example.

use super::effort::Effort;
use super::glob::{Glob, Set, Token};

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

/// The positions of several patterns that read the same text, the domain's first, in one row of
/// bits: each pattern from the first position that is still in play to its end.
struct Joint {
    /// Words of a state.
    words: usize,
    start: Vec<u64>,
    /// The characters that have to be tried.
    alphabet: Vec<char>,
    /// By character, a state each: the positions that it leads one further, …
    one: Vec<u64>,
    /// … and those at which it may be read again and again.
    run: Vec<u64>,
    /// Positions that may be left without reading.
    runs: Vec<u64>,
    /// Positions of the domain.
    domain: Vec<u64>,
    /// The ends of all patterns, as a state.
    ends: Vec<u64>,
    /// The end of each.
    end: Vec<usize>,
}

fn set_bit(row: &mut [u64], bit: usize) {
    if let Some(word) = row.get_mut(bit / 64) {
        *word |= 1 << (bit % 64);
    }
}

fn has_bit(row: &[u64], bit: usize) -> bool {
    row.get(bit / 64)
        .is_some_and(|word| word & (1 << (bit % 64)) != 0)
}

impl Joint {
    /// The patterns once `prefix` has been read.
    fn behind(prefix: &str, globs: &[&Glob]) -> Self {
        let live: Vec<(&[Token], Vec<usize>)> = globs
            .iter()
            .map(|glob| {
                let mut reached = glob.reached(prefix);
                // A pattern only moves forward.
                let first = reached.first().copied().unwrap_or(glob.0.len());
                for position in &mut reached {
                    *position -= first;
                }
                (glob.0.get(first..).unwrap_or_default(), reached)
            })
            .collect();
        let tokens = || live.iter().flat_map(|(tokens, _)| *tokens);
        let (alphabet, literals) = alphabet(tokens().map(|token| token.set()));
        let bits: usize = live.iter().map(|(tokens, _)| tokens.len() + 1).sum();
        let words = bits.div_ceil(64);
        let row = || vec![0; words];
        let mut joint = Self {
            words,
            start: row(),
            one: vec![0; words * alphabet.len()],
            run: vec![0; words * alphabet.len()],
            runs: row(),
            domain: row(),
            ends: row(),
            end: Vec::with_capacity(live.len()),
            alphabet,
        };
        let mut base = 0;
        for (index, (tokens, reached)) in live.iter().enumerate() {
            for position in reached {
                set_bit(&mut joint.start, base + position);
            }
            for (position, token) in tokens.iter().enumerate() {
                joint.place(base + position, *token, literals);
            }
            let end = base + tokens.len();
            if index == 0 {
                (base..=end).for_each(|bit| set_bit(&mut joint.domain, bit));
            }
            set_bit(&mut joint.ends, end);
            joint.end.push(end);
            base = end + 1;
        }
        joint
    }

    /// `literals`: where those begin in the alphabet, in order.
    fn place(&mut self, bit: usize, token: Token, literals: usize) {
        let table = match token {
            Token::One(_) => &mut self.one,
            Token::Run(_) => {
                set_bit(&mut self.runs, bit);
                &mut self.run
            }
        };
        let mut mark = |symbol: usize| set_bit(table, symbol * self.words * 64 + bit);
        let literal = self.alphabet.get(literals..).unwrap_or_default();
        match token.set() {
            Set::One(c) => {
                if let Ok(found) = literal.binary_search(&c) {
                    mark(literals + found);
                }
            }
            set => {
                let symbols = self.alphabet.iter().enumerate();
                let within = symbols.filter(|(_, c)| set.contains(**c));
                within.for_each(|(symbol, _)| mark(symbol));
            }
        }
    }

    /// Where everything stands after a character; `false` if the domain is dead.
    fn step(&self, state: &[u64], symbol: usize, next: &mut [u64]) -> bool {
        let row = symbol * self.words..(symbol + 1) * self.words;
        let one = self.one.get(row.clone()).unwrap_or_default();
        let run = self.run.get(row).unwrap_or_default();
        let mut carry = 0;
        for (((next, state), one), run) in next.iter_mut().zip(state).zip(one).zip(run) {
            let moved = state & one;
            *next = (moved << 1) | carry | (state & run);
            carry = moved >> 63;
        }
        let mut further = true;
        while further {
            further = false;
            let mut carry = 0;
            for (next, runs) in next.iter_mut().zip(&self.runs) {
                let at = *next & runs;
                let behind = ((at << 1) | carry) & !*next;
                carry = at >> 63;
                *next |= behind;
                further |= behind & runs != 0;
            }
        }
        let mut domain = next.iter().zip(&self.domain);
        domain.any(|(next, domain)| next & domain != 0)
    }
}

/// Distinct states in the order in which they were met, side by side.
struct States {
    words: usize,
    bits: Vec<u64>,
    /// Open addressing: one more than the number of a state, or 0.
    slots: Vec<usize>,
}

impl States {
    fn new(words: usize) -> Self {
        Self {
            words,
            bits: Vec::new(),
            slots: vec![0; 64],
        }
    }

    fn len(&self) -> usize {
        self.bits.len() / self.words
    }

    fn get(&self, number: usize) -> &[u64] {
        let from = number * self.words;
        self.bits.get(from..from + self.words).unwrap_or_default()
    }

    /// The slot at which a state is, or should be.
    fn slot(&self, state: &[u64]) -> usize {
        let mix = |hash: u64, word: &u64| {
            let hash = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            hash ^ (hash >> 32)
        };
        let hash = state.iter().fold(0, mix);
        let last = self.slots.len() - 1;
        let mut slot = usize::try_from(hash & last as u64).unwrap_or(0);
        while let Some(number) = self.slots.get(slot).and_then(|one| one.checked_sub(1))
            && self.get(number) != state
        {
            slot = (slot + 1) & last;
        }
        slot
    }

    /// Was it new?
    fn insert(&mut self, state: &[u64]) -> bool {
        let slot = self.slot(state);
        let number = self.len() + 1;
        match self.slots.get_mut(slot) {
            Some(free) if *free == 0 => *free = number,
            _ => return false,
        }
        self.bits.extend(state);
        if number * 2 > self.slots.len() {
            self.slots = vec![0; self.slots.len() * 4];
            for number in 0..self.len() {
                let slot = self.slot(self.get(number));
                if let Some(free) = self.slots.get_mut(slot) {
                    *free = number + 1;
                }
            }
        }
        true
    }
}

/// One combination of matches that some text has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    /// Which of the patterns it matches.
    pub(super) matches: Vec<bool>,
    /// A shortest text that does.
    pub(super) example: String,
}

/// The combinations that were found, and whether those are all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Classes {
    pub(super) found: Vec<Class>,
    pub(super) complete: bool,
}

/// Every combination of matches among the texts of `domain`.
///
/// What was found before the effort ran out is real.
pub(super) fn classes(domain: &Glob, patterns: &[&Glob], effort: &mut Effort) -> Classes {
    let all: Vec<&Glob> = [domain]
        .into_iter()
        .chain(patterns.iter().copied())
        .collect();
    // What every text begins with is read once, without looking left or right.
    let prefix = domain.prefix();
    let tokens: usize = all.iter().map(|glob| glob.0.len()).sum();
    effort.spend(tokens);
    let joint = Joint::behind(&prefix, &all);
    effort.spend(joint.one.len());
    let mut search = Search {
        prefix,
        states: States::new(joint.words),
        met: vec![(0, '\0')],
        known: States::new(joint.words),
        joint,
    };
    let mut found = Vec::new();
    let complete = search.run(&mut found, effort);
    Classes { found, complete }
}

struct Search {
    prefix: String,
    joint: Joint,
    states: States,
    /// By state: the one from which it was met first, and the character read.
    met: Vec<(usize, char)>,
    /// Combinations of ends that were found.
    known: States,
}

impl Search {
    /// `false` if the effort ran out.
    fn run(&mut self, found: &mut Vec<Class>, effort: &mut Effort) -> bool {
        let mut next = vec![0; self.joint.words];
        let mut ends = next.clone();
        self.states.insert(&self.joint.start);
        let mut number = 0;
        while number < self.states.len() {
            let state = self.states.get(number);
            for (end, (state, mask)) in ends.iter_mut().zip(state.iter().zip(&self.joint.ends)) {
                *end = state & mask;
            }
            let mut accepted = self.joint.end.iter().map(|end| has_bit(&ends, *end));
            if accepted.next() == Some(true) {
                let matches = accepted.collect();
                if self.known.insert(&ends) {
                    let example = format!("{}{}", self.prefix, self.spell(number));
                    found.push(Class { matches, example });
                }
            }
            for (symbol, c) in self.joint.alphabet.iter().enumerate() {
                if !effort.spend(2 * self.joint.words) {
                    return false;
                }
                let state = self.states.get(number);
                if self.joint.step(state, symbol, &mut next) && self.states.insert(&next) {
                    self.met.push((number, *c));
                }
            }
            number += 1;
        }
        true
    }

    fn spell(&self, mut number: usize) -> String {
        let mut text = Vec::new();
        while number != 0
            && let Some((from, c)) = self.met.get(number)
        {
            text.push(*c);
            number = *from;
        }
        text.into_iter().rev().collect()
    }
}

/// One character for each combination of the sets that is not a literal character itself, then
/// the literal characters in order, and the index at which those begin.
fn alphabet(sets: impl Iterator<Item = Set>) -> (Vec<char>, usize) {
    let mut literals = Vec::new();
    let mut used = [false; CLASSES.len()];
    for set in sets {
        match set {
            Set::One(c) => literals.push(c),
            Set::Fold(c) => {
                literals.extend(c.to_lowercase());
                literals.extend(c.to_uppercase());
            }
            other => {
                let index = CLASSES.iter().position(|class| *class == other);
                if let Some(used) = index.and_then(|index| used.get_mut(index)) {
                    *used = true;
                }
            }
        }
    }
    literals.sort_unstable();
    literals.dedup();
    let mut alphabet = Vec::new();
    let mut seen: Vec<[bool; CLASSES.len()]> = Vec::new();
    for row in ALIKE {
        let mut within = used;
        for (within, class) in within.iter_mut().zip(CLASSES) {
            *within &= row.starts_with(|c| class.contains(c));
        }
        if seen.contains(&within) {
            continue;
        }
        let free = |c: &char| literals.binary_search(c).is_err();
        // Like the blank are all the characters that nobody wrote down.
        let more = row.starts_with(' ').then_some('\u{a1}'..='\u{d7ff}');
        if let Some(c) = row.chars().chain(more.into_iter().flatten()).find(free) {
            seen.push(within);
            alphabet.push(c);
        }
    }
    let first = alphabet.len();
    alphabet.extend(literals);
    (alphabet, first)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn glob(text: &str) -> Glob {
        let token = |c| match c {
            '*' => Token::Run(Set::Any),
            '?' => Token::One(Set::Any),
            other => Token::One(Set::One(other)),
        };
        Glob(text.chars().map(token).collect())
    }

    #[test]
    fn overlapping_patterns_leave_exactly_what_they_leave() {
        let domain = Glob(vec![Token::One(Set::Name), Token::Run(Set::Name)]);
        let patterns = [glob("aba*"), glob("*aba"), glob("aba*aba")];
        let patterns: Vec<&Glob> = patterns.iter().collect();
        let classes = classes(&domain, &patterns, &mut Effort::default());
        assert!(classes.complete);
        let both = classes
            .found
            .iter()
            .find(|class| class.matches == [true, true, false])
            .unwrap();
        assert_eq!(both.example, "aba");
        for class in &classes.found {
            for (pattern, expected) in patterns.iter().zip(&class.matches) {
                assert_eq!(pattern.matches(&class.example), *expected, "{class:?}");
            }
        }
    }

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

    #[test]
    fn a_pattern_of_many_words_is_one_row_of_bits() {
        let domain = Glob(vec![Token::Run(Set::Any)]);
        let long = "ab".repeat(200);
        let patterns = [
            glob(&format!("{long}*")),
            glob(&format!("*{long}")),
            glob("a*b?"),
        ];
        let patterns: Vec<&Glob> = patterns.iter().collect();
        let classes = classes(&domain, &patterns, &mut Effort::default());
        assert!(classes.complete);
        let matches = classes.found.iter().map(|class| class.matches.clone());
        let all: BTreeSet<Vec<bool>> = matches.collect();
        // The second ends in `ab`, the third wants a `b` before its last character: never both.
        assert_eq!(all.len(), 6, "{all:?}");
        for class in &classes.found {
            for (pattern, expected) in patterns.iter().zip(&class.matches) {
                assert_eq!(pattern.matches(&class.example), *expected, "{class:?}");
            }
        }
    }

    #[test]
    fn a_blow_up_ends_at_the_budget_with_what_is_real() {
        let domain = Glob(vec![Token::Run(Set::Any)]);
        let pattern = glob("*a??????????????????????????????");
        let mut effort = Effort::of(100_000);
        let classes = classes(&domain, &[&pattern], &mut effort);
        assert!(effort.spent() < 110_000);
        assert!(!classes.complete);
        assert!(!classes.found.is_empty());
    }
}
