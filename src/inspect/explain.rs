//! From the root down to an account: each SCP, each statement, and what follows from them.

use super::ask::{Asked, ask_within};
use super::pins::Pins;
use super::request::{Context, Witness, whole};
use super::stack::{Stack, Whose, document};
use super::statement::{Match, matches};
use super::verify::own;
use crate::exits::{ActionSpec, Actor, ExitPath, ResourceShape};
use crate::model::organization::Account;
use crate::model::{NodeId, PolicyId, Snapshot};
use crate::prove::{Budget, DECISION_STEPS, Kind, Question, Target};
use crate::scp::{Dialect, Effect, parse};
use crate::verdict::{
    self, Answer, Exemption, Hanging, Hinge, NoScps, Opening, Standing, StatementRef, hanging,
};

/// Everything that `explain` shows of an account.
#[derive(Debug, Clone)]
pub struct Explained {
    /// Root first, the account last; empty for accounts that no SCP binds.
    pub nodes: Vec<Node>,
    /// One answer for each way out that was asked about.
    pub paths: Vec<PathAnswer>,
}

/// A node on the way and what hangs there.
#[derive(Debug, Clone)]
pub struct Node {
    /// The node.
    pub id: NodeId,
    /// How it is called; may hold untrusted text.
    pub label: String,
    /// Its SCPs, by id.
    pub policies: Vec<Shown>,
    /// What could not be read there.
    pub missing: Vec<String>,
}

/// An SCP.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its id.
    pub id: PolicyId,
    /// Its name: untrusted text.
    pub name: String,
    /// Managed by AWS.
    pub aws_managed: bool,
    /// Its statements.
    pub statements: Vec<Held>,
    /// Why its text cannot be used.
    pub problem: Option<String>,
}

/// A statement and what it does.
#[derive(Debug, Clone)]
pub struct Held {
    /// Number within its policy, from one.
    pub number: usize,
    /// Its `Sid`: untrusted text.
    pub sid: Option<String>,
    /// Allow or deny.
    pub effect: Effect,
    /// Line of the policy's text.
    pub line: usize,
    /// Its text as it stands in the policy: untrusted text.
    pub text: String,
    /// One entry for each action that was asked about.
    pub on: Vec<OnPath>,
}

/// Which requests for an action a statement applies to.
#[derive(Debug, Clone)]
pub struct OnPath {
    /// The action.
    pub action: &'static str,
    /// The answer.
    pub found: Match,
}

/// The verdict for a way out and what it rests on.
#[derive(Debug, Clone)]
pub struct PathAnswer {
    /// The way out.
    pub path: &'static ExitPath,
    /// The verdict's word.
    pub verdict: &'static str,
    /// Does it hang on a fact that could not be read?
    pub gap: bool,
    /// Why, in sentences; may hold untrusted text.
    pub because: Vec<String>,
    /// The fewest statements that block, in sentences; may hold untrusted text.
    pub sufficient: Vec<String>,
    /// Who gets through, in words.
    pub exemptions: Vec<String>,
    /// Requests that get through, one for each action and exemption.
    pub witnesses: Vec<Witness>,
}

/// What all decisions beside the verdicts may take: together with those less than two seconds.
const ACCOUNT_STEPS: u64 = 2 * DECISION_STEPS;

/// Explains an account of a snapshot.
pub fn explain(snapshot: &Snapshot, account: &Account, paths: &[&'static ExitPath]) -> Explained {
    let judged = verdict::judge_one(snapshot, &account.id);
    let standing = judged.as_ref();
    // The reasons first: the statements one by one are what can be many.
    let budget = Budget::of(ACCOUNT_STEPS);
    let whose = Whose::account(snapshot, account);
    let stack = Stack::of_account(snapshot, account);
    let chain = match standing {
        Some(Standing::Member { chain, .. }) => chain.clone(),
        _ => Vec::new(),
    };
    let nodes = hanging(snapshot, &chain);
    let paths_told = paths.iter().map(|path| {
        let cx = Cx {
            snapshot,
            account,
            stack: &stack,
            whose: &whose,
            path,
            budget: &budget,
        };
        cx.answer(standing)
    });
    let paths_told = paths_told.collect();
    let nodes = nodes.iter();
    Explained {
        nodes: nodes
            .map(|hanging| node(snapshot, hanging, &whose, paths, &budget))
            .collect(),
        paths: paths_told,
    }
}

fn node(
    snapshot: &Snapshot,
    hanging: &Hanging,
    whose: &Whose,
    paths: &[&'static ExitPath],
    budget: &Budget,
) -> Node {
    let readable = hanging.policies.iter().map(|id| (id, None));
    let bad = hanging.bad.iter().map(|(id, why)| (id, Some(why.clone())));
    let mut missing: Vec<String> = hanging
        .denies_missing
        .iter()
        .chain(&hanging.allows_missing)
        .map(ToString::to_string)
        .collect();
    missing.sort();
    missing.dedup();
    Node {
        id: hanging.node.clone(),
        label: snapshot.called(&hanging.node),
        policies: readable
            .chain(bad)
            .map(|(id, problem)| shown(snapshot, id, problem, whose, paths, budget))
            .collect(),
        missing,
    }
}

fn shown(
    snapshot: &Snapshot,
    id: &PolicyId,
    problem: Option<String>,
    whose: &Whose,
    paths: &[&'static ExitPath],
    budget: &Budget,
) -> Shown {
    let policy = snapshot.policies.get(id);
    let text = policy
        .and_then(|policy| policy.content.known())
        .map_or("", String::as_str);
    let document = parse(text, Dialect::Scp).ok().or(document(snapshot, id));
    let statements = document.iter().flat_map(|document| {
        let statements = document.statements.iter().enumerate();
        statements.map(|(index, statement)| Held {
            number: index + 1,
            sid: statement.sid.clone(),
            effect: statement.effect,
            line: statement.at.line,
            text: text
                .get(statement.range.clone())
                .filter(|text| !text.is_empty())
                .unwrap_or(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#)
                .to_owned(),
            on: actions(paths)
                .into_iter()
                .map(|(spec, actor)| OnPath {
                    action: spec.name,
                    found: matches(
                        statement,
                        document.version,
                        &question(spec, whose),
                        whose,
                        kinds(actor),
                        budget,
                    ),
                })
                .collect(),
        })
    });
    Shown {
        id: id.clone(),
        name: policy.map_or_else(String::new, |policy| policy.name.clone()),
        aws_managed: policy.is_some_and(|policy| policy.aws_managed),
        statements: statements.collect(),
        problem,
    }
}

/// Every action of the paths once, with who calls it.
fn actions(paths: &[&'static ExitPath]) -> Vec<(&'static ActionSpec, Actor)> {
    let mut actions: Vec<(&ActionSpec, Actor)> = Vec::new();
    for path in paths {
        for spec in path.actions {
            if !actions.iter().any(|(known, _)| known.name == spec.name) {
                actions.push((spec, path.actor));
            }
        }
    }
    actions
}

fn kinds(actor: Actor) -> &'static [Kind] {
    match actor {
        Actor::MemberRoot => &[Kind::Root],
        Actor::Member | Actor::Management => &Kind::ALL,
    }
}

fn question<'a>(spec: &ActionSpec, whose: &'a Whose) -> Question<'a> {
    let partition = whose.partition;
    let target = match spec.resource {
        ResourceShape::None => Target::None,
        ResourceShape::Handshake => Target::ForeignInvitation {
            partition,
            own: whose.organization.as_ref(),
        },
        ResourceShape::Account => Target::Account {
            partition,
            id: Some(&whose.account),
        },
    };
    Question {
        action: spec.name,
        target,
    }
}

struct Cx<'a> {
    snapshot: &'a Snapshot,
    account: &'a Account,
    stack: &'a Stack,
    whose: &'a Whose,
    path: &'static ExitPath,
    budget: &'a Budget,
}

impl Cx<'_> {
    fn answer(&self, standing: Option<&Standing>) -> PathAnswer {
        let mut told = PathAnswer {
            path: self.path,
            verdict: standing.map_or("undetermined", |one| one.word(self.path.id)),
            gap: false,
            because: Vec::new(),
            sufficient: Vec::new(),
            exemptions: Vec::new(),
            witnesses: Vec::new(),
        };
        let Some(answer) = standing.and_then(|one| one.verdict(self.path.id)) else {
            told.because.push(match standing {
                Some(Standing::Management) => {
                    "no SCP binds the management account, and it cannot leave".to_owned()
                }
                Some(Standing::NotActing(state)) => {
                    format!("the account is {} and can no longer act", state.as_str())
                }
                _ => "the account was not judged".to_owned(),
            });
            return told;
        };
        match answer {
            Answer::Blocked(_) => {
                let first = self.path.actions.first();
                if let Some(asked) = first.map(|spec| self.asked(spec)) {
                    let answer = ask_within(self.stack, self.whose, &asked, self.budget);
                    let labels = answer.sufficient.iter();
                    told.sufficient = labels.map(|at| self.stack.label(*at)).collect();
                    told.because = answer.because;
                }
            }
            Answer::Open(opening) => {
                told.because = self.why_open(opening);
                told.witnesses = self.open_witnesses();
            }
            Answer::Conditional { exemptions, .. } => {
                let exemptions: Vec<Exemption> = exemptions
                    .iter()
                    .map(|one| own(one, &self.account.id))
                    .collect();
                told.because = self.reasons();
                told.exemptions = exemptions.iter().map(words).collect();
                told.witnesses = self.exempt_witnesses(&exemptions);
            }
            Answer::Undetermined(hinges) => {
                told.gap = hinges.iter().any(Hinge::is_gap);
                told.because = hinges.iter().map(hinge_words).collect();
            }
        }
        told
    }

    fn asked(&self, spec: &ActionSpec) -> Asked {
        let (partition, account) = (self.whose.partition, &self.whose.account);
        let root = format!("arn:{partition}:iam::{account}:root");
        Asked {
            action: spec.name.to_owned(),
            pins: Pins {
                principal: (self.path.actor == Actor::MemberRoot).then_some(root),
                ..Pins::default()
            },
            foreign: true,
        }
    }

    /// What every action of the path hangs on.
    fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        for spec in self.path.actions {
            for reason in ask_within(self.stack, self.whose, &self.asked(spec), self.budget).because
            {
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
        }
        reasons
    }

    fn why_open(&self, opening: &Opening) -> Vec<String> {
        match opening {
            Opening::NoScps(NoScps::ConsolidatedBilling) => {
                vec!["the organization has consolidated billing only, so no SCP binds".to_owned()]
            }
            Opening::NoScps(NoScps::TypeNotEnabled) => {
                vec!["the SCP policy type is not enabled on the root, so no SCP binds".to_owned()]
            }
            Opening::NoGuard { .. } => self.reasons(),
        }
    }

    fn open_witnesses(&self) -> Vec<Witness> {
        verdict::witnesses(self.snapshot, self.path, &self.account.id)
            .map(|one| {
                let action = (one.action, one.resource.as_str());
                whole(
                    self.stack,
                    self.whose,
                    &one.principal,
                    action,
                    &Context::new(),
                )
            })
            .collect()
    }

    fn exempt_witnesses(&self, exemptions: &[Exemption]) -> Vec<Witness> {
        let resources: Vec<(&str, String)> =
            verdict::witnesses(self.snapshot, self.path, &self.account.id)
                .map(|one| (one.action, one.resource))
                .collect();
        let each = exemptions.iter().flat_map(|one| {
            resources.iter().map(|(action, resource)| {
                let action = (*action, resource.as_str());
                whole(self.stack, self.whose, &one.principal, action, &one.context)
            })
        });
        // Shown only as far as `evaluate` lets it through; the resource is an ordinary one.
        each.filter(|witness| witness.passes(self.stack)).collect()
    }
}

/// What an undetermined answer hangs on, in words.
fn hinge_words(hinge: &Hinge) -> String {
    match hinge {
        Hinge::Statement { statement, why } => {
            format!("{}: {}", reference(statement), why.join("; "))
        }
        Hinge::BadPolicy { policy, problem } => format!("SCP {policy} is not valid: {problem}"),
        Hinge::Gap(gap) => gap.to_string(),
        Hinge::TypeState(state) => format!("the SCP policy type is in state {state}"),
        Hinge::PagesDisagree => {
            "LeaveOrganization is denied, AcceptHandshake is not, and AWS's pages disagree on \
             whether that stops a transfer"
                .to_owned()
        }
        Hinge::EnginesDisagree => "the two engines of this tool disagree: please report".to_owned(),
    }
}

fn reference(at: &StatementRef) -> String {
    let sid = at.sid.as_ref().map(|sid| format!(" `{sid}`"));
    format!(
        "statement {}{} of SCP `{}` ({}), line {}",
        at.number,
        sid.unwrap_or_default(),
        at.policy_name,
        at.policy,
        at.line
    )
}

/// Who gets through, and how hard it is to be one of them.
fn words(exemption: &Exemption) -> String {
    let sentence = exemption.sentence();
    if exemption.reason.is_empty() {
        sentence
    } else {
        format!("{sentence}: {}", exemption.reason)
    }
}

#[cfg(test)]
mod tests;
