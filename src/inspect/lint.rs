//! One SCP on its own: would AWS store it, does it fit, and which ways out does it close?

use std::collections::BTreeSet;

use super::guard;
use super::source::minified;
use super::stack::{Whose, levels};
use crate::exits::{ActionSpec, Actor, ExitPath, ResourceShape};
use crate::model::rule::Severity;
use crate::model::{AccountId, Partition, Timestamp};
use crate::prove::{
    Budget, DECISION_STEPS, Decision, Kind, Question, StatementAt, Target, decide_within, sentences,
};
use crate::scp::{
    Dialect, Document, Effect, Position, SCP_SIZE_LIMIT, Statement, Version, parse, size,
};

/// What can be wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LintRule {
    /// Kebab-case statement of the bad state; never renamed.
    pub id: &'static str,
    /// How bad.
    pub severity: Severity,
    /// The same in words.
    pub title: &'static str,
}

const INVALID: LintRule = LintRule {
    id: "policy-invalid",
    severity: Severity::High,
    title: "AWS refuses to store the policy",
};
const OVER_QUOTA: LintRule = LintRule {
    id: "policy-over-quota",
    severity: Severity::High,
    title: "The policy is longer than AWS stores, even without white space",
};
const OVER_QUOTA_AS_WRITTEN: LintRule = LintRule {
    id: "policy-over-quota-as-written",
    severity: Severity::Low,
    title: "The policy only fits without its white space",
};
const OLD_VERSION: LintRule = LintRule {
    id: "version-not-current",
    severity: Severity::Medium,
    title: "The policy's Version is missing or not 2012-10-17",
};
const UNDOCUMENTED: LintRule = LintRule {
    id: "syntax-undocumented",
    severity: Severity::Low,
    title: "AWS's pages leave open what a statement means",
};
pub(super) const DEAD: LintRule = LintRule {
    id: "guard-is-dead",
    severity: Severity::Medium,
    title: "A deny names a way out and can never apply to it",
};
pub(super) const EXEMPTS: LintRule = LintRule {
    id: "guard-has-exemptions",
    severity: Severity::Medium,
    title: "A deny of a way out lets some requests through",
};
pub(super) const CARVES_OUT: LintRule = LintRule {
    id: "guard-carves-out",
    severity: Severity::Info,
    title: "A deny of a way out leaves out whole accounts or OUs",
};
pub(super) const ACCIDENT: LintRule = LintRule {
    id: "guard-by-accident",
    severity: Severity::Low,
    title: "A way out is closed by something that does not name it",
};

/// Every rule.
pub static RULES: [LintRule; 9] = [
    INVALID,
    OVER_QUOTA,
    OVER_QUOTA_AS_WRITTEN,
    OLD_VERSION,
    UNDOCUMENTED,
    DEAD,
    EXEMPTS,
    CARVES_OUT,
    ACCIDENT,
];

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Which rule.
    pub rule: LintRule,
    /// Where in the text.
    pub at: Position,
    /// What, in one sentence; may hold untrusted text.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Which requests for a way out the policy lets through on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The way out.
    pub path: &'static ExitPath,
    /// `blocked`, `conditional`, `open` or `undetermined`.
    pub verdict: &'static str,
    /// Who gets through, or why it could not be told; may hold untrusted text.
    pub because: Vec<String>,
}

/// What is to be said of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linted {
    /// Length as it stands.
    pub characters: usize,
    /// Length without white space outside strings.
    pub minified: usize,
    /// By place.
    pub notes: Vec<Note>,
    /// One entry a way out; empty for a text that AWS refuses.
    pub coverage: Vec<Coverage>,
}

/// Looks at a text, with `FullAWSAccess` at every other level, and beside it if it allows
/// nothing itself. Conditions on the time are judged as of `now`.
pub fn lint(text: &str, now: Timestamp) -> Linted {
    let mut linted = Linted {
        characters: size(text),
        minified: size(&minified(text)),
        notes: Vec::new(),
        coverage: Vec::new(),
    };
    linted.notes.extend(too_long(&linted));
    match parse(text, Dialect::Scp) {
        Err(error) => linted.notes.extend(error.0.into_iter().map(|problem| Note {
            rule: INVALID,
            at: problem.at,
            message: problem.message,
            help: None,
        })),
        Ok(document) => judge(&document, text, now, &mut linted),
    }
    linted
        .notes
        .sort_by(|a, b| (a.at, a.rule.id, &a.message).cmp(&(b.at, b.rule.id, &b.message)));
    linted.notes.dedup();
    linted
}

/// What all decisions about one file may take: less than two seconds.
const FILE_STEPS: u64 = 8 * DECISION_STEPS;

pub(super) const START: Position = Position { line: 1, column: 1 };

fn too_long(linted: &Linted) -> Option<Note> {
    let Linted {
        characters,
        minified,
        ..
    } = linted;
    let (rule, message, help) = if *minified > SCP_SIZE_LIMIT {
        (
            OVER_QUOTA,
            format!(
                "{minified} characters without white space, {} more than the {SCP_SIZE_LIMIT} that AWS stores",
                minified - SCP_SIZE_LIMIT
            ),
            "split it: ten SCPs can hang on each root, OU and account",
        )
    } else if *characters > SCP_SIZE_LIMIT {
        (
            OVER_QUOTA_AS_WRITTEN,
            format!(
                "{characters} characters as written, {} more than the {SCP_SIZE_LIMIT} that AWS stores; \
                 {minified} without white space",
                characters - SCP_SIZE_LIMIT
            ),
            "take the white space out before it is sent by API: AWS counts every character",
        )
    } else {
        return None;
    };
    Some(Note {
        rule,
        at: START,
        message,
        help: Some(help.to_owned()),
    })
}

fn judge(document: &Document, text: &str, now: Timestamp, linted: &mut Linted) {
    if document.version != Version::V2012 {
        linted.notes.push(Note {
            rule: OLD_VERSION,
            at: START,
            message: match document.version {
                Version::Absent => "`Version` is missing: policy variables are literal text",
                _ => "`Version` is 2008-10-17: policy variables are literal text",
            }
            .to_owned(),
            help: Some("write \"Version\": \"2012-10-17\", as every SCP must".to_owned()),
        });
    }
    for statement in &document.statements {
        for doubt in &statement.doubts {
            linted.notes.push(Note {
                rule: UNDOCUMENTED,
                at: statement.at,
                message: doubt.to_string(),
                help: None,
            });
        }
    }
    let budget = Budget::of(FILE_STEPS);
    let accounts = accounts(text);
    let asked: Vec<Whose> = accounts
        .into_iter()
        .map(|account| Whose {
            partition: partition(text),
            account,
            organization: None,
            parents: None,
            now,
        })
        .collect();
    for path in ExitPath::of_members() {
        let covered: Vec<Covered> = asked
            .iter()
            .map(|whose| cover(document, whose, path, &budget))
            .collect();
        let by: Option<Vec<_>> = covered.iter().map(|one| one.by.as_deref()).collect();
        linted.notes.extend(guard::accident(document, path, by));
        linted.coverage.push(merge(path, covered));
    }
    for statement in &document.statements {
        linted.notes.extend(guard::of(
            document,
            statement,
            &asked,
            &linted.coverage,
            &budget,
        ));
    }
}

/// The accounts that the text names, and one that it does not.
fn accounts(text: &str) -> BTreeSet<AccountId> {
    let words = text.split(|c: char| !c.is_ascii_digit());
    let mut accounts: BTreeSet<AccountId> = words.filter_map(|word| word.parse().ok()).collect();
    let strangers = ["111122223333", "444455556666", "777788889999"];
    let mut strangers = strangers.iter().filter_map(|id| id.parse().ok());
    if let Some(stranger) = strangers.find(|id| !accounts.contains(id)) {
        accounts.insert(stranger);
    }
    // A few tell whether accounts are told apart; a text can name hundreds.
    accounts.into_iter().take(8).collect()
}

/// The partition that the text's ARNs name; the commercial one if they name none.
fn partition(text: &str) -> Partition {
    let named = |partition: &Partition| text.contains(&format!("arn:{partition}:"));
    Partition::all().find(named).unwrap_or(Partition::Aws)
}

pub(super) fn question<'a>(spec: &ActionSpec, whose: &'a Whose) -> Question<'a> {
    let partition = whose.partition;
    let target = match spec.resource {
        ResourceShape::None => Target::None,
        ResourceShape::Handshake => Target::ForeignInvitation {
            partition,
            own: None,
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

pub(super) fn kinds(path: &ExitPath) -> &'static [Kind] {
    match path.actor {
        Actor::MemberRoot => &[Kind::Root],
        Actor::Member | Actor::Management => &Kind::ALL,
    }
}

struct Covered {
    verdict: &'static str,
    because: Vec<String>,
    by: Option<Vec<StatementAt>>,
}

fn cover(document: &Document, whose: &Whose, path: &'static ExitPath, budget: &Budget) -> Covered {
    let allows = |statement: &Statement| statement.effect == Effect::Allow;
    let mut level = vec![document.clone()];
    if !document.statements.iter().any(allows) {
        level.push(Document::full_aws_access());
    }
    let documents = vec![level];
    let levels = levels(&documents);
    let specs = path.actions.iter();
    let questions: Vec<Question<'_>> = specs.map(|spec| question(spec, whose)).collect();
    let subject = whose.subject();
    let first = questions.get(..1).unwrap_or_default();
    let told = |verdict, because| Covered {
        verdict,
        because,
        by: None,
    };
    let decide = |questions: &[Question<'_>]| {
        budget.decision(|effort| decide_within(&levels, questions, &subject, kinds(path), effort))
    };
    if let Decision::Blocked(by) = decide(first) {
        return Covered {
            by: Some(by),
            ..told("blocked", Vec::new())
        };
    }
    match decide(&questions) {
        Decision::Blocked(_) => told(
            "undetermined",
            vec![
                "LeaveOrganization is denied, AcceptHandshake is not; AWS's pages disagree on whether \
                 that stops a transfer"
                    .to_owned(),
            ],
        ),
        Decision::Open(_) => told("open", Vec::new()),
        Decision::Conditional { through, .. } => {
            let words = sentences(&through).into_iter();
            let words = words.map(|words| words.replace(whose.account.as_str(), "ACCOUNT"));
            told("conditional", words.collect())
        }
        Decision::Undetermined(why) => {
            let mut why: Vec<String> = why.iter().map(ToString::to_string).collect();
            why.dedup();
            told("undetermined", why)
        }
    }
}

/// One answer for every account: what differs from account to account is conditional.
fn merge(path: &'static ExitPath, covered: Vec<Covered>) -> Coverage {
    let words: BTreeSet<&str> = covered.iter().map(|one| one.verdict).collect();
    let single = words.len() == 1;
    let verdict = match words.iter().next() {
        Some(word) if single => *word,
        _ if words.contains("undetermined") => "undetermined",
        _ => "conditional",
    };
    let mut because: Vec<String> = Vec::new();
    if !single {
        because.push("it differs from account to account".to_owned());
    }
    for reason in covered.into_iter().flat_map(|one| one.because) {
        if !because.contains(&reason) {
            because.push(reason);
        }
    }
    Coverage {
        path,
        verdict,
        because,
    }
}

#[cfg(test)]
mod tests;
