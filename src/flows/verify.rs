//! The verdicts put to AWS's own policy simulator: one or a few questions for each different
//! stack, however many accounts share it.

use std::collections::BTreeMap;

use crate::audit::{Context, Finding, fingerprint};
use crate::aws::{FailureClass, Reads, Session, SimulatedKey, Simulation};
use crate::flows::Audited;
use crate::inspect::{ScpQuestion, questions};
use crate::model::rule::{Confidence, RuleMeta, Severity};
use crate::model::settings::Settings;
use crate::report::Verification;

/// AWS's policy simulator decides a request otherwise than this tool.
pub static SIMULATOR_DISAGREES: RuleMeta = RuleMeta {
    id: "aws-simulator-disagrees",
    title: "AWS's policy simulator decides otherwise",
    severity: Severity::High,
    explain: "What it checks: with --verify-with-aws, whether iam:SimulateCustomPolicy lets the same requests through the \
              same SCPs as this tool; each different stack and each request that gets through is asked about once.\n\
              Why it matters: one of the two is wrong, and a verdict of this report rests on it.\n\
              How to fix: do not rely on the verdict; try the request in a sandbox account, and report the stack.",
    attack: &[],
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html",
    ],
};

/// What is not known without an answer.
const WHAT: &str = "whether AWS's policy simulator agrees with the verdicts";

/// Asks, and adds what was answered: disagreements as findings, failed calls as a finding that
/// could not be told.
pub async fn verify(session: &Session, audited: &mut Audited, settings: &Settings) {
    let questions = questions(&audited.snapshot, &audited.judgement);
    let reads = session.reads();
    let mut found = Vec::new();
    let mut verification = Verification {
        answered: 0,
        agreed: 0,
        not_asked: questions.unasked,
    };
    let mut failures = BTreeMap::new();
    for question in &questions.asked {
        match ask(&reads, question).await {
            Ok(passes) => {
                verification.answered += 1;
                verification.agreed += usize::from(passes == question.passes);
                if passes != question.passes {
                    found.push(disagreement(question, passes));
                }
            }
            Err(failure) => {
                let denied = failure.class == FailureClass::AccessDenied;
                let mut gap = failure.into_gap();
                // One for each reason, not one for each question.
                gap.target = None;
                gap.request_id = None;
                failures
                    .entry((gap.reason, gap.message.clone()))
                    .or_insert(gap);
                if denied {
                    // The next call will not be allowed either.
                    break;
                }
            }
        }
    }
    let unread = failures.values();
    found.extend(unread.map(|gap| Finding::unread(&SIMULATOR_DISAGREES, gap, WHAT)));
    let cx = Context {
        snapshot: &audited.snapshot,
        judgement: &audited.judgement,
        settings,
    };
    let found = crate::audit::waived(found, &cx);
    audited.findings.extend(found);
    crate::audit::sort(&mut audited.findings);
    audited.verification = Some(verification);
}

async fn ask(reads: &Reads, question: &ScpQuestion) -> Result<bool, crate::aws::Failure> {
    let context = question.request.context.iter();
    let simulation = Simulation {
        action: question.request.action.clone(),
        resource: question.request.resource.clone(),
        context: context
            .filter_map(|(name, values)| {
                Some(SimulatedKey {
                    name: name.clone(),
                    values: values.clone()?,
                    kind: question.types.get(name).copied().unwrap_or("string"),
                })
            })
            .collect(),
        levels: question.texts.clone(),
    };
    reads.simulate_scps(&simulation).await
}

fn disagreement(question: &ScpQuestion, passes: bool) -> Finding {
    let word = |passes: bool| if passes { "allowed" } else { "denied" };
    let request = &question.request;
    let count = question.accounts.len();
    let accounts = if count == 1 {
        "1 account".to_owned()
    } else {
        format!("{count} accounts")
    };
    let summary = format!(
        "this tool says that {} is {} and AWS's policy simulator decides a request otherwise: {accounts}",
        question.path, question.verdict
    );
    let stack = question.stack.iter().map(|level| {
        let ids: Vec<&str> = level.iter().map(crate::model::PolicyId::as_str).collect();
        ids.join("+")
    });
    let stack = stack.collect::<Vec<_>>().join(" > ");
    let context = request.context.iter().filter_map(|(key, values)| {
        let values = values.as_ref()?.join(", ");
        Some(format!("{key} = {values}"))
    });
    let context = context.collect::<Vec<_>>().join("; ");
    let mut evidence = vec![
        format!("this tool: {}", word(question.passes)),
        format!("AWS's policy simulator: {}", word(passes)),
        format!(
            "request: {} on {} by {}",
            request.action, request.resource, request.principal
        ),
    ];
    if !context.is_empty() {
        evidence.push(format!("context: {context}"));
    }
    evidence.push(format!("SCPs, root first: {stack}"));
    let parts = [
        question.path.as_str(),
        &stack,
        &request.action,
        word(passes),
    ];
    Finding {
        confidence: Confidence::Medium,
        accounts: question.accounts.clone(),
        evidence,
        remedy:
            "do not rely on this verdict; try the request in a sandbox account and report the stack"
                .to_owned(),
        fingerprint: fingerprint(SIMULATOR_DISAGREES.id, &parts),
        ..Finding::failed(&SIMULATOR_DISAGREES, "organization", summary)
    }
}
