//! The verdicts as questions that AWS's own policy simulator can answer.
//!
//! One set of questions for each different stack and its verdicts, however many accounts share
//! it. AWS's simulator answers a condition key that was not supplied with a deny, unlike live
//! evaluation, so every key that the stack names is given a value; a request that needs a key to
//! be absent cannot be asked about.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html>

use std::collections::{BTreeMap, BTreeSet};

use super::request::{Context, Witness, whole};
use super::stack::{Stack, Whose};
use crate::exits::{ExitPath, PathId};
use crate::model::organization::Account;
use crate::model::{AccountId, NodeId, PolicyId, Snapshot};
use crate::scp::{Base, Condition};
use crate::verdict::{
    Answer, Exemption, Hanging, Judgement, Opening, Standing, hanging, witnesses,
};

/// AWS's text of `FullAWSAccess`.
const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
/// Stands for a level without SCPs, since an empty list is not sent: it allows nothing that is
/// asked about.
const NOTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"organizations:None","Resource":"*"}]}"#;
/// A request, the SCPs that bind it, and what this tool says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScpQuestion {
    /// The way out whose verdict it tests.
    pub path: PathId,
    /// The verdict's word.
    pub verdict: &'static str,
    /// Accounts with this stack and these verdicts; the first one calls.
    pub accounts: Vec<AccountId>,
    /// SCPs by level, root first, for people.
    pub stack: Vec<Vec<PolicyId>>,
    /// Their texts.
    pub texts: Vec<Vec<String>>,
    /// The request.
    pub request: Witness,
    /// What each context key is, in AWS's words for its type.
    pub types: BTreeMap<String, &'static str>,
    /// Do the SCPs let it through, as this tool says?
    pub passes: bool,
}

/// What can be asked, and what cannot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Questions {
    /// By stack, then by path.
    pub asked: Vec<ScpQuestion>,
    /// In sentences.
    pub unasked: Vec<String>,
}

/// The accounts of one stack and one set of verdicts.
struct Group<'a> {
    account: &'a Account,
    accounts: Vec<AccountId>,
    chain: Vec<&'a Hanging>,
    standing: &'a Standing,
}

type Key<'a> = (Vec<Vec<&'a PolicyId>>, Vec<&'static str>);

/// Every question about the verdicts of a snapshot.
pub fn questions(snapshot: &Snapshot, judgement: &Judgement) -> Questions {
    let nodes: BTreeSet<&NodeId> = judgement
        .standings
        .values()
        .filter_map(|standing| match standing {
            Standing::Member { chain, .. } => Some(chain),
            Standing::Management | Standing::NotActing(_) => None,
        })
        .flatten()
        .collect();
    let nodes: Vec<NodeId> = nodes.into_iter().cloned().collect();
    let hanging: BTreeMap<NodeId, Hanging> = hanging(snapshot, &nodes)
        .into_iter()
        .map(|one| (one.node.clone(), one))
        .collect();
    let mut questions = Questions::default();
    for group in groups(snapshot, judgement, &hanging).values() {
        let whose = Whose::account(snapshot, group.account);
        let cx = Asking {
            snapshot,
            whose: &whose,
            stack: Stack::of_account(snapshot, group.account).known(),
            group,
        };
        for path in ExitPath::of_members() {
            cx.about(path, &mut questions);
        }
    }
    questions
}

fn groups<'a>(
    snapshot: &'a Snapshot,
    judgement: &'a Judgement,
    hanging: &'a BTreeMap<NodeId, Hanging>,
) -> BTreeMap<Key<'a>, Group<'a>> {
    let mut groups: BTreeMap<Key<'a>, Group<'a>> = BTreeMap::new();
    let accounts = snapshot.accounts.known();
    for (id, standing) in &judgement.standings {
        let account = accounts.and_then(|accounts| accounts.get(id));
        let (Some(account), Standing::Member { chain, .. }) = (account, standing) else {
            continue;
        };
        let chain: Vec<&Hanging> = chain.iter().filter_map(|node| hanging.get(node)).collect();
        let stack = chain.iter().filter(|one| is_known(one));
        let stack = stack.map(|one| one.policies.iter().collect()).collect();
        let words = ExitPath::of_members().map(|path| standing.word(path.id));
        let group = groups
            .entry((stack, words.collect()))
            .or_insert_with(|| Group {
                account,
                accounts: Vec::new(),
                chain,
                standing,
            });
        group.accounts.push(id.clone());
    }
    groups
}

/// Is anything known of the level? One of which nothing is known is left out, as if it allowed
/// everything: a verdict that was reached without it holds whatever hangs there.
fn is_known(hanging: &Hanging) -> bool {
    hanging.allows_missing.is_empty() || !hanging.policies.is_empty()
}

struct Asking<'a> {
    snapshot: &'a Snapshot,
    whose: &'a Whose,
    stack: Stack,
    group: &'a Group<'a>,
}

impl Asking<'_> {
    fn about(&self, path: &'static ExitPath, questions: &mut Questions) {
        let Some(answer) = self.group.standing.verdict(path.id) else {
            return;
        };
        let id = &self.group.account.id;
        let ordinary: Vec<_> = witnesses(self.snapshot, path, id).collect();
        let mut ask = |principal: &str, context: &Context, all: bool, passes: bool| {
            let actions = if all { ordinary.len() } else { 1 };
            for one in ordinary.iter().take(actions) {
                let action = (one.action, one.resource.as_str());
                let request = whole(&self.stack, self.whose, principal, action, context);
                match self.supplied(request, passes) {
                    Ok(request) => {
                        let question = self.question(path, answer, request, passes);
                        // Two ways out may need the same action.
                        let same = |known: &ScpQuestion| {
                            known.request == question.request && known.texts == question.texts
                        };
                        if !questions.asked.iter().any(same) {
                            questions.asked.push(question);
                        }
                    }
                    Err(why) => questions.unasked.push(format!(
                        "{} in account {id} ({}): {why}",
                        path.id,
                        answer.word()
                    )),
                }
            }
        };
        match answer {
            Answer::Blocked(_) => {
                if let Some(first) = ordinary.first() {
                    ask(&first.principal, &Context::new(), false, false);
                }
            }
            Answer::Open(Opening::NoGuard { .. }) => {
                if let Some(first) = ordinary.first() {
                    ask(&first.principal, &Context::new(), true, true);
                }
            }
            Answer::Conditional { exemptions, .. } => {
                for exemption in exemptions {
                    let own = own(exemption, id);
                    ask(&own.principal, &own.context, true, true);
                }
            }
            // Without SCPs, and without a verdict, there is nothing to disagree with.
            Answer::Open(Opening::NoScps(_)) | Answer::Undetermined(_) => {}
        }
    }

    /// The request with a value for every key, if it is decided as before; `evaluate` is asked.
    fn supplied(&self, mut request: Witness, passes: bool) -> Result<Witness, String> {
        if request.passes(&self.stack) != passes {
            return Err(
                "an ordinary request is decided otherwise than the verdict says".to_owned(),
            );
        }
        let absent: Vec<String> = request
            .context
            .iter()
            .filter(|(_, values)| values.is_none())
            .map(|(key, _)| key.clone())
            .collect();
        for key in absent {
            let fillers = fillers(self.kind(&key));
            let filled = fillers.iter().find_map(|filler| {
                let mut other = request.clone();
                let value = Some(vec![(*filler).to_owned()]);
                other.context.insert(key.clone(), value);
                (other.passes(&self.stack) == passes).then_some(other)
            });
            request = filled.ok_or_else(|| {
                format!("it needs {key} absent, which AWS's simulator cannot be told")
            })?;
        }
        Ok(request)
    }

    fn question(
        &self,
        path: &ExitPath,
        answer: &Answer,
        request: Witness,
        passes: bool,
    ) -> ScpQuestion {
        let known = || self.group.chain.iter().filter(|one| is_known(one));
        ScpQuestion {
            path: path.id,
            verdict: answer.word(),
            accounts: self.group.accounts.clone(),
            stack: known().map(|one| one.policies.clone()).collect(),
            texts: known().map(|one| self.texts(one)).collect(),
            types: self.types(&request),
            request,
            passes,
        }
    }

    fn texts(&self, hanging: &Hanging) -> Vec<String> {
        let mut texts: Vec<String> = hanging
            .policies
            .iter()
            .map(|id| {
                let policy = self.snapshot.policies.get(id);
                let text = policy.and_then(|policy| policy.content.known());
                text.map_or(EVERYTHING, String::as_str).to_owned()
            })
            .collect();
        if !hanging.allows_missing.is_empty() {
            texts.push(EVERYTHING.to_owned());
        }
        if texts.is_empty() {
            texts.push(NOTHING.to_owned());
        }
        texts
    }

    /// The type of each key, as AWS's simulator wants to be told.
    fn types(&self, request: &Witness) -> BTreeMap<String, &'static str> {
        let keys = request.context.iter();
        keys.map(|(key, values)| {
            let several = values.as_ref().is_some_and(|values| values.len() != 1);
            let many = several || self.conditions(key).any(|one| one.operator.set.is_some());
            let (one, list) = self.kind(key);
            (key.clone(), if many { list } else { one })
        })
        .collect()
    }

    /// The type of a key by the operators that compare it: of one value, and of a list.
    fn kind(&self, key: &str) -> KeyType {
        let base = self.conditions(key).find_map(|one| {
            let base = one.operator.base;
            (base != Base::Null).then_some(base)
        });
        key_type(base)
    }

    fn conditions<'k>(&'k self, key: &'k str) -> impl Iterator<Item = &'k Condition> {
        let all = self.stack.statements();
        all.flat_map(|(_, _, statement)| &statement.conditions)
            .filter(move |one| one.key.eq_ignore_ascii_case(key))
    }
}

type KeyType = (&'static str, &'static str);

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ContextEntry.html>
fn key_type(base: Option<Base>) -> KeyType {
    match base {
        Some(
            Base::NumericEquals
            | Base::NumericNotEquals
            | Base::NumericLessThan
            | Base::NumericLessThanEquals
            | Base::NumericGreaterThan
            | Base::NumericGreaterThanEquals,
        ) => ("numeric", "numericList"),
        Some(
            Base::DateEquals
            | Base::DateNotEquals
            | Base::DateLessThan
            | Base::DateLessThanEquals
            | Base::DateGreaterThan
            | Base::DateGreaterThanEquals,
        ) => ("date", "dateList"),
        Some(Base::Bool) => ("boolean", "booleanList"),
        Some(Base::BinaryEquals) => ("binary", "binaryList"),
        Some(Base::IpAddress | Base::NotIpAddress) => ("ip", "ipList"),
        _ => ("string", "stringList"),
    }
}

/// Values of a type for a key that may as well be absent.
fn fillers((kind, _): KeyType) -> &'static [&'static str] {
    match kind {
        "numeric" => &["10", "0", "1000000000"],
        "date" => &["2030-01-01T00:00:00Z", "2000-01-01T00:00:00Z"],
        "boolean" => &["true", "false"],
        "binary" => &["ZXhhbXBsZQ=="],
        "ip" => &["203.0.113.10", "198.51.100.10", "2001:db8::10"],
        _ => &["example"],
    }
}

/// The exemption in the name of this account: accounts with equal stacks share one verdict.
pub(super) fn own(exemption: &Exemption, account: &AccountId) -> Exemption {
    let own = account.as_str();
    let other = exemption.principal.split(':').nth(4).unwrap_or_default();
    let other = if other.is_empty() { own } else { other };
    let rename = |text: &String| text.replace(other, own);
    let all = |values: &Vec<String>| values.iter().map(rename).collect();
    let context = exemption.context.iter();
    Exemption {
        words: exemption.words.iter().map(rename).collect(),
        principal: rename(&exemption.principal),
        context: context
            .map(|(key, values)| (key.clone(), values.as_ref().map(all)))
            .collect(),
        ..exemption.clone()
    }
}
