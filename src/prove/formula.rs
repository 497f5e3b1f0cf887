//! From statements to a formula for one kind of principal, and the classes of its keys.

use std::collections::BTreeMap;

use super::Question;
use super::compare::{Test, textual};
use super::compile::{Family, family, pattern, variable_too_early, variables};
use super::domain::{Scene, Values};
use super::effort::Effort;
use super::glob::{Glob, Set, Token};
use super::key::{KeyClass, Memo, key_classes};
use super::multivalued::multivalued;
use super::readings::{Named, Reading, Sliced, Touching, empty_conditions, pattern_doubt};
use super::resource::Target;
use super::solve::{Clause, Formula, Literal};
use super::statement::Why;
use super::who::Selection;
use crate::scp::{Base, Condition, Effect, Pattern, PatternList, Version};

/// The key that stands for the request's resource; no condition key has such a name.
pub(super) const RESOURCE: &str = "\u{0}resource";
pub(super) const PRINCIPAL: &str = "aws:principalarn";
pub(super) const USER_NAME: &str = "aws:username";
/// The time of the request, which the other key holds in seconds.
pub(super) const TIME: &str = "aws:currenttime";
pub(super) const EPOCH: &str = "aws:epochtime";
const MFA: &str = "aws:multifactorauthpresent";
const MFA_AGE: &str = "aws:multifactorauthage";
pub(super) const SOURCE_IP: &str = "aws:sourceip";
/// Keys of requests that came through a VPC endpoint.
pub(super) const BY_ENDPOINT: [&str; 7] = [
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:vpcsourceip",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
];

/// What a part of a statement comes to.
enum Part {
    Always,
    Never,
    Literal(Literal),
}

impl Part {
    fn known(holds: bool) -> Self {
        if holds { Self::Always } else { Self::Never }
    }
}

/// The formula of one kind under one reading, and its keys.
#[derive(Debug)]
pub(super) struct Builder<'a> {
    questions: &'a [Question<'a>],
    pub(super) scene: Scene<'a>,
    reading: &'a Reading,
    /// Names of keys, in lower case.
    pub(super) names: Vec<String>,
    /// By key.
    pub(super) tests: Vec<Vec<Test>>,
    /// Tests that nothing is known of, as keys of their own, and why.
    free: BTreeMap<String, Why>,
    /// Keys that stand in variables.
    pub(super) variables: Vec<String>,
    /// Keys that are judged through another key, or of which nothing is known.
    pub(super) mentioned: Vec<String>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        questions: &'a [Question<'a>],
        scene: Scene<'a>,
        reading: &'a Reading,
    ) -> Self {
        Self {
            questions,
            scene,
            reading,
            names: Vec::new(),
            tests: Vec::new(),
            free: BTreeMap::new(),
            variables: Vec::new(),
            mentioned: Vec::new(),
        }
    }

    fn key(&mut self, name: &str) -> usize {
        let known = self.names.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.tests.push(Vec::new());
            self.names.len() - 1
        })
    }

    fn literal(&mut self, name: &str, test: Test) -> Literal {
        let key = self.key(name);
        let tests = self.tests.get_mut(key);
        let number = tests.map_or(0, |tests| {
            let known = tests.iter().position(|known| *known == test);
            known.unwrap_or_else(|| {
                tests.push(test);
                tests.len() - 1
            })
        });
        Literal {
            key,
            test: number,
            outcome: true,
        }
    }

    /// A test of which nothing is known: the same everywhere for the same text, and the
    /// opposite for its complement.
    fn unknown(&mut self, text: &str, negated: bool, why: Why) -> Literal {
        let name = format!("\u{0}{text}");
        self.free.entry(name.clone()).or_insert(why);
        Literal {
            key: self.key(&name),
            test: 0,
            outcome: !negated,
        }
    }

    /// A condition of which nothing is known. A negated operator is the complement of its
    /// positive form, absent keys included, unless something else is added to it.
    fn unknown_condition(&mut self, condition: &Condition) -> Literal {
        let operator = condition.operator;
        let (family, negated) = family(operator.base);
        let why = Why::Unclear(condition.to_string());
        if operator.set.is_some() || operator.if_exists {
            return self.unknown(&condition.to_string(), false, why);
        }
        let key = condition.key.to_ascii_lowercase();
        let text = format!("{family:?} {key} {:?}", condition.values);
        self.unknown(&text, negated, why)
    }

    fn condition(&mut self, named: &Named<'_>, version: Version) -> Part {
        let Named { condition, key, .. } = named;
        for value in &condition.values {
            self.variables.extend(variables(value, version));
        }
        if let (Some(why), true) = (&named.doubt, self.reading.free) {
            self.mentioned.push(key.clone());
            return Part::Literal(self.unknown(&condition.to_string(), false, why.clone()));
        }
        // Every request has the principal's ARN.
        let held = (key != PRINCIPAL).then(|| self.scene.values(key));
        if held == Some(Values::Absent) {
            return Part::Literal(self.literal(key, Test::of_absent(condition)));
        }
        let presence = condition.operator.base == Base::Null;
        // A plain operator on a key with several values: AWS documents no meaning.
        let unclear = multivalued(key) && condition.operator.set.is_none() && !presence;
        let test = Test::compile(condition, version, &self.scene);
        let is_time = matches!(key.as_str(), TIME | EPOCH);
        Part::Literal(match test {
            // The name of a user is the last part of its ARN.
            Some(test) if key == USER_NAME && !matches!(held, Some(Values::Constant(_))) => {
                self.mentioned.push(key.clone());
                let scene = self.scene;
                self.literal(PRINCIPAL, test.moved(|name| scene.named(name)))
            }
            // Both keys hold one time.
            Some(test) if is_time && !textual(test.family) => {
                self.mentioned.push(key.clone());
                self.literal(TIME, test)
            }
            Some(test) if !unclear && !is_time => self.literal(key, test),
            _ if unclear => {
                self.mentioned.push(key.clone());
                let written = condition.to_string();
                let why = "a key that holds several values has a plain operator".to_owned();
                self.unknown(&written, false, Why::Unsaid(written.clone(), why))
            }
            _ => {
                self.mentioned.push(key.clone());
                self.unknown_condition(condition)
            }
        })
    }

    /// Does what is written so apply, under this reading?
    fn read(&self, why: &Why) -> bool {
        self.reading.applies.get(&why.to_string()) == Some(&true)
    }

    fn resources(&mut self, list: &PatternList, version: Version, target: &Target<'_>) -> Part {
        let all = |negated: bool| Part::known(!negated);
        if list.patterns.iter().any(Pattern::is_star) {
            return all(list.negated);
        }
        if *target == Target::None && list.negated {
            return Part::known(self.read(&Why::NotResourceWithoutResources));
        }
        let mut patterns = Vec::new();
        let mut values = Vec::new();
        for one in &list.patterns {
            let text = one.as_str();
            match pattern_doubt(one, target) {
                // An incomplete ARN names everything or nothing.
                Some(why) if text.splitn(6, ':').count() < 6 => {
                    if self.read(&why) {
                        return all(list.negated);
                    }
                    continue;
                }
                Some(why) if !self.read(&why) => continue,
                _ => {}
            }
            if variable_too_early(text) {
                patterns.push(Glob::never());
                values.push(text.to_owned());
                continue;
            }
            self.variables.extend(variables(text, version));
            let Some(compiled) = pattern(Family::Arn, text, version, &self.scene) else {
                let why = Why::Resource(text.to_owned());
                return Part::Literal(self.unknown(&format!("{list:?}"), false, why));
            };
            patterns.push(compiled);
            values.push(text.to_owned());
        }
        if patterns.is_empty() || *target == Target::None {
            return all(!list.negated);
        }
        let test = Test::resource(values, patterns, list.negated);
        Part::Literal(self.literal(RESOURCE, test))
    }

    pub(super) fn clause(&mut self, one: &Touching<'_>, target: &Target<'_>) -> Option<Clause> {
        let mut parts = Vec::new();
        // The doubt is whether the action is named, which is the opposite under `NotAction`.
        let named = one.doubt.as_ref().map(|why| self.read(why));
        parts.extend(named.map(|named| Part::known(named != one.statement.actions.negated)));
        parts.extend(empty_conditions(one.statement).map(|why| Part::known(self.read(&why))));
        parts.push(self.resources(&one.statement.resources, one.version, target));
        for named in &one.conditions {
            parts.push(self.condition(named, one.version));
        }
        let mut literals = Vec::new();
        for part in parts {
            match part {
                Part::Always => {}
                Part::Never => return None,
                Part::Literal(literal) => literals.push(literal),
            }
        }
        Some(Clause {
            at: one.at,
            literals,
        })
    }

    /// All questions at once: each action has its own allows, and any deny stops all.
    pub(super) fn formula(&mut self, sliced: &Sliced<'_>, levels: usize) -> Formula {
        let mut formula = Formula::default();
        for (question, touching) in self.questions.iter().zip(sliced) {
            let first = formula.allows.len();
            formula.allows.extend(vec![Vec::new(); levels]);
            for one in touching {
                let Some(clause) = self.clause(one, &question.target) else {
                    continue;
                };
                match one.statement.effect {
                    Effect::Deny => formula.denies.push(clause),
                    Effect::Allow => {
                        if let Some(level) = formula.allows.get_mut(first + one.at.level) {
                            level.push(clause);
                        }
                    }
                }
            }
        }
        formula.never = self.never();
        formula
    }

    /// What no request holds together.
    ///
    /// `aws:MultiFactorAuthAge` "is included in the request context only if the principal making
    /// the call was authenticated using MFA", `aws:SourceIp` "except when the requester uses a
    /// VPC endpoint".
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    fn never(&mut self) -> Vec<Clause> {
        let mut never = Vec::new();
        let named = |builder: &Self, name: &str| builder.names.iter().any(|known| known == name);
        let clause = |literals: [Literal; 2]| Clause {
            at: super::NOWHERE,
            literals: literals.to_vec(),
        };
        if named(self, MFA_AGE) {
            let aged = self.literal(MFA_AGE, Test::present_key());
            never.push(clause([aged, self.literal(MFA, Test::flag()).opposite()]));
        }
        if named(self, SOURCE_IP) {
            for key in BY_ENDPOINT {
                if named(self, key) {
                    let through = self.literal(key, Test::present_key());
                    let public = self.literal(SOURCE_IP, Test::present_key());
                    never.push(clause([through, public]));
                }
            }
        }
        never
    }

    /// A clause that holds for the requests of a selection.
    pub(super) fn of_selection(&mut self, who: &Selection) -> Clause {
        let mut literal = |(key, test, outcome): &(String, Test, bool)| Literal {
            outcome: *outcome,
            ..self.literal(key, test.clone())
        };
        Clause {
            at: super::NOWHERE,
            literals: who.facts.iter().map(&mut literal).collect(),
        }
    }

    /// For each fact about a principal's tag: that a request sets the tag to a value without it.
    pub(super) fn tagged_otherwise(&mut self, who: &Selection, tag: &str) -> Vec<Clause> {
        let carried = format!("aws:principaltag/{tag}");
        let set = format!("aws:requesttag/{tag}");
        let facts = who.facts.iter().filter(|fact| fact.0 == carried);
        let mut clause = |(_, test, outcome): &(String, Test, bool)| Clause {
            at: super::NOWHERE,
            literals: vec![Literal {
                outcome: !outcome,
                ..self.literal(&set, test.clone())
            }],
        };
        facts.map(&mut clause).collect()
    }

    /// By key: is nothing known of it?
    pub(super) fn untold(&self) -> Vec<bool> {
        let free = |name: &String| self.free.contains_key(name);
        self.names.iter().map(free).collect()
    }

    pub(super) fn unclear(&self) -> impl Iterator<Item = Why> + '_ {
        self.free.values().cloned()
    }

    /// The classes of every key, and by key whether those are all.
    pub(super) fn classes(
        &self,
        memo: &mut Memo,
        effort: &mut Effort,
    ) -> (Vec<Vec<KeyClass>>, bool) {
        let mut complete = true;
        let classes = self.names.iter().zip(&self.tests).map(|(name, tests)| {
            if self.free.contains_key(name) {
                return [false, true].map(KeyClass::either).to_vec();
            }
            let (classes, all) = if name == RESOURCE {
                self.resource_classes(tests, effort)
            } else {
                memo.classes(self.scene.values(name), tests, effort)
            };
            complete &= all;
            classes
        });
        (classes.collect(), complete)
    }

    /// The classes of the resource; an invitation of the own organization is no exit.
    pub(super) fn resource_classes(
        &self,
        tests: &[Test],
        effort: &mut Effort,
    ) -> (Vec<KeyClass>, bool) {
        let asked = self
            .questions
            .iter()
            .map(|question| &question.target)
            .find(|target| **target != Target::None);
        let mut within: Vec<(Test, bool)> = Vec::new();
        match asked {
            Some(Target::ForeignInvitation { own: Some(own), .. }) => {
                let partition = self.scene.subject.partition;
                let text = format!("arn:{partition}:organizations::*:handshake/{own}/*");
                let own = pattern(Family::Arn, &text, Version::V2012, &self.scene);
                within.extend(own.map(|own| (Test::resource(vec![text], vec![own], false), false)));
            }
            Some(Target::Principal(who)) => {
                let facts = who.facts.iter().filter(|fact| fact.0 == PRINCIPAL);
                within.extend(facts.map(|(_, test, outcome)| (test.clone(), *outcome)));
            }
            _ => {}
        }
        let mut all = tests.to_vec();
        all.extend(within.iter().map(|one| one.0.clone()));
        let shape = Values::Text {
            shape: self.resource_shape(asked),
            optional: false,
        };
        let (mut classes, complete) = key_classes(&shape, &all, effort);
        classes.retain_mut(|class| {
            let own = class.outcomes.split_off(tests.len());
            own.iter().zip(&within).all(|(found, one)| *found == one.1)
        });
        (classes, complete)
    }

    fn resource_shape(&self, asked: Option<&Target<'_>>) -> Glob {
        let partition = self.scene.subject.partition;
        match asked {
            None | Some(Target::None) => Glob::literal("*"),
            Some(Target::Account { .. }) => Glob::literal(&format!(
                "arn:{partition}:account::{}:account",
                self.scene.subject.account
            )),
            Some(Target::ForeignInvitation { .. }) => handshake(partition.name()),
            Some(Target::Principal(who)) => Scene {
                kind: who.kind,
                ..self.scene
            }
            .principal_arn(),
        }
    }
}

/// `arn:P:organizations::ACCOUNT:handshake/o-ORGANIZATION/invite/h-HANDSHAKE`.
fn handshake(partition: &str) -> Glob {
    let times = |set, count| std::iter::repeat_n(Token::One(set), count);
    let mut glob = Glob::literal(&format!("arn:{partition}:organizations::"));
    glob.0.extend(times(Set::Digit, 12));
    glob.0.extend(Glob::literal(":handshake/o-").0);
    glob.0.extend(times(Set::LowerDigit, 10));
    glob.0.push(Token::Run(Set::LowerDigit));
    glob.0.extend(Glob::literal("/invite/h-").0);
    glob.0.extend(times(Set::LowerDigit, 8));
    glob.0.push(Token::Run(Set::LowerDigit));
    glob
}
