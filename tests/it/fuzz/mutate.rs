//! Real policies, and what happens to them: changes drawn by proptest, which also makes what
//! fails small.

use org_exit_guard::scp::Operator;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed, TestRunner};

const CASES: &str = include_str!("../data/scp-cases.jsonl");
const GUARD: &str = include_str!("../../../policies/scp/exit-guard.json");

/// The same changes in every run; `PROPTEST_CASES` and `PROPTEST_RNG_SEED` ask for more.
pub(super) fn runner(cases: u32) -> TestRunner {
    let given = |name: &str| std::env::var_os(name).is_some();
    let mut config = Config {
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    if !given("PROPTEST_CASES") {
        config.cases = cases;
    }
    if !given("PROPTEST_RNG_SEED") {
        config.rng_seed = RngSeed::Fixed(0x0e61_7c7d_5eed_2026);
    }
    TestRunner::new(config)
}

/// Every text of the published cases, those that AWS refuses included, and our own guard.
pub(super) fn corpus() -> Vec<String> {
    let mut texts = vec![GUARD.to_owned()];
    for line in CASES.lines() {
        let case: serde_json::Value = serde_json::from_str(line).expect("a case is JSON");
        let levels = case["scps_by_level"].as_array().expect("levels").iter();
        for document in levels.flat_map(|level| level.as_array().expect("a level")) {
            let text = document.as_str().map(str::to_owned);
            texts.push(text.unwrap_or_else(|| document.to_string()));
        }
    }
    texts.sort();
    texts.dedup();
    texts
}

/// Words of the language, by what they can stand in for.
const OPERATORS: [&str; 22] = [
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringNotLikeIfExists",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "ForAllValues:StringLike",
    "ForAnyValue:StringNotEqualsIfExists",
    "ArnLike",
    "ArnNotLike",
    "ArnNotEqualsIfExists",
    "NumericLessThan",
    "NumericNotEqualsIfExists",
    "DateGreaterThanEquals",
    "DateLessThanIfExists",
    "Bool",
    "BoolIfExists",
    "IpAddress",
    "NotIpAddressIfExists",
    "BinaryEquals",
    "Null",
];
const KEYS: [&str; 18] = [
    "aws:PrincipalArn",
    "aws:principalARN",
    "aws:PrincipalTag/x",
    "aws:PrincipalTag/owner",
    "aws:username",
    "aws:PrincipalType",
    "aws:PrincipalAccount",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:MultiFactorAuthPresent",
    "aws:MultiFactorAuthAge",
    "aws:SourceIp",
    "aws:CurrentTime",
    "aws:TokenIssueTime",
    "aws:CalledVia",
    "aws:TagKeys",
    "aws:RequestedRegion",
    "vendor:NoSuchKey",
];
const VALUES: [&str; 30] = [
    "*",
    "",
    "?",
    "a*b",
    "*a?c*",
    "true",
    "False",
    "0",
    "299.5",
    "1e400",
    "-1",
    "2026-12-01T00:00:00Z",
    "1800000000",
    "10.0.0.0/8",
    "0.0.0.0/0",
    "::/0",
    "256.1.1.1",
    "10.0.0.0/33",
    "arn:aws:iam::*:role/Org*",
    "arn:aws:iam::111122223333:root",
    "arn:*:iam::*:*/*",
    "arn:aws:iam::${aws:PrincipalAccount}:role/*",
    "arn:aws:sts::*:federated-user/*",
    "arn:aws:iam",
    "${aws:username}",
    "${aws:PrincipalTag/x, 'a*'}",
    "${*}${?}${$}",
    "${",
    "o-exampleorg1/*",
    "é\u{212a}ſ",
];
/// What else stands for one another.
const GROUPS: [&[&str]; 6] = [
    &["Allow", "Deny"],
    &["Action", "NotAction"],
    &["Resource", "NotResource"],
    &["2012-10-17", "2008-10-17", "2020-01-01"],
    &[
        "organizations:LeaveOrganization",
        "organizations:leave*",
        "organizations:*",
        "organizations:?eaveOrganization",
        "organizations:AcceptHandshake",
        "organizations: LeaveOrganization",
        "o*:LeaveOrganization",
        "*:*",
        "s3:GetObject",
    ],
    &[
        "*",
        "**",
        "arn:aws:s3:::x",
        "arn:aws:organizations::*:handshake/*",
        "organizations:*",
    ],
];
/// Without these a text is no policy.
const FRAME: [&str; 5] = ["Version", "Statement", "Effect", "Condition", "Sid"];

/// One change; places are drawn once and fit whatever the text has become.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    /// A byte becomes another.
    Byte(Index, u8),
    /// A piece is left out.
    Cut(Index, usize),
    /// A piece stands again, so many times, somewhere else.
    Copy(Index, usize, Index, usize),
    /// A piece of another policy comes in.
    Splice(Index, Index, usize, Index),
    /// A string becomes another: an operator an operator, a key a key.
    Word(Index, Index),
    /// A string is filled with so many of these.
    Fill(Index, &'static str, usize),
    /// A string becomes a list of that string and another, so deep.
    Nest(Index, usize),
}

/// Changes that keep JSON mostly whole.
fn gentle() -> impl Strategy<Value = Change> {
    let unit = select(vec!["*", "?", "*a", "*?b", "a", "*ab?", "é"]);
    let place = any::<Index>;
    prop_oneof![
        8 => (place(), place()).prop_map(|(at, word)| Change::Word(at, word)),
        2 => (place(), unit, 1_usize..3_000).prop_map(|(at, unit, times)| Change::Fill(at, unit, times)),
        1 => place().prop_map(|at| Change::Nest(at, 1)),
    ]
}

/// Changes to text as such.
fn rough() -> impl Strategy<Value = Change> {
    let place = any::<Index>;
    prop_oneof![
        1 => (place(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        1 => (place(), 1_usize..60).prop_map(|(at, length)| Change::Cut(at, length)),
        1 => (place(), 1_usize..80, place(), 1_usize..40)
            .prop_map(|(from, length, to, times)| Change::Copy(from, length, to, times)),
        1 => (place(), place(), 1_usize..300, place())
            .prop_map(|(which, from, length, to)| Change::Splice(which, from, length, to)),
        1 => (place(), 1_usize..4_000).prop_map(|(at, deep)| Change::Nest(at, deep)),
        5 => gentle(),
    ]
}

/// A policy after some rough changes, and its source.
pub(super) fn broken(corpus: Vec<String>) -> impl Strategy<Value = String> {
    changed(corpus, rough(), 4)
}

/// A policy after some gentle changes.
pub(super) fn bent(corpus: Vec<String>) -> impl Strategy<Value = String> {
    changed(corpus, gentle(), 4)
}

fn changed(
    corpus: Vec<String>,
    change: impl Strategy<Value = Change>,
    most: usize,
) -> impl Strategy<Value = String> {
    let changes = proptest::collection::vec(change, 1..=most);
    (select(corpus.clone()), changes).prop_map(move |(text, changes)| {
        let apply = |text: String, change: &Change| change.apply(&text, &corpus);
        changes.iter().fold(text, apply)
    })
}

/// The largest place at or before this byte where the text can be cut.
fn whole(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn piece(text: &str, from: Index, length: usize) -> &str {
    let from = whole(text, from.index(text.len() + 1));
    &text[from..whole(text, from + length)]
}

fn inserted(text: &str, at: Index, what: &str) -> String {
    let at = whole(text, at.index(text.len() + 1));
    format!("{}{what}{}", &text[..at], &text[at..])
}

/// Start and end of what stands between quotes; of values only, or of everything.
fn strings(text: &str, values: bool) -> Vec<(usize, usize)> {
    let quotes: Vec<usize> = text.match_indices('"').map(|(at, _)| at).collect();
    let pairs = quotes.chunks_exact(2);
    let wanted = |(from, to): &(usize, usize)| {
        let named = text[to + 1..].trim_start().starts_with(':');
        (!named || !values) && !FRAME.contains(&&text[*from..*to])
    };
    pairs
        .map(|pair| (pair[0] + 1, pair[1]))
        .filter(wanted)
        .collect()
}

impl Change {
    fn apply(self, text: &str, corpus: &[String]) -> String {
        match self {
            Self::Byte(at, byte) if !text.is_empty() => {
                let mut bytes = text.as_bytes().to_vec();
                let at = at.index(bytes.len());
                bytes[at] = byte;
                String::from_utf8_lossy(&bytes).into_owned()
            }
            Self::Byte(..) => text.to_owned(),
            Self::Cut(at, length) => {
                let from = whole(text, at.index(text.len() + 1));
                format!("{}{}", &text[..from], &text[whole(text, from + length)..])
            }
            Self::Copy(from, length, to, times) => {
                inserted(text, to, &piece(text, from, length).repeat(times))
            }
            Self::Splice(which, from, length, to) => {
                let other: &String = which.get(corpus);
                inserted(text, to, piece(other, from, length))
            }
            Self::Word(at, word) => {
                let (from, to) = string(text, at, false);
                format!(
                    "{}{}{}",
                    &text[..from],
                    another(&text[from..to], word),
                    &text[to..]
                )
            }
            Self::Fill(at, unit, times) => {
                let (from, to) = string(text, at, true);
                format!("{}{}{}", &text[..from], unit.repeat(times), &text[to..])
            }
            Self::Nest(at, deep) => {
                let (from, to) = string(text, at, true);
                let (from, to) = (whole(text, from.saturating_sub(1)), whole(text, to + 1));
                let (open, close) = ("[".repeat(deep), "]".repeat(deep));
                let old = &text[from..to];
                format!("{}{open}{old},\"a*\"{close}{}", &text[..from], &text[to..])
            }
        }
    }
}

/// Where one of the strings is; at the end if there is none.
fn string(text: &str, at: Index, values: bool) -> (usize, usize) {
    let strings = strings(text, values);
    if strings.is_empty() {
        return (text.len(), text.len());
    }
    strings[at.index(strings.len())]
}

fn another(old: &str, word: Index) -> String {
    let from: &[&str] = if Operator::read(old).is_some() {
        &OPERATORS
    } else if KEYS.iter().any(|key| key.eq_ignore_ascii_case(old)) {
        &KEYS
    } else {
        let groups = GROUPS.iter().find(|group| group.contains(&old));
        groups.copied().unwrap_or(&VALUES)
    };
    (*word.get(from)).to_owned()
}
