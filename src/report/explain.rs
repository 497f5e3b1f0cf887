//! From the root down to an account, statement by statement.
//!
//! JSON Schema: `docs/schema/explain.schema.json`.

use schemars::JsonSchema;
use serde::Serialize;

use super::Format;
use super::check::{WitnessView, request, tone};
use super::document::Tool;
use super::page::{Page, Tone};
use crate::audit::{Impact, impact};
use crate::inspect::{Explained, Held, Match, Node, PathAnswer, Shown};
use crate::model::organization::Account;
use crate::model::{AccountId, PolicyId, Snapshot, Timestamp};
use crate::scp::Effect;

/// The version of this form.
const EXPLAIN_VERSION: u32 = 1;
/// Rows of a statement's text on a page, where it matters and where it does not.
const QUOTED: (usize, usize) = (24, 3);

/// Why an account can or cannot get out.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ExplainDocument {
    /// Version of this form.
    pub format_version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// As of when.
    #[schemars(with = "String")]
    pub taken_at: Timestamp,
    /// The account.
    pub account: AccountId,
    /// Its name: untrusted text.
    pub name: String,
    /// The organization, if it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// One entry for each way out that was asked about.
    pub paths: Vec<PathView>,
    /// Root first, the account last; empty for an account that no SCP binds.
    pub levels: Vec<LevelView>,
    /// What its departure would end; absent for the management account, which cannot depart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impact>,
}

/// The verdict for a way out.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PathView {
    /// Path id.
    pub path: &'static str,
    /// In words.
    pub title: &'static str,
    /// The actions that must all be allowed.
    pub actions: Vec<&'static str>,
    /// `blocked`, `conditional`, `open`, `undetermined`, `outside-scps` or `not-acting`.
    pub verdict: &'static str,
    /// Does it hang on a fact that could not be read?
    pub gap: bool,
    /// Why.
    pub because: Vec<String>,
    /// The fewest statements that block, if it is blocked by statements.
    pub sufficient: Vec<String>,
    /// Who gets through where some do.
    pub exemptions: Vec<String>,
    /// Requests that get through.
    pub witnesses: Vec<RequestView>,
}

/// A request that gets through.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RequestView {
    /// IAM action.
    pub action: String,
    /// Principal, resource and context.
    #[serde(flatten)]
    pub request: WitnessView,
}

/// A root, OU or account on the way.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LevelView {
    /// Its id.
    pub node: String,
    /// How it is called: untrusted text.
    pub label: String,
    /// Its SCPs.
    pub policies: Vec<ShownPolicy>,
    /// What could not be read there.
    pub missing: Vec<String>,
}

/// An SCP.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ShownPolicy {
    /// Its id.
    pub id: PolicyId,
    /// Its name: untrusted text.
    pub name: String,
    /// Managed by AWS.
    pub aws_managed: bool,
    /// Why its text cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Its statements.
    pub statements: Vec<StatementView>,
}

/// A statement.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StatementView {
    /// Number within its policy, from one.
    pub number: usize,
    /// Its `Sid`: untrusted text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// `Allow` or `Deny`.
    pub effect: &'static str,
    /// Line of the policy's text on which it begins.
    pub line: usize,
    /// Its text: untrusted.
    pub text: String,
    /// Which requests it applies to, by action.
    pub on: Vec<OnView>,
}

/// Which requests for an action a statement applies to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OnView {
    /// IAM action.
    pub action: &'static str,
    /// `matches`, `does-not-match`, `matches-when` or `unclear`.
    pub answer: &'static str,
    /// When, or why not.
    pub because: Vec<String>,
}

impl ExplainDocument {
    /// The document of an explained account.
    pub fn new(snapshot: &Snapshot, account: &Account, explained: &Explained) -> Self {
        let organization = snapshot.organization.known();
        let manages = organization.is_some_and(|one| one.management_account == account.id);
        Self {
            format_version: EXPLAIN_VERSION,
            tool: Tool::of(&snapshot.tool_version),
            taken_at: snapshot.taken_at,
            account: account.id.clone(),
            name: account.name.clone(),
            organization: organization.map(|organization| organization.id.to_string()),
            paths: explained.paths.iter().map(path).collect(),
            levels: explained.nodes.iter().map(level).collect(),
            impact: (!manages).then(|| impact(snapshot, account)),
        }
    }

    /// Does a verdict hang on a fact that could not be read?
    pub fn has_gaps(&self) -> bool {
        self.paths.iter().any(|path| path.gap)
    }

    /// Lays it out.
    pub fn render(&self, format: Format, width: usize) -> String {
        format.lay_out(self, |document| document.page(width))
    }

    fn page(&self, width: usize) -> String {
        let mut page = Page::new(width);
        page.heading(&format!(
            "Account {} `{}` as of {}",
            self.account, self.name, self.taken_at
        ));
        if let Some(organization) = &self.organization {
            page.paragraph(0, &format!("in organization {organization}"));
        }
        for path in &self.paths {
            page.gap();
            path_on(&mut page, path);
        }
        for level in &self.levels {
            page.gap();
            level_on(&mut page, level);
        }
        if let Some(impact) = &self.impact {
            page.gap();
            page.heading("What its departure would end");
            for sentence in impact.sentences() {
                page.item(0, &sentence);
            }
        }
        page.finish()
    }
}

fn path(answer: &PathAnswer) -> PathView {
    PathView {
        path: answer.path.id.as_str(),
        title: answer.path.title,
        actions: answer.path.actions.iter().map(|one| one.name).collect(),
        verdict: answer.verdict,
        gap: answer.gap,
        because: answer.because.clone(),
        sufficient: answer.sufficient.clone(),
        exemptions: answer.exemptions.clone(),
        witnesses: answer
            .witnesses
            .iter()
            .map(|one| RequestView {
                action: one.action.clone(),
                request: WitnessView::of(one),
            })
            .collect(),
    }
}

fn level(node: &Node) -> LevelView {
    LevelView {
        node: node.id.to_string(),
        label: node.label.clone(),
        policies: node.policies.iter().map(policy).collect(),
        missing: node.missing.clone(),
    }
}

fn policy(shown: &Shown) -> ShownPolicy {
    ShownPolicy {
        id: shown.id.clone(),
        name: shown.name.clone(),
        aws_managed: shown.aws_managed,
        problem: shown.problem.clone(),
        statements: shown.statements.iter().map(statement).collect(),
    }
}

fn statement(held: &Held) -> StatementView {
    let on = |found: &Match| (found.word(), found.reasons());
    StatementView {
        number: held.number,
        sid: held.sid.clone(),
        effect: match held.effect {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        },
        line: held.line,
        text: held.text.clone(),
        on: held
            .on
            .iter()
            .map(|one| {
                let (answer, because) = on(&one.found);
                OnView {
                    action: one.action,
                    answer,
                    because,
                }
            })
            .collect(),
    }
}

fn path_on(page: &mut Page, path: &PathView) {
    let text = format!("{} ({})", path.path, path.title);
    page.labeled(0, path.verdict, tone(path.verdict), &text);
    for reason in &path.because {
        page.item(2, reason);
    }
    if !path.exemptions.is_empty() {
        page.paragraph(2, "gets through:");
        for exemption in &path.exemptions {
            page.item(4, exemption);
        }
    }
    if !path.sufficient.is_empty() {
        let count = path.sufficient.len();
        let what = if count == 1 {
            "this statement alone suffices:".to_owned()
        } else {
            format!("these {count} statements suffice together:")
        };
        page.paragraph(2, &what);
        for one in &path.sufficient {
            page.item(4, one);
        }
    }
    // One for each action; JSON has one for each exemption as well.
    for action in &path.actions {
        let found = path.witnesses.iter().find(|one| one.action == *action);
        if let Some(one) = found {
            request(page, 2, action, &one.request);
        }
    }
}

fn level_on(page: &mut Page, level: &LevelView) {
    page.heading(&level.label);
    for policy in &level.policies {
        let managed = if policy.aws_managed {
            ", managed by AWS"
        } else {
            ""
        };
        let text = format!("SCP `{}` ({}){managed}", policy.name, policy.id);
        page.paragraph(2, &text);
        if let Some(problem) = &policy.problem {
            page.labeled(4, "not valid:", Tone::Bad, problem);
        }
        for statement in &policy.statements {
            statement_on(page, statement);
        }
    }
    if level.policies.is_empty() && level.missing.is_empty() {
        page.paragraph(2, "no SCP hangs here, so nothing is allowed");
    }
    for missing in &level.missing {
        page.labeled(2, "not known:", Tone::Doubtful, missing);
    }
}

fn statement_on(page: &mut Page, statement: &StatementView) {
    let sid = statement.sid.as_ref().map(|sid| format!(" `{sid}`"));
    let title = format!(
        "statement {}{}, {}, line {}",
        statement.number,
        sid.unwrap_or_default(),
        statement.effect,
        statement.line
    );
    page.paragraph(4, &title);
    let idle = statement
        .on
        .iter()
        .all(|one| one.answer == "does-not-match");
    let most = if idle { QUOTED.1 } else { QUOTED.0 };
    page.quote(6, statement.line, &statement.text, most);
    let mut told: Vec<&OnView> = Vec::new();
    for one in &statement.on {
        let same = |other: &OnView| (other.answer, &other.because) == (one.answer, &one.because);
        if told.iter().any(|known| same(known)) {
            continue;
        }
        told.push(one);
        let together = statement.on.iter().filter(|other| same(other));
        let actions: Vec<&str> = together.map(|other| other.action).collect();
        let actions = if actions.len() == statement.on.len() && actions.len() > 1 {
            "every action asked about".to_owned()
        } else {
            actions.join(", ")
        };
        let because = one.because.join(" and ");
        match one.answer {
            "matches" => page.labeled(6, "matches", Tone::Strong, &actions),
            "matches-when" => {
                let text = format!("{actions} when {because}");
                page.labeled(6, "matches", Tone::Doubtful, &text);
            }
            "does-not-match" => {
                let text = format!("{actions}: {because}");
                page.labeled(6, "does not match", Tone::Plain, &text);
            }
            _ => {
                let text = format!("{actions}: {because}");
                page.labeled(6, "could not be told for", Tone::Doubtful, &text);
            }
        }
    }
}
