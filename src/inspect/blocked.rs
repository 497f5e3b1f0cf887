//! Why nothing gets through: the fewest denies, and the levels that do not allow.

use super::answer::{Answer, Word};
use super::ask::Ask;
use crate::prove::{Decision, Reach, StatementAt, reach};
use crate::scp::{Document, Effect};

/// Denies that are tried one by one for the smallest set.
const MOST_SINGLE: usize = 24;
/// Denies that are tried in pairs.
const MOST_PAIRED: usize = 8;

impl Ask<'_> {
    /// Blocked by one deny that binds every request.
    pub(super) fn denied_by(&self, at: StatementAt) -> Answer {
        let own = self.original(at);
        Answer {
            word: Word::Blocked,
            witness: None,
            exemptions: Vec::new(),
            because: vec![format!("{} denies", self.stack.label(own))],
            sufficient: vec![own],
        }
    }

    /// Blocked by a level that allows nothing.
    pub(super) fn not_allowed_at(&self, level: usize) -> Answer {
        let tier = self.stack.tiers.get(level);
        let label = tier.map_or("", |tier| tier.label.as_str());
        Answer {
            word: Word::Blocked,
            witness: None,
            exemptions: Vec::new(),
            because: vec![format!("nothing at {label} allows it")],
            sufficient: Vec::new(),
        }
    }

    pub(super) fn blocked(&self, by: &[StatementAt]) -> Answer {
        let denies = self.smallest(by);
        let mut because: Vec<String> = Vec::new();
        let mut sufficient = Vec::new();
        for at in &denies {
            let own = self.original(*at);
            because.push(format!("{} denies", self.stack.label(own)));
            sufficient.push(own);
        }
        if denies.is_empty() || !self.blocks(&self.only_denies(&denies)) {
            because.extend(self.not_allowing(&denies));
        }
        Answer {
            word: Word::Blocked,
            witness: None,
            exemptions: Vec::new(),
            because,
            sufficient,
        }
    }

    /// A deny, a pair of denies or the set that the search needed: the smallest that blocks with
    /// everything allowed, else the search's own.
    fn smallest(&self, by: &[StatementAt]) -> Vec<StatementAt> {
        let mut tried = self.denies();
        tried.truncate(MOST_SINGLE);
        for one in &tried {
            if self.blocks(&self.only_denies(&[*one])) {
                return vec![*one];
            }
        }
        if by.len() <= 1 {
            return by.to_vec();
        }
        tried.truncate(MOST_PAIRED);
        for (index, first) in tried.iter().enumerate() {
            for second in tried.iter().skip(index + 1) {
                if self.blocks(&self.only_denies(&[*first, *second])) {
                    return vec![*first, *second];
                }
            }
        }
        let mut needed = by.to_vec();
        for one in by.iter().rev() {
            let fewer: Vec<StatementAt> = needed.iter().copied().filter(|at| at != one).collect();
            if self.blocks(&self.only_denies(&fewer)) {
                needed = fewer;
            }
        }
        needed
    }

    fn blocks(&self, documents: &[Vec<Document>]) -> bool {
        matches!(self.decide(documents), Decision::Blocked(_))
    }

    /// Denies that name the action, root first.
    fn denies(&self) -> Vec<StatementAt> {
        let mut found = Vec::new();
        for (level, documents) in self.documents.iter().enumerate() {
            for (policy, document) in documents.iter().enumerate() {
                for (index, statement) in document.statements.iter().enumerate() {
                    let touches = reach(statement, &self.question()) != Reach::Never;
                    if statement.effect == Effect::Deny && touches {
                        found.push(StatementAt {
                            level,
                            policy,
                            statement: index,
                        });
                    }
                }
            }
        }
        found
    }

    /// These denies alone, everything allowed at every level.
    fn only_denies(&self, wanted: &[StatementAt]) -> Vec<Vec<Document>> {
        let strip = |level: usize, documents: &Vec<Document>| {
            let mut left: Vec<Document> = documents
                .iter()
                .enumerate()
                .map(|(policy, document)| {
                    let statements = document.statements.iter().enumerate();
                    let kept = statements.filter(|(statement, _)| {
                        wanted.contains(&StatementAt {
                            level,
                            policy,
                            statement: *statement,
                        })
                    });
                    Document {
                        version: document.version,
                        statements: kept.map(|(_, one)| one.clone()).collect(),
                    }
                })
                .collect();
            left.push(Document::full_aws_access());
            left
        };
        let levels = self.documents.iter().enumerate();
        levels
            .map(|(level, documents)| strip(level, documents))
            .collect()
    }

    /// The levels whose allows are needed for the block, as sentences.
    fn not_allowing(&self, denies: &[StatementAt]) -> Vec<String> {
        let mut needed = Vec::new();
        for (level, tier) in self.stack.tiers.iter().enumerate() {
            let mut documents = self.only_denies(denies);
            if let (Some(slot), Some(own)) = (documents.get_mut(level), self.documents.get(level)) {
                slot.clone_from(own);
            }
            if self.blocks(&documents) {
                needed.push(if denies.is_empty() {
                    format!("nothing at {} allows it", tier.label)
                } else {
                    format!("{} allows it to nobody else", tier.label)
                });
            }
        }
        if needed.is_empty() {
            needed.push("what the levels allow has no request in common".to_owned());
        }
        needed
    }

    /// The place in the stack as it was given.
    pub(super) fn original(&self, at: StatementAt) -> StatementAt {
        let numbers = self
            .numbers
            .get(at.level)
            .and_then(|level| level.get(at.policy));
        let number = numbers.and_then(|numbers| numbers.get(at.statement));
        StatementAt {
            statement: number.copied().unwrap_or(at.statement),
            ..at
        }
    }
}
