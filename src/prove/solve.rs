//! A boolean formula over the outcomes of conditions, decided by a finite search.

use super::effort::Effort;
use super::key::KeyClass;

/// A literal: the outcome of a test on a key is this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Literal {
    pub(super) key: usize,
    pub(super) test: usize,
    pub(super) outcome: bool,
}

impl Literal {
    /// The opposite outcome.
    pub(super) fn opposite(self) -> Self {
        Self {
            outcome: !self.outcome,
            ..self
        }
    }
}

/// A statement that can touch the action: all its literals must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    pub(super) at: super::StatementAt,
    pub(super) literals: Vec<Literal>,
}

/// What gets through: some allow of every level, and no deny.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Formula {
    pub(super) allows: Vec<Vec<Clause>>,
    pub(super) denies: Vec<Clause>,
    /// What no request holds together.
    pub(super) never: Vec<Clause>,
}

impl Formula {
    /// Steps that looking at all of it costs.
    fn weight(&self) -> usize {
        let clauses = self.denies.iter().chain(self.allows.iter().flatten());
        clauses.map(|clause| 1 + clause.literals.len()).sum()
    }
}

/// One class for each key; `None` where it does not matter.
pub(super) type Assignment = Vec<Option<usize>>;

/// The search's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Yes(Assignment),
    No,
    /// The work limit was reached.
    GaveUp,
}

/// Is there a request that gets through (`wanted`), or one that does not?
///
/// Keys in `untold` are never chosen: what is found holds whatever they are.
pub(super) fn find(
    formula: &Formula,
    keys: &[Vec<KeyClass>],
    wanted: bool,
    untold: &[bool],
    effort: &mut Effort,
) -> Found {
    let mut search = Search {
        formula,
        keys,
        untold,
        chosen: vec![None; keys.len()],
        weight: formula.weight() + 1,
    };
    match search.run(wanted, effort) {
        Some(true) => Found::Yes(search.chosen),
        Some(false) => Found::No,
        None => Found::GaveUp,
    }
}

/// The outcome of a literal's test in a class, if one is chosen.
pub(super) fn holds(keys: &[Vec<KeyClass>], chosen: &Assignment, literal: Literal) -> Option<bool> {
    let class = (*chosen.get(literal.key)?)?;
    let outcomes = &keys.get(literal.key)?.get(class)?.outcomes;
    Some(*outcomes.get(literal.test)? == literal.outcome)
}

struct Search<'a> {
    formula: &'a Formula,
    keys: &'a [Vec<KeyClass>],
    untold: &'a [bool],
    chosen: Assignment,
    weight: usize,
}

impl Search<'_> {
    /// `None`: gave up.
    fn run(&mut self, wanted: bool, effort: &mut Effort) -> Option<bool> {
        if !effort.spend(self.weight) {
            return None;
        }
        let mut never = self.formula.never.iter();
        if never.any(|clause| self.clause(clause) == Some(true)) {
            return Some(false);
        }
        let key = match self.through() {
            Some(through) if through != wanted => return Some(false),
            Some(_) => match self.half_chosen() {
                Some(key) => Some(key),
                None => return Some(true),
            },
            None => self.next(),
        };
        let Some(key) = key else {
            return Some(false);
        };
        let count = self.keys.get(key).map_or(0, Vec::len);
        for class in 0..count {
            self.choose(key, Some(class));
            if self.run(wanted, effort)? {
                return Some(true);
            }
        }
        self.choose(key, None);
        Some(false)
    }

    /// A key without a choice that stands beside one with a choice in what no request holds
    /// together.
    fn half_chosen(&self) -> Option<usize> {
        let chosen = |literal: &Literal| self.chosen.get(literal.key).is_some_and(Option::is_some);
        let mut half =
            self.formula.never.iter().filter(|clause| {
                self.clause(clause).is_none() && clause.literals.iter().any(chosen)
            });
        let open = half.next()?.literals.iter().find(|one| !chosen(one))?;
        Some(open.key)
    }

    /// An undecided key of a clause that is undecided itself.
    fn next(&self) -> Option<usize> {
        let clauses = self.formula.denies.iter();
        clauses
            .chain(self.formula.allows.iter().flatten())
            .filter(|clause| self.clause(clause).is_none())
            .flat_map(|clause| &clause.literals)
            .map(|literal| literal.key)
            .find(|key| {
                self.chosen.get(*key).is_some_and(Option::is_none)
                    && self.untold.get(*key) != Some(&true)
            })
    }

    fn choose(&mut self, key: usize, class: Option<usize>) {
        if let Some(slot) = self.chosen.get_mut(key) {
            *slot = class;
        }
    }

    /// Three-valued: `None` while the chosen keys do not decide it.
    fn through(&self) -> Option<bool> {
        let mut open = false;
        for deny in &self.formula.denies {
            match self.clause(deny) {
                Some(true) => return Some(false),
                None => open = true,
                Some(false) => {}
            }
        }
        for level in &self.formula.allows {
            let mut best = Some(false);
            for allow in level {
                match self.clause(allow) {
                    Some(true) => {
                        best = Some(true);
                        break;
                    }
                    None => best = None,
                    Some(false) => {}
                }
            }
            match best {
                Some(false) => return Some(false),
                None => open = true,
                Some(true) => {}
            }
        }
        if open { None } else { Some(true) }
    }

    fn clause(&self, clause: &Clause) -> Option<bool> {
        let mut open = false;
        for literal in &clause.literals {
            match holds(self.keys, &self.chosen, *literal) {
                Some(false) => return Some(false),
                None => open = true,
                Some(true) => {}
            }
        }
        if open { None } else { Some(true) }
    }
}
