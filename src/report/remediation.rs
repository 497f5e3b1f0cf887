//! The plan, and what came of it: one document, for people or machines.

use schemars::JsonSchema;
use serde::Serialize;

use super::Format;
use super::document::PathRow;
use super::page::{Page, Tone, counted};
use crate::exits::ExitPath;
use crate::model::{AccountId, OrganizationId, Timestamp};
use crate::plan::{Change, PathCount, PlanDocument, Proof, Takes};

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
    /// The policy text, if one is created.
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
        format.lay_out(self, |document| document.page(width))
    }

    fn page(&self, width: usize) -> String {
        let mut page = Page::new(width);
        let done = self.applied.is_some();
        let title = match (done, self.stopped.is_empty()) {
            (_, false) => "Applied in part to",
            (true, true) => "Applied to",
            (false, true) => "Plan for",
        };
        page.heading(&format!(
            "{title} organization {} as of {}",
            self.organization, self.created
        ));
        for step in &self.steps {
            page.gap();
            page.labeled(0, "+", Tone::Good, &step.title);
            if step.covers > 1 {
                page.paragraph(
                    4,
                    &format!(
                        "covers {} accounts that are not proved blocked today",
                        step.covers
                    ),
                );
            }
            if let Some(text) = &step.text {
                page.paragraph(4, text);
            }
            page.paragraph(
                4,
                &format!("call {}; to take it back: {}", step.call, step.undo),
            );
            if let Some(outcome) = &step.outcome {
                page.paragraph(4, outcome);
            }
        }
        if self.steps.is_empty() {
            page.gap();
            page.paragraph(0, "Nothing to do.");
        }
        for one in &self.not_done {
            page.gap();
            page.labeled(
                0,
                "!",
                Tone::Doubtful,
                &format!("not planned: {}", one.what),
            );
            page.paragraph(4, &one.why);
        }
        if !self.resolves.is_empty() {
            page.gap();
            page.heading("Findings that this resolves");
            for one in &self.resolves {
                page.item(0, one);
            }
        }
        if let Some(proof) = &self.proof {
            proved(&mut page, proof);
        }
        self.verdicts(&mut page, done);
        self.people(&mut page);
        self.checked(&mut page);
        self.last_line(&mut page);
        page.finish()
    }

    fn verdicts(&self, page: &mut Page, done: bool) {
        page.gap();
        page.heading(if done {
            "Members before, and after, read back"
        } else {
            "Members now, and as predicted"
        });
        let rows: Vec<_> = self
            .before
            .iter()
            .zip(&self.after)
            .map(|(before, after)| {
                let change =
                    |before: usize, after: usize| (format!("{before} → {after}"), Tone::Plain);
                vec![
                    (before.path.to_owned(), Tone::Plain),
                    change(before.blocked, after.blocked),
                    change(before.conditional, after.conditional),
                    change(before.open, after.open),
                    change(before.undetermined, after.undetermined),
                ]
            })
            .collect();
        page.paths(&rows);
        if let Some(applied) = &self.applied {
            page.paragraph(0, &applied.enforced);
        }
    }

    fn people(&self, page: &mut Page) {
        if !self.departed.is_empty() {
            page.gap();
            page.heading("Departed accounts; nobody is invited unless named with --reinvite");
            for one in &self.departed {
                let can = match &one.not_because {
                    None => "can be invited back".to_owned(),
                    Some(why) => format!("not a candidate: {why}"),
                };
                page.item(0, &format!("{}: {}; {can}", one.account, one.departed));
            }
        }
        if !self.runbook.is_empty() {
            page.gap();
            page.heading("What must happen in the invited accounts");
            for one in &self.runbook {
                page.item(0, one);
            }
        }
    }

    fn checked(&self, page: &mut Page) {
        if self.checks.is_empty() {
            return;
        }
        page.gap();
        page.heading("The accounts that came back");
        for one in &self.checks {
            let tone = match one.answer {
                "yes" => Tone::Good,
                "no" => Tone::Bad,
                _ => Tone::Doubtful,
            };
            page.labeled(0, one.answer, tone, &one.what);
            page.paragraph(4, &one.detail);
        }
    }

    fn last_line(&self, page: &mut Page) {
        page.gap();
        if !self.stopped.is_empty() {
            page.paragraph(0, &self.stopped);
            return;
        }
        if let Some(applied) = &self.applied {
            page.heading(&format!(
                "Run {} is complete; journal: {}",
                applied.run, applied.journal
            ));
            if !applied.undo.is_empty() {
                page.paragraph(0, "What of it can be taken back, without doing it yet:");
            }
            for command in &applied.undo {
                page.verbatim(2, command);
            }
            return;
        }
        if self.next.is_empty() {
            page.heading("No changes were made.");
            return;
        }
        page.heading(if self.goes_on.is_empty() {
            "No changes were made. To make them:"
        } else {
            "No changes were made. To go on:"
        });
        page.verbatim(2, &self.next);
    }
}

/// What was proved, in sentences.
fn proved(page: &mut Page, proof: &Proof) {
    page.gap();
    page.heading("Proved of these steps, by the engine of the verdicts");
    let unbound = match proof.unbound {
        0 => String::new(),
        some => format!("; {some} of them are bound by no SCP today"),
    };
    page.item(
        0,
        &format!(
            "none of {} can take a way out afterwards by a request that is refused today \
             ({} and {}{unbound})",
            counted(proof.accounts, "member in use", "members in use"),
            counted(proof.stacks, "pair of stacks", "pairs of stacks"),
            counted(proof.questions, "question", "questions"),
        ),
    );
    for takes in &proof.takes {
        page.item(0, &taken(takes));
        // With one attachment alone they are those of the plan.
        if proof.takes.len() > 1 && !takes.resolves.is_empty() {
            page.paragraph(4, &format!("resolves {}", takes.resolves.join("; ")));
        }
    }
}

fn taken(takes: &Takes) -> String {
    let what = match &takes.only {
        Some(actions) => format!("takes away {} and nothing else", actions.join(", ")),
        None => "takes away more than ways out, as its text says".to_owned(),
    };
    match takes.keep.as_slice() {
        [] => format!("{}: {what}", takes.step),
        keep => format!(
            "{}: {what}; break-glass keeps the rest: {}",
            takes.step,
            keep.join(", ")
        ),
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
        Change::CreatePolicy { text, .. } => Some(text.clone()),
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
