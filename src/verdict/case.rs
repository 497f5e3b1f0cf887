//! One account's stack and every path that members can take: the answers.

use super::answer::{Answer, Block, DenyNote, Hinge, NeverApplies, Opening, StatementRef, Verdict};
use super::exemptions::exemptions;
use super::stack::NodeStack;
use super::texts::{Text, Texts};
use super::witness::{confirmed, passes};
use crate::exits::{ActionSpec, Actor, ExitPath, ResourceShape};
use crate::model::organization::Account;
use crate::model::{AccountId, OrganizationId, PolicyId, Snapshot};
use crate::prove::{
    Budget, DECISION_STEPS, Dead, Decision, Kind, Level, Proof, Question, StatementAt, Subject,
    Target, decide_within, prove, review,
};
use crate::scp::{Document, Statement};

/// The stack of one account, root first.
pub(super) struct Case<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) account: &'a Account,
    texts: &'a Texts<'a>,
    stacks: &'a [NodeStack],
    pub(super) levels: Vec<Level<'a>>,
    /// What all that is decided about the account may take.
    pub(super) budget: Budget,
}

/// Less than a second, however the account's SCPs are written.
const ACCOUNT_STEPS: u64 = 4 * DECISION_STEPS;

impl<'a> Case<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        texts: &'a Texts<'a>,
        stacks: &'a [NodeStack],
        account: &'a Account,
    ) -> Self {
        Self {
            snapshot,
            account,
            texts,
            stacks,
            levels: stacks.iter().map(|stack| stack.level(texts)).collect(),
            budget: Budget::of(ACCOUNT_STEPS),
        }
    }

    /// One verdict for each path; exemptions are told and graded only if asked for.
    pub(super) fn verdicts(&self, grade: bool) -> Vec<Verdict> {
        let verdict = |path: &ExitPath| Verdict {
            path: path.id,
            answer: self.answer(path, grade),
            notes: self.notes(path),
        };
        ExitPath::of_members().map(verdict).collect()
    }

    pub(super) fn subject(&self) -> Subject<'a> {
        Subject {
            partition: self.snapshot.caller.partition,
            account: &self.account.id,
            organization: organization(self.snapshot),
            parents: self.account.parents.known().map(Vec::as_slice),
            now: self.snapshot.taken_at,
        }
    }

    /// The path's answer: all its actions must get through, for the same principal.
    ///
    /// The first action is the one whose own deny is beyond doubt. A deny of a further one
    /// alone leaves the answer to AWS's pages, which disagree (see [`Hinge::PagesDisagree`]).
    fn answer(&self, path: &ExitPath, grade: bool) -> Answer {
        let answer = self.quick(path);
        if let Answer::Undetermined(hinges) = &answer
            && hinges.iter().all(|hinge| {
                matches!(
                    hinge,
                    Hinge::Statement { .. } | Hinge::PagesDisagree | Hinge::Gap(_)
                )
            })
            && hinges != &[Hinge::PagesDisagree]
        {
            return self.exact(path, hinges, grade);
        }
        answer
    }

    /// The exact procedure, for what conditions leave open. Where something is missing, only
    /// "blocked" holds whatever the missing part says.
    fn exact(&self, path: &ExitPath, hinges: &[Hinge], grade: bool) -> Answer {
        let everything = Document::full_aws_access();
        let missing = hinges.iter().any(Hinge::is_gap);
        let mut stack = self.levels.clone();
        for level in stack.iter_mut().filter(|level| !level.allows_complete) {
            level.policies.push((usize::MAX, &everything));
        }
        let subject = self.subject();
        let kinds = kinds(path);
        let account = Some(&self.account.id);
        let questions: Vec<_> = path
            .actions
            .iter()
            .map(|action| question(self.snapshot, action, account))
            .collect();
        let decide = |questions: &[Question<'_>]| {
            self.budget
                .decision(|effort| decide_within(&stack, questions, &subject, kinds, effort))
        };
        let first = decide(questions.get(..1).unwrap_or_default());
        if let Decision::Blocked(by) = first {
            return Answer::Blocked(self.together(by));
        }
        if missing {
            return Answer::Undetermined(hinges.to_vec());
        }
        let all = if questions.len() == 1 {
            first
        } else {
            decide(&questions)
        };
        let passes = |one| passes(self, path, one);
        match all {
            Decision::Blocked(_) => Answer::Undetermined(vec![Hinge::PagesDisagree]),
            Decision::Open(example) if passes(&example) => {
                Answer::Open(Opening::NoGuard { dead: Vec::new() })
            }
            Decision::Conditional { through, denied }
                if through.iter().all(passes) && !passes(&denied) =>
            {
                Answer::Conditional {
                    exemptions: if grade {
                        exemptions(self, &through)
                    } else {
                        Vec::new()
                    },
                    hinges: hinges.to_vec(),
                }
            }
            Decision::Open(_) | Decision::Conditional { .. } => {
                Answer::Undetermined(vec![Hinge::EnginesDisagree])
            }
            Decision::Undetermined(_) => Answer::Undetermined(hinges.to_vec()),
        }
    }

    /// Denies of the path's first action, which alone is beyond doubt, that never apply or
    /// exempt nobody.
    fn notes(&self, path: &ExitPath) -> Vec<DenyNote> {
        let Some(action) = path.actions.first() else {
            return Vec::new();
        };
        let question = question(self.snapshot, action, Some(&self.account.id));
        let (subject, kinds) = (self.subject(), kinds(path));
        let reviews = self.budget.decision(|effort| {
            review(
                &self.levels,
                &question,
                &subject,
                kinds,
                names_service,
                effort,
            )
        });
        let mut notes: Vec<DenyNote> = reviews
            .into_iter()
            .filter(|review| review.dead.is_some() || !review.vacuous.is_empty())
            .map(|review| DenyNote {
                statement: self.reference(review.at),
                never: review.dead.map(|dead| match dead {
                    Dead::Resource => NeverApplies::Resource,
                    Dead::Condition(text) => NeverApplies::Condition(text),
                    Dead::CarvedOut(text) => NeverApplies::CarvedOut(text),
                }),
                vacuous: review.vacuous,
            })
            .collect();
        notes.sort();
        notes
    }

    fn together(&self, by: Vec<StatementAt>) -> Block {
        let mut by: Vec<StatementRef> = by.into_iter().map(|at| self.reference(at)).collect();
        by.sort();
        if by.len() == 1
            && let Some(one) = by.pop()
        {
            return Block::Deny(one);
        }
        Block::Together(by)
    }

    /// What action and resource alone decide, and otherwise what it hangs on.
    fn quick(&self, path: &ExitPath) -> Answer {
        let mut hinges = Vec::new();
        let mut opening = None;
        for (index, action) in path.actions.iter().enumerate() {
            let question = question(self.snapshot, action, Some(&self.account.id));
            match prove(&self.levels, &question) {
                Proof::Denied(at) if index == 0 => {
                    return Answer::Blocked(Block::Deny(self.reference(at)));
                }
                Proof::NotAllowed { level } if index == 0 => {
                    return Answer::Blocked(Block::NoAllow { level });
                }
                Proof::Denied(_) | Proof::NotAllowed { .. } => hinges.push(Hinge::PagesDisagree),
                Proof::Open { dead } => {
                    let dead = dead.into_iter().map(|at| self.reference(at)).collect();
                    if confirmed(self, path, action) {
                        opening = opening.or(Some(Opening::NoGuard { dead }));
                    } else {
                        hinges.push(Hinge::EnginesDisagree);
                    }
                }
                Proof::Undetermined {
                    hinges: statements,
                    incomplete,
                } => {
                    hinges.extend(statements.into_iter().map(|(at, why)| Hinge::Statement {
                        statement: self.reference(at),
                        why: why.iter().map(ToString::to_string).collect(),
                    }));
                    for level in incomplete
                        .into_iter()
                        .filter_map(|index| self.stacks.get(index))
                    {
                        let gaps = level.denies_missing.iter().chain(&level.allows_missing);
                        hinges.extend(gaps.cloned().map(Hinge::Gap));
                        hinges.extend(
                            level
                                .bad
                                .iter()
                                .cloned()
                                .map(|(policy, problem)| Hinge::BadPolicy { policy, problem }),
                        );
                    }
                }
            }
        }
        hinges.sort();
        hinges.dedup();
        match opening {
            Some(opening) if hinges.is_empty() => Answer::Open(opening),
            _ => Answer::Undetermined(hinges),
        }
    }

    fn reference(&self, at: StatementAt) -> StatementRef {
        let statement = match self.texts.text(at.policy) {
            Some(Text::Parsed(document)) => document.statements.get(at.statement),
            _ => None,
        };
        StatementRef {
            level: at.level,
            // INVARIANT: `at` was made from a handle of these texts.
            policy: self
                .texts
                .id(at.policy)
                .cloned()
                .unwrap_or_else(PolicyId::full_aws_access),
            policy_name: self.texts.name(at.policy).to_owned(),
            number: at.statement + 1,
            sid: statement.and_then(|statement| statement.sid.clone()),
            line: statement.map_or(1, |statement| statement.at.line),
            names_service: statement.is_some_and(names_service),
        }
    }
}

/// Who can take the path.
pub(super) fn kinds(path: &ExitPath) -> &'static [Kind] {
    match path.actor {
        Actor::MemberRoot => &[Kind::Root],
        Actor::Member | Actor::Management => &Kind::ALL,
    }
}

pub(super) fn organization(snapshot: &Snapshot) -> Option<&OrganizationId> {
    let known = snapshot.organization.known();
    known.map(|organization| &organization.id)
}

pub(super) fn question<'q>(
    snapshot: &'q Snapshot,
    action: &ActionSpec,
    account: Option<&'q AccountId>,
) -> Question<'q> {
    let partition = snapshot.caller.partition;
    let target = match action.resource {
        ResourceShape::None => Target::None,
        ResourceShape::Handshake => Target::ForeignInvitation {
            partition,
            own: organization(snapshot),
        },
        ResourceShape::Account => Target::Account {
            partition,
            id: account,
        },
    };
    Question {
        action: action.name,
        target,
    }
}

/// What action and resource alone say of one action below `stacks`.
pub(super) fn proof(
    snapshot: &Snapshot,
    texts: &Texts<'_>,
    stacks: &[NodeStack],
    action: &ActionSpec,
    account: Option<&AccountId>,
) -> Proof {
    let levels: Vec<_> = stacks.iter().map(|stack| stack.level(texts)).collect();
    prove(&levels, &question(snapshot, action, account))
}

/// Does the statement name Organizations or account management, rather than everything?
fn names_service(statement: &Statement) -> bool {
    let named = |pattern: &crate::scp::Pattern| {
        let text = pattern.as_str().to_ascii_lowercase();
        text.starts_with("organizations:") || text.starts_with("account:")
    };
    !statement.actions.negated && statement.actions.patterns.iter().any(named)
}
