//! Pattern automata that read the same text at once.
//!
//! A state is the set of positions reached, as bits, in one row for all patterns, mostly a
//! single word. What cannot change any outcome is taken out of it: of a pattern what lies
//! before a star that is reached, and of a test all other patterns once one has matched
//! whatever follows. So everyday guards stay small, however many names they list.

use super::alphabet::Alphabet;
use super::glob::{Glob, Set, Token};

/// A pattern from the first position that is still in play to its end.
struct Live<'a> {
    tokens: &'a [Token],
    reached: Vec<usize>,
}

/// Bits of a row, from the first to the one behind the last.
type Bits = std::ops::Range<usize>;

/// What can be dropped once it has been overtaken.
struct Drops {
    /// By pattern with a star: its bits.
    patterns: Vec<Bits>,
    /// By test with a pattern that ends in a star: the test's bits, and the ends of such
    /// patterns.
    tests: Vec<(Bits, Vec<usize>)>,
    /// Positions of stars for any character.
    stars: Vec<u64>,
}

/// The positions of several patterns that read the same text, the domain's first.
pub(super) struct Joint {
    /// Words of a state.
    pub(super) words: usize,
    pub(super) start: Vec<u64>,
    /// The characters that have to be tried.
    pub(super) alphabet: Vec<char>,
    /// By character, a state each: the positions that it leads one further, …
    one: Vec<u64>,
    /// … and those at which it may be read again and again.
    run: Vec<u64>,
    /// By character: the positions that tell it from the one that stands for its like, all if
    /// none does.
    apart: Vec<u64>,
    /// Positions that may be left without reading.
    runs: Vec<u64>,
    /// Positions of the domain, and its end.
    domain: Vec<u64>,
    end: usize,
    /// By test: the ends of its patterns.
    ends: Vec<Vec<usize>>,
    drops: Drops,
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

/// The bits of a range that lie in the word of this number.
fn within(bits: &Bits, word: usize) -> u64 {
    let low = bits.start.max(word * 64);
    let high = bits.end.min(word * 64 + 64);
    if high <= low {
        return 0;
    }
    (u64::MAX >> (64 - (high - low))) << (low - word * 64)
}

/// The words that a range of bits touches.
fn words_of(bits: &Bits) -> std::ops::Range<usize> {
    bits.start / 64..bits.end.div_ceil(64)
}

fn clear(row: &mut [u64], bits: &Bits) {
    for number in words_of(bits) {
        if let Some(word) = row.get_mut(number) {
            *word &= !within(bits, number);
        }
    }
}

impl Joint {
    /// The domain and each test's patterns once `prefix` has been read.
    pub(super) fn behind(prefix: &str, domain: &Glob, tests: &[&[Glob]]) -> Self {
        let live = |glob| -> Live<'_> { live(glob, prefix) };
        let domain = live(domain);
        let tests: Vec<Vec<Live<'_>>> = tests
            .iter()
            .map(|patterns| patterns.iter().map(live).collect())
            .collect();
        let all = || std::iter::once(&domain).chain(tests.iter().flatten());
        let tokens = all().flat_map(|one| one.tokens);
        let Alphabet {
            characters: alphabet,
            literals,
            lone,
        } = Alphabet::of(tokens.map(|token| token.set()));
        let bits: usize = all().map(|one| one.tokens.len() + 1).sum();
        let words = bits.div_ceil(64);
        let row = || vec![0; words];
        let always = |(symbol, c): (usize, &char)| symbol < literals || lone.contains(c);
        let apart = alphabet.iter().enumerate().map(always);
        let apart =
            apart.flat_map(|always| std::iter::repeat_n(if always { u64::MAX } else { 0 }, words));
        let apart = apart.collect();
        let mut joint = Self {
            words,
            start: row(),
            one: vec![0; words * alphabet.len()],
            run: vec![0; words * alphabet.len()],
            apart,
            runs: row(),
            domain: row(),
            end: 0,
            ends: Vec::with_capacity(tests.len()),
            drops: Drops {
                patterns: Vec::new(),
                tests: Vec::new(),
                stars: row(),
            },
            alphabet,
        };
        let mut base = joint.lay_out(&domain, 0, literals);
        joint.end = base - 1;
        (0..base).for_each(|bit| set_bit(&mut joint.domain, bit));
        for patterns in &tests {
            base = joint.lay_out_test(patterns, base, literals);
        }
        let mut start = std::mem::take(&mut joint.start);
        joint.drop_overtaken(&mut start);
        joint.start = start;
        joint
    }

    /// What reading on costs, in steps, beside the words of a state.
    pub(super) fn size(&self) -> usize {
        self.one.len()
    }

    /// One test's patterns from the bit `base` on; returns the bit behind them.
    fn lay_out_test(&mut self, patterns: &[Live<'_>], base: usize, literals: usize) -> usize {
        let mut next = base;
        let (mut ends, mut final_ends) = (Vec::new(), Vec::new());
        for pattern in patterns {
            let first = next;
            next = self.lay_out(pattern, next, literals);
            ends.push(next - 1);
            let star = Token::Run(Set::Any);
            if pattern.tokens.contains(&star) {
                self.drops.patterns.push(first..next);
            }
            if pattern.tokens.last() == Some(&star) {
                final_ends.push(next - 1);
            }
        }
        if !final_ends.is_empty() {
            self.drops.tests.push((base..next, final_ends));
        }
        self.ends.push(ends);
        next
    }

    /// One pattern from the bit `base` on; returns the bit behind it.
    fn lay_out(&mut self, live: &Live<'_>, base: usize, literals: usize) -> usize {
        for position in &live.reached {
            set_bit(&mut self.start, base + position);
        }
        for (position, token) in live.tokens.iter().enumerate() {
            self.place(base + position, *token, literals);
        }
        base + live.tokens.len() + 1
    }

    /// `literals`: where those begin in the alphabet, in order.
    fn place(&mut self, bit: usize, token: Token, literals: usize) {
        let table = match token {
            Token::One(_) => &mut self.one,
            Token::Run(set) => {
                set_bit(&mut self.runs, bit);
                if set == Set::Any {
                    set_bit(&mut self.drops.stars, bit);
                }
                &mut self.run
            }
        };
        let words = self.words;
        let apart = &mut self.apart;
        let named = matches!(token.set(), Set::One(_) | Set::Fold(_));
        let mut mark = |symbol: usize| {
            set_bit(table, symbol * words * 64 + bit);
            if named {
                set_bit(apart, symbol * words * 64 + bit);
            }
        };
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

    /// Does the character lead anywhere else than the one that stands for its like?
    pub(super) fn tells_apart(&self, state: &[u64], symbol: usize) -> bool {
        let row = symbol * self.words..(symbol + 1) * self.words;
        let apart = self.apart.get(row).unwrap_or_default();
        state
            .iter()
            .zip(apart)
            .any(|(state, apart)| state & apart != 0)
    }

    /// Where everything stands after a character; `false` if the domain is dead.
    pub(super) fn step(&self, state: &[u64], symbol: usize, next: &mut [u64]) -> bool {
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
        if !domain.any(|(next, domain)| next & domain != 0) {
            return false;
        }
        self.drop_overtaken(next);
        true
    }

    /// Takes out what changes nothing any more.
    ///
    /// Whatever leads from an earlier position to a match passes the star, and the star takes
    /// whatever is read until then: so the star alone matches all of it. A test of which a
    /// pattern has come to a last star holds, whatever else is read.
    fn drop_overtaken(&self, state: &mut [u64]) {
        for bits in &self.drops.patterns {
            let highest = words_of(bits).rev().find_map(|number| {
                let stars = self.drops.stars.get(number)?;
                let at = state.get(number)? & stars & within(bits, number);
                let bit = at.checked_ilog2()?;
                Some(number * 64 + usize::try_from(bit).ok()?)
            });
            if let Some(highest) = highest {
                clear(state, &(bits.start..highest));
            }
        }
        for (bits, ends) in &self.drops.tests {
            let Some(first) = ends.first() else { continue };
            if ends.iter().any(|end| has_bit(state, *end)) {
                clear(state, bits);
                // The star before the end keeps it reached.
                set_bit(state, first - 1);
                set_bit(state, *first);
            }
        }
    }

    /// Is what has been read a text of the domain?
    pub(super) fn accepts(&self, state: &[u64]) -> bool {
        has_bit(state, self.end)
    }

    /// By test: does what has been read match one of its patterns?
    pub(super) fn matches(&self, state: &[u64]) -> Vec<bool> {
        let ended = |ends: &Vec<usize>| ends.iter().any(|end| has_bit(state, *end));
        self.ends.iter().map(ended).collect()
    }
}

fn live<'a>(glob: &'a Glob, prefix: &str) -> Live<'a> {
    let mut reached = glob.reached(prefix);
    // A pattern only moves forward.
    let first = reached.first().copied().unwrap_or(glob.0.len());
    for position in &mut reached {
        *position -= first;
    }
    Live {
        tokens: glob.0.get(first..).unwrap_or_default(),
        reached,
    }
}
