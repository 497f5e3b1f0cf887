//! One decision with its reasons, and the lines of a batch.
//!
//! JSON Schema: `docs/schema/check.schema.json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::Format;
use super::page::{Page, Tone};
use crate::inspect::{Answer, Stack, Whose, Witness, Word};

/// The version of this form.
const CHECK_VERSION: u32 = 1;

/// One value of a condition key, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Values {
    /// One.
    One(String),
    /// Several, or none at all.
    Many(Vec<String>),
}

/// A request that gets through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WitnessView {
    /// `aws:PrincipalArn`.
    pub principal: String,
    /// `*` or an ARN.
    pub resource: String,
    /// Every condition key that the stack names; null: absent.
    pub context: BTreeMap<String, Option<Values>>,
}

impl WitnessView {
    /// The view of a request.
    pub fn of(witness: &Witness) -> Self {
        let values = |values: &Vec<String>| match values.as_slice() {
            [one] => Values::One(one.clone()),
            many => Values::Many(many.to_vec()),
        };
        let context = witness.context.iter();
        Self {
            principal: witness.principal.clone(),
            resource: witness.resource.clone(),
            context: context
                .map(|(key, held)| (key.clone(), held.as_ref().map(values)))
                .collect(),
        }
    }

    /// Key and value, absent keys included, as a line of text; empty if there is no key.
    pub(super) fn context_words(&self) -> String {
        let words = self.context.iter().map(|(key, held)| match held {
            None => format!("{key} absent"),
            Some(Values::One(value)) => format!("{key} = {value}"),
            Some(Values::Many(values)) => format!("{key} = [{}]", values.join(", ")),
        });
        words.collect::<Vec<_>>().join("; ")
    }
}

/// One line of `check --batch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BatchLine {
    /// As it was given; null if the line had none.
    #[schemars(with = "Option<String>")]
    pub id: serde_json::Value,
    /// `blocked`, `conditional`, `open`, `undetermined` or `error`.
    pub verdict: &'static str,
    /// A request that gets through, unless nothing does.
    pub witness: Option<WitnessView>,
    /// Who gets through where some do, in words.
    pub exemptions: Vec<String>,
    /// Why.
    pub because: Vec<String>,
    /// What is wrong with the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl BatchLine {
    /// A decided case.
    pub fn decided(id: serde_json::Value, answer: &Answer) -> Self {
        Self {
            id,
            verdict: answer.word.as_str(),
            witness: answer.witness.as_ref().map(WitnessView::of),
            exemptions: answer.exemptions.clone(),
            because: answer.because.clone(),
            message: None,
        }
    }

    /// A case that could not be decided because of itself.
    pub fn error(id: serde_json::Value, message: String) -> Self {
        Self {
            id,
            verdict: "error",
            witness: None,
            exemptions: Vec::new(),
            because: Vec::new(),
            message: Some(message),
        }
    }

    /// The line, with its end.
    pub fn line(&self) -> String {
        // INVARIANT: maps with string keys only, so this cannot fail.
        let text = serde_json::to_string(self).unwrap_or_default();
        format!("{text}\n")
    }
}

/// One decision.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CheckDocument {
    /// Version of this form.
    pub format_version: u32,
    /// The action.
    pub action: String,
    /// Whose requests.
    pub account: String,
    /// Its organization, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The levels, root first.
    pub levels: Vec<String>,
    /// `blocked`, `conditional`, `open` or `undetermined`.
    pub verdict: &'static str,
    /// A request that gets through, unless nothing does.
    pub witness: Option<WitnessView>,
    /// Who gets through where some do, in words.
    pub exemptions: Vec<String>,
    /// Why.
    pub because: Vec<String>,
    /// What was taken for granted.
    pub notes: Vec<String>,
}

impl CheckDocument {
    /// The document of an answer.
    pub fn new(
        action: &str,
        stack: &Stack,
        whose: &Whose,
        answer: &Answer,
        notes: Vec<String>,
    ) -> Self {
        Self {
            format_version: CHECK_VERSION,
            action: action.to_owned(),
            account: whose.account.to_string(),
            organization: whose.organization.as_ref().map(ToString::to_string),
            levels: stack.tiers.iter().map(|tier| tier.label.clone()).collect(),
            verdict: answer.word.as_str(),
            witness: answer.witness.as_ref().map(WitnessView::of),
            exemptions: answer.exemptions.clone(),
            because: answer.because.clone(),
            notes,
        }
    }

    /// Lays it out.
    pub fn render(&self, format: Format, width: usize) -> String {
        format.lay_out(self, |document| document.page(width))
    }

    fn page(&self, width: usize) -> String {
        let mut page = Page::new(width);
        let tone = tone(self.verdict);
        page.labeled(
            0,
            self.verdict,
            tone,
            &format!("{} in account {}", self.action, self.account),
        );
        page.paragraph(2, &format!("levels: {}", self.levels.join(", ")));
        page.paragraph(2, meaning(self.verdict));
        for reason in &self.because {
            page.item(2, reason);
        }
        if !self.exemptions.is_empty() {
            page.paragraph(2, "gets through:");
            for exemption in &self.exemptions {
                page.item(4, exemption);
            }
        }
        if let Some(witness) = &self.witness {
            request(&mut page, 2, &self.action, witness);
        }
        for note in &self.notes {
            page.paragraph(2, &format!("note: {note}"));
        }
        page.finish()
    }
}

/// A request that gets through, on a page.
pub(super) fn request(page: &mut Page, indent: usize, action: &str, witness: &WitnessView) {
    page.paragraph(indent, "a request that gets through:");
    page.paragraph(indent + 2, &format!("{action} on {}", witness.resource));
    page.paragraph(indent + 2, &format!("by {}", witness.principal));
    let context = witness.context_words();
    if !context.is_empty() {
        page.paragraph(indent + 2, &format!("with {context}"));
    }
}

/// The tone of a verdict's word.
pub(super) fn tone(verdict: &str) -> Tone {
    match verdict {
        "blocked" => Tone::Good,
        "open" | "conditional" => Tone::Bad,
        "undetermined" => Tone::Doubtful,
        _ => Tone::Plain,
    }
}

fn meaning(verdict: &str) -> &'static str {
    match verdict {
        "blocked" => "no request gets past the SCPs",
        "open" => "no SCP stands in the way of any request",
        "conditional" => "some requests get past the SCPs, and some do not",
        _ => "it could not be told",
    }
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
