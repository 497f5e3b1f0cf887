//! What a scan of an archive costs; `benches/archive_scan.py` runs this and prints the tables.
//!
//! `generate DIR MEGABYTES SEED`: an archive of so much JSON, and its truth on the standard output.
//! `large DIR`: files of 100 MB each. `tree DIR N`: so many near-empty files.
//! `inflate DIR THREADS`: reads and inflates every file with libdeflate and does nothing else.
//! `names`: the event names that are looked for.
//! `scan DIR THREADS [all|region|days|account]`: the scan; prints the ids found and its peak memory.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark stops at what it does not expect"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use org_exit_guard::model::Silent;
use org_exit_guard::trail::archive::{Caps, Query, Search, Window, scan};
use serde_json::json;

const REGIONS: [&str; 8] = [
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
];
const ACCOUNTS: u64 = 40;
const DAYS: u64 = 7;
/// Of a thousand files, three hold a needle and seventeen a trap.
const NEEDLES: u64 = 3;
const TRAPS: u64 = 17;

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let at = usize::try_from(self.below(list.len() as u64)).expect("small");
        list.get(at).copied().expect("within")
    }

    fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            a & 0xfff,
            b >> 52,
            b & 0xffff_ffff_ffff
        )
    }
}

struct Place {
    account: String,
    region: &'static str,
    day: u64,
}

/// `requestParameters` of one of three kinds.
fn parameters(random: &mut Random, kind: u64, account: &str, role: &str, session: u64) -> String {
    match kind {
        0 => format!(r#"{{"filterSet":{{"items":[{{"name":"tag:Name","valueSet":{{"items":[{{"value":"node-{:x}"}}]}}}}]}},"maxResults":{}}}"#, random.below(4096), random.below(1000)),
        1 => format!(r#"{{"roleArn":"arn:aws:iam::{account}:role/{role}","roleSessionName":"session-{session:016x}","durationSeconds":3600}}"#),
        _ => r#"{"policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:ListBucket\"],\"Resource\":\"arn:aws:s3:::logs/*\",\"Condition\":{\"StringLike\":{\"aws:PrincipalArn\":\"arn:aws:iam::*:role/svc-*\"}}}]}","tag":"Größe"}"#.to_owned(),
    }
}

/// An ordinary record, of the sizes and repetitions of real ones.
fn ordinary(random: &mut Random, place: &Place, text: &mut String) {
    let calls = [
        ("ec2.amazonaws.com", "DescribeInstances"),
        ("sts.amazonaws.com", "AssumeRole"),
        ("s3.amazonaws.com", "GetBucketPolicy"),
        ("iam.amazonaws.com", "GetRole"),
        ("kms.amazonaws.com", "Decrypt"),
        ("logs.amazonaws.com", "DescribeLogGroups"),
        ("dynamodb.amazonaws.com", "DescribeTable"),
        ("ssm.amazonaws.com", "GetParameters"),
    ];
    let at = usize::try_from(random.below(8)).expect("small");
    let (source, name) = calls.get(at).copied().expect("within");
    let role = random.pick(&[
        "Deploy",
        "Audit",
        "AWSServiceRoleForConfig",
        "ci-runner",
        "ReadOnly",
    ]);
    let agent = random.pick(&[
        "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#amd64 api/ec2#1.170.0",
        "Boto3/1.34.149 md/Botocore#1.34.149 ua/2.0 os/linux#5.10.220 md/arch#x86_64 lang/python#3.11.9",
        "config.amazonaws.com",
        "APN/1.0 HashiCorp/1.0 Terraform/1.9.3 (+https://www.terraform.io) terraform-provider-aws/5.60.0",
    ]);
    let account = &place.account;
    let (session, key) = (random.next(), random.next());
    let (seconds, minutes) = (random.below(60), random.below(60));
    let token = if name == "AssumeRole" {
        let body = (0..10)
            .map(|_| format!("{:016x}", random.next()))
            .collect::<Vec<_>>()
            .concat();
        format!(
            r#"{{"credentials":{{"accessKeyId":"ASIA{:016X}","expiration":"Nov 20, 2026, 11:00:00 AM","sessionToken":"{body}"}}}}"#,
            random.next()
        )
    } else {
        "null".to_owned()
    };
    // Real logs have no `\u` in thousands of records; writers that are careful with HTML have some.
    let parameters = match random.below(30) {
        0 => r#"{"description":"a \u003cb\u003e \u0026 c"}"#.to_owned(),
        kind => parameters(random, kind % 3, account, role, session),
    };
    write!(
        text,
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROA{:016X}:session-{session:016x}","arn":"arn:aws:sts::{account}:assumed-role/{role}/session-{session:016x}","accountId":"{account}","accessKeyId":"ASIA{key:016X}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROA{:016X}","arn":"arn:aws:iam::{account}:role/{role}","accountId":"{account}","userName":"{role}"}},"attributes":{{"creationDate":"2026-11-{:02}T10:{minutes:02}:00Z","mfaAuthenticated":"false"}}}}}},"eventTime":"2026-11-{:02}T10:{minutes:02}:{seconds:02}Z","eventSource":"{source}","eventName":"{name}","awsRegion":"{}","sourceIPAddress":"10.{}.{}.{}","userAgent":"{agent}","requestParameters":{parameters},"responseElements":{token},"requestID":"{}","eventID":"{}","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{account}","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"{source}"}}}}"#,
        random.below(97), random.below(97), 14 + place.day, 14 + place.day, place.region,
        random.below(255), random.below(255), random.below(255), random.uuid(), random.uuid(),
    )
    .expect("memory");
}

/// A record to be found, in one of many spellings.
fn needle(random: &mut Random, place: &Place, id: &str) -> String {
    let name = random.pick(&[
        "LeaveOrganization",
        "DetachPolicy",
        "AccountDepartedOrganization",
        "CloseAccount",
        "MoveAccount",
        "AcceptHandshake",
    ]);
    let day = 14 + place.day;
    let (mut key, mut source, mut spelled) =
        ("eventName", "organizations.amazonaws.com", name.to_owned());
    match random.below(8) {
        0 => {
            spelled = format!(
                "\\u{:04x}{}",
                name.as_bytes().first().copied().unwrap_or(0),
                name.get(1..).unwrap_or("")
            );
        }
        1 => source = r"organizations\u002Eamazonaws.com",
        2 => key = r"event\u004eame",
        3 => {
            return format!(
                "{{ \"recipientAccountId\" : \"{}\" , \"eventID\" : \"{id}\",\n \"eventName\" : \"{name}\" , \"eventTime\":\"2026-11-{day:02}T10:00:00Z\",\t\"requestParameters\":{{\"accountId\":\"{}\"}}, \"eventSource\" : \"{source}\" }}",
                place.account, place.account
            );
        }
        _ => {}
    }
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::{0}:user/eve","accountId":"{0}"}},"eventTime":"2026-11-{day:02}T10:00:00Z","eventSource":"{source}","{key}":"{spelled}","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.7","userAgent":"cli","requestParameters":{{"accountId":"{0}"}},"responseElements":null,"eventID":"{id}","eventType":"AwsApiCall","recipientAccountId":"{0}"}}"#,
        place.account
    )
}

/// A record that only looks like one: eight ways, each with the name in its error message.
fn trap(random: &mut Random, place: &Place, id: &str) -> String {
    let policy = r#"{"policyDocument":"{\"Action\":\"organizations:LeaveOrganization\"}"}"#;
    let nested = r#"{"eventSource":"organizations.amazonaws.com","eventName":"LeaveOrganization"}"#;
    let lookup = r#"{"lookupAttributes":[{"attributeKey":"EventName","attributeValue":"LeaveOrganization"}]}"#;
    let text = r#"{"json":"{\"eventSource\":\"organizations.amazonaws.com\",\"eventName\":\"CloseAccount\"}"}"#;
    let (source, name, address, parameters) = match random.below(8) {
        0 => ("iam.amazonaws.com", "LeaveOrganization", "10.0.0.1", "null"),
        1 => (
            "organizations.amazonaws.com",
            "ListAccounts",
            "10.0.0.1",
            "null",
        ),
        2 => (
            "organizations.amazonaws.com",
            "leaveorganization",
            "10.0.0.1",
            "null",
        ),
        3 => ("iam.amazonaws.com", "PutRolePolicy", "10.0.0.1", policy),
        4 => ("config.amazonaws.com", "PutEvaluations", "10.0.0.1", nested),
        5 => (
            "cloudtrail.amazonaws.com",
            "LookupEvents",
            "organizations.amazonaws.com",
            lookup,
        ),
        6 => (
            "organizations.amazonaws.com",
            "ListRoots",
            "10.0.0.1",
            r#"{"note":"\\u004feave"}"#,
        ),
        _ => (
            "sts.amazonaws.com",
            "AssumeRole",
            "organizations.amazonaws.com",
            text,
        ),
    };
    format!(
        r#"{{"eventVersion":"1.11","eventTime":"2026-11-{:02}T10:00:00Z","eventSource":"{source}","eventName":"{name}","userAgent":"LeaveOrganization/1.0","sourceIPAddress":"{address}","errorMessage":"is not authorized to perform: organizations:LeaveOrganization","requestParameters":{parameters},"eventID":"{id}","recipientAccountId":"{}"}}"#,
        14 + place.day,
        place.account
    )
}

fn write_gz(path: &Path, text: &[u8]) -> u64 {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(text).expect("memory");
    let bytes = encoder.finish().expect("memory");
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, &bytes).expect("written");
    bytes.len() as u64
}

fn generate(root: &Path, megabytes: u64, seed: u64) {
    let mut random = Random(seed);
    let (mut files, mut gzip, mut plain, mut holding) = (0_u64, 0, 0, 0_u64);
    let mut needles = Vec::new();
    let mut text = String::new();
    while plain < megabytes * 1_000_000 {
        let region = if random.below(10) < 4 {
            "us-east-1"
        } else {
            random.pick(&REGIONS)
        };
        let account = format!("{:012}", 111_111_111_111 + random.below(ACCOUNTS) * 1_001);
        let place = Place {
            account,
            region,
            day: random.below(DAYS),
        };
        // Most files are small, few are large.
        let most = 1 << (2 + random.below(8));
        let records = 1 + random.below(8) + random.below(most);
        let kind = random.below(1000);
        let odd = (kind < NEEDLES + TRAPS).then(|| random.below(records));
        text.clear();
        text.push_str("{\"Records\":[");
        for record in 0..records {
            if record > 0 {
                text.push(',');
            }
            if odd == Some(record) {
                let id = random.uuid();
                if kind < NEEDLES {
                    text.push_str(&needle(&mut random, &place, &id));
                    needles.push(id);
                    holding += 1;
                } else {
                    text.push_str(&trap(&mut random, &place, &id));
                }
            } else {
                ordinary(&mut random, &place, &mut text);
            }
        }
        text.push_str("]}");
        let Place {
            account,
            region,
            day,
        } = &place;
        let name = format!(
            "{account}_CloudTrail_{region}_202611{:02}T10{:02}Z_{:016x}.json.gz",
            14 + day,
            random.below(60),
            random.next()
        );
        let folder = format!(
            "AWSLogs/o-exampleorg1/{account}/CloudTrail/{region}/2026/11/{:02}",
            14 + day
        );
        gzip += write_gz(&root.join(folder).join(name), text.as_bytes());
        plain += text.len() as u64;
        files += 1;
    }
    println!(
        "{}",
        json!({"files": files, "gzip": gzip, "json": plain, "holding": holding, "needles": needles})
    );
}

/// Four files of 100 MB, one line each, with a needle at the end; and one record of 100 MB.
fn large(root: &Path) {
    let mut random = Random(7);
    let place = Place {
        account: "111111111111".to_owned(),
        region: "us-east-1",
        day: 1,
    };
    let mut ids = Vec::new();
    for file in 0..4 {
        let mut text = "{\"Records\":[".to_owned();
        while text.len() < 100_000_000 {
            ordinary(&mut random, &place, &mut text);
            text.push(',');
        }
        ids.push(random.uuid());
        text.push_str(&needle(&mut random, &place, ids.last().expect("one")));
        text.push_str("]}");
        write_gz(&root.join(format!("many-{file}.json.gz")), text.as_bytes());
    }
    ids.push(random.uuid());
    let record = needle(&mut random, &place, ids.last().expect("one"));
    let huge = record.replacen(
        "\"eventID\"",
        &format!("\"x\":\"{}\",\"eventID\"", "y".repeat(100_000_000)),
        1,
    );
    write_gz(
        &root.join("one.json.gz"),
        format!("{{\"Records\":[{huge}]}}").as_bytes(),
    );
    println!("{}", json!({"needles": ids}));
}

fn tree(root: &Path, count: u64) {
    for at in 0..count {
        let (account, day, file) = (at % 50, at / 50 % 30, at / 1500);
        let account = format!("{:012}", 111_111_111_111 + account);
        let folder = format!(
            "AWSLogs/{account}/CloudTrail/us-east-1/2026/10/{:02}",
            day + 1
        );
        let name = format!(
            "{account}_CloudTrail_us-east-1_202610{:02}T1000Z_{file:016x}.json.gz",
            day + 1
        );
        write_gz(&root.join(folder).join(name), b"{\"Records\":[]}");
    }
    println!("{{\"needles\":[]}}");
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        if entry.file_type().expect("a type").is_dir() {
            list(&entry.path(), files);
        } else {
            files.push(entry.path());
        }
    }
}

fn inflate(root: &Path, threads: usize) {
    let mut files = Vec::new();
    list(root, &mut files);
    let next = AtomicUsize::new(0);
    let total: u64 = std::thread::scope(|scope| {
        let work = || {
            let mut inflater = libdeflater::Decompressor::new();
            let (mut input, mut output, mut total) = (Vec::new(), Vec::new(), 0);
            while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                input.clear();
                let mut file = std::fs::File::open(path).expect("a file");
                std::io::Read::read_to_end(&mut file, &mut input).expect("readable");
                let size = u32::from_le_bytes(*input.last_chunk::<4>().expect("a trailer"));
                let size = usize::try_from(size).expect("small");
                if output.len() < size {
                    output.resize(size, 0);
                }
                total += inflater
                    .gzip_decompress(&input, output.get_mut(..size).expect("room"))
                    .expect("sound") as u64;
            }
            total
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        handles
            .into_iter()
            .map(|one| one.join().expect("no panic"))
            .sum()
    });
    println!("{}", json!({"bytes": total, "peak_kib": peak()}));
}

/// Most memory that this process ever had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .expect("a line");
    line.split_whitespace()
        .nth(1)
        .expect("a number")
        .parse()
        .expect("a number")
}

fn scanned(root: &Path, workers: usize, what: &str) {
    let time = |text: &str| text.parse().expect("a time");
    let days = ["days", "account"].contains(&what);
    let window = Window {
        since: time(if days {
            "2026-11-16T00:00:00Z"
        } else {
            "2026-10-01T00:00:00Z"
        }),
        until: time(if days {
            "2026-11-16T23:59:59Z"
        } else {
            "2026-11-30T00:00:00Z"
        }),
        margin_hours: 24,
    };
    let accounts: BTreeSet<_> = if what == "account" {
        ["111111111111".parse().expect("an id")].into()
    } else {
        BTreeSet::new()
    };
    let query = Query::exits(window, accounts);
    let search = Search {
        roots: &[root.to_owned()],
        query: &query,
        all_regions: what == "all",
        caps: Caps::default(),
        workers,
    };
    let found = scan(&search, &AtomicBool::new(false), &Silent).expect("an archive");
    let ids: Vec<&str> = found
        .found
        .iter()
        .map(|one| one.record.event_id.as_str())
        .collect();
    let coverage = &found.coverage;
    println!(
        "{}",
        json!({"ids": ids, "peak_kib": peak(), "searched": coverage.searched, "damaged": coverage.damaged.len()})
    );
}

/// The event names that are looked for.
fn names() -> Vec<&'static str> {
    let events = org_exit_guard::exits::EVENTS.iter();
    events.map(|event| event.name).collect()
}

fn main() {
    let mut args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    args.resize(5, String::new());
    let number = |at: usize| {
        args.get(at)
            .and_then(|arg| arg.parse::<u64>().ok())
            .unwrap_or(1)
    };
    let threads = usize::try_from(number(2)).unwrap_or(1);
    let text = |at: usize| args.get(at).map(String::as_str).unwrap_or_default();
    let root = Path::new(text(1));
    match text(0) {
        "generate" => generate(root, number(2), number(3)),
        "large" => large(root),
        "tree" => tree(root, number(2)),
        "inflate" => inflate(root, threads),
        "scan" => scanned(
            root,
            threads,
            if text(3).is_empty() { "all" } else { text(3) },
        ),
        "names" => println!("{}", names().join(",")),
        _ => println!("benches/archive_scan.py runs this"),
    }
}
