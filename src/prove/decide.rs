//! The answer for all requests: one formula a kind of principal, searched both ways.

use std::collections::BTreeMap;

use super::domain::{Given, Kind, Scene, Service, Subject};
use super::effort::Effort;
use super::formula::Builder;
use super::instances::instances;
use super::key::{KeyClass, Memo};
use super::readings::{Reading, Sliced, readings, sliced};
use super::solve::{Clause, Formula, Found, find};
use super::statement::Why;
use super::tell::{example, facts};
use super::who::Selection;
use super::{Level, Question, StatementAt};

/// Exemptions of one kind of principal that are told apart.
const MOST_EXEMPTIONS: usize = 8;

/// A request that gets through, or one that does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The kind of principal.
    pub kind: Kind,
    /// Its ARN, as `aws:PrincipalArn`.
    pub principal: String,
    /// `*` or an ARN.
    pub resource: String,
    /// Every condition key that the statements name, in lower case; `None`: absent.
    pub context: BTreeMap<String, Option<Vec<String>>>,
    /// What lets it through, in words that follow the kind; sorted.
    pub because: Vec<String>,
    /// All whom the same lets through.
    pub who: Selection,
}

/// The answer over every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing gets through; these denies suffice (none: nothing is allowed at some level).
    Blocked(Vec<StatementAt>),
    /// Everything gets through.
    Open(Example),
    /// Some do: at least one example for each kind of principal of which it is known, one for
    /// each way in which they do, and one request that does not.
    Conditional {
        /// Who gets through.
        through: Vec<Example>,
        /// Who does not.
        denied: Example,
    },
    /// Not decided.
    Undetermined(Vec<Why>),
}

/// Decides over every principal of `kinds` and every request whether all of the questions'
/// actions get through for the same principal and context.
pub fn decide(
    levels: &[Level<'_>],
    questions: &[Question<'_>],
    subject: &Subject<'_>,
    kinds: &[Kind],
) -> Decision {
    decide_within(levels, questions, subject, kinds, &mut Effort::default())
}

/// [`decide`] with a budget of steps; undetermined once it is spent.
pub fn decide_within(
    levels: &[Level<'_>],
    questions: &[Question<'_>],
    subject: &Subject<'_>,
    kinds: &[Kind],
    effort: &mut Effort,
) -> Decision {
    let sliced = sliced(levels, questions);
    let (readings, reasons) = match readings(&sliced, questions) {
        Ok(found) => found,
        Err(reasons) => return Decision::Undetermined(reasons),
    };
    let mut answer: Option<Decision> = None;
    for reading in readings {
        let case = Case {
            sliced: &sliced,
            levels: levels.len(),
            questions,
            subject,
            reading,
        };
        match (&answer, case.decide(kinds, effort)) {
            (_, Decision::Undetermined(mut why)) => {
                why.extend(reasons);
                return Decision::Undetermined(why);
            }
            (None, one) => answer = Some(one),
            (Some(first), one) if std::mem::discriminant(first) == std::mem::discriminant(&one) => {
            }
            _ => return Decision::Undetermined(reasons),
        }
    }
    answer.unwrap_or(Decision::Undetermined(reasons))
}

/// The question under one reading.
struct Case<'a> {
    sliced: &'a Sliced<'a>,
    /// How many there are.
    levels: usize,
    questions: &'a [Question<'a>],
    subject: &'a Subject<'a>,
    reading: Reading,
}

/// What has been found so far, over the kinds.
#[derive(Default)]
struct Seen {
    through: Vec<Example>,
    denied: Option<Example>,
    by: Vec<StatementAt>,
    /// Why some kind's answer is not known in full.
    unknown: Vec<Why>,
    memo: Memo,
}

impl Case<'_> {
    fn decide(&self, kinds: &[Kind], effort: &mut Effort) -> Decision {
        let mut seen = Seen::default();
        for kind in kinds {
            self.kind(*kind, &mut seen, effort);
        }
        seen.by.sort();
        seen.by.dedup();
        match (seen.through.first().cloned(), seen.denied) {
            // Both are shown, so whatever else is not known changes nothing.
            (Some(_), Some(denied)) => Decision::Conditional {
                through: seen.through,
                denied,
            },
            _ if !seen.unknown.is_empty() => {
                seen.unknown.sort();
                seen.unknown.dedup();
                Decision::Undetermined(seen.unknown)
            }
            (None, _) => Decision::Blocked(seen.by),
            (Some(first), None) => Decision::Open(first),
        }
    }

    fn scene<'s>(&'s self, kind: Kind, given: &'s Given) -> Scene<'s> {
        Scene {
            subject: self.subject,
            kind,
            service: Service::of(self.questions.iter().map(|question| question.action)),
            given,
            tag: None,
        }
    }

    fn kind(&self, kind: Kind, seen: &mut Seen, effort: &mut Effort) {
        let given = Given::new();
        let mut builder = Builder::new(self.questions, self.scene(kind, &given), &self.reading);
        let formula = builder.formula(self.sliced, self.levels);
        let (keys, complete) = builder.classes(&mut seen.memo, effort);
        let untold = builder.untold();
        let mut open_ends = !complete;
        // With what nothing is known of left out: holds whatever that comes to.
        let mut through = find(&formula, &keys, true, &untold, effort);
        let mut denied = match &seen.denied {
            Some(_) => Found::No,
            None => find(&formula, &keys, false, &untold, effort),
        };
        let known = seen.denied.is_some();
        if let Found::Yes(chosen) = &denied {
            seen.denied = Some(example(&builder, &keys, chosen, &[]));
        }
        if let Found::Yes(_) = &through {
            seen.through
                .extend(exemptions(&builder, &formula, &keys, &untold, effort));
        }
        // With everything that it might come to: nothing found means that there is nothing.
        let any_untold = untold.contains(&true);
        if through == Found::No && any_untold {
            through = find(&formula, &keys, true, &[], effort);
            open_ends |= matches!(through, Found::Yes(_));
        }
        if denied == Found::No && !known && any_untold {
            denied = find(&formula, &keys, false, &[], effort);
            open_ends |= matches!(denied, Found::Yes(_));
        }
        if through == Found::No && complete {
            seen.by.extend(sufficient(&formula, &keys, effort));
            return;
        }
        open_ends |= through == Found::GaveUp || denied == Found::GaveUp;
        if open_ends {
            self.instances(&builder, &keys, seen, effort);
        }
        if open_ends && (seen.denied.is_none() || seen.through.is_empty()) {
            seen.unknown.extend(builder.unclear());
            if !complete || effort.is_over() {
                seen.unknown.push(Why::TooComplex);
            }
        }
    }

    /// Looks for a request that gets through, and for one that does not, with given values for
    /// the keys that stand in variables.
    fn instances(
        &self,
        builder: &Builder<'_>,
        keys: &[Vec<KeyClass>],
        seen: &mut Seen,
        effort: &mut Effort,
    ) {
        let kind = builder.scene.kind;
        let mut found = seen.through.iter().any(|one| one.kind == kind);
        for given in instances(builder, keys, effort) {
            if found && seen.denied.is_some() {
                return;
            }
            let mut builder = Builder::new(self.questions, self.scene(kind, &given), &self.reading);
            let formula = builder.formula(self.sliced, self.levels);
            let (keys, _) = builder.classes(&mut seen.memo, effort);
            let untold = builder.untold();
            if !found {
                let some = exemptions(&builder, &formula, &keys, &untold, effort);
                found = !some.is_empty();
                seen.through.extend(some);
            }
            if seen.denied.is_none()
                && let Found::Yes(chosen) = find(&formula, &keys, false, &untold, effort)
            {
                seen.denied = Some(example(&builder, &keys, &chosen, &[]));
            }
        }
    }
}

/// One example for each set of facts that lets requests of this kind through.
fn exemptions(
    builder: &Builder<'_>,
    formula: &Formula,
    keys: &[Vec<KeyClass>],
    untold: &[bool],
    effort: &mut Effort,
) -> Vec<Example> {
    let mut rest = formula.clone();
    let mut found = Vec::new();
    while found.len() < MOST_EXEMPTIONS
        && let Found::Yes(chosen) = find(&rest, keys, true, untold, effort)
    {
        let facts = facts(formula, keys, &chosen);
        found.push(example(builder, keys, &chosen, &facts));
        if facts.is_empty() {
            break;
        }
        rest.denies.push(Clause {
            at: super::NOWHERE,
            literals: facts,
        });
    }
    found
}

/// Denies that suffice: each that can be left out is.
fn sufficient(formula: &Formula, keys: &[Vec<KeyClass>], effort: &mut Effort) -> Vec<StatementAt> {
    let alone = |clause: &&Clause| clause.literals.is_empty();
    if let Some(one) = formula.denies.iter().find(alone) {
        return vec![one.at];
    }
    let mut needed = formula.clone();
    let mut index = 0;
    while index < needed.denies.len() && formula.denies.len() <= 32 {
        let mut fewer = needed.clone();
        // Later ones first, so that what hangs highest stays.
        let last = fewer.denies.len() - 1 - index;
        fewer.denies.remove(last);
        if find(&fewer, keys, true, &[], effort) == Found::No {
            needed = fewer;
        } else {
            index += 1;
        }
    }
    needed.denies.into_iter().map(|clause| clause.at).collect()
}
