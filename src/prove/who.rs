//! A set of principals by what lets them through, and who else could become one of them.

use super::compare::Test;
use super::domain::{Given, Kind, Scene, Service, Subject};
use super::effort::Effort;
use super::formula::{Builder, PRINCIPAL, RESOURCE};
use super::key::Memo;
use super::readings::{readings, sliced};
use super::resource::Target;
use super::solve::{Found, find};
use super::{Level, Question};

/// Whom an exemption lets through: principals of one kind, and facts about their requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    pub(super) kind: Kind,
    /// Key, test, and its outcome.
    pub(super) facts: Vec<(String, Test, bool)>,
}

impl Selection {
    /// The kind of principal.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The condition keys that the facts are about, in lower case.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let named = self.facts.iter().map(|fact| fact.0.as_str());
        named.filter(|name| *name != RESOURCE)
    }

    /// Only the facts about who the principal is.
    fn of_principal(&self) -> Self {
        let facts = self.facts.iter();
        Self {
            kind: self.kind,
            facts: facts
                .filter(|fact| is_about_principal(&fact.0))
                .cloned()
                .collect(),
        }
    }
}

/// Is the key about who calls, rather than about how?
fn is_about_principal(key: &str) -> bool {
    key == PRINCIPAL || key.starts_with("aws:principaltag/")
}

/// Is it proved that nobody but the `exempt` can call all of the `actions` on a principal of
/// `who`, in the same request?
///
/// With `tag` (in lower case), the request sets that tag to a value that `who` may carry: any
/// of them, in any case of the key and beside any other tags.
pub fn guarded(
    levels: &[Level<'_>],
    subject: &Subject<'_>,
    exempt: &[Selection],
    who: &Selection,
    actions: &[&str],
    tag: Option<&str>,
    effort: &mut Effort,
) -> bool {
    let given = Given::new();
    let mut questions: Vec<Question<'_>> = Vec::with_capacity(actions.len());
    for action in actions {
        questions.push(Question {
            action,
            target: Target::Principal(who),
        });
    }
    let sliced = sliced(levels, &questions);
    let Ok((readings, _)) = readings(&sliced, &questions) else {
        return false;
    };
    readings.iter().all(|reading| {
        Kind::ALL.iter().all(|kind| {
            let scene = Scene {
                subject,
                kind: *kind,
                service: Service::of(actions.iter().copied()),
                given: &given,
                tag,
            };
            let mut builder = Builder::new(&questions, scene, reading);
            let mut formula = builder.formula(&sliced, levels.len());
            for one in exempt.iter().filter(|one| one.kind == *kind) {
                let principal = one.of_principal();
                // Facts about the request alone tell no principal apart from the others.
                if !principal.facts.is_empty() || one.facts.is_empty() {
                    formula.denies.push(builder.of_selection(&principal));
                }
            }
            if let Some(tag) = tag {
                // Another value of the tag is of no use.
                formula.denies.extend(builder.tagged_otherwise(who, tag));
            }
            let (keys, complete) = builder.classes(&mut Memo::default(), effort);
            complete && find(&formula, &keys, true, &[], effort) == Found::No
        })
    })
}
