//! Single stacks and documents looked at closely: what each statement does to an action, one
//! decision with its reasons, one file on its own.
//!
//! Pure, like the verdicts that it explains. Whatever it claims of all requests comes from
//! `prove`; whatever it shows as a request has been confirmed by `evaluate`.

mod answer;
mod ask;
mod blocked;
mod explain;
mod guard;
mod lint;
mod pins;
mod request;
mod source;
mod stack;
mod statement;
mod verify;
mod words;

pub use answer::{Answer, Word};
pub use ask::{Asked, ask};
pub use explain::{Explained, Held, Node, OnPath, PathAnswer, Shown, explain};
pub use lint::{Coverage, LintRule, Linted, Note, RULES as LINT_RULES, lint};
pub use pins::{PinError, Pins};
pub use request::{Witness, present};
pub use source::minified;
pub use stack::{Missing, Policy, Stack, Tier, Whose};
pub use statement::{Match, matches};
pub use verify::{Questions, ScpQuestion, questions};
pub use words::condition as condition_words;
