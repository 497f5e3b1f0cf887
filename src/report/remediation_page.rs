//! A plan, and what came of it, as a page for people.

use super::page::{Page, Tone, counted};
use super::remediation::{DepartedView, RemediationDocument, StepView};
use super::text::width;
use crate::plan::{Proof, Takes};

pub(super) fn page(document: &RemediationDocument, width: usize) -> String {
    document.page(width)
}

impl RemediationDocument {
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
        self.sum(&mut page);
        for step in &self.steps {
            page.gap();
            shown(&mut page, step);
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
        for note in &self.notes {
            page.gap();
            page.labeled(0, "!", Tone::Doubtful, note);
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

    /// How many changes of each kind, in one line.
    fn sum(&self, page: &mut Page) {
        let kinds = [
            "to enable",
            "to create",
            "to attach",
            "to invite",
            "to accept",
            "to move",
            "to tag",
            "to detach",
        ];
        let counts: Vec<String> = kinds
            .into_iter()
            .filter_map(|kind| {
                let of = self.steps.iter().filter(|step| step.kind() == kind);
                Some(of.count())
                    .filter(|count| *count > 0)
                    .map(|count| format!("{count} {kind}"))
            })
            .collect();
        if counts.is_empty() {
            page.paragraph(0, "Nothing to do.");
        } else {
            page.heading(&counts.join(", "));
        }
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
        self.departed(page);
        if !self.runbook.is_empty() {
            page.gap();
            page.heading("What must happen in the invited accounts");
            for one in &self.runbook {
                page.item(0, one);
            }
        }
    }

    /// Those that were asked about each with its reason; the others in one line.
    fn departed(&self, page: &mut Page) {
        let asked = |one: &&DepartedView| {
            let id = one.account.as_str();
            let mut steps = self.steps.iter();
            steps.any(|step| step.id.ends_with(id))
                || self.not_done.iter().any(|one| one.what.contains(id))
        };
        let (asked, others): (Vec<_>, Vec<_>) = self.departed.iter().partition(asked);
        if !asked.is_empty() {
            page.gap();
            page.heading("Departed accounts that are asked for");
        }
        for one in asked {
            let can = match &one.not_because {
                None => "can be invited back".to_owned(),
                Some(why) => format!("not a candidate: {why}"),
            };
            page.item(0, &format!("{}: {}; {can}", one.account, one.departed));
        }
        if others.is_empty() {
            return;
        }
        page.gap();
        let back = others.iter().filter(|one| one.candidate);
        page.paragraph(
            0,
            &format!(
                "{} nobody asked about, {} can be invited back with --reinvite; --format json lists them",
                counted(others.len(), "departed account", "departed accounts"),
                back.count(),
            ),
        );
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

impl StepView {
    /// What it does, in the words of the first line.
    fn kind(&self) -> &'static str {
        match self.call {
            "organizations:EnablePolicyType" => "to enable",
            "organizations:CreatePolicy" => "to create",
            "organizations:AttachPolicy" => "to attach",
            "organizations:DetachPolicy" => "to detach",
            "organizations:InviteAccountToOrganization" => "to invite",
            "organizations:AcceptHandshake" => "to accept",
            "organizations:TagResource" => "to tag",
            _ => "to move",
        }
    }

    /// `+` comes to be, `~` is changed, `-` goes, as the first column has it.
    fn sign(&self) -> (&'static str, Tone) {
        match self.kind() {
            "to detach" => ("-", Tone::Bad),
            "to move" | "to enable" => ("~", Tone::Doubtful),
            _ => ("+", Tone::Good),
        }
    }
}

/// A step: its sign and id, what it does, and its text to be copied.
fn shown(page: &mut Page, step: &StepView) {
    let (sign, tone) = step.sign();
    page.labeled(0, sign, tone, &format!("{}: {}", step.id, step.title));
    let mut about = format!("call {}; to take it back: {}", step.call, step.undo);
    if step.covers > 1 {
        about = format!(
            "covers {} accounts that are not proved blocked today; {about}",
            step.covers
        );
    }
    page.paragraph(4, &about);
    for line in step.text.iter().flat_map(|text| copyable(text)) {
        page.verbatim(0, &line);
    }
    if let Some(outcome) = &step.outcome {
        page.paragraph(4, outcome);
    }
}

/// Columns within which a text is copied from a terminal.
const COPIED: usize = 80;

/// A policy in lines that are the same JSON when they are copied: broken between its parts, never in
/// a string, so that only a string that is wider by itself is.
fn copyable(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for part in parts(text) {
        if let Some(line) = lines.last_mut()
            && (line.is_empty() || width(line) + width(&part) <= COPIED)
        {
            line.push_str(&part);
        } else {
            lines.push(part);
        }
    }
    lines
}

/// The text behind each comma, colon and opening bracket that stands outside of strings.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' | '[' | '{' | ':' if !quoted => parts.push(String::new()),
            _ => {}
        }
    }
    parts
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
