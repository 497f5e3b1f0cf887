//! Another source for what patterns have in common: derivatives of regular expressions, as in
//! AWS's `aws-smt-strings`, beside our automata.
//!
//! Which texts match some patterns and not others is asked of both, for every such combination:
//! they must agree on whether there is one, and our example must be one to the other.

use aws_smt_strings::regular_expressions::{ReManager, RegLan};
use aws_smt_strings::smt_strings::SmtString;
use org_exit_guard::prove::{Decision, Effort, Kind, Level, Question, Target, decide_within};
use org_exit_guard::scp::{Dialect, parse};

use crate::prove_random::word;
use crate::random_stacks::{ACTION, Dice, Place, policy};

/// A condition key, how its values are compared, and what it can hold.
struct Field {
    key: &'static str,
    like: &'static str,
    unlike: &'static str,
    kind: Kind,
    /// Before what is drawn.
    starts: &'static [&'static str],
    units: &'static [&'static str],
    /// Every value as a regular expression.
    domain: fn(&mut ReManager) -> RegLan,
    /// A pattern as a regular expression.
    pattern: fn(&mut ReManager, &str) -> RegLan,
}

fn literal(re: &mut ReManager, text: &str) -> RegLan {
    re.str(&SmtString::from(text))
}

fn any(re: &mut ReManager) -> RegLan {
    re.full()
}

/// `*` and `?` over all characters.
fn wildcards(re: &mut ReManager, text: &str) -> RegLan {
    let one = re.all_chars();
    glob(re, text, one)
}

fn glob(re: &mut ReManager, text: &str, one: RegLan) -> RegLan {
    let mut parts = Vec::new();
    for c in text.chars() {
        parts.push(match c {
            '*' => re.star(one),
            '?' => one,
            other => re.char(u32::from(other)),
        });
    }
    re.concat_list(parts)
}

/// A wildcard does not cross one of the first five colons.
fn arn(re: &mut ReManager, text: &str) -> RegLan {
    let before = re.range(0, u32::from(':') - 1);
    let behind = re.range(u32::from(':') + 1, 0x2ffff);
    let inside = re.union(before, behind);
    let all = re.all_chars();
    let mut parts = Vec::new();
    for (index, part) in text.splitn(6, ':').enumerate() {
        if index > 0 {
            parts.push(re.char(u32::from(':')));
        }
        let one = if index < 5 { inside } else { all };
        parts.push(glob(re, part, one));
    }
    re.concat_list(parts)
}

/// Letters, digits and `_+=,.@-`.
fn name(re: &mut ReManager) -> RegLan {
    let ranges = [('a', 'z'), ('A', 'Z'), ('0', '9')].map(|(from, to)| (from.into(), to.into()));
    let mut sets: Vec<RegLan> = Vec::new();
    for (from, to) in ranges {
        sets.push(re.range(from, to));
    }
    for c in "_+=,.@-".chars() {
        sets.push(re.char(u32::from(c)));
    }
    let one = re.union_list(sets);
    re.plus(one)
}

fn role(re: &mut ReManager) -> RegLan {
    let head = literal(re, "arn:aws:iam::111122223333:role/");
    let name = name(re);
    re.concat(head, name)
}

fn role_in_path(re: &mut ReManager) -> RegLan {
    let head = literal(re, "arn:aws:iam::111122223333:role/");
    let visible = re.range(u32::from('!'), u32::from('~'));
    let path = re.plus(visible);
    let slash = literal(re, "/");
    let name = name(re);
    re.concat_list([head, path, slash, name])
}

const LETTERS: &[&str] = &["*", "?", "a", "b", "ab", "*a", "b*", ":", "é", "A"];
const NAMES: &[&str] = &["*", "?", "Org", "O", "g", "/", "Admin", "a*", "*n"];
const ROLES: &[&str] = &[
    "arn:aws:iam::*:role/",
    "arn:aws:iam::111122223333:role/",
    "arn:*:iam::1111????3333:r*/",
    "*:aws:iam:*:*:*",
    "arn:aws:iam::444455556666:role/",
];

const FIELDS: [Field; 4] = [
    Field {
        key: "aws:UserAgent",
        like: "StringLike",
        unlike: "StringNotLike",
        kind: Kind::Role,
        starts: &[""],
        units: LETTERS,
        domain: any,
        pattern: wildcards,
    },
    Field {
        key: "aws:PrincipalArn",
        like: "ArnLike",
        unlike: "ArnNotLike",
        kind: Kind::Role,
        starts: ROLES,
        units: NAMES,
        domain: role,
        pattern: arn,
    },
    Field {
        key: "aws:PrincipalArn",
        like: "StringLike",
        unlike: "StringNotLike",
        kind: Kind::Role,
        starts: ROLES,
        units: NAMES,
        domain: role,
        pattern: wildcards,
    },
    Field {
        key: "aws:PrincipalArn",
        like: "ArnLike",
        unlike: "ArnNotLike",
        kind: Kind::RoleInPath,
        starts: ROLES,
        units: NAMES,
        domain: role_in_path,
        pattern: arn,
    },
];

/// A value that matches just these patterns, as our engine says: who is allowed?
fn ours(field: &Field, patterns: &[(String, bool)], place: &Place) -> Option<String> {
    let side = |wanted: bool| {
        let these = patterns.iter().filter(|(_, matched)| *matched == wanted);
        these.map(|(pattern, _)| pattern).collect::<Vec<_>>()
    };
    // One statement for each pattern that must match: a later level narrows an earlier one.
    let key = field.key;
    let mut levels = vec![format!(r#"{{"Null":{{"{key}":"false"}}}}"#)];
    for pattern in side(true) {
        levels.push(format!(r#"{{"{}":{{"{key}":"{pattern}"}}}}"#, field.like));
    }
    if !side(false).is_empty() {
        levels.push(format!(
            r#"{{"{}":{{"{key}":{:?}}}}}"#,
            field.unlike,
            side(false)
        ));
    }
    let allow = |condition: &String| {
        let statement =
            format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}"#);
        parse(&policy("2012-10-17", &[statement]), Dialect::Scp).expect("it parses")
    };
    let documents: Vec<_> = levels.iter().map(allow).collect();
    let stack: Vec<Level> = documents.iter().map(|one| Level::complete([one])).collect();
    let questions = [Question {
        action: ACTION,
        target: Target::None,
    }];
    let kinds = [field.kind];
    let effort = &mut Effort::default();
    match decide_within(&stack, &questions, &place.subject(), &kinds, effort) {
        Decision::Blocked(_) => None,
        Decision::Open(example) => Some(example),
        Decision::Conditional { mut through, .. } => Some(through.remove(0)),
        other @ Decision::Undetermined(_) => panic!("{}: {patterns:?}", word(&other)),
    }
    .map(|example| {
        let held = example.context.get(&key.to_ascii_lowercase());
        let value = held.and_then(|values| values.as_ref()?.first().cloned());
        value.expect("the key is present")
    })
}

#[test]
fn combinations_of_patterns_are_the_same_to_another_source() {
    let place = Place::new();
    let (mut some, mut none) = (0, 0);
    for (number, field) in (1_u64..).zip(&FIELDS) {
        let mut dice = Dice(0x0e61_7c7d_5eed_2026 ^ (number << 40));
        for _ in 0..150 {
            let drawn: Vec<String> = (0..=dice.roll(3))
                .map(|_| {
                    let units = (0..=dice.roll(4))
                        .map(|_| dice.pick(field.units))
                        .collect::<Vec<_>>();
                    format!("{}{}", dice.pick(field.starts), units.concat())
                })
                .collect();
            for bits in 0..1_usize << drawn.len() {
                let side = |(index, pattern): (usize, &String)| {
                    (pattern.clone(), bits & (1 << index) != 0)
                };
                let patterns: Vec<_> = drawn.iter().enumerate().map(side).collect();
                let mut re = ReManager::new();
                let mut all = (field.domain)(&mut re);
                for (pattern, matched) in &patterns {
                    let pattern = (field.pattern)(&mut re, pattern);
                    let wanted = if *matched {
                        pattern
                    } else {
                        re.complement(pattern)
                    };
                    all = re.inter(all, wanted);
                }
                let theirs = re.get_string(all);
                if let Some(value) = ours(field, &patterns, &place) {
                    let value = SmtString::from(value.as_str());
                    assert!(re.str_in_re(&value, all), "{value} {patterns:?}");
                    some += 1;
                } else {
                    assert!(theirs.is_none(), "{theirs:?} {patterns:?}");
                    none += 1;
                }
            }
        }
    }
    assert!(
        some > 1_200 && none > 1_200,
        "{some} with a text, {none} without"
    );
}
