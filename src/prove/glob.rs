//! Patterns as position automata, and every way in which a text can satisfy some of them.
//!
//! A pattern is a row of tokens; a state is the set of positions reached. One breadth-first
//! search over the joint states of all patterns on a key, within the texts that the key can
//! hold, finds every realizable combination of matches, each with a shortest example.

use std::collections::{BTreeSet, HashMap, VecDeque};

/// A set of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Set {
    /// This one.
    One(char),
    /// This one in either case.
    Fold(char),
    /// Any.
    Any,
    /// Any but the colon: a wildcard inside a part of an ARN.
    NotColon,
    /// What the name of a principal may hold.
    Name,
    /// What the path of a principal may hold, the slash included.
    Path,
    /// Digits.
    Digit,
    /// Lower-case letters and digits.
    LowerDigit,
    /// Lower-case letters and the underscore.
    LowerUnderscore,
}

/// The sets that need a representative beside the literal characters.
const CLASSES: [Set; 7] = [
    Set::Any,
    Set::NotColon,
    Set::Name,
    Set::Path,
    Set::Digit,
    Set::LowerDigit,
    Set::LowerUnderscore,
];

impl Set {
    fn contains(self, c: char) -> bool {
        match self {
            Self::One(own) => own == c,
            Self::Fold(own) => own.to_lowercase().eq(c.to_lowercase()),
            Self::Any => true,
            Self::NotColon => c != ':',
            Self::Name => c.is_ascii_alphanumeric() || "_+=,.@-".contains(c),
            Self::Path => ('!'..='~').contains(&c),
            Self::Digit => c.is_ascii_digit(),
            Self::LowerDigit => c.is_ascii_lowercase() || c.is_ascii_digit(),
            Self::LowerUnderscore => c.is_ascii_lowercase() || c == '_',
        }
    }
}

/// One token of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Token {
    /// One character of the set.
    One(Set),
    /// Any number of characters of the set.
    Run(Set),
}

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Glob(pub(super) Vec<Token>);

/// Positions reached, as bits.
type State = Vec<u64>;

impl Glob {
    /// The text itself.
    pub(super) fn literal(text: &str) -> Self {
        Self(text.chars().map(|c| Token::One(Set::One(c))).collect())
    }

    fn set(state: &mut State, position: usize) {
        if let Some(word) = state.get_mut(position / 64) {
            *word |= 1 << (position % 64);
        }
    }

    fn has(state: &State, position: usize) -> bool {
        state
            .get(position / 64)
            .is_some_and(|word| word & (1 << (position % 64)) != 0)
    }

    /// Reaches `position`, and what lies behind runs that may be empty.
    fn reach(&self, state: &mut State, mut position: usize) {
        loop {
            if Self::has(state, position) {
                return;
            }
            Self::set(state, position);
            match self.0.get(position) {
                Some(Token::Run(_)) => position += 1,
                _ => return,
            }
        }
    }

    fn start(&self) -> State {
        let mut state = vec![0; self.0.len() / 64 + 1];
        self.reach(&mut state, 0);
        state
    }

    fn step(&self, state: &State, c: char) -> State {
        let mut next = vec![0; state.len()];
        for (word, bits) in state.iter().enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                let position = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                match self.0.get(position) {
                    Some(Token::One(set)) if set.contains(c) => self.reach(&mut next, position + 1),
                    Some(Token::Run(set)) if set.contains(c) => self.reach(&mut next, position),
                    _ => {}
                }
            }
        }
        next
    }

    fn accepts(&self, state: &State) -> bool {
        Self::has(state, self.0.len())
    }

    /// Does the pattern match the whole text?
    pub(super) fn matches(&self, text: &str) -> bool {
        let state = text
            .chars()
            .fold(self.start(), |state, c| self.step(&state, c));
        self.accepts(&state)
    }
}

fn dead(state: &State) -> bool {
    state.iter().all(|word| *word == 0)
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
/// `budget` bounds the joint states; what was found before it ran out is real.
pub(super) fn classes(domain: &Glob, patterns: &[Glob], budget: usize) -> Classes {
    let alphabet = alphabet(domain, patterns);
    let machines: Vec<&Glob> = std::iter::once(domain).chain(patterns).collect();
    let start: Vec<State> = machines.iter().map(|machine| machine.start()).collect();
    let mut seen: HashMap<Vec<State>, usize> = HashMap::from([(start.clone(), 0)]);
    let mut nodes: Vec<(usize, char)> = vec![(0, '\0')];
    let mut queue = VecDeque::from([(start, 0_usize)]);
    let mut known: BTreeSet<Vec<bool>> = BTreeSet::new();
    let mut found = Vec::new();
    while let Some((state, node)) = queue.pop_front() {
        let mut accepting = machines
            .iter()
            .zip(&state)
            .map(|(machine, state)| machine.accepts(state));
        if accepting.next() == Some(true) {
            let matches: Vec<bool> = accepting.collect();
            if known.insert(matches.clone()) {
                found.push(Class {
                    matches,
                    example: spell(&nodes, node),
                });
            }
        }
        for c in &alphabet {
            let mut next = Vec::with_capacity(machines.len());
            for (machine, state) in machines.iter().zip(&state) {
                next.push(machine.step(state, *c));
                if next.len() == 1 && next.first().is_some_and(dead) {
                    break;
                }
            }
            if next.len() < machines.len() || seen.contains_key(&next) {
                continue;
            }
            if seen.len() >= budget {
                return Classes {
                    found,
                    complete: false,
                };
            }
            nodes.push((node, *c));
            seen.insert(next.clone(), nodes.len() - 1);
            queue.push_back((next, nodes.len() - 1));
        }
    }
    Classes {
        found,
        complete: true,
    }
}

fn spell(nodes: &[(usize, char)], mut node: usize) -> String {
    let mut text = Vec::new();
    while node != 0 {
        let Some((parent, c)) = nodes.get(node) else {
            break;
        };
        text.push(*c);
        node = *parent;
    }
    text.into_iter().rev().collect()
}

/// The literal characters in play, and one character for each other combination of sets.
fn alphabet(domain: &Glob, patterns: &[Glob]) -> Vec<char> {
    let mut literal = BTreeSet::new();
    for token in domain
        .0
        .iter()
        .chain(patterns.iter().flat_map(|pattern| &pattern.0))
    {
        let (Token::One(set) | Token::Run(set)) = token;
        match set {
            Set::One(c) => {
                literal.insert(*c);
            }
            Set::Fold(c) => {
                literal.extend(c.to_lowercase());
                literal.extend(c.to_uppercase());
            }
            _ => {}
        }
    }
    // Readable characters first: they end up in examples that people read.
    let candidates = ('a'..='z')
        .chain('A'..='Z')
        .chain('0'..='9')
        .chain('!'..='~')
        .chain([' ', 'é']);
    let mut signatures = BTreeSet::new();
    let mut alphabet: Vec<char> = candidates
        .filter(|c| !literal.contains(c))
        .filter(|c| signatures.insert(CLASSES.map(|set| set.contains(*c))))
        .collect();
    alphabet.extend(literal);
    alphabet
}

#[cfg(test)]
mod tests {
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
        let classes = classes(&domain, &patterns, 10_000);
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
    fn a_blow_up_ends_at_the_budget_with_what_is_real() {
        let domain = Glob(vec![Token::Run(Set::Any)]);
        let pattern = glob("*a??????????????????????????????");
        let classes = classes(&domain, &[pattern], 2_000);
        assert!(!classes.complete);
        assert!(!classes.found.is_empty());
    }
}
