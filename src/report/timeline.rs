//! Detections and stories, as every report shows them.

use schemars::JsonSchema;
use serde::Serialize;

use super::page::{Page, Tone};
use crate::detect::{Detection, Story};
use crate::model::record::Actor;
use crate::model::rule::Severity;
use crate::model::settings::Waiver;
use crate::model::{AccountId, Timestamp};

/// A detection.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EventView {
    /// Rule id.
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// Why it is as bad as that.
    pub reason: String,
    /// When.
    #[schemars(with = "String")]
    pub time: Timestamp,
    /// `eventName`.
    pub event: String,
    /// `eventID`.
    pub event_id: String,
    /// The account that it happened to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// One line.
    pub summary: String,
    /// Who, in one line.
    pub by: String,
    /// Who, as CloudTrail has it.
    pub actor: Actor,
    /// Source address and user agent.
    pub from: String,
    /// In whose history or trail it was logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logged_in: Option<AccountId>,
    /// The region in which it was logged.
    pub region: String,
    /// How it ended.
    pub outcome: &'static str,
    /// `errorCode` of a call that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// `errorMessage` of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// What to do now; empty where nothing is to be done.
    pub next: String,
    /// ATT&CK techniques.
    pub attack: &'static [&'static str],
    /// The waiver that covers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waived: Option<Waiver>,
}

impl EventView {
    /// The form of a detection.
    pub(super) fn of(detection: &Detection) -> Self {
        let (error_code, error_message) = detection.error.clone().unzip();
        Self {
            error_code,
            error_message: error_message.flatten(),
            rule: detection.rule.id,
            severity: detection.severity,
            reason: detection.reason.clone(),
            time: detection.time,
            event: detection.event.clone(),
            event_id: detection.event_id.clone(),
            account: detection.account.clone(),
            summary: detection.summary.clone(),
            by: detection.by(),
            actor: detection.actor.clone(),
            from: detection.from.clone(),
            logged_in: detection.logged_in.clone(),
            region: detection.region.clone(),
            outcome: detection.outcome.words(),
            next: detection.next.clone(),
            attack: detection.attack,
            waived: detection.waived.clone(),
        }
    }
}

/// Events that belong together.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StoryView {
    /// The account whose exit or attempt it is.
    pub account: AccountId,
    /// The steps in a few words, in the order in which they happened.
    pub title: String,
    /// The worst of its steps.
    pub severity: Severity,
    /// The first step.
    #[schemars(with = "String")]
    pub from: Timestamp,
    /// The last step.
    #[schemars(with = "String")]
    pub until: Timestamp,
    /// Oldest first.
    pub steps: Vec<StepView>,
}

/// One event of a story.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StepView {
    /// When.
    #[schemars(with = "String")]
    pub time: Timestamp,
    /// `eventID`.
    pub event_id: String,
    /// One line.
    pub summary: String,
    /// Who, in one line.
    pub by: String,
    /// How it ended.
    pub outcome: &'static str,
}

impl StoryView {
    /// The form of a story that `detections` tell.
    pub(super) fn of(story: &Story, detections: &[Detection]) -> Self {
        let steps = story.steps.iter().filter_map(|at| detections.get(*at));
        Self {
            account: story.account.clone(),
            title: story.title.clone(),
            severity: story.severity,
            from: story.from,
            until: story.until,
            steps: steps
                .map(|one| StepView {
                    time: one.time,
                    event_id: one.event_id.clone(),
                    summary: one.summary.clone(),
                    by: one.by(),
                    outcome: one.outcome.words(),
                })
                .collect(),
        }
    }
}

/// What somebody else wrote may be of any length.
fn short(text: &str) -> String {
    const ROOM: usize = 400;
    match text.char_indices().nth(ROOM) {
        Some((end, _)) => {
            let (shown, rest) = text.split_at(end);
            let rest = rest.chars().count();
            format!("{shown}… ({rest} characters more in --format json)")
        }
        None => text.to_owned(),
    }
}

/// One event for people.
pub(super) fn one_event(page: &mut Page, event: &EventView) {
    let label = match &event.waived {
        Some(_) => "waived".to_owned(),
        None => event.severity.to_string(),
    };
    let tone = match &event.waived {
        Some(_) => Tone::Plain,
        None => Tone::of(event.severity),
    };
    // A member's own call names no account.
    let whose = event.account.as_ref().map(AccountId::as_str);
    let whose = whose.filter(|id| !event.summary.contains(id));
    let whose = whose.map_or_else(String::new, |id| format!("account {id}: "));
    let first = short(&format!("{} {whose}{}", event.time, event.summary));
    page.labeled(0, &label, tone, &first);
    page.paragraph(2, &format!("{}: {}", event.outcome, event.reason));
    if let Some(code) = &event.error_code {
        let message = event.error_message.as_deref().unwrap_or_default();
        page.paragraph(2, &short(&format!("AWS answered {code} {message}")));
    }
    page.paragraph(2, &short(&format!("by {}", event.by)));
    if !event.from.is_empty() {
        page.paragraph(2, &short(&format!("from {}", event.from)));
    }
    if let Some(waiver) = &event.waived {
        let Waiver {
            reason,
            owner,
            expires,
            ..
        } = waiver;
        page.paragraph(
            2,
            &format!("waived: {reason} (owner {owner}; the waiver expires {expires})"),
        );
    } else if !event.next.is_empty() {
        page.paragraph(2, &short(&format!("next: {}", event.next)));
    }
    let account = event.logged_in.as_ref();
    let account = account.map_or_else(String::new, |id| format!(" of {id}"));
    let attack = match event.attack {
        [] => String::new(),
        techniques => format!("{}; ", techniques.join(", ")),
    };
    page.paragraph(
        2,
        &short(&format!(
            "{attack}event {} logged in {}{account}",
            event.event_id, event.region
        )),
    );
}

/// Stories for people, oldest step first; nothing if there are none.
pub(super) fn stories(page: &mut Page, stories: &[StoryView]) {
    if stories.is_empty() {
        return;
    }
    page.gap();
    page.heading("What belongs together");
    for story in stories {
        page.labeled(
            0,
            story.severity.as_str(),
            Tone::of(story.severity),
            &format!("account {}: {}", story.account, story.title),
        );
        for step in &story.steps {
            page.item(
                2,
                &format!(
                    "{} {}; {}; by {}",
                    step.time,
                    short(&step.summary),
                    step.outcome,
                    short(&step.by)
                ),
            );
        }
    }
}
