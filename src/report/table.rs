//! The report for people: a screen of summary, then one block a finding.

use std::collections::BTreeMap;

use super::aftermath;
use super::document::{AuditDocument, FindingView};
use super::page::{Page, Tone};
use super::timeline;
use crate::model::{AccountId, Gap};

/// Lays out the document in `width` columns.
pub(super) fn render(document: &AuditDocument, width: usize) -> String {
    let mut page = Page::new(width);
    head(&mut page, document);
    paths(&mut page, document);
    overview(&mut page, document);
    for finding in &document.findings {
        block(&mut page, finding);
    }
    events(&mut page, document);
    timeline::stories(&mut page, &document.stories);
    aftermath::section(&mut page, &document.aftermath);
    if let Some(changes) = &document.changes {
        page.gap();
        page.heading("What differs from the baseline");
        super::changes::lines(&mut page, changes, ToString::to_string);
        if changes.is_empty() {
            page.paragraph(0, "nothing");
        }
    }
    verification(&mut page, document);
    gaps(&mut page, &document.gaps);
    page.gap();
    page.heading("What this answer cannot know");
    for note in &document.coverage.notes {
        page.item(0, note);
    }
    page.gap();
    last_line(&mut page, document);
    page.finish()
}

fn head(page: &mut Page, document: &AuditDocument) {
    match &document.organization {
        Some(organization) => {
            page.heading(&format!(
                "Organization {} as of {}",
                organization.id, document.taken_at
            ));
            let state = organization.scp_state.as_deref().unwrap_or("unknown");
            page.paragraph(
                0,
                &format!(
                    "management account {}, features {}, SCP policy type {state}",
                    organization.management_account,
                    organization.feature_set.as_str()
                ),
            );
        }
        None => page.heading(&format!(
            "An organization that could not be read, as of {}",
            document.taken_at
        )),
    }
    let caller = &document.caller;
    let role = match caller.is_management_account {
        Some(true) => ", the management account",
        Some(false) => ", not the management account",
        None => "",
    };
    page.paragraph(0, &format!("read by {}{role}", caller.identity.arn));
    let coverage = &document.coverage;
    let slots = coverage.root_scps.map_or_else(
        || "an unknown number of SCPs on the root".to_owned(),
        |used| {
            format!(
                "{used} of {} SCP slots of the root in use",
                coverage.documented_scps_per_target
            )
        },
    );
    let longest = coverage.longest_scp.map_or_else(String::new, |longest| {
        format!(
            ", the longest SCP has {longest} of {},{:03} characters (documented quotas)",
            coverage.documented_scp_characters / 1_000,
            coverage.documented_scp_characters % 1_000
        )
    });
    page.paragraph(
        0,
        &format!(
            "{} accounts: {} members judged, {} closed or suspended; {} OUs; {} SCPs met; {slots}{longest}",
            coverage.accounts,
            coverage.judged,
            coverage.not_acting,
            coverage.units,
            coverage.policies
        ),
    );
}

fn paths(page: &mut Page, document: &AuditDocument) {
    page.gap();
    page.heading("Can members get out?");
    let rows: Vec<_> = document
        .paths
        .iter()
        .map(|row| {
            let toned = |count: usize, tone| {
                (
                    count.to_string(),
                    if count == 0 { Tone::Plain } else { tone },
                )
            };
            vec![
                (row.path.to_owned(), Tone::Plain),
                toned(row.blocked, Tone::Good),
                toned(row.conditional, Tone::Bad),
                toned(row.open, Tone::Bad),
                toned(row.undetermined, Tone::Doubtful),
            ]
        })
        .collect();
    page.paths(&rows);
}

fn overview(page: &mut Page, document: &AuditDocument) {
    if document.findings.is_empty() {
        return;
    }
    page.gap();
    page.heading("Findings by cause");
    let rows: Vec<_> = document
        .findings
        .iter()
        .map(|finding| {
            let tone = if finding.waived.is_some() {
                Tone::Plain
            } else {
                Tone::of(finding.severity)
            };
            let accounts = match finding.accounts.len() {
                0 => String::new(),
                count => count.to_string(),
            };
            vec![
                (severity_word(finding), tone),
                (finding.rule.to_owned(), Tone::Plain),
                (accounts, Tone::Plain),
                (finding.cause.clone(), Tone::Plain),
            ]
        })
        .collect();
    page.table(
        &["severity", "rule", "accounts", "cause"],
        &rows,
        &[0, 1, 3],
    );
}

fn severity_word(finding: &FindingView) -> String {
    match (&finding.waived, finding.outcome) {
        (Some(_), _) => "waived".to_owned(),
        (None, "could-not-tell") => format!("{} ?", finding.severity),
        (None, _) => finding.severity.to_string(),
    }
}

fn block(page: &mut Page, finding: &FindingView) {
    page.gap();
    let label = severity_word(finding).to_uppercase();
    let tone = Tone::of(finding.severity);
    page.labeled(
        0,
        &label,
        tone,
        &format!("{} at {}", finding.rule, finding.cause),
    );
    page.paragraph(2, &finding.summary);
    for line in &finding.evidence {
        page.item(2, line);
    }
    rolled(page, 2, &finding.gaps);
    accounts(page, finding);
    page.paragraph(2, &format!("fix: {}", finding.remedy));
    if let Some(waiver) = &finding.waived {
        page.paragraph(
            2,
            &format!(
                "waived by {}, waiver expires {}: {}",
                waiver.owner, waiver.expires, waiver.reason
            ),
        );
    }
    if !finding.attack.is_empty() {
        page.paragraph(2, &format!("ATT&CK: {}", finding.attack.join(", ")));
    }
}

/// The first accounts; JSON has them all.
fn accounts(page: &mut Page, finding: &FindingView) {
    const SHOWN: usize = 12;
    if finding.accounts.is_empty() {
        return;
    }
    let ids: Vec<&str> = finding
        .accounts
        .iter()
        .take(SHOWN)
        .map(AccountId::as_str)
        .collect();
    let more = finding.accounts.len().saturating_sub(SHOWN);
    let more = if more > 0 {
        format!(" and {more} more (--format json lists all)")
    } else {
        String::new()
    };
    page.paragraph(2, &format!("accounts: {}{more}", ids.join(" ")));
}

fn events(page: &mut Page, document: &AuditDocument) {
    let coverage = &document.coverage.events;
    page.gap();
    page.heading("Recent exits and changes to the guard");
    page.paragraph(
        0,
        &format!(
            "event history of account {} in {}, {} to {}",
            coverage.account, coverage.region, coverage.from, coverage.until
        ),
    );
    if document.events.is_empty() {
        page.paragraph(0, "no event found");
    }
    for event in &document.events {
        timeline::one_event(page, event);
    }
    for unparsed in &coverage.unparsed {
        page.item(0, &format!("a record could not be parsed: {unparsed}"));
    }
}

fn verification(page: &mut Page, document: &AuditDocument) {
    let Some(verification) = &document.verification else {
        return;
    };
    page.gap();
    page.heading("Put to AWS's policy simulator");
    page.paragraph(
        0,
        &format!(
            "{} of {} answers agree with the verdicts",
            verification.agreed, verification.answered
        ),
    );
    for question in &verification.not_asked {
        page.item(0, &format!("not asked: {question}"));
    }
}

fn gaps(page: &mut Page, gaps: &[Gap]) {
    if gaps.is_empty() {
        return;
    }
    page.gap();
    page.heading("Could not be read");
    rolled(page, 0, gaps);
}

/// Gaps of one operation and reason in one line.
fn rolled(page: &mut Page, indent: usize, gaps: &[Gap]) {
    let mut groups: BTreeMap<_, Vec<&Gap>> = BTreeMap::new();
    for gap in gaps {
        groups
            .entry((&gap.operation, gap.reason))
            .or_default()
            .push(gap);
    }
    for group in groups.into_values() {
        let Some(first) = group.first() else { continue };
        let others = match group.len() {
            1 => String::new(),
            count => format!(" and {} more like it", count - 1),
        };
        page.item(indent, &format!("{first}{others}"));
    }
}

fn last_line(page: &mut Page, document: &AuditDocument) {
    let counts = document.counts;
    page.heading(&format!(
        "{} failed, {} could not tell, {} waived, {} for information",
        counts.failed, counts.could_not_tell, counts.waived, counts.info
    ));
}
