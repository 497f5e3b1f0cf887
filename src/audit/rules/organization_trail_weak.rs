//! `organization-trail-weak`

use crate::audit::{Context, Finding, Rule};
use crate::exits::EVENTS;
use crate::model::Gap;
use crate::model::monitoring::{EventSelector, Trail};
use crate::model::rule::{RuleMeta, Severity};

static META: RuleMeta = RuleMeta {
    id: "organization-trail-weak",
    title: "The organization trail records too little",
    severity: Severity::Medium,
    explain: "What it checks: whether an organization trail is multi-region, records management events, reads and \
              writes, with digests by which changed log files can be told, and reaches its log group if it has one.\n\
              Why it matters: what is not recorded cannot be found after an account is gone, and files without digests \
              can be changed unseen.\n\
              How to fix: update the trail.",
    attack: &["T1562.008"],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html",
    ],
};

pub(super) const RULE: Rule = Rule { meta: &META, check };

/// What a trail lacks, and what of it is not known.
#[derive(Debug, Default)]
struct Weakness {
    lacks: Vec<String>,
    gaps: Vec<Gap>,
    /// Selectors whose effect on these events is not worked out.
    unclear: Vec<String>,
}

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let trails = cx.snapshot.organization_trails().into_iter().flatten();
    let found: Vec<(&Trail, Weakness)> = trails.map(|trail| (trail, weakness(trail))).collect();
    let sound = |one: &Weakness| one.gaps.is_empty() && one.unclear.is_empty();
    if found.is_empty()
        || found
            .iter()
            .any(|(_, one)| one.lacks.is_empty() && sound(one))
    {
        return Vec::new();
    }
    let evidence = found.iter().flat_map(|(trail, one)| {
        let words = one.lacks.iter().chain(&one.unclear);
        words.map(|words| format!("trail `{}` {words}", trail.name))
    });
    let evidence: Vec<String> = evidence.collect();
    // One of which too little is known to call it weak may be the sound one.
    let maybe = found.iter().find(|(_, one)| one.lacks.is_empty());
    if let Some((_, one)) = maybe {
        let what = "what the organization trail records";
        if let Some(gap) = one.gaps.first() {
            return vec![Finding {
                gaps: one.gaps.clone(),
                ..Finding::unread(&META, gap, what)
            }];
        }
        return vec![Finding {
            outcome: crate::audit::Outcome::CouldNotTell,
            evidence,
            remedy: "let the trail record all management events".to_owned(),
            ..Finding::failed(&META, "organization", format!("could not tell {what}"))
        }];
    }
    vec![Finding {
        evidence,
        remedy: "update the trail: multi-region, all management events, log file validation"
            .to_owned(),
        ..Finding::failed(
            &META,
            "organization",
            "the organization trail records too little to rely on".to_owned(),
        )
    }]
}

fn weakness(trail: &Trail) -> Weakness {
    let mut found = Weakness::default();
    let mut lack = |words: &str| found.lacks.push(words.to_owned());
    if !trail.multi_region {
        lack("covers one region only");
    }
    if !trail.validated {
        lack("has no log file validation: changed files cannot be told");
    }
    match trail.selectors.known() {
        Some(selectors) => {
            for (word, of) in [("reads", reads as Of), ("writes", writes as Of)] {
                match recorded(selectors, of) {
                    Some(true) => {}
                    Some(false) => lack(&format!("does not record all management events that are {word}")),
                    None => found.unclear.push(format!(
                        "narrows the management events that are {word} by fields that are not weighed here"
                    )),
                }
            }
        }
        None => found.gaps.extend(trail.selectors.gap().cloned()),
    }
    match trail.status.known() {
        Some(status) => {
            if let Some(error) = &status.log_group_error {
                let words = format!("could not deliver to its log group: {error}");
                found.lacks.push(words);
            }
        }
        None => found.gaps.extend(trail.status.gap().cloned()),
    }
    found
}

type Of = fn(&EventSelector) -> bool;

fn reads(selector: &EventSelector) -> bool {
    selector.reads
}

fn writes(selector: &EventSelector) -> bool {
    selector.writes
}

/// Are those events recorded, of every source that the catalog of exits has? `None`: a selector
/// has conditions that are not weighed.
fn recorded(selectors: &[EventSelector], of: Of) -> Option<bool> {
    let mut such = selectors.iter().filter(|selector| of(selector)).peekable();
    let any = such.peek().is_some();
    let of_catalog = |source: &String| EVENTS.iter().any(|event| event.source == source);
    let mut narrowed = false;
    for selector in such {
        if !selector.narrowed_by.is_empty() {
            narrowed = true;
        } else if !selector.excluded.iter().any(of_catalog) {
            return Some(true);
        }
    }
    (!any || !narrowed).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::audit::rules::testing::run;
    use crate::audit::{Finding, Outcome};
    use crate::model::Observed;
    use crate::model::fixture::{self, gap, organization_trail};
    use crate::model::monitoring::{EventSelector, Trail, TrailStatus};

    fn with(change: impl FnOnce(&mut Trail)) -> Vec<Finding> {
        let mut snapshot = fixture::organization();
        let mut trail = organization_trail();
        change(&mut trail);
        snapshot.trails = Observed::Known(vec![trail]);
        run(&RULE, &snapshot)
    }

    fn selector() -> EventSelector {
        EventSelector {
            reads: true,
            writes: true,
            excluded: Vec::new(),
            narrowed_by: Vec::new(),
        }
    }

    #[test]
    fn each_lack_is_named() {
        assert!(with(|_| {}).is_empty());
        let words = |change: fn(&mut Trail)| with(change)[0].evidence.join("; ");
        assert!(words(|trail| trail.multi_region = false).contains("one region"));
        assert!(words(|trail| trail.validated = false).contains("validation"));
        assert!(words(|trail| trail.selectors = Observed::Known(Vec::new())).contains("writes"));
        let writes = |trail: &mut Trail| {
            trail.selectors = Observed::Known(vec![EventSelector {
                reads: false,
                ..selector()
            }]);
        };
        let told = words(writes);
        assert!(told.contains("that are reads") && !told.contains("that are writes"));
        let group = |trail: &mut Trail| {
            trail.status = Observed::Known(TrailStatus {
                logging: true,
                delivery_error: None,
                log_group_error: Some("AccessDenied".to_owned()),
            });
        };
        assert!(words(group).contains("log group: AccessDenied"));
    }

    #[test]
    fn sources_that_matter_may_not_be_left_out_and_two_halves_are_a_whole() {
        let excluding = |source: &str| {
            let source = source.to_owned();
            with(|trail| {
                trail.selectors = Observed::Known(vec![EventSelector {
                    excluded: vec![source],
                    ..selector()
                }]);
            })
        };
        assert!(excluding("kms.amazonaws.com").is_empty());
        assert_eq!(excluding("organizations.amazonaws.com").len(), 1);
        let halves = [true, false].map(|reads| EventSelector {
            reads,
            writes: !reads,
            ..selector()
        });
        assert!(with(|trail| trail.selectors = Observed::Known(halves.to_vec())).is_empty());
    }

    #[test]
    fn what_was_not_read_or_is_not_understood_is_no_weakness() {
        let unread = |trail: &mut Trail| {
            trail.selectors = Observed::Unknown(gap("cloudtrail:GetEventSelectors"));
        };
        let found = with(unread);
        assert_eq!(found[0].outcome, Outcome::CouldNotTell);
        assert_eq!(found[0].gaps.len(), 1);
        let narrowed = with(|trail| {
            trail.selectors = Observed::Known(vec![EventSelector {
                narrowed_by: vec!["eventSource".to_owned()],
                ..selector()
            }]);
        });
        assert_eq!(narrowed[0].outcome, Outcome::CouldNotTell);
        assert!(narrowed[0].gaps.is_empty() && !narrowed[0].evidence.is_empty());
        // A weakness that is known counts, whatever else is not.
        let both = with(|trail| {
            unread(trail);
            trail.validated = false;
        });
        assert_eq!(both[0].outcome, Outcome::Failed);
    }
}
