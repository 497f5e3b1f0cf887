//! A boolean formula over the outcomes of conditions, decided by a finite search.

use super::key::KeyClass;

/// A literal: the outcome of a test on a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Literal {
    pub(super) key: usize,
    pub(super) test: usize,
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
}

/// One class for each key.
pub(super) type Assignment = Vec<usize>;

/// The search's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Yes(Assignment),
    No,
    /// The work limit was reached.
    GaveUp,
}

/// Is there a request that gets through (`wanted`), or one that does not?
pub(super) fn find(
    formula: &Formula,
    keys: &[Vec<KeyClass>],
    wanted: bool,
    budget: usize,
) -> Found {
    let mut search = Search {
        formula,
        keys,
        chosen: vec![None; keys.len()],
        left: budget,
    };
    match search.run(wanted) {
        Some(true) => Found::Yes(
            search
                .chosen
                .iter()
                .map(|class| class.unwrap_or(0))
                .collect(),
        ),
        Some(false) => Found::No,
        None => Found::GaveUp,
    }
}

/// Does the assigned request get through?
pub(super) fn passes(formula: &Formula, keys: &[Vec<KeyClass>], assignment: &[usize]) -> bool {
    let chosen = assignment.iter().copied().map(Some).collect();
    let search = Search {
        formula,
        keys,
        chosen,
        left: 0,
    };
    search.through() == Some(true)
}

struct Search<'a> {
    formula: &'a Formula,
    keys: &'a [Vec<KeyClass>],
    chosen: Vec<Option<usize>>,
    left: usize,
}

impl Search<'_> {
    /// `None`: gave up.
    fn run(&mut self, wanted: bool) -> Option<bool> {
        self.left = self.left.checked_sub(1)?;
        if let Some(through) = self.through() {
            return Some(through == wanted);
        }
        // INVARIANT: an undecided formula has an undecided key.
        let Some(key) = self.chosen.iter().position(Option::is_none) else {
            return Some(false);
        };
        let count = self.keys.get(key).map_or(0, Vec::len);
        for class in 0..count {
            self.choose(key, Some(class));
            if self.run(wanted)? {
                return Some(true);
            }
        }
        self.choose(key, None);
        Some(false)
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
            match self.literal(*literal) {
                Some(false) => return Some(false),
                None => open = true,
                Some(true) => {}
            }
        }
        if open { None } else { Some(true) }
    }

    fn literal(&self, literal: Literal) -> Option<bool> {
        let class = (*self.chosen.get(literal.key)?)?;
        self.keys
            .get(literal.key)?
            .get(class)?
            .outcomes
            .get(literal.test)
            .copied()
    }
}
