//! The guard that `remediate` attaches, proved: shut for everybody, but for what is carved out.

use std::collections::BTreeSet;

use org_exit_guard::exits::{Actor, ExitPath, PathId, ResourceShape};
use org_exit_guard::model::{AccountId, NodeId, OrganizationId, Partition};
use org_exit_guard::plan::Guard;
use org_exit_guard::prove::{Decision, Kind, Level, Question, Subject, Target, decide};
use org_exit_guard::scp::{Dialect, Document, parse};

const PARTITIONS: [Partition; 8] = [
    Partition::Aws,
    Partition::AwsCn,
    Partition::AwsUsGov,
    Partition::AwsEusc,
    Partition::AwsIso,
    Partition::AwsIsoB,
    Partition::AwsIsoE,
    Partition::AwsIsoF,
];

fn word(
    guard: &Document,
    path: &ExitPath,
    partition: Partition,
    organization: &OrganizationId,
    parents: Option<&[NodeId]>,
) -> &'static str {
    let account: AccountId = "222222222222".parse().expect("an account id");
    let full = Document::full_aws_access();
    let levels = [
        Level::complete([&full, guard]),
        Level::complete([&full]),
        Level::complete([&full]),
    ];
    let subject = Subject {
        partition,
        account: &account,
        organization: Some(organization),
        parents,
        now: "2026-11-24T00:00:00Z".parse().expect("a time"),
    };
    let kinds: &[Kind] = match path.actor {
        Actor::MemberRoot => &[Kind::Root],
        _ => &Kind::ALL,
    };
    // The first action alone is beyond doubt; a path is open when all pass together.
    let questions: Vec<Question> = path
        .actions
        .iter()
        .map(|action| Question {
            action: action.name,
            target: match action.resource {
                ResourceShape::None => Target::None,
                ResourceShape::Handshake => Target::ForeignInvitation {
                    partition,
                    own: Some(organization),
                },
                ResourceShape::Account => Target::Account {
                    partition,
                    id: Some(&account),
                },
            },
        })
        .collect();
    if let Decision::Blocked(_) = decide(&levels, &questions[..1], &subject, kinds) {
        return "blocked";
    }
    match decide(&levels, &questions, &subject, kinds) {
        Decision::Blocked(_) => "blocked by another action",
        Decision::Open(_) => "open",
        Decision::Conditional { .. } => "conditional",
        Decision::Undetermined(_) => "undetermined",
    }
}

fn nodes(texts: &[&str]) -> Vec<NodeId> {
    let texts = texts.iter();
    texts.map(|text| text.parse().expect("a node")).collect()
}

#[test]
fn in_every_partition_it_is_shut_but_for_what_is_carved_out() {
    let organization: OrganizationId = "o-exampleorg1".parse().expect("an organization id");
    let carved = "o-exampleorg1/r-ab12/ou-ab12-11111111/ou-ab12-22222222/*".to_owned();
    let inside: [&[&str]; 2] = [
        &["r-ab12", "ou-ab12-11111111", "ou-ab12-22222222"],
        &[
            "r-ab12",
            "ou-ab12-11111111",
            "ou-ab12-22222222",
            "ou-ab12-33333333",
        ],
    ];
    let outside: [&[&str]; 5] = [
        &["r-ab12"],
        &["r-ab12", "ou-ab12-11111111"],
        &["r-ab12", "ou-ab12-22222222"],
        // Ids that begin alike.
        &["r-ab12", "ou-ab12-11111111", "ou-ab12-222222220"],
        &["r-ab12", "ou-ab12-44444444", "ou-ab12-55555555"],
    ];
    let mut proved: BTreeSet<(bool, PathId, &str)> = BTreeSet::new();
    for partition in PARTITIONS {
        for with in [false, true] {
            let guard = Guard {
                exit: true,
                self_closure: true,
                carved_out: if with { vec![carved.clone()] } else { vec![] },
            };
            let guard = guard.document().expect("it parses");
            for path in ExitPath::of_members() {
                for parents in inside.iter().chain(&outside) {
                    let parents = nodes(parents);
                    let open = with
                        && path.id != PathId::SelfClosure
                        && inside.iter().any(|one| nodes(one) == parents);
                    let expected = if open { "open" } else { "blocked" };
                    let found = word(&guard, path, partition, &organization, Some(&parents));
                    assert_eq!(found, expected, "{partition} {} {parents:?}", path.id);
                    proved.insert((with, path.id, found));
                }
            }
        }
    }
    assert_eq!(
        proved.len(),
        8,
        "three blocked paths, with two open ones: {proved:?}"
    );
}

#[test]
fn an_account_of_unknown_place_is_let_through_only_for_the_place_it_may_have() {
    let organization: OrganizationId = "o-exampleorg1".parse().expect("an organization id");
    let carved = vec!["o-exampleorg1/*/ou-ab12-22222222/*".to_owned()];
    for (carved_out, expected) in [(vec![], "blocked"), (carved, "conditional")] {
        let guard = Guard {
            exit: true,
            self_closure: false,
            carved_out,
        };
        let guard = guard.document().expect("it parses");
        let path = org_exit_guard::exits::path(PathId::Leave);
        let found = word(&guard, path, Partition::Aws, &organization, None);
        assert_eq!(found, expected);
    }
}

#[test]
fn the_published_document_is_the_guard() {
    let published = include_str!("../../policies/scp/exit-guard.json");
    let published = parse(published, Dialect::Scp).expect("it parses");
    let made = Guard {
        exit: true,
        self_closure: true,
        carved_out: vec![],
    };
    let made = made.document().expect("it parses");
    assert!(published.says_the_same_as(&made));
}
