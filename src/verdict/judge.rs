//! Snapshot to standings.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::answer::{
    Answer, Block, Exemption, Hinge, NoScps, Opening, Standing, StatementRef, Verdict, Witness,
};
use super::stack::{NodeStack, Stacks};
use super::texts::{Text, Texts};
use crate::evaluate::{self, Request, Resource, evaluate};
use crate::exits::{ActionSpec, Actor, ExitPath, PathId, ResourceShape};
use crate::model::organization::{
    Account, AccountState, FeatureSet, Organization, PolicyTypeState,
};
use crate::model::{AccountId, Gap, NodeId, Observed, PolicyId, Snapshot};
use crate::prove::{
    Decision, Example, Kind, Level, Proof, Question, StatementAt, Subject, Target, decide, prove,
};
use crate::scp::{Document, Statement};

/// How every account of the snapshot stands.
#[derive(Debug, Clone, Default)]
pub struct Judgement {
    /// By account; empty if the account list could not be read.
    pub standings: BTreeMap<AccountId, Standing>,
}

/// Judges every account.
pub fn judge(snapshot: &Snapshot) -> Judgement {
    let texts = Texts::of(snapshot);
    let stacks = Stacks::of(snapshot, &texts);
    let mut judge = Judge {
        snapshot,
        texts: &texts,
        stacks,
        decided: BTreeMap::new(),
    };
    let accounts = snapshot.accounts.known();
    let standings = accounts
        .into_iter()
        .flatten()
        .map(|(id, account)| (id.clone(), judge.standing(account)))
        .collect();
    Judgement { standings }
}

/// Is every path that members can take blocked for every account below `chain` (root first),
/// by explicit denies that are already in the snapshot?
///
/// Then nothing below needs to be read. Gaps only make the answer no.
pub fn settled(snapshot: &Snapshot, chain: &[NodeId]) -> bool {
    if scps_off(snapshot).is_some() || unsettled(snapshot).is_some() {
        return false;
    }
    let texts = Texts::of(snapshot);
    let stacks = Stacks::of(snapshot, &texts);
    let judge = Judge {
        snapshot,
        texts: &texts,
        stacks,
        decided: BTreeMap::new(),
    };
    let chain: Vec<NodeStack> = chain.iter().map(|node| judge.stacks.node(node)).collect();
    ExitPath::of_members().all(|path| {
        path.actions
            .iter()
            .take(1)
            .all(|action| matches!(judge.proof(&chain, action, None), Proof::Denied(_)))
    })
}

/// Are SCPs switched off altogether?
fn scps_off(snapshot: &Snapshot) -> Option<NoScps> {
    let features = snapshot
        .organization
        .known()
        .map(|organization| &organization.feature_set);
    if features == Some(&FeatureSet::ConsolidatedBilling) {
        return Some(NoScps::ConsolidatedBilling);
    }
    let state = snapshot.root.known().map(|root| &root.scp_state);
    (state == Some(&PolicyTypeState::NotEnabled)).then_some(NoScps::TypeNotEnabled)
}

/// What keeps every verdict open whatever the policies say.
fn unsettled(snapshot: &Snapshot) -> Option<Hinge> {
    match (&snapshot.organization, &snapshot.root) {
        // Without it nobody knows which account no SCP binds.
        (Observed::Unknown(gap), _) | (_, Observed::Unknown(gap)) => Some(Hinge::Gap(gap.clone())),
        (Observed::Known(_), Observed::Known(root)) => (root.scp_state != PolicyTypeState::Enabled)
            .then(|| Hinge::TypeState(root.scp_state.as_str().to_owned())),
    }
}

type Verdicts = Arc<Vec<Verdict>>;

struct Judge<'a> {
    snapshot: &'a Snapshot,
    texts: &'a Texts<'a>,
    stacks: Stacks<'a>,
    /// Verdicts of equal stacks; the account only where a policy tells accounts apart.
    decided: BTreeMap<(Vec<NodeStack>, Option<AccountId>), Verdicts>,
}

impl Judge<'_> {
    fn standing(&mut self, account: &Account) -> Standing {
        let manages = |organization: &Organization| organization.management_account == account.id;
        if self.snapshot.organization.known().is_some_and(manages) {
            return Standing::Management;
        }
        if !account.is_acting() {
            let state = account.state.clone();
            return Standing::NotActing(state.unwrap_or(AccountState::Closed));
        }
        let (chain, place) = self.chain(account);
        let verdicts = self.verdicts(account, &chain, place);
        Standing::Member { chain, verdicts }
    }

    /// The account's chain, and why it is not whole.
    fn chain(&self, account: &Account) -> (Vec<NodeId>, Option<Gap>) {
        match &account.parents {
            Observed::Known(parents) => {
                let own = NodeId::Account(account.id.clone());
                (parents.iter().cloned().chain([own]).collect(), None)
            }
            Observed::Unknown(gap) => {
                let root = self.snapshot.root.known();
                let chain = root.map(|root| NodeId::Root(root.id.clone()));
                (chain.into_iter().collect(), Some(gap.clone()))
            }
        }
    }

    fn verdicts(&mut self, account: &Account, chain: &[NodeId], place: Option<Gap>) -> Verdicts {
        if let Some(reason) = scps_off(self.snapshot) {
            return all_paths(|_| Answer::Open(Opening::NoScps(reason)));
        }
        if let Some(hinge) = unsettled(self.snapshot) {
            return all_paths(|_| Answer::Undetermined(vec![hinge.clone()]));
        }
        let mut levels: Vec<NodeStack> = chain.iter().map(|node| self.stacks.node(node)).collect();
        if let Some(gap) = place {
            levels.push(NodeStack {
                denies_missing: vec![gap.clone()],
                allows_missing: vec![gap],
                ..NodeStack::default()
            });
        }
        let key = (levels, self.tells_apart(account, chain));
        if let Some(verdicts) = self.decided.get(&key) {
            return Arc::clone(verdicts);
        }
        let verdicts = all_paths(|path| self.answer(&key.0, path, account));
        self.decided.insert(key, Arc::clone(&verdicts));
        verdicts
    }

    /// The account, if a policy on its way may tell accounts apart: by an account in a
    /// resource, or by a condition on what differs from account to account.
    fn tells_apart(&self, account: &Account, chain: &[NodeId]) -> Option<AccountId> {
        let apart = chain.iter().any(|node| {
            let stack = self.stacks.node(node);
            stack
                .policies
                .iter()
                .any(|handle| match self.texts.text(*handle) {
                    Some(Text::Parsed(document)) => {
                        document.statements.iter().any(differs_by_account)
                    }
                    _ => false,
                })
        });
        apart.then(|| account.id.clone())
    }

    fn question<'q>(&'q self, action: &ActionSpec, account: Option<&'q AccountId>) -> Question<'q> {
        let partition = self.snapshot.caller.partition;
        let own = self
            .snapshot
            .organization
            .known()
            .map(|organization| &organization.id);
        let target = match action.resource {
            ResourceShape::None => Target::None,
            ResourceShape::Handshake => Target::ForeignInvitation { partition, own },
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

    fn proof(
        &self,
        levels: &[NodeStack],
        action: &ActionSpec,
        account: Option<&AccountId>,
    ) -> Proof {
        let levels: Vec<_> = levels.iter().map(|level| level.level(self.texts)).collect();
        prove(&levels, &self.question(action, account))
    }

    /// The path's answer: all its actions must get through, for the same principal.
    ///
    /// The first action is the one whose own deny is beyond doubt. A deny of a further one
    /// alone leaves the answer to AWS's pages, which disagree (see [`Hinge::PagesDisagree`]).
    fn answer(&self, levels: &[NodeStack], path: &ExitPath, account: &Account) -> Answer {
        let mut answer = self.quick(levels, path, &account.id);
        if let Answer::Undetermined(hinges) = &answer
            && hinges.iter().all(|hinge| {
                matches!(
                    hinge,
                    Hinge::Statement { .. } | Hinge::PagesDisagree | Hinge::Gap(_)
                )
            })
            && hinges != &[Hinge::PagesDisagree]
        {
            answer = self.exact(levels, path, account, hinges);
        }
        answer
    }

    /// The exact procedure, for what conditions leave open. Where something is missing, only
    /// "blocked" holds whatever the missing part says.
    fn exact(
        &self,
        levels: &[NodeStack],
        path: &ExitPath,
        account: &Account,
        hinges: &[Hinge],
    ) -> Answer {
        let everything = Document::full_aws_access();
        let missing = hinges.iter().any(Hinge::is_gap);
        let stack: Vec<_> = levels
            .iter()
            .map(|level| {
                let mut known = level.level(self.texts);
                if !known.allows_complete {
                    known.policies.push((usize::MAX, &everything));
                }
                known
            })
            .collect();
        let subject = Subject {
            partition: self.snapshot.caller.partition,
            account: &account.id,
            organization: self
                .snapshot
                .organization
                .known()
                .map(|organization| &organization.id),
            parents: account.parents.known().map(Vec::as_slice),
            now: self.snapshot.taken_at,
        };
        let kinds: &[Kind] = match path.actor {
            Actor::MemberRoot => &[Kind::Root],
            Actor::Member | Actor::Management => &Kind::ALL,
        };
        let questions: Vec<_> = path
            .actions
            .iter()
            .map(|action| self.question(action, Some(&account.id)))
            .collect();
        let first = questions.get(..1).unwrap_or_default();
        if let Decision::Blocked(by) = decide(&stack, first, &subject, kinds) {
            return Answer::Blocked(self.together(by));
        }
        if missing {
            return Answer::Undetermined(hinges.to_vec());
        }
        match decide(&stack, &questions, &subject, kinds) {
            Decision::Blocked(_) => Answer::Undetermined(vec![Hinge::PagesDisagree]),
            Decision::Open(example) if self.passes(&stack, path, account, &example) => {
                Answer::Open(Opening::NoGuard { dead: Vec::new() })
            }
            Decision::Conditional { through, denied }
                if through
                    .iter()
                    .all(|one| self.passes(&stack, path, account, one))
                    && !self.passes(&stack, path, account, &denied) =>
            {
                let mut exemptions: Vec<Exemption> = through
                    .into_iter()
                    .map(|one| Exemption {
                        words: one.because,
                        principal: one.principal,
                        context: one.context,
                    })
                    .collect();
                exemptions.sort();
                Answer::Conditional {
                    exemptions,
                    hinges: hinges.to_vec(),
                }
            }
            Decision::Open(_) | Decision::Conditional { .. } => {
                Answer::Undetermined(vec![Hinge::EnginesDisagree])
            }
            Decision::Undetermined(_) => Answer::Undetermined(hinges.to_vec()),
        }
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

    /// Does `evaluate` let every action of the path through for the example?
    fn passes(
        &self,
        stack: &[Level<'_>],
        path: &ExitPath,
        account: &Account,
        example: &Example,
    ) -> bool {
        let concrete: Vec<Vec<&Document>> = stack
            .iter()
            .map(|level| {
                level
                    .policies
                    .iter()
                    .map(|(_, document)| *document)
                    .collect()
            })
            .collect();
        path.actions.iter().all(|action| {
            let resource = match action.resource {
                ResourceShape::None => Resource::Any,
                ResourceShape::Handshake | ResourceShape::Account => {
                    Resource::Arn(example.resource.clone())
                }
            };
            let mut request = facts(Request::new(action.name, resource), self.snapshot, account)
                .with("aws:PrincipalArn", example.principal.clone());
            for (key, values) in &example.context {
                request = match values {
                    Some(values) => request.with_all(key, values.clone()),
                    None => request.without(key),
                };
            }
            evaluate(&concrete, &request) == evaluate::Decision::Allowed
        })
    }

    /// What action and resource alone decide, and otherwise what it hangs on.
    fn quick(&self, levels: &[NodeStack], path: &ExitPath, account: &AccountId) -> Answer {
        let mut hinges = Vec::new();
        let mut opening = None;
        for (index, action) in path.actions.iter().enumerate() {
            match self.proof(levels, action, Some(account)) {
                Proof::Denied(at) if index == 0 => {
                    return Answer::Blocked(Block::Deny(self.reference(at)));
                }
                Proof::NotAllowed { level } if index == 0 => {
                    return Answer::Blocked(Block::NoAllow { level });
                }
                Proof::Denied(_) | Proof::NotAllowed { .. } => hinges.push(Hinge::PagesDisagree),
                Proof::Open { dead } => {
                    let dead = dead.into_iter().map(|at| self.reference(at)).collect();
                    if self.confirmed(levels, path, action, account) {
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
                    for level in incomplete.into_iter().filter_map(|index| levels.get(index)) {
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

    /// Does the concrete evaluator let the witness through?
    fn confirmed(
        &self,
        levels: &[NodeStack],
        path: &ExitPath,
        action: &ActionSpec,
        account: &AccountId,
    ) -> bool {
        let documents: Vec<_> = levels.iter().map(|level| level.level(self.texts)).collect();
        let stack: Vec<Vec<&Document>> = documents
            .iter()
            .map(|level| {
                level
                    .policies
                    .iter()
                    .map(|(_, document)| *document)
                    .collect()
            })
            .collect();
        let witness = witness(self.snapshot, path, action, account);
        let resource = match witness.resource.as_str() {
            "*" => Resource::Any,
            arn => Resource::Arn(arn.to_owned()),
        };
        let request =
            Request::new(action.name, resource).with("aws:PrincipalArn", witness.principal);
        evaluate(&stack, &request) == evaluate::Decision::Allowed
    }
}

/// A request that gets through an open path.
fn witness(
    snapshot: &Snapshot,
    path: &ExitPath,
    action: &ActionSpec,
    account: &AccountId,
) -> Witness {
    let partition = snapshot.caller.partition;
    let principal = match path.actor {
        Actor::MemberRoot => format!("arn:{partition}:iam::{account}:root"),
        Actor::Member | Actor::Management => format!("arn:{partition}:iam::{account}:role/Admin"),
    };
    let resource = match action.resource {
        ResourceShape::None => "*".to_owned(),
        ResourceShape::Handshake => format!(
            "arn:{partition}:organizations::999999999999:handshake/o-foreignorg0/invite/h-examplehandshake"
        ),
        ResourceShape::Account => format!("arn:{partition}:account::{account}:account"),
    };
    Witness {
        principal,
        action: action.name,
        resource,
    }
}

/// What AWS puts into every request of an account's principals.
fn facts(request: Request, snapshot: &Snapshot, account: &Account) -> Request {
    let region = snapshot.caller.partition.organizations_region();
    let request = request
        .with("aws:PrincipalAccount", account.id.as_str())
        .with("aws:RequestedRegion", region)
        .with("aws:PrincipalIsAWSService", "false")
        .with("aws:SecureTransport", "true")
        .with("aws:CurrentTime", snapshot.taken_at.to_string());
    match snapshot.organization.known() {
        Some(organization) => request.with("aws:PrincipalOrgID", organization.id.as_str()),
        None => request,
    }
}

/// Does the statement name Organizations or account management, rather than everything?
fn names_service(statement: &Statement) -> bool {
    let named = |pattern: &crate::scp::Pattern| {
        let text = pattern.as_str().to_ascii_lowercase();
        text.starts_with("organizations:") || text.starts_with("account:")
    };
    !statement.actions.negated && statement.actions.patterns.iter().any(named)
}

/// May the statement come to something else from account to account?
///
/// A digit or `?` in a value could meet an account's digits; other text of a pattern cannot.
fn differs_by_account(statement: &Statement) -> bool {
    let by_resource = statement
        .resources
        .patterns
        .iter()
        .any(|pattern| !pattern.is_star());
    let by_condition = statement.conditions.iter().any(|condition| {
        let key = condition.key.to_ascii_lowercase();
        key == "aws:principalaccount"
            || key == "aws:principalorgpaths"
            || (key == "aws:principalarn"
                && condition.values.iter().any(|value| {
                    value.contains(|c: char| c.is_ascii_digit() || c == '?') || value.contains("${")
                }))
            || condition.values.iter().any(|value| value.contains("${"))
    });
    by_resource || by_condition
}

/// One request for each action of an open path, in the name of `account`.
pub fn witnesses<'a>(
    snapshot: &'a Snapshot,
    path: &'a ExitPath,
    account: &'a AccountId,
) -> impl Iterator<Item = Witness> + 'a {
    path.actions
        .iter()
        .map(move |action| witness(snapshot, path, action, account))
}

fn all_paths(mut answer: impl FnMut(&ExitPath) -> Answer) -> Verdicts {
    Arc::new(
        ExitPath::of_members()
            .map(|path| Verdict {
                path: path.id,
                answer: answer(path),
            })
            .collect(),
    )
}

impl Judgement {
    /// Members whose answer for a path satisfies `test`.
    pub fn members_with<'a>(
        &'a self,
        path: PathId,
        mut test: impl FnMut(&Answer) -> bool + 'a,
    ) -> impl Iterator<Item = (&'a AccountId, &'a Standing)> + 'a {
        self.standings
            .iter()
            .filter(move |(_, standing)| standing.verdict(path).is_some_and(&mut test))
    }
}
