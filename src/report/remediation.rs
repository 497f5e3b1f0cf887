//! The plan, and what came of it: one document, for people or machines.

use schemars::JsonSchema;
use serde::Serialize;

use super::Format;
use super::document::PathRow;
use super::remediation_page::page;
use crate::exits::ExitPath;
use crate::model::{AccountId, OrganizationId, Timestamp};
use crate::plan::{Change, PathCount, PlanDocument, PolicyRef, Proof};

/// The version of this form.
const REMEDIATION_VERSION: u32 = 1;

/// A plan and its outcome.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RemediationDocument {
    /// Version of this form.
    pub format_version: u32,
    /// The organization.
    pub organization: OrganizationId,
    /// As of when.
    #[schemars(with = "String")]
    pub created: Timestamp,
    /// Digest of the plan, for `--plan-sha256`.
    pub digest: String,
    /// In order.
    pub steps: Vec<StepView>,
    /// What was not planned, and why.
    pub not_done: Vec<NotDoneView>,
    /// What a reviewer should know beside the steps: untrusted text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Findings that the steps resolve.
    pub resolves: Vec<String>,
    /// What was proved of the steps before they were shown; absent without steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// Members by path, now.
    pub before: Vec<PathRow>,
    /// Members by path, once the steps are done: predicted, or read back if `applied`.
    pub after: Vec<PathRow>,
    /// Departed accounts.
    pub departed: Vec<DepartedView>,
    /// What must happen in invited accounts, and by whom.
    pub runbook: Vec<String>,
    /// What was looked into once accounts had come back; empty before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckView>,
    /// The run that this plan is of, before `resume` goes on with it; empty otherwise.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub goes_on: String,
    /// The command that carries the plan out, quoted for a shell; empty once it was, and where
    /// there is nothing to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next: String,
    /// Why the run did not come to its end; empty otherwise.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stopped: String,
    /// Set once the plan was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<AppliedView>,
}

/// A step.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StepView {
    /// Its id.
    pub id: String,
    /// The AWS call.
    pub call: &'static str,
    /// In one line.
    pub title: String,
    /// The policy text, if one is created, or one that exists is attached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Accounts that it reaches.
    pub covers: usize,
    /// How it is taken back.
    pub undo: String,
    /// How it ended, once applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// Something that was not planned.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct NotDoneView {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// A departed account.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DepartedView {
    /// Which.
    pub account: AccountId,
    /// How and when.
    pub departed: String,
    /// Can it be invited back?
    pub candidate: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_because: Option<String>,
}

/// A check after the run.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CheckView {
    /// What is asked.
    pub what: String,
    /// `yes`, `no` or `could not tell`.
    pub answer: &'static str,
    /// In one line, with what to do.
    pub detail: String,
}

/// That the plan was applied.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AppliedView {
    /// The run.
    pub run: String,
    /// Its journal.
    pub journal: String,
    /// Which of the two was seen: that the SCPs hang there, or that AWS enforces them.
    pub enforced: String,
    /// The commands that show what of the run can be taken back, quoted for a shell: all of it, or
    /// a quarantine alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<String>,
}

/// What the tool sees and what it does not, of every attachment.
pub const ENFORCED: &str = "Seen: attached, as AWS lists it. Not seen: enforced. AWS publishes no propagation time, \
     and the only sure trial would be the exit itself: never try it out by calling LeaveOrganization.";

impl RemediationDocument {
    /// The document of a plan.
    pub fn new(plan: &PlanDocument) -> Self {
        Self {
            format_version: REMEDIATION_VERSION,
            organization: plan.organization.clone(),
            created: plan.created,
            digest: plan.digest(),
            steps: plan.steps.iter().map(step).collect(),
            not_done: plan
                .not_done
                .iter()
                .map(|one| NotDoneView {
                    what: one.what.clone(),
                    why: one.why.clone(),
                })
                .collect(),
            notes: plan.notes.clone(),
            resolves: plan.resolves.clone(),
            proof: plan.proof.clone(),
            before: rows(&plan.before),
            after: rows(&plan.after),
            departed: plan
                .departed
                .iter()
                .map(|one| DepartedView {
                    account: one.account.clone(),
                    departed: one.departed.clone(),
                    candidate: one.not_because.is_none(),
                    not_because: one.not_because.clone(),
                })
                .collect(),
            runbook: runbook(plan),
            checks: Vec::new(),
            goes_on: String::new(),
            next: String::new(),
            stopped: String::new(),
            applied: None,
        }
    }

    /// Lays it out.
    pub fn render(&self, format: Format, width: usize) -> String {
        format.lay_out(self, |document| page(document, width))
    }
}

/// The rows of paths that this version knows.
fn rows(counts: &[PathCount]) -> Vec<PathRow> {
    let row = |count: &PathCount| {
        let path = ExitPath::of_members().find(|path| path.id.as_str() == count.path)?;
        Some(PathRow {
            path: path.id.as_str(),
            title: path.title,
            blocked: count.blocked,
            conditional: count.conditional,
            open: count.open,
            undetermined: count.undetermined,
        })
    };
    counts.iter().filter_map(row).collect()
}

fn step(step: &crate::plan::Step) -> StepView {
    let text = match &step.change {
        Change::CreatePolicy { text, .. }
        | Change::AttachPolicy {
            policy: PolicyRef::Existing(_),
            text,
            ..
        } => Some(text.clone()),
        _ => None,
    };
    StepView {
        id: step.id.clone(),
        call: step.change.action(),
        title: step.title.clone(),
        text,
        covers: step.covers,
        undo: step.undo.clone(),
        outcome: None,
    }
}

/// Who must accept, and how; the account may be in an intruder's hands.
fn runbook(plan: &PlanDocument) -> Vec<String> {
    let mut lines: Vec<String> = plan
        .reused
        .iter()
        .map(|one| {
            let account = one
                .account
                .as_ref()
                .map_or("the account", AccountId::as_str);
            let until = one
                .expires_at
                .map(|time| format!(" until {time}"))
                .unwrap_or_default();
            format!(
                "{account} has invitation {} already, open{until}; nothing is sent again",
                one.id
            )
        })
        .collect();
    let accepted = |account: &AccountId| {
        let mut steps = plan.steps.iter();
        steps.any(|step| matches!(&step.change, Change::AcceptInvitation { account: one, .. } if one == account))
    };
    let waits = plan.steps.iter().any(
        |step| matches!(&step.change, Change::InviteAccount { account } if !accepted(account)),
    ) || plan
        .reused
        .iter()
        .any(|one| !one.account.as_ref().is_some_and(accepted));
    if !waits {
        return lines;
    }
    lines.extend([
        "Somebody in the account accepts: a principal with organizations:AcceptHandshake, and \
         organizations:LeaveOrganization if the account is in another organization now, and \
         iam:CreateServiceLinkedRole."
            .to_owned(),
        "First try the access role that trusts this management account (OrganizationAccountAccessRole unless \
         renamed): it survives an exit until somebody deletes it."
            .to_owned(),
        "Otherwise take control of the root user's mailbox: the invitation goes there, and with it the root \
         password can be reset. Secure the mailbox first, then the password, then MFA."
            .to_owned(),
        "If the mailbox is lost as well: AWS Support, from the management account, with proof of ownership.".to_owned(),
        "The account lands in the root, where only the root's SCPs bind it: have the guard attached before it \
         returns, disable the intruder's credentials, then move the account to its OU."
            .to_owned(),
    ]);
    lines
}
