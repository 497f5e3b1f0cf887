//! Random stacks: what `prove` says of all requests holds for thousands of single ones.
//!
//! `evaluate` shares no matching code with `prove`, so each is the other's judge.

use std::fmt::Write as _;

use org_exit_guard::evaluate::{Decision, Request, evaluate};
use org_exit_guard::prove::{Decision as Proved, Example, Kind, Question, Target, decide};
use org_exit_guard::scp::Document;

use crate::edge_styles::{edge_request, edge_stack};
use crate::random_stacks::{
    ACTION, Dice, FULL, Place, concrete, levels, parsed, policy, request, stack, statement,
};

/// Stacks of one shard; each shard is a test of its own, so that they run side by side.
const STACKS: usize = 1_300;
/// Requests drawn against each universal answer.
const REQUESTS: usize = 24;
/// Every so many stacks, the variants that must not matter are decided as well.
const VARIANTS: usize = 10;
/// Stacks that the first shard writes down for the judge that asks z3.
const SAMPLE: usize = 400;

pub(crate) fn decided(documents: &[Vec<Document>]) -> Proved {
    let place = Place::new();
    let questions = [Question {
        action: ACTION,
        target: Target::None,
    }];
    decide(&levels(documents), &questions, &place.subject(), &Kind::ALL)
}

pub(crate) fn word(decision: &Proved) -> &'static str {
    match decision {
        Proved::Blocked(_) => "blocked",
        Proved::Open(_) => "open",
        Proved::Conditional { .. } => "conditional",
        Proved::Undetermined(_) => "undetermined",
    }
}

pub(crate) fn allows(documents: &[Vec<Document>], request: &Request) -> bool {
    let plain: Vec<Vec<&Document>> = documents
        .iter()
        .map(|level| level.iter().collect())
        .collect();
    evaluate(&plain, request) == Decision::Allowed
}

/// A user's name is the last part of its ARN, and nobody else has one.
fn could_be_made(example: &Example) -> bool {
    let name = example.principal.rsplit('/').next().map(str::to_owned);
    // A path may hold `:user/` as well.
    let mut parts = example.principal.splitn(6, ':');
    let user = parts.nth(5).is_some_and(|tail| tail.starts_with("user/"));
    match example.context.get("aws:username") {
        Some(Some(names)) => user && names.first() == name.as_ref(),
        Some(None) => !user,
        None => true,
    }
}

/// Checks one answer against `evaluate`.
fn check(
    texts: &[Vec<String>],
    documents: &[Vec<Document>],
    decision: &Proved,
    requests: impl Iterator<Item = Request>,
) {
    match decision {
        Proved::Blocked(_) => {
            for request in requests {
                assert!(!allows(documents, &request), "{request:?} {texts:?}");
            }
        }
        Proved::Open(example) => {
            assert!(
                allows(documents, &concrete(example)),
                "{example:?} {texts:?}"
            );
            for request in requests {
                assert!(allows(documents, &request), "{request:?} {texts:?}");
            }
        }
        Proved::Conditional { through, denied } => {
            for example in through {
                assert!(
                    allows(documents, &concrete(example)),
                    "{example:?} {texts:?}"
                );
                assert!(could_be_made(example), "{example:?} {texts:?}");
            }
            assert!(
                !allows(documents, &concrete(denied)),
                "{denied:?} {texts:?}"
            );
            assert!(could_be_made(denied), "{denied:?} {texts:?}");
        }
        Proved::Undetermined(_) => {}
    }
}

/// The same stack in other words, one statement a policy, everything back to front.
fn split_and_turned(texts: &[Vec<String>]) -> Vec<Vec<String>> {
    let levels = texts.iter().rev();
    levels
        .map(|level| {
            let mut texts = Vec::new();
            for text in level {
                let document: serde_json::Value = serde_json::from_str(text).expect("JSON");
                let version = document["Version"].as_str().expect("a version");
                for statement in document["Statement"].as_array().expect("statements") {
                    let mut statement = statement.clone();
                    for key in ["Action", "NotAction", "Resource"] {
                        if let Some(one) = statement[key].as_str() {
                            statement[key] = serde_json::json!([one, one]);
                        } else if statement[key].is_null() {
                            statement.as_object_mut().expect("an object").remove(key);
                        }
                    }
                    texts.push(policy(version, &[statement.to_string()]));
                }
            }
            texts.reverse();
            texts
        })
        .collect()
}

fn variants(texts: &[Vec<String>], decision: &Proved, dice: &mut Dice) {
    let turned = split_and_turned(texts);
    let other = decided(&parsed(&turned));
    assert_eq!(word(&other), word(decision), "{texts:?}\n{turned:?}");
    let mut more = texts.to_vec();
    let deny = policy("2012-10-17", &[statement(dice, "Deny")]);
    more[0].push(deny);
    let stricter = decided(&parsed(&more));
    match (word(decision), word(&stricter)) {
        ("blocked", after) => assert_eq!(after, "blocked", "{more:?}"),
        ("conditional", after) => assert_ne!(after, "open", "{more:?}"),
        _ => {}
    }
}

fn shard(number: u64) {
    let mut dice = Dice(0x0e61_7c7d_5eed_2026 ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    let mut sample = String::new();
    for index in 0..STACKS {
        let texts = stack(&mut dice);
        let documents = parsed(&texts);
        let decision = decided(&documents);
        *counts.entry(word(&decision)).or_default() += 1;
        let requests: Vec<Request> = (0..REQUESTS).map(|_| request(&mut dice)).collect();
        check(&texts, &documents, &decision, requests.into_iter());
        if index % VARIANTS == 0 {
            variants(&texts, &decision, &mut dice);
        }
        if number == 0 && index < SAMPLE {
            let policies: Vec<Vec<serde_json::Value>> = texts
                .iter()
                .map(|level| {
                    let texts = level.iter();
                    texts
                        .map(|text| serde_json::from_str(text).expect("JSON"))
                        .collect()
                })
                .collect();
            let line = serde_json::json!({"verdict": word(&decision), "levels": policies});
            writeln!(sample, "{line}").expect("a string");
        }
    }
    let count = |word: &str| counts.get(word).copied().unwrap_or(0);
    for one in ["blocked", "open", "conditional"] {
        assert!(count(one) > STACKS / 20, "{counts:?}");
    }
    assert!(count("undetermined") * 100 <= STACKS, "{counts:?}");
    if number == 0 {
        for_judges("verdict-sample.jsonl", &sample);
    }
}

/// Leaves a file where the judges look for it.
pub(crate) fn for_judges(name: &str, text: &str) {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
        Into::into,
    );
    let folder = target.join("judges");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(name), text).expect("written");
}

macro_rules! shards {
    ($draw:ident: $($name:ident $number:literal),*) => {$(
        #[test]
        fn $name() {
            $draw($number);
        }
    )*};
}

shards!(
    edges: edge_stacks_0 0, edge_stacks_1 1, edge_stacks_2 2, edge_stacks_3 3,
    edge_stacks_4 4, edge_stacks_5 5, edge_stacks_6 6, edge_stacks_7 7
);

shards!(
    shard:
    drawn_stacks_0 0, drawn_stacks_1 1, drawn_stacks_2 2, drawn_stacks_3 3,
    drawn_stacks_4 4, drawn_stacks_5 5, drawn_stacks_6 6, drawn_stacks_7 7,
    drawn_stacks_8 8, drawn_stacks_9 9, drawn_stacks_10 10, drawn_stacks_11 11,
    drawn_stacks_12 12, drawn_stacks_13 13, drawn_stacks_14 14, drawn_stacks_15 15,
    drawn_stacks_16 16, drawn_stacks_17 17, drawn_stacks_18 18, drawn_stacks_19 19,
    drawn_stacks_20 20, drawn_stacks_21 21, drawn_stacks_22 22, drawn_stacks_23 23
);

/// No request that AWS never sends.
fn holds_together(example: &Example) -> bool {
    let values = |key: &str| example.context.get(key).and_then(Option::as_deref);
    let is = |key: &str, value: &str| values(key).is_some_and(|one| one == [value]);
    let age = values("aws:multifactorauthage").is_some();
    let endpoint = ["aws:vpcsourceip", "aws:sourcevpce", "aws:vpceorgpaths"];
    let endpoint = endpoint.iter().any(|key| values(key).is_some());
    let secure = example.context.get("aws:securetransport");
    let seconds = |key: &str| {
        let text = values(key)?.first()?;
        let time = || {
            text.parse::<jiff::Timestamp>()
                .ok()
                .map(jiff::Timestamp::as_second)
        };
        text.parse::<i64>().ok().or_else(time)
    };
    // Fractions and years beyond 9999 are left to the comparison itself.
    let times = ["aws:currenttime", "aws:epochtime"].map(seconds);
    let one_time =
        matches!(times, [Some(now), Some(epoch)] if now == epoch) || times.contains(&None);
    let mut lists = example.context.values().flatten();
    (!age || is("aws:multifactorauthpresent", "true"))
        && !(endpoint && values("aws:sourceip").is_some())
        && secure.is_none_or(|_| is("aws:securetransport", "true"))
        && one_time
        && lists.all(|values| !values.is_empty())
}

/// Stacks of one shard at the edges of AWS's text.
const EDGES: usize = 60;

fn edges(number: u64) {
    let mut dice = Dice(0x0ed6_e5ed_5eed_2026 ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for index in 0..EDGES {
        let (texts, documented) = edge_stack(&mut dice);
        let documents = parsed(&texts);
        let decision = decided(&documents);
        if documented {
            *counts.entry(word(&decision)).or_default() += 1;
        }
        let requests: Vec<Request> = (0..REQUESTS).map(|_| edge_request(&mut dice)).collect();
        check(&texts, &documents, &decision, requests.into_iter());
        if let Proved::Conditional { through, denied } = &decision {
            for example in through.iter().chain([denied]) {
                assert!(holds_together(example), "{example:?} {texts:?}");
            }
        }
        if index % VARIANTS == 0 {
            variants(&texts, &decision, &mut dice);
        }
    }
    let count = |word: &str| counts.get(word).copied().unwrap_or(0);
    for one in ["blocked", "conditional"] {
        assert!(count(one) > 0, "{counts:?}");
    }
    let all: usize = counts.values().sum();
    // One in a hundred, and one more since a shard is small.
    assert!(count("undetermined") <= 1 + all / 100, "{counts:?}");
}

/// An operator, its complement (none: the other flag), and the key and values compared.
type Complement = (&'static str, &'static str, (&'static str, &'static str));

/// For every operator, `IfExists` and set operators included.
fn complements() -> [Complement; 26] {
    let tag = "aws:PrincipalTag/x";
    let arn = ("aws:PrincipalArn", r#""arn:aws:iam::*:role/Org*""#);
    let age = ("aws:MultiFactorAuthAge", r#""300""#);
    let time = ("aws:CurrentTime", r#""2027-01-01T00:00:00Z""#);
    let issued = ("aws:TokenIssueTime", r#""2026-11-01T00:00:00Z""#);
    let ip = ("aws:SourceIp", r#"["10.0.0.0/8","2001:db8::/32"]"#);
    let text = (tag, r#"["a*b","yes"]"#);
    [
        ("StringEquals", "StringNotEquals", text),
        // To `ForAnyValue` an empty tag has no value, so it fits neither half.
        ("StringEqualsIfExists", "ForAnyValue:StringNotEquals", text),
        ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", text),
        ("StringLike", "StringNotLike", text),
        ("StringLike", "StringNotLikeIfExists", text),
        (
            "ForAllValues:StringLike",
            "ForAnyValue:StringNotLike",
            ("aws:CalledVia", r#"["a*","*b"]"#),
        ),
        (
            "ForAnyValue:StringEquals",
            "ForAllValues:StringNotEquals",
            ("aws:CalledVia", r#"["a","b"]"#),
        ),
        ("ArnEquals", "ArnNotEquals", arn),
        ("ArnLike", "ArnNotLike", arn),
        ("ArnLike", "ArnNotEquals", arn),
        ("NumericEquals", "NumericNotEquals", age),
        ("NumericLessThan", "NumericGreaterThanEqualsIfExists", age),
        ("NumericLessThanEqualsIfExists", "NumericGreaterThan", age),
        ("NumericGreaterThan", "NumericLessThanEqualsIfExists", age),
        ("NumericGreaterThanEqualsIfExists", "NumericLessThan", age),
        ("DateEquals", "DateNotEquals", time),
        ("DateLessThan", "DateGreaterThanEquals", time),
        ("DateLessThanEquals", "DateGreaterThan", time),
        ("DateLessThan", "DateGreaterThanEqualsIfExists", issued),
        ("DateGreaterThan", "DateLessThanEqualsIfExists", issued),
        ("IpAddress", "NotIpAddress", ip),
        ("IpAddressIfExists", "ForAnyValue:NotIpAddress", ip),
        (
            "BoolIfExists",
            "",
            ("aws:MultiFactorAuthPresent", r#""true""#),
        ),
        ("Bool", "", ("aws:ViaAWSService", r#""true""#)),
        ("Null", "", (tag, r#""true""#)),
        (
            "NumericLessThan",
            "NumericGreaterThanEqualsIfExists",
            (tag, r#""300""#),
        ),
    ]
}

/// For every operator a condition and its complement: denying both leaves nobody, allowing
/// both leaves everybody, each alone leaves some.
#[test]
fn a_condition_and_its_complement_cover_every_request() {
    for (one, other, (key, values)) in complements() {
        let first = format!(r#"{{"{one}":{{"{key}":{values}}}}}"#);
        // Flags: the other value under the same comparison.
        let second = if other.is_empty() {
            let base = one.trim_end_matches("IfExists");
            format!(r#"{{"{base}":{{"{key}":"false"}}}}"#)
        } else {
            format!(r#"{{"{other}":{{"{key}":{values}}}}}"#)
        };
        let with = |effect: &str, conditions: &[&String]| -> Vec<Vec<String>> {
            let statement = |condition: &&String| {
                let action = r#""Action":"*","Resource":"*""#;
                format!(r#"{{"Effect":"{effect}",{action},"Condition":{condition}}}"#)
            };
            let statements: Vec<String> = conditions.iter().map(statement).collect();
            let mut level = vec![policy("2012-10-17", &statements)];
            if effect == "Deny" {
                level.push(FULL.to_owned());
            }
            vec![level]
        };
        let found = |texts: Vec<Vec<String>>| word(&decided(&parsed(&texts)));
        // Text compared as a number as well as not at all: what is no number fits neither half.
        let partial = key == "aws:PrincipalTag/x"
            && (one.starts_with("Numeric") || other.starts_with("ForAnyValue:"));
        let all = if partial { "conditional" } else { "blocked" };
        let none = if partial { "conditional" } else { "open" };
        assert_eq!(
            found(with("Deny", &[&first, &second])),
            all,
            "{first} {second}"
        );
        assert_eq!(
            found(with("Allow", &[&first, &second])),
            none,
            "{first} {second}"
        );
        for half in [&first, &second] {
            assert_eq!(found(with("Deny", &[half])), "conditional", "{half}");
            assert_eq!(found(with("Allow", &[half])), "conditional", "{half}");
        }
    }
}
