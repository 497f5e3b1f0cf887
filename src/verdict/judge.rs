//! Snapshot to standings: each distinct stack is decided once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::answer::{Answer, Hinge, NoScps, Opening, Standing, Verdict};
use super::case::Case;
use super::numbered::{Chain, Numbered};
use super::stack::{NodeStack, Stacks};
use super::texts::Texts;
use crate::exits::{ExitPath, PathId};
use crate::model::organization::{
    Account, AccountState, FeatureSet, Organization, PolicyTypeState,
};
use crate::model::{AccountId, Gap, NodeId, Observed, Snapshot};
use crate::prove::Proof;

/// How every account of the snapshot stands.
#[derive(Debug, Clone, Default)]
pub struct Judgement {
    /// By account; empty if the account list could not be read.
    pub standings: BTreeMap<AccountId, Standing>,
}

/// Judges every account.
pub fn judge(snapshot: &Snapshot) -> Judgement {
    let texts = Texts::of(snapshot);
    let mut judge = Judge::new(snapshot, &texts);
    let accounts = snapshot.accounts.known();
    let standings = accounts
        .into_iter()
        .flatten()
        .map(|(id, account)| (id.clone(), judge.standing(account)))
        .collect();
    Judgement { standings }
}

/// How one account stands; `None` if it is not in the snapshot.
pub fn judge_one(snapshot: &Snapshot, account: &AccountId) -> Option<Standing> {
    let texts = Texts::of(snapshot);
    let account = snapshot.accounts.known()?.get(account)?;
    Some(Judge::new(snapshot, &texts).standing(account))
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
    let levels: Vec<NodeStack> = chain.iter().map(|node| stacks.node(node)).collect();
    ExitPath::of_members().all(|path| {
        let first = path.actions.first();
        first.is_some_and(|action| {
            let proof = super::case::proof(snapshot, &texts, &levels, action, None);
            matches!(proof, Proof::Denied(_))
        })
    })
}

/// Are SCPs switched off altogether?
pub(super) fn scps_off(snapshot: &Snapshot) -> Option<NoScps> {
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
pub(super) fn unsettled(snapshot: &Snapshot) -> Option<Hinge> {
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
    numbered: Numbered<'a>,
    /// Verdicts of equal remainders, exemptions left out; what is known of the account only where a policy tells
    /// accounts apart.
    decided: HashMap<(Chain, Vec<String>), Verdicts>,
    /// The same with exemptions, in whose grades the whole stack counts.
    graded: HashMap<(Chain, Vec<String>), Verdicts>,
}

impl<'a> Judge<'a> {
    fn new(snapshot: &'a Snapshot, texts: &'a Texts<'a>) -> Self {
        Self {
            snapshot,
            texts,
            numbered: Numbered::of(snapshot, texts),
            decided: HashMap::new(),
            graded: HashMap::new(),
        }
    }

    fn standing(&mut self, account: &Account) -> Standing {
        let manages = |organization: &Organization| organization.management_account == account.id;
        if self.snapshot.organization.known().is_some_and(manages) {
            return Standing::Management;
        }
        if !account.is_acting() {
            let state = account.state.clone();
            return Standing::NotActing(state.unwrap_or(AccountState::Closed));
        }
        let chain = self.snapshot.known_chain(account);
        let place = account.parents.gap().cloned();
        let verdicts = self.verdicts(account, &chain, place);
        Standing::Member { chain, verdicts }
    }

    fn verdicts(&mut self, account: &Account, chain: &[NodeId], place: Option<Gap>) -> Verdicts {
        if let Some(reason) = scps_off(self.snapshot) {
            return self.same_for_all("no-scps", &Answer::Open(Opening::NoScps(reason)));
        }
        if let Some(hinge) = unsettled(self.snapshot) {
            return self.same_for_all("unsettled", &Answer::Undetermined(vec![hinge]));
        }
        let numbered = &mut self.numbered;
        let mut whole: Chain = chain.iter().map(|node| numbered.node(node)).collect();
        if let Some(gap) = place {
            whole.push(numbered.number(NodeStack {
                denies_missing: vec![gap.clone()],
                allows_missing: vec![gap],
                ..NodeStack::default()
            }));
        }
        let sliced: Chain = whole.iter().map(|one| numbered.slice(*one)).collect();
        let signature = numbered.signature(&sliced, account);
        let key = (sliced, signature);
        let verdicts = if let Some(verdicts) = self.decided.get(&key) {
            Arc::clone(verdicts)
        } else {
            let levels = self.numbered.levels(&key.0);
            let case = Case::new(self.snapshot, self.texts, &levels, account);
            let verdicts = Arc::new(case.verdicts(false));
            self.decided.insert(key, Arc::clone(&verdicts));
            verdicts
        };
        let exempts = |verdict: &Verdict| matches!(verdict.answer, Answer::Conditional { .. });
        if !verdicts.iter().any(exempts) {
            return verdicts;
        }
        let signature = self.numbered.signature(&whole, account);
        let key = (whole, signature);
        if let Some(graded) = self.graded.get(&key) {
            return Arc::clone(graded);
        }
        let levels = self.numbered.levels(&key.0);
        let case = Case::new(self.snapshot, self.texts, &levels, account);
        let graded = Arc::new(case.verdicts(true));
        self.graded.insert(key, Arc::clone(&graded));
        graded
    }

    /// One answer for every path, made once; `slot` tells such answers apart.
    fn same_for_all(&mut self, slot: &str, answer: &Answer) -> Verdicts {
        let key = (Vec::new(), vec![slot.to_owned()]);
        let verdicts = self.decided.entry(key).or_insert_with(|| {
            let verdict = |path: &ExitPath| Verdict {
                path: path.id,
                answer: answer.clone(),
                notes: Vec::new(),
            };
            Arc::new(ExitPath::of_members().map(verdict).collect())
        });
        Arc::clone(verdicts)
    }
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
