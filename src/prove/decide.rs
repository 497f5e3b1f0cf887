//! From statements to a formula for each kind of principal, and its answer for all requests.

use std::collections::BTreeMap;

use super::compile::{Family, family, pattern};
use super::domain::{Kind, Subject, Values, values};
use super::glob::{Glob, Set, Token};
use super::key::{KeyClass, Test, key_classes};
use super::resource::Target;
use super::solve::{Clause, Formula, Found, Literal, find, passes};
use super::statement::{Covers, Why, actions};
use super::{Level, Question, StatementAt};
use crate::scp::{Condition, Doubt, Effect, PatternList, Statement, Version};

/// Joint states of one key's patterns.
const STATE_BUDGET: usize = 20_000;
/// Nodes of one search.
const NODE_BUDGET: usize = 100_000;
/// Readings of undocumented syntax that are tried one by one.
const MOST_READINGS: usize = 4;

/// A request that gets through: `None` in the context means that the key is absent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Example {
    /// The kind of principal.
    pub kind: Kind,
    /// Its ARN, as `aws:PrincipalArn`.
    pub principal: String,
    /// `*` or an ARN.
    pub resource: String,
    /// Every condition key that the statements name, in lower case.
    pub context: BTreeMap<String, Option<Vec<String>>>,
    /// What lets it through, in words.
    pub because: Vec<String>,
}

/// The answer over every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing gets through; these denies suffice (none: nothing is allowed at some level).
    Blocked(Vec<StatementAt>),
    /// Everything gets through.
    Open(Example),
    /// Some do: one example for each kind of principal that does, and one request that does not.
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
    let mut readings: Vec<String> = Vec::new();
    let mut reasons: Vec<Why> = Vec::new();
    for question in questions {
        collect_readings(levels, question, &mut readings, &mut reasons);
    }
    if readings.len() > MOST_READINGS {
        return Decision::Undetermined(reasons);
    }
    let mut answer: Option<Decision> = None;
    for reading in 0..1_usize << readings.len() {
        let taken: BTreeMap<&str, bool> = readings
            .iter()
            .enumerate()
            .map(|(index, text)| (text.as_str(), reading & (1 << index) != 0))
            .collect();
        let one = one_reading(levels, questions, subject, kinds, &taken);
        match (&answer, one) {
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

/// Statements that can touch the action, with their levels.
fn touching<'a>(
    levels: &'a [Level<'_>],
    question: &'a Question<'_>,
) -> impl Iterator<Item = (StatementAt, &'a Statement, Version, Option<Why>)> + 'a {
    levels.iter().enumerate().flat_map(move |(level, stack)| {
        stack.policies.iter().flat_map(move |(policy, document)| {
            document
                .statements
                .iter()
                .enumerate()
                .filter_map(move |(statement, body)| {
                    let at = StatementAt {
                        level,
                        policy: *policy,
                        statement,
                    };
                    match actions(&body.actions, question.action) {
                        Covers::None => None,
                        Covers::All => Some((at, body, document.version, None)),
                        Covers::Some(why) => Some((at, body, document.version, Some(why))),
                    }
                })
        })
    })
}

/// Syntax whose meaning AWS does not document: each text may mean the one or the other, the
/// same for every request.
fn collect_readings(
    levels: &[Level<'_>],
    question: &Question<'_>,
    readings: &mut Vec<String>,
    reasons: &mut Vec<Why>,
) {
    for (_, statement, _, doubt) in touching(levels, question) {
        let mut doubts: Vec<Why> = doubt.into_iter().collect();
        doubts.extend(resource_doubts(&statement.resources, &question.target));
        doubts.extend(statement.conditions.iter().filter_map(condition_doubt));
        doubts.extend(
            statement
                .doubts
                .iter()
                .filter(|doubt| matches!(doubt, Doubt::EmptyCondition(_)))
                .cloned()
                .map(Why::Undocumented),
        );
        for why in doubts {
            let text = why.to_string();
            if !readings.contains(&text) {
                readings.push(text);
                reasons.push(why);
            }
        }
    }
}

fn resource_doubts(list: &PatternList, target: &Target<'_>) -> Option<Why> {
    if *target == Target::None
        && list.negated
        && !list.patterns.iter().any(|pattern| pattern.as_str() == "*")
    {
        return Some(Why::NotResourceWithoutResources);
    }
    let incomplete = |text: &str| text != "*" && text.splitn(6, ':').count() < 6;
    let first = list
        .patterns
        .iter()
        .find(|pattern| incomplete(pattern.as_str()))?;
    Some(Why::Undocumented(Doubt::IncompleteArn(first.to_string())))
}

/// A condition that AWS's pages leave open.
fn condition_doubt(condition: &Condition) -> Option<Why> {
    use crate::scp::{Base, Operator};
    let spelled = Operator::read(&condition.operator_text).is_some_and(|(_, exact)| exact);
    let base = condition.operator.base;
    let null_in_set = base == Base::Null && condition.operator.set.is_some();
    let flags = matches!(base, Base::Null | Base::Bool) && condition.values.len() > 1;
    let no_value = condition.values.is_empty() && condition.operator.set.is_none();
    let short_arn = matches!(
        base,
        Base::ArnEquals | Base::ArnLike | Base::ArnNotEquals | Base::ArnNotLike
    ) && condition
        .values
        .iter()
        .any(|value| value.splitn(6, ':').count() < 6);
    if !spelled || null_in_set || flags || no_value || short_arn {
        return Some(if spelled {
            Why::Unclear(condition.to_string())
        } else {
            Why::Undocumented(Doubt::OperatorSpelling(condition.to_string()))
        });
    }
    None
}

/// Builds the formula of one kind under one reading, and its keys.
struct Builder<'a> {
    questions: &'a [Question<'a>],
    subject: &'a Subject<'a>,
    kind: Kind,
    taken: &'a BTreeMap<&'a str, bool>,
    names: Vec<String>,
    tests: Vec<Vec<Test>>,
    /// Tests that nothing is known of, as keys of their own.
    free: Vec<String>,
}

/// What a statement's list or condition comes to.
enum Part {
    Always,
    Never,
    Literal(Literal),
}

const RESOURCE: &str = "resource";

impl<'a> Builder<'a> {
    fn key(&mut self, name: &str) -> usize {
        if let Some(index) = self.names.iter().position(|known| known == name) {
            return index;
        }
        self.names.push(name.to_owned());
        self.tests.push(Vec::new());
        self.names.len() - 1
    }

    fn literal(&mut self, name: &str, test: Test) -> Literal {
        let key = self.key(name);
        let Some(tests) = self.tests.get_mut(key) else {
            return Literal { key, test: 0 };
        };
        let index = tests
            .iter()
            .position(|known| *known == test)
            .unwrap_or_else(|| {
                tests.push(test);
                tests.len() - 1
            });
        Literal { key, test: index }
    }

    /// A literal of which nothing is known; the same for the same text, and the opposite for
    /// its complement.
    fn unknown(&mut self, text: &str, negated: bool) -> Literal {
        let name = format!("\u{0}{text}");
        if !self.free.contains(&name) {
            self.free.push(name.clone());
        }
        Literal {
            key: self.key(&name),
            test: usize::from(negated),
        }
    }

    /// A condition of which nothing is known. A negated operator is the complement of its
    /// positive form, absent keys included, unless something else is added to it.
    fn unknown_condition(&mut self, condition: &Condition) -> Literal {
        let operator = condition.operator;
        let (family, negated) = family(operator.base);
        if operator.set.is_some() || operator.if_exists {
            return self.unknown(&condition.to_string(), false);
        }
        let key = condition.key.to_ascii_lowercase();
        self.unknown(&format!("{family:?} {key} {:?}", condition.values), negated)
    }

    fn condition(&mut self, condition: &Condition, version: Version) -> Part {
        if let Some(why) = condition_doubt(condition) {
            return self.reading(&why);
        }
        let key = condition.key.to_ascii_lowercase();
        let held = values(&key, self.kind, self.subject);
        if held == Values::Absent {
            return Part::Literal(self.literal(&key, Test::of_absent(condition)));
        }
        let multi = match held {
            Values::Texts { .. } => true,
            Values::Constant(_) => key == "aws:principalorgpaths",
            _ => false,
        };
        let presence = condition.operator.base == crate::scp::Base::Null;
        // A plain operator on a key with several values: AWS documents no meaning.
        if multi && condition.operator.set.is_none() && !presence {
            return Part::Literal(self.unknown_condition(condition));
        }
        match Test::compile(condition, version, self.subject) {
            Some(test) => Part::Literal(self.literal(&key, test)),
            None => Part::Literal(self.unknown_condition(condition)),
        }
    }

    fn reading(&mut self, why: &Why) -> Part {
        match self.taken.get(why.to_string().as_str()) {
            Some(true) => Part::Always,
            _ => Part::Never,
        }
    }

    fn resources(&mut self, list: &PatternList, version: Version, target: &Target<'_>) -> Part {
        if let Some(why) = resource_doubts(list, target) {
            return self.reading(&why);
        }
        let star = list.patterns.iter().any(|pattern| pattern.as_str() == "*");
        if star || *target == Target::None {
            return if star == list.negated {
                Part::Never
            } else {
                Part::Always
            };
        }
        let compiled = list
            .patterns
            .iter()
            .map(|one| pattern(Family::Arn, one.as_str(), version, self.subject));
        match compiled.collect::<Option<Vec<Glob>>>() {
            Some(patterns) => {
                let test = Test::resource(patterns, list.negated);
                Part::Literal(self.literal(RESOURCE, test))
            }
            None => Part::Literal(self.unknown(&format!("{list:?}"), false)),
        }
    }

    fn clause(
        &mut self,
        at: StatementAt,
        statement: &Statement,
        version: Version,
        doubt: Option<Why>,
        target: &Target<'_>,
    ) -> Option<Clause> {
        let mut parts = Vec::new();
        if let Some(why) = doubt {
            parts.push(self.reading(&why));
        }
        for doubt in &statement.doubts {
            if matches!(doubt, Doubt::EmptyCondition(_)) {
                parts.push(self.reading(&Why::Undocumented(doubt.clone())));
            }
        }
        parts.push(self.resources(&statement.resources, version, target));
        for condition in &statement.conditions {
            parts.push(self.condition(condition, version));
        }
        let mut literals = Vec::new();
        for part in parts {
            match part {
                Part::Always => {}
                Part::Never => return None,
                Part::Literal(literal) => literals.push(literal),
            }
        }
        Some(Clause { at, literals })
    }

    fn formula(&mut self, levels: &'a [Level<'a>]) -> Formula {
        let mut formula = Formula::default();
        for question in self.questions {
            let first = formula.allows.len();
            formula.allows.extend(vec![Vec::new(); levels.len()]);
            for (at, statement, version, doubt) in touching(levels, question) {
                let clause = self.clause(at, statement, version, doubt, &question.target);
                let Some(clause) = clause else { continue };
                match statement.effect {
                    Effect::Deny => formula.denies.push(clause),
                    Effect::Allow => {
                        if let Some(level) = formula.allows.get_mut(first + at.level) {
                            level.push(clause);
                        }
                    }
                }
            }
        }
        formula
    }

    /// The classes of every key; the flag says whether those are all.
    fn classes(&self) -> (Vec<Vec<KeyClass>>, bool) {
        let mut complete = true;
        let either = || {
            [false, true]
                .map(|outcome| KeyClass {
                    values: None,
                    outcomes: vec![outcome, !outcome],
                })
                .to_vec()
        };
        let classes = self
            .names
            .iter()
            .zip(&self.tests)
            .map(|(name, tests)| {
                if self.free.contains(name) {
                    return either();
                }
                if name == RESOURCE {
                    let (classes, all) = self.resource_classes(tests);
                    complete &= all;
                    return classes;
                }
                let held = values(name, self.kind, self.subject);
                let Some((classes, all)) = key_classes(&held, tests, STATE_BUDGET) else {
                    complete = false;
                    return Vec::new();
                };
                complete &= all;
                classes
            })
            .collect();
        (classes, complete)
    }

    /// The classes of the resource; an invitation of the own organization is no exit.
    fn resource_classes(&self, tests: &[Test]) -> (Vec<KeyClass>, bool) {
        let mut own = tests.to_vec();
        own.push(Test::resource(
            self.own_invitations().into_iter().collect(),
            false,
        ));
        let Some((mut classes, complete)) = key_classes(&self.resource(), &own, STATE_BUDGET)
        else {
            return (Vec::new(), false);
        };
        classes.retain_mut(|class| class.outcomes.pop() == Some(false));
        (classes, complete)
    }

    fn own_invitations(&self) -> Option<Glob> {
        let own = self
            .questions
            .iter()
            .find_map(|question| match question.target {
                Target::ForeignInvitation { own, .. } => own,
                _ => None,
            })?;
        let partition = self.subject.partition;
        let text = format!("arn:{partition}:organizations::*:handshake/{own}/*");
        pattern(Family::Arn, &text, crate::scp::Version::V2012, self.subject)
    }

    /// What the questions act on; at most one of them acts on an ARN.
    fn resource(&self) -> Values {
        let partition = self.subject.partition;
        let targets = self.questions.iter().map(|question| &question.target);
        let shape = match targets.into_iter().find(|target| **target != Target::None) {
            None | Some(Target::None) => Glob::literal("*"),
            Some(Target::Account { .. }) => Glob::literal(&format!(
                "arn:{partition}:account::{}:account",
                self.subject.account
            )),
            Some(Target::ForeignInvitation { .. }) => handshake(partition.name()),
        };
        Values::Text {
            shape,
            optional: false,
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

fn one_reading(
    levels: &[Level<'_>],
    questions: &[Question<'_>],
    subject: &Subject<'_>,
    kinds: &[Kind],
    taken: &BTreeMap<&str, bool>,
) -> Decision {
    let mut through = Vec::new();
    let mut denied = None;
    let mut by: Vec<StatementAt> = Vec::new();
    for kind in kinds {
        let mut builder = Builder {
            questions,
            subject,
            kind: *kind,
            taken,
            names: Vec::new(),
            tests: Vec::new(),
            free: Vec::new(),
        };
        let formula = builder.formula(levels);
        let (keys, complete) = builder.classes();
        let give_up = || Decision::Undetermined(vec![Why::TooComplex]);
        if keys.iter().any(Vec::is_empty) {
            return give_up();
        }
        match find(&formula, &keys, true, NODE_BUDGET) {
            Found::GaveUp => return give_up(),
            Found::No if !complete => return give_up(),
            Found::No => by.extend(sufficient(&formula, &keys)),
            Found::Yes(assignment) => {
                if rests_on_unknown(&builder, &formula, &keys, &assignment) {
                    return Decision::Undetermined(unknowns(&builder));
                }
                through.push(example(&builder, &formula, &keys, &assignment));
            }
        }
        match find(&formula, &keys, false, NODE_BUDGET) {
            Found::GaveUp => return give_up(),
            Found::No if !complete => return give_up(),
            Found::No => {}
            Found::Yes(assignment) => {
                if rests_on_unknown(&builder, &formula, &keys, &assignment) && denied.is_none() {
                    return Decision::Undetermined(unknowns(&builder));
                }
                denied = denied.or_else(|| Some(example(&builder, &formula, &keys, &assignment)));
            }
        }
    }
    by.sort();
    by.dedup();
    match (through.first().cloned(), denied) {
        (None, _) => Decision::Blocked(by),
        (Some(first), None) => Decision::Open(first),
        (Some(_), Some(denied)) => Decision::Conditional { through, denied },
    }
}

/// Would another value of what nothing is known of change the outcome?
fn rests_on_unknown(
    builder: &Builder<'_>,
    formula: &Formula,
    keys: &[Vec<KeyClass>],
    assignment: &[usize],
) -> bool {
    let outcome = passes(formula, keys, assignment);
    builder
        .names
        .iter()
        .enumerate()
        .filter(|(_, name)| builder.free.contains(name))
        .any(|(key, _)| {
            let mut other = assignment.to_vec();
            if let Some(class) = other.get_mut(key) {
                *class = 1 - (*class).min(1);
            }
            passes(formula, keys, &other) != outcome
        })
}

fn unknowns(builder: &Builder<'_>) -> Vec<Why> {
    builder
        .free
        .iter()
        .map(|text| Why::Unclear(text.trim_start_matches('\u{0}').to_owned()))
        .collect()
}

/// Denies that suffice: each that can be left out is.
fn sufficient(formula: &Formula, keys: &[Vec<KeyClass>]) -> Vec<StatementAt> {
    let mut needed = formula.clone();
    let mut index = 0;
    while index < needed.denies.len() && formula.denies.len() <= 32 {
        let mut fewer = needed.clone();
        // Later ones first, so that what hangs highest stays.
        let last = fewer.denies.len() - 1 - index;
        fewer.denies.remove(last);
        if find(&fewer, keys, true, NODE_BUDGET) == Found::No {
            needed = fewer;
        } else {
            index += 1;
        }
    }
    needed.denies.into_iter().map(|clause| clause.at).collect()
}

fn example(
    builder: &Builder<'_>,
    formula: &Formula,
    keys: &[Vec<KeyClass>],
    assignment: &[usize],
) -> Example {
    let class = |key: usize| {
        keys.get(key)
            .and_then(|classes| classes.get(*assignment.get(key)?))
    };
    let held = |name: &str| {
        let key = builder.names.iter().position(|known| known == name)?;
        class(key)?.values.as_ref()?.first().cloned()
    };
    let default = |held: &Values| {
        let (classes, _) = key_classes(held, &[], STATE_BUDGET)?;
        classes
            .into_iter()
            .find_map(|class| class.values?.into_iter().next())
    };
    let arn = values("aws:principalarn", builder.kind, builder.subject);
    let principal = held("aws:principalarn")
        .or_else(|| default(&arn))
        .unwrap_or_default();
    let resource = held(RESOURCE)
        .or_else(|| {
            let (classes, _) = builder.resource_classes(&[]);
            classes
                .into_iter()
                .find_map(|class| class.values?.into_iter().next())
        })
        .unwrap_or_default();
    let mut context = BTreeMap::new();
    let mut because = Vec::new();
    for (key, name) in builder.names.iter().enumerate() {
        let (Some(class), false) = (class(key), builder.free.contains(name)) else {
            continue;
        };
        if name != RESOURCE {
            context.insert(name.clone(), class.values.clone());
        }
        if matters(formula, keys, assignment, key) {
            because.push(words(name, class, builder.kind));
        }
    }
    Example {
        kind: builder.kind,
        principal,
        resource,
        context,
        because,
    }
}

/// Does another class of this key change the outcome?
fn matters(formula: &Formula, keys: &[Vec<KeyClass>], assignment: &[usize], key: usize) -> bool {
    let outcome = passes(formula, keys, assignment);
    let count = keys.get(key).map_or(0, Vec::len);
    (0..count).any(|class| {
        let mut other = assignment.to_vec();
        if let Some(slot) = other.get_mut(key) {
            *slot = class;
        }
        passes(formula, keys, &other) != outcome
    })
}

fn words(name: &str, class: &KeyClass, kind: Kind) -> String {
    match &class.values {
        None => format!("{name} is absent"),
        Some(values) if name == "aws:principalarn" => {
            format!("{} such as {}", kind.words(), values.join(", "))
        }
        Some(values) => format!("{name} is {}", values.join(", ")),
    }
}
