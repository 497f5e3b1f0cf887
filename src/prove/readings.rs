//! Syntax whose meaning AWS does not document: each text may mean the one or the other.

use std::collections::BTreeMap;

use super::resource::Target;
use super::statement::{Covers, Why, actions};
use super::unsaid::unsaid;
use super::{Level, Question, StatementAt};
use crate::scp::{
    Base, Condition, Doubt, Operator, Pattern, PatternList, Statement, Version,
    wildcard_in_resource_type,
};

/// Texts of undocumented meaning that are tried both ways.
const MOST_READINGS: usize = 4;

/// One way to read what AWS's pages leave open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// Does an action or a resource with this text apply? By the doubt in words; the same for
    /// every request.
    pub(super) applies: BTreeMap<String, bool>,
    /// Does a condition of no documented meaning hold for some requests, nobody knows which?
    /// If not, it is read by the letter.
    pub(super) free: bool,
}

/// A statement that can touch the action.
pub(super) struct Touching<'a> {
    pub(super) at: StatementAt,
    pub(super) statement: &'a Statement,
    pub(super) version: Version,
    /// It may name the action or not.
    pub(super) doubt: Option<Why>,
    /// By condition.
    pub(super) conditions: Vec<Named<'a>>,
}

/// A condition of a statement that can touch the action.
pub(super) struct Named<'a> {
    pub(super) condition: &'a Condition,
    /// Its key in lower case.
    pub(super) key: String,
    /// What AWS's pages leave open about it.
    pub(super) doubt: Option<Why>,
}

impl<'a> Named<'a> {
    fn of(condition: &'a Condition) -> Self {
        Self {
            condition,
            key: condition.key.to_ascii_lowercase(),
            doubt: condition_doubt(condition),
        }
    }
}

/// By question: the statements that can touch its action.
pub(super) type Sliced<'a> = Vec<Vec<Touching<'a>>>;

/// [`touching`], for each question.
pub(super) fn sliced<'a>(levels: &'a [Level<'_>], questions: &[Question<'a>]) -> Sliced<'a> {
    let questions = questions.iter();
    questions
        .map(|question| touching(levels, question.action).collect())
        .collect()
}

/// Statements that can touch the action, from the root down. All others are left out of
/// every further step.
pub(super) fn touching<'a>(
    levels: &'a [Level<'_>],
    action: &'a str,
) -> impl Iterator<Item = Touching<'a>> + 'a {
    levels.iter().enumerate().flat_map(move |(level, stack)| {
        stack.policies.iter().flat_map(move |(policy, document)| {
            let numbered = document.statements.iter().enumerate();
            numbered.filter_map(move |(number, statement)| {
                let doubt = match actions(&statement.actions, action) {
                    Covers::None => return None,
                    Covers::All => None,
                    Covers::Some(why) => Some(why),
                };
                Some(Touching {
                    at: StatementAt {
                        level,
                        policy: *policy,
                        statement: number,
                    },
                    statement,
                    version: document.version,
                    doubt,
                    conditions: statement.conditions.iter().map(Named::of).collect(),
                })
            })
        })
    })
}

/// Every reading, the one of the letter first; `Err` with the reasons if there are too many.
pub(super) fn readings(
    sliced: &Sliced<'_>,
    questions: &[Question<'_>],
) -> Result<(Vec<Reading>, Vec<Why>), Vec<Why>> {
    let mut reasons: Vec<Why> = Vec::new();
    for (question, touching) in questions.iter().zip(sliced) {
        for one in touching {
            for why in doubts(one, &question.target) {
                if !reasons.contains(&why) {
                    reasons.push(why);
                }
            }
        }
    }
    let constant = reasons.iter().filter(|why| !is_about_condition(why));
    let constant: Vec<&Why> = constant.collect();
    if constant.len() > MOST_READINGS {
        return Err(reasons);
    }
    // Whatever a condition means, at each request it holds or it does not: so an answer that
    // stands with such conditions left open holds for the letter too, which only has to give
    // the witnesses.
    let free = constant.len() < reasons.len();
    let reading = |bits: usize, free: bool| {
        let turned = |index: usize| bits & (1 << index) != 0;
        let each = constant.iter().enumerate();
        let applies =
            each.map(|(index, why)| (why.to_string(), by_the_letter(why) != turned(index)));
        Reading {
            applies: applies.collect(),
            free,
        }
    };
    let mut all: Vec<Reading> = (0..1_usize << constant.len())
        .map(|bits| reading(bits, free))
        .collect();
    if free {
        all.insert(0, reading(0, false));
    }
    Ok((all, reasons))
}

fn is_about_condition(why: &Why) -> bool {
    matches!(
        why,
        Why::Unclear(_) | Why::Unsaid(..) | Why::Undocumented(Doubt::OperatorSpelling(_))
    )
}

/// What `evaluate` takes the text to mean.
fn by_the_letter(why: &Why) -> bool {
    matches!(
        why,
        Why::NotResourceWithoutResources
            | Why::Undocumented(
                Doubt::WildcardService(_)
                    | Doubt::WildcardInResourceType(_)
                    | Doubt::EmptyCondition(_)
            )
    )
}

fn doubts(one: &Touching<'_>, target: &Target<'_>) -> Vec<Why> {
    let mut doubts: Vec<Why> = one.doubt.iter().cloned().collect();
    doubts.extend(resource_doubts(&one.statement.resources, target));
    doubts.extend(one.conditions.iter().filter_map(|one| one.doubt.clone()));
    doubts.extend(empty_conditions(one.statement));
    doubts
}

/// Operators and keys that compare with nothing.
pub(super) fn empty_conditions(statement: &Statement) -> impl Iterator<Item = Why> {
    let empty = |doubt: &&Doubt| matches!(doubt, Doubt::EmptyCondition(_));
    let found = statement.doubts.iter().filter(empty);
    found.cloned().map(Why::Undocumented)
}

/// Doubts about a whole list, or about patterns of it.
fn resource_doubts(list: &PatternList, target: &Target<'_>) -> Vec<Why> {
    if list.patterns.iter().any(Pattern::is_star) {
        return Vec::new();
    }
    if *target == Target::None && list.negated {
        return vec![Why::NotResourceWithoutResources];
    }
    let patterns = list.patterns.iter();
    let doubts = patterns.filter_map(|pattern| pattern_doubt(pattern, target));
    doubts.collect()
}

/// A doubt about one pattern of a resource list.
pub(super) fn pattern_doubt(pattern: &Pattern, target: &Target<'_>) -> Option<Why> {
    let text = pattern.as_str();
    let doubt = if text.splitn(6, ':').count() < 6 {
        Doubt::IncompleteArn(text.to_owned())
    } else if *target != Target::None && wildcard_in_resource_type(pattern) {
        Doubt::WildcardInResourceType(text.to_owned())
    } else {
        return None;
    };
    Some(Why::Undocumented(doubt))
}

/// A condition that AWS's pages leave open.
pub(super) fn condition_doubt(condition: &Condition) -> Option<Why> {
    let spelled = Operator::read(&condition.operator_text).is_some_and(|(_, exact)| exact);
    let base = condition.operator.base;
    let null_in_set = base == Base::Null && condition.operator.set.is_some();
    let flags = matches!(base, Base::Null | Base::Bool) && condition.values.len() > 1;
    let no_value = condition.values.is_empty()
        && condition.operator.set.is_none()
        && !condition.operator.if_exists;
    let arn = matches!(
        base,
        Base::ArnEquals | Base::ArnLike | Base::ArnNotEquals | Base::ArnNotLike
    );
    let short = |value: &String| value.splitn(6, ':').count() < 6;
    let short_arn = arn && condition.values.iter().any(short);
    if !spelled {
        let text = condition.to_string();
        return Some(Why::Undocumented(Doubt::OperatorSpelling(text)));
    }
    if null_in_set || flags || no_value || short_arn {
        return Some(Why::Unclear(condition.to_string()));
    }
    let unsaid = unsaid(condition)?;
    Some(Why::Unsaid(condition.to_string(), unsaid))
}
