//! Every way in which a text can satisfy some tests and not others.
//!
//! What every text of the key begins with is read first. Then one breadth-first search over the
//! joint states finds every realizable combination of outcomes, each with a shortest example.
//! `*x??????` has few states when it is read from its end and a great many from its beginning;
//! `??????x*` is the other way round. So both ways are tried, a little further each time.

use std::collections::BTreeSet;

use super::effort::Effort;
use super::glob::Glob;
use super::joint::Joint;
use super::states::States;

/// Steps of the first attempt; each further one may take this many times as many.
const FIRST: u64 = 200_000;
const MORE: u64 = 4;

/// One combination of outcomes that some text has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    /// By test: does the text match one of its patterns?
    pub(super) matches: Vec<bool>,
    /// A shortest text that does.
    pub(super) example: String,
}

/// The combinations that were found, and whether those are all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Classes {
    pub(super) found: Vec<Class>,
    pub(super) complete: bool,
}

/// Every combination of outcomes among the texts of `domain`; a test is a list of patterns.
///
/// What was found before the effort ran out is real.
pub(super) fn classes(domain: &Glob, tests: &[&[Glob]], effort: &mut Effort) -> Classes {
    let mut forward = Search::of(domain, tests, false, effort);
    forward.run(FIRST, effort);
    if forward.done || effort.is_over() {
        return forward.classes();
    }
    let reversed: Vec<Vec<Glob>> = tests
        .iter()
        .map(|patterns| patterns.iter().map(Glob::reversed).collect())
        .collect();
    let reversed: Vec<&[Glob]> = reversed.iter().map(Vec::as_slice).collect();
    let mut backward = Search::of(&domain.reversed(), &reversed, true, effort);
    let mut limit = FIRST;
    loop {
        backward.run(limit, effort);
        if backward.done {
            return backward.classes();
        }
        limit = limit.saturating_mul(MORE);
        forward.run(limit, effort);
        if forward.done || effort.is_over() {
            return forward.classes();
        }
    }
}

struct Search {
    prefix: String,
    /// Are the texts read from their ends?
    backward: bool,
    joint: Joint,
    states: States,
    /// By state: the one from which it was met first, and the character read.
    met: Vec<(usize, char)>,
    /// The state whose characters are read next.
    number: usize,
    found: Vec<Class>,
    known: BTreeSet<Vec<bool>>,
    /// Has every state been looked at?
    done: bool,
}

impl Search {
    fn of(domain: &Glob, tests: &[&[Glob]], backward: bool, effort: &mut Effort) -> Self {
        let prefix = domain.prefix();
        let patterns = tests.iter().copied().flatten();
        let tokens: usize = patterns.map(|glob| glob.0.len()).sum();
        effort.spend(tokens + domain.0.len());
        let joint = Joint::behind(&prefix, domain, tests);
        effort.spend(joint.size());
        let mut states = States::new(joint.words);
        states.insert(&joint.start);
        Self {
            prefix,
            backward,
            joint,
            states,
            met: vec![(0, '\0')],
            number: 0,
            found: Vec::new(),
            known: BTreeSet::new(),
            done: false,
        }
    }

    fn classes(self) -> Classes {
        Classes {
            found: self.found,
            complete: self.done,
        }
    }

    /// Goes on for this many steps.
    fn run(&mut self, limit: u64, effort: &mut Effort) {
        effort.part(limit, |effort| self.go_on(effort));
    }

    fn go_on(&mut self, effort: &mut Effort) {
        let mut next = vec![0; self.joint.words];
        while self.number < self.states.len() {
            let state = self.states.get(self.number);
            if self.joint.accepts(state) {
                let matches = self.joint.matches(state);
                if self.known.insert(matches.clone()) {
                    let example = self.spell(self.number);
                    self.found.push(Class { matches, example });
                }
            }
            for (symbol, c) in self.joint.alphabet.iter().enumerate() {
                // A state that is looked at again meets nothing new.
                if !effort.spend(self.joint.words) {
                    return;
                }
                if !self.joint.tells_apart(self.states.get(self.number), symbol) {
                    continue;
                }
                effort.spend(2 * self.joint.words);
                let state = self.states.get(self.number);
                if self.joint.step(state, symbol, &mut next) && self.states.insert(&next) {
                    self.met.push((self.number, *c));
                }
            }
            self.number += 1;
        }
        self.done = true;
    }

    /// The text that leads to a state, as it is written.
    fn spell(&self, mut number: usize) -> String {
        let mut text = Vec::new();
        while number != 0
            && let Some((from, c)) = self.met.get(number)
        {
            text.push(*c);
            number = *from;
        }
        if self.backward {
            // Read from its end, so it is the right way round already.
            return text.into_iter().chain(self.prefix.chars().rev()).collect();
        }
        self.prefix.chars().chain(text.into_iter().rev()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::glob::{Set, Token};
    use super::*;

    fn glob(text: &str) -> Glob {
        let token = |c| match c {
            '*' => Token::Run(Set::Any),
            '?' => Token::One(Set::Any),
            other => Token::One(Set::One(other)),
        };
        Glob(text.chars().map(token).collect())
    }

    fn each(patterns: &[Glob]) -> Vec<&[Glob]> {
        patterns.iter().map(std::slice::from_ref).collect()
    }

    /// What the classes say is what the patterns say of their examples.
    fn checked(domain: &Glob, tests: &[&[Glob]], effort: &mut Effort) -> Classes {
        let classes = classes(domain, tests, effort);
        for class in &classes.found {
            assert!(domain.matches(&class.example), "{class:?}");
            for (patterns, expected) in tests.iter().zip(&class.matches) {
                let found = patterns.iter().any(|one| one.matches(&class.example));
                assert_eq!(found, *expected, "{class:?}");
            }
        }
        classes
    }

    #[test]
    fn overlapping_patterns_leave_exactly_what_they_leave() {
        let domain = Glob(vec![Token::One(Set::Name), Token::Run(Set::Name)]);
        let patterns = [glob("aba*"), glob("*aba"), glob("aba*aba")];
        let classes = checked(&domain, &each(&patterns), &mut Effort::default());
        assert!(classes.complete);
        let both = classes
            .found
            .iter()
            .find(|class| class.matches == [true, true, false])
            .unwrap();
        assert_eq!(both.example, "aba");
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
        let classes = checked(&domain, &each(&patterns), &mut Effort::default());
        assert!(classes.complete);
        let matches = classes.found.iter().map(|class| class.matches.clone());
        let all: BTreeSet<Vec<bool>> = matches.collect();
        // The second ends in `ab`, the third wants a `b` before its last character: never both.
        assert_eq!(all.len(), 6, "{all:?}");
    }

    #[test]
    fn characters_that_are_all_named_are_tried_where_nothing_names_them() {
        let domain = Glob(vec![Token::One(Set::Digit); 2]);
        let mut patterns: Vec<Glob> = (0..10).map(|digit| glob(&format!("{digit}?"))).collect();
        patterns.push(glob("?7"));
        let classes = checked(&domain, &each(&patterns), &mut Effort::default());
        assert!(classes.complete);
        assert_eq!(classes.found.len(), 20, "{:?}", classes.found);
    }

    #[test]
    fn long_lists_of_names_and_fixed_tails_have_few_states() {
        let domain = glob("arn:aws:iam::111122223333:role/*");
        let lists = |pattern: fn(usize) -> String, many: usize| -> Vec<Glob> {
            (0..many).map(|one| glob(&pattern(one))).collect()
        };
        let cases = [
            lists(|one| format!("*AWSReservedSSO_Name{one}_*"), 8),
            lists(|one| format!("arn:aws:iam::*:role/*Name{one}*"), 11),
            lists(|one| format!("*x{one}*y{one}*z"), 4),
            vec![glob(
                "arn:aws:iam::*:role/*/AWSReservedSSO_*_????????????????",
            )],
            vec![glob("*a??????????????????????????????")],
        ];
        for patterns in cases {
            let mut effort = Effort::default();
            let classes = checked(&domain, &[patterns.as_slice()], &mut effort);
            assert!(classes.complete, "{patterns:?}");
            assert_eq!(classes.found.len(), 2);
            assert!(effort.spent() < 4_000_000, "{}", effort.spent());
        }
    }

    #[test]
    fn a_blow_up_ends_at_the_budget_with_what_is_real() {
        let domain = Glob(vec![Token::Run(Set::Any)]);
        let patterns = [glob("*a??????????????????????????????b*")];
        let mut effort = Effort::of(100_000);
        let classes = checked(&domain, &each(&patterns), &mut effort);
        assert!(effort.spent() < 110_000);
        assert!(!classes.complete);
        assert!(!classes.found.is_empty());
    }
}
