//! Patterns as position automata, and every way in which a text can satisfy some of them.
//!
//! A pattern is a row of tokens; a state is the set of positions reached. One breadth-first
//! search over the joint states of all patterns on a key, within the texts that the key can
//! hold, finds every realizable combination of matches, each with a shortest example.

use std::collections::{BTreeSet, HashSet, VecDeque};

use super::effort::Effort;

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
    /// None.
    Nothing,
}

/// The sets that need a representative beside the literal characters.
const CLASSES: [Set; 6] = [
    Set::Any,
    Set::NotColon,
    Set::Name,
    Set::Path,
    Set::Digit,
    Set::LowerDigit,
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
            Self::Nothing => false,
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

impl Glob {
    /// The text itself.
    pub(super) fn literal(text: &str) -> Self {
        Self(text.chars().map(|c| Token::One(Set::One(c))).collect())
    }

    /// What no text matches.
    pub(super) fn never() -> Self {
        Self(vec![Token::One(Set::Nothing)])
    }

    /// Does the pattern match the whole text?
    pub(super) fn matches(&self, text: &str) -> bool {
        let joint = Joint::of([self]);
        let mut state = joint.start();
        for c in text.chars() {
            state = joint.step(&state, c, &mut 0);
        }
        joint.accepts(0, &state)
    }

    /// The character that every text has first, and the rest of the pattern.
    fn first_literal(&self, at: usize) -> Option<char> {
        match self.0.get(at) {
            Some(Token::One(Set::One(c))) => Some(*c),
            _ => None,
        }
    }
}

/// Positions reached, as bits, of all machines one after the other.
type State = Vec<u64>;

/// Several patterns that read the same text.
struct Joint<'a> {
    /// Each with the word at which its bits begin.
    machines: Vec<(&'a Glob, usize)>,
    words: usize,
}

impl<'a> Joint<'a> {
    fn of(globs: impl IntoIterator<Item = &'a Glob>) -> Self {
        let mut words = 0;
        let mut machines = Vec::new();
        for glob in globs {
            machines.push((glob, words));
            words += glob.0.len() / 64 + 1;
        }
        Self { machines, words }
    }

    /// Reaches `position`, and what lies behind runs that may be empty.
    fn reach((glob, base): (&Glob, usize), state: &mut State, mut position: usize) {
        while let Some(word) = state.get_mut(base + position / 64) {
            let bit = 1 << (position % 64);
            if *word & bit != 0 {
                return;
            }
            *word |= bit;
            match glob.0.get(position) {
                Some(Token::Run(_)) => position += 1,
                _ => return,
            }
        }
    }

    fn start(&self) -> State {
        let mut state = vec![0; self.words];
        for machine in &self.machines {
            Self::reach(*machine, &mut state, 0);
        }
        state
    }

    /// Where every machine stands after `c`; counts the positions looked at. Empty as soon as
    /// the first machine, which is the domain, is dead.
    fn step(&self, state: &State, c: char, steps: &mut usize) -> State {
        let mut next = vec![0; self.words];
        *steps += self.words;
        for (index, machine) in self.machines.iter().enumerate() {
            let (glob, base) = *machine;
            for offset in 0..=glob.0.len() / 64 {
                let mut bits = state.get(base + offset).copied().unwrap_or(0);
                *steps += bits.count_ones() as usize;
                while bits != 0 {
                    let position = offset * 64 + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    match glob.0.get(position) {
                        Some(Token::One(set)) if set.contains(c) => {
                            Self::reach(*machine, &mut next, position + 1);
                        }
                        Some(Token::Run(set)) if set.contains(c) => {
                            Self::reach(*machine, &mut next, position);
                        }
                        _ => {}
                    }
                }
            }
            let words = next.get(base..base + glob.0.len() / 64 + 1);
            if index == 0 && words.is_some_and(|words| words.iter().all(|word| *word == 0)) {
                return Vec::new();
            }
        }
        next
    }

    fn accepts(&self, machine: usize, state: &State) -> bool {
        let Some((glob, base)) = self.machines.get(machine) else {
            return false;
        };
        let position = glob.0.len();
        state
            .get(base + position / 64)
            .is_some_and(|word| word & (1 << (position % 64)) != 0)
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
    let joint = Joint::of(std::iter::once(domain).chain(patterns.iter().copied()));
    let mut found = Vec::new();
    let mut known: BTreeSet<Vec<bool>> = BTreeSet::new();
    let mut state = joint.start();
    // What every text begins with is read once, without looking left or right.
    let mut prefix = String::new();
    let mut steps = 0;
    while let Some(c) = domain.first_literal(prefix.chars().count()) {
        state = joint.step(&state, c, &mut steps);
        prefix.push(c);
    }
    effort.spend(steps);
    let alphabet = alphabet(&joint, &state);
    let mut seen: HashSet<State> = HashSet::from([state.clone()]);
    let mut nodes: Vec<(usize, char)> = vec![(0, '\0')];
    let mut queue = VecDeque::from([(state, 0_usize)]);
    while let Some((state, node)) = queue.pop_front() {
        if joint.accepts(0, &state) {
            let matches: Vec<bool> = (1..joint.machines.len())
                .map(|machine| joint.accepts(machine, &state))
                .collect();
            if known.insert(matches.clone()) {
                found.push(Class {
                    matches,
                    example: format!("{prefix}{}", spell(&nodes, node)),
                });
            }
        }
        for c in &alphabet {
            let mut steps = 0;
            let next = joint.step(&state, *c, &mut steps);
            if !effort.spend(steps) {
                return Classes {
                    found,
                    complete: false,
                };
            }
            if next.is_empty() || seen.contains(&next) {
                continue;
            }
            nodes.push((node, *c));
            seen.insert(next.clone());
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

/// The literal characters still in play, and one character for each other combination of sets.
fn alphabet(joint: &Joint<'_>, state: &State) -> Vec<char> {
    let mut literal = BTreeSet::new();
    for (glob, base) in &joint.machines {
        // A machine only moves forward, so what lies behind it tells nothing apart any more.
        let words = state.get(*base..).unwrap_or_default().iter().enumerate();
        let mut live = words
            .take(glob.0.len() / 64 + 1)
            .filter(|(_, word)| **word != 0);
        let first = live.next().map_or(usize::MAX, |(at, word)| {
            at * 64 + word.trailing_zeros() as usize
        });
        for token in glob.0.get(first..).unwrap_or_default() {
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
