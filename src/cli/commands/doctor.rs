//! `doctor`

use std::sync::Arc;

use super::super::args::{Cli, DoctorArgs};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::facts::{How, Source};
use super::super::streams;
use crate::aws::Transcript;
use crate::flows::{Answer, Examination, examine};
use crate::model::operations::{Job, Operation};
use crate::report::{Page, Tone};

pub(in crate::cli) async fn run(cli: &Cli, args: &DoctorArgs) -> Result<Exit, CliError> {
    let transcript = args.record.as_ref().map(|_| Arc::<Transcript>::default());
    let ended = told(cli, args, transcript.clone()).await;
    // Also when nothing answered: that is when it is wanted most.
    if let Some((path, transcript)) = args.record.as_ref().zip(transcript) {
        let written = streams::write(path, &transcript.lines());
        // The first error is the one that matters.
        return ended.and_then(|exit| written.map(|()| exit));
    }
    ended
}

async fn told(
    cli: &Cli,
    args: &DoctorArgs,
    transcript: Option<Arc<Transcript>>,
) -> Result<Exit, CliError> {
    let how = How {
        read_only: true,
        transcript,
        ..How::default()
    };
    let source = Source::open_as(cli, &args.aws, how).await?;
    let mut examined = examine(&source.session, source.now()).await;
    source.progress.finish();
    if source.is_demo() {
        // Its port changes from run to run.
        examined.caller.endpoint = Some("the demo's simulated AWS on loopback".to_owned());
    }
    source.close().await;
    streams::print(&lay_out(&examined, streams::width()))?;
    Ok(if examined.is_complete() {
        Exit::Done
    } else {
        Exit::Incomplete
    })
}

fn lay_out(examined: &Examination, width: usize) -> String {
    let mut page = Page::new(width);
    identity(&mut page, examined);
    page.gap();
    organization(&mut page, examined);
    page.gap();
    page.heading("Reads");
    let (writes, reads): (Vec<_>, Vec<_>) = examined
        .operations
        .iter()
        .partition(|(row, _)| row.job.writes());
    for (row, answer) in &reads {
        read(&mut page, row, answer);
    }
    page.gap();
    page.heading("For remediation only");
    for (row, _) in &writes {
        page.labeled(2, row.name, Tone::Plain, &untried(row));
    }
    page.gap();
    let needed = || reads.iter().filter(|(row, _)| row.job.is_for_every_audit());
    let lacking = needed().filter(|(_, answer)| answer.lacks()).count();
    if lacking == 0 {
        page.labeled(
            0,
            "ok:",
            Tone::Good,
            "every read that an audit needs answers",
        );
    } else {
        let rest = format!(
            "{lacking} of {} reads do not answer; `org-exit-guard emit iam-policy audit` prints the \
             policy that allows them",
            needed().count()
        );
        page.labeled(0, "incomplete:", Tone::Bad, &rest);
    }
    page.finish()
}

fn identity(page: &mut Page, examined: &Examination) {
    let caller = &examined.caller;
    page.heading("Caller");
    page.labeled(2, "account:", Tone::Plain, caller.account.as_str());
    page.labeled(2, "ARN:", Tone::Plain, &caller.arn);
    page.labeled(2, "partition:", Tone::Plain, &caller.partition.to_string());
    page.labeled(2, "region:", Tone::Plain, &caller.region);
    match &caller.endpoint {
        Some(endpoint) => page.labeled(
            2,
            "endpoint:",
            Tone::Doubtful,
            &format!("{endpoint} (overridden: not necessarily AWS)"),
        ),
        None => page.labeled(2, "endpoint:", Tone::Plain, "AWS's own"),
    }
}

fn organization(page: &mut Page, examined: &Examination) {
    page.heading("Organization");
    match &examined.organization {
        Some(organization) => {
            page.labeled(2, "id:", Tone::Plain, organization.id.as_str());
            let features = organization.feature_set.as_str();
            page.labeled(2, "feature set:", Tone::Plain, features);
            let management = organization.management_account.as_str();
            page.labeled(2, "management account:", Tone::Plain, management);
        }
        None => page.labeled(2, "id:", Tone::Bad, "unknown"),
    }
    let scps = examined
        .scp_state
        .as_ref()
        .map_or("unknown", |state| state.as_str());
    page.labeled(2, "SCPs:", Tone::Plain, scps);
    let manages = match examined.caller_manages() {
        Some(true) => "is the management account",
        Some(false) => "is not the management account; some facts may be out of its sight",
        None => "unknown whether it is the management account",
    };
    page.labeled(2, "this caller:", Tone::Plain, manages);
}

fn read(page: &mut Page, row: &Operation, answer: &Answer) {
    let (word, tone, why) = match answer {
        Answer::Allowed => ("allowed", Tone::Good, String::new()),
        Answer::Denied(failure) => ("denied", Tone::Bad, failure.words()),
        Answer::NoAnswer(failure) => ("no answer", Tone::Doubtful, failure.words()),
        Answer::CouldNotTry(why) => ("could not try", Tone::Doubtful, (*why).to_owned()),
        Answer::NothingToAsk(why) => ("not tried", Tone::Plain, (*why).to_owned()),
        Answer::NotTried => ("not tried", Tone::Plain, String::new()),
    };
    page.labeled(2, word, tone, row.name);
    if answer.lacks() {
        page.paragraph(4, &format!("cost: {}", row.cost));
    }
    if !why.is_empty() {
        page.paragraph(4, &format!("because: {why}"));
    }
}

/// Why an operation of remediation is not tried, and what it is for.
fn untried(row: &Operation) -> String {
    let why = if row.reads() {
        "not tried: there is nothing to ask about before a write"
    } else {
        "not tried: it would write"
    };
    let job = match row.job {
        Job::Guard => "for the guard",
        Job::EnableScps => "for --enable-policy-type",
        Job::Reinvite => "for bringing accounts back",
        Job::AcceptInAccount => "for --accept-in-account",
        Job::Undo => "for taking a run back",
        Job::Member => "for --member-role",
        Job::Athena => "for --source athena:",
        Job::Audit | Job::AuditDetail | Job::Verify => "for the audit",
    };
    format!("{why}; {job}, without it: {}", row.cost)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture;
    use crate::model::operations::OPERATIONS;

    #[test]
    fn every_operation_is_named_in_full_and_what_is_lacking_with_its_cost() {
        let mut operations: Vec<(&'static Operation, Answer)> = OPERATIONS
            .iter()
            .map(|row| {
                let answer = if row.job.writes() {
                    Answer::NotTried
                } else {
                    Answer::Allowed
                };
                (row, answer)
            })
            .collect();
        operations[2].1 = Answer::CouldNotTry("for a test");
        let snapshot = fixture::organization();
        let text = lay_out(
            &Examination {
                caller: snapshot.caller,
                organization: None,
                scp_state: None,
                operations,
            },
            100,
        );
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for row in OPERATIONS {
            assert!(text.contains(row.name), "{}", row.name);
            let costly = row.job.writes() || row.name == OPERATIONS[2].name;
            assert_eq!(text.contains(row.cost), costly, "{}", row.name);
        }
        assert!(text.contains("1 of 27 reads"), "{text}");
        assert!(text.contains("111111111111"));
    }
}
