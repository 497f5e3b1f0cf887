//! For every account and exit path: blocked, open, or could not tell, and why.
//!
//! A pure function of the snapshot. Accounts with equal stacks are decided once.

mod answer;
mod apart;
mod case;
mod exemptions;
mod hanging;
mod judge;
mod narrower;
mod numbered;
mod spares;
mod stack;
#[cfg(test)]
mod tests;
mod texts;
mod witness;

pub use answer::{
    Answer, Block, DenyNote, Exemption, Grade, Hinge, NeverApplies, NoScps, Opening, Standing,
    StatementRef, Verdict, Witness,
};
pub use hanging::{Hanging, hanging};
pub use judge::{Judgement, judge, judge_one, settled};
pub use narrower::{Narrower, NotNarrower, narrower};
pub use spares::spares;
pub use witness::{Passage, passers, witnesses};
