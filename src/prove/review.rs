//! Single denies: can they ever apply here, and does each of their exemptions exempt anybody?

use std::collections::BTreeSet;

use super::compare::Test;
use super::compile::family;
use super::domain::{Given, Kind, Scene, Service, Subject, Values};
use super::effort::Effort;
use super::formula::{Builder, EPOCH, PRINCIPAL, RESOURCE, TIME, USER_NAME};
use super::key::Memo;
use super::readings::{Reading, Touching, condition_doubt, readings, sliced};
use super::tell::always;
use super::{Level, Question, StatementAt};
use crate::scp::{Condition, Effect, Statement};

/// Why a deny never applies to the question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dead {
    /// Its resource never matches.
    Resource,
    /// This condition, as written, never holds.
    Condition(String),
    /// This condition, as written, exempts the place or the account as a whole.
    CarvedOut(String),
}

/// A deny that names the action, looked at by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Which.
    pub at: StatementAt,
    /// Why it never applies, for whatever principal; `None` if it can.
    pub dead: Option<Dead>,
    /// Condition key as written and value: meant to exempt, but no request ever has it.
    pub vacuous: Vec<(String, String)>,
}

/// Reviews the denies that `wanted` picks. Whatever is not certain is passed over.
pub fn review(
    levels: &[Level<'_>],
    question: &Question<'_>,
    subject: &Subject<'_>,
    kinds: &[Kind],
    wanted: impl Fn(&Statement) -> bool,
    effort: &mut Effort,
) -> Vec<Review> {
    let questions = std::slice::from_ref(question);
    let sliced = sliced(levels, questions);
    let Ok((readings, _)) = readings(&sliced, questions) else {
        return Vec::new();
    };
    let Some(reading) = readings.first() else {
        return Vec::new();
    };
    let desk = Desk {
        question,
        subject,
        kinds,
        reading,
    };
    let touching = sliced.iter().flatten();
    touching
        .filter(|one| one.doubt.is_none() && one.statement.effect == Effect::Deny)
        .filter(|one| wanted(one.statement))
        .map(|one| Review {
            at: one.at,
            dead: desk.dead(one, effort),
            vacuous: desk.vacuous(one, effort),
        })
        .collect()
}

struct Desk<'a> {
    question: &'a Question<'a>,
    subject: &'a Subject<'a>,
    kinds: &'a [Kind],
    reading: &'a Reading,
}

impl Desk<'_> {
    fn scene<'s>(&'s self, kind: Kind, given: &'s Given) -> Scene<'s> {
        Scene {
            subject: self.subject,
            kind,
            service: Service::of(std::iter::once(self.question.action)),
            given,
            tag: None,
        }
    }

    /// The reason for the last kind; all kinds must have one.
    fn dead(&self, one: &Touching<'_>, effort: &mut Effort) -> Option<Dead> {
        if one.statement.conditions.is_empty() && one.statement.resources.patterns.len() == 1 {
            // The common case, without building anything.
            let first = one.statement.resources.patterns.first()?;
            if first.is_star() && !one.statement.resources.negated {
                return None;
            }
        }
        if one.conditions.iter().any(|named| named.doubt.is_some()) {
            return None;
        }
        let mut dead = None;
        for kind in self.kinds {
            dead = Some(self.dead_for(*kind, one, effort)?);
        }
        dead
    }

    fn dead_for(&self, kind: Kind, one: &Touching<'_>, effort: &mut Effort) -> Option<Dead> {
        let given = Given::new();
        let questions = std::slice::from_ref(self.question);
        let mut builder = Builder::new(questions, self.scene(kind, &given), self.reading);
        if super::resource::covers(&one.statement.resources, &self.question.target)
            == super::statement::Covers::None
        {
            return Some(Dead::Resource);
        }
        let clause = builder.clause(one, &self.question.target)?;
        let (keys, complete) = builder.classes(&mut Memo::default(), effort);
        let never = clause
            .literals
            .iter()
            .find(|literal| complete && always(&keys, literal.opposite()))?;
        let name = builder.names.get(never.key)?;
        if name == RESOURCE {
            return Some(Dead::Resource);
        }
        let test = builder.tests.get(never.key)?.get(never.test)?;
        let same = |condition: &&Condition| {
            let key = match condition.key.to_ascii_lowercase().as_str() {
                USER_NAME => PRINCIPAL.to_owned(),
                EPOCH => TIME.to_owned(),
                key => key.to_owned(),
            };
            key == *name && Test::of_absent(condition).values == test.values
        };
        let written = one.statement.conditions.iter().find(same)?.to_string();
        let place = ["aws:principalorgpaths", "aws:principalaccount", PRINCIPAL];
        Some(if test.negated && place.contains(&name.as_str()) {
            Dead::CarvedOut(written)
        } else {
            Dead::Condition(written)
        })
    }

    fn vacuous(&self, one: &Touching<'_>, effort: &mut Effort) -> Vec<(String, String)> {
        let exempting = |condition: &&Condition| {
            family(condition.operator.base).1 && condition_doubt(condition).is_none()
        };
        let mut found = Vec::new();
        for condition in one.statement.conditions.iter().filter(exempting) {
            let mut unmet: BTreeSet<String> = condition.values.iter().cloned().collect();
            // Whoever the question is about: the statement may be meant for others as well.
            for kind in Kind::ALL {
                if unmet.is_empty() {
                    break;
                }
                let own = self.unmet(kind, condition, one, effort);
                unmet.retain(|value| own.contains(value));
            }
            found.extend(
                unmet
                    .into_iter()
                    .map(|value| (condition.key.clone(), value)),
            );
        }
        found
    }

    /// The values that no request of this kind has.
    fn unmet(
        &self,
        kind: Kind,
        condition: &Condition,
        one: &Touching<'_>,
        effort: &mut Effort,
    ) -> Vec<String> {
        let given = Given::new();
        let scene = self.scene(kind, &given);
        let key = condition.key.to_ascii_lowercase();
        let Some(test) = Test::compile(condition, one.version, &scene) else {
            return Vec::new();
        };
        match scene.values(&key) {
            Values::Absent => test.values,
            Values::Constant(held) => {
                let equal: BTreeSet<&str> =
                    held.iter().filter_map(|one| test.equalled(one)).collect();
                let met = |value: &String| equal.contains(value.as_str());
                let unmet = test.values.iter().filter(|value| !met(value));
                unmet.cloned().collect()
            }
            Values::Text { shape, .. } => test.unmet(&shape, effort),
            _ => Vec::new(),
        }
    }
}
