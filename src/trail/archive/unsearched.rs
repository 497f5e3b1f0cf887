//! Named paths of which no file was searched, and why.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::coverage::NotSearched;
use super::walk::Met;

/// What became of the files of one root.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Fates {
    pub(super) searched: u64,
    pub(super) not_logs: u64,
    pub(super) damaged: u64,
}

impl Fates {
    pub(super) fn add(&mut self, other: Self) {
        self.searched += other.searched;
        self.not_logs += other.not_logs;
        self.damaged += other.damaged;
    }
}

/// The roots of which nothing was searched. `fates`: by the root's index.
pub(super) fn not_searched(
    roots: &[PathBuf],
    fates: &BTreeMap<usize, Fates>,
    met: &Met,
) -> Vec<NotSearched> {
    let fate = |index| fates.get(&index).copied().unwrap_or_default();
    let each = roots.iter().enumerate();
    each.map(|(index, root)| (index, root, fate(index)))
        .filter(|(_, _, fates)| fates.searched == 0)
        .map(|(index, root, fates)| NotSearched {
            path: root.display().to_string(),
            reason: reason(index, fates, met),
        })
        .collect()
}

fn reason(index: usize, fates: Fates, met: &Met) -> String {
    let mut parts: Vec<String> = Vec::new();
    let pruned = met.pruned.iter().filter(|((root, _), _)| *root == index);
    for ((_, rule), (folders, files)) in pruned {
        parts.push(format!(
            "{folders} folders and {files} files left out by rule {}",
            rule.word()
        ));
    }
    if fates.not_logs > 0 {
        parts.push(format!("{} not log files", fates.not_logs));
    }
    if fates.damaged > 0 {
        parts.push(format!("{} files damaged", fates.damaged));
    }
    if parts.is_empty() {
        parts.push("none could be reached".to_owned());
    }
    format!("no file of this archive was searched: {}", parts.join(", "))
}
