//! Odd, damaged and hostile log files, made rather than kept.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

/// A file and what a scan has to make of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// Ids of the events to be found.
    pub(crate) found: Vec<String>,
    /// Part of the reason for which the file is named as damaged.
    pub(crate) damaged: Option<&'static str>,
    /// Part of what is noted.
    pub(crate) noted: Option<&'static str>,
    /// Counted as not a log file.
    pub(crate) not_log: bool,
}

impl Case {
    fn new(name: &'static str, bytes: Vec<u8>, found: &[&str]) -> Self {
        Self {
            name,
            bytes,
            found: found.iter().map(|id| format!("{name}/{id}")).collect(),
            damaged: None,
            noted: None,
            not_log: false,
        }
    }

    fn damaged(mut self, reason: &'static str) -> Self {
        self.damaged = Some(reason);
        self
    }

    fn noted(mut self, what: &'static str) -> Self {
        self.noted = Some(what);
        self
    }

    fn not_log(mut self) -> Self {
        self.not_log = true;
        self
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// A record that is wanted.
pub(crate) fn needle(id: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","arn":"arn:aws:sts::222222222222:assumed-role/R/s"}},"eventTime":"2026-11-20T10:00:00Z","eventSource":"organizations.amazonaws.com","eventName":"LeaveOrganization","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1","userAgent":"cli","requestParameters":null,"responseElements":{{"credentials":{{"sessionToken":"canary-token"}}}},"eventID":"{id}","eventType":"AwsApiCall","recipientAccountId":"222222222222"}}"#
    )
}

/// Records that are not, each naming what is looked for in a place where it does not count.
pub(crate) fn noise(from: u32, count: u32) -> String {
    let record = |n: u32| {
        // Digits that do not compress, so that half of a file is half of its text.
        let mixed = n.wrapping_mul(2_654_435_761);
        let policy = r#"{"Action":"organizations:LeaveOrganization"}"#;
        json!({"eventTime": "2026-11-20T10:00:00Z", "eventSource": if n.is_multiple_of(2) {"iam.amazonaws.com"} else {"organizations.amazonaws.com"},
            "eventName": if n.is_multiple_of(2) {"LeaveOrganization"} else {"ListAccounts"}, "eventID": format!("noise-{mixed:08x}-{:08x}", mixed.rotate_left(13)),
            "requestParameters": {"policyDocument": policy, "eventName": "LeaveOrganization", "eventSource": "organizations.amazonaws.com"},
            "errorMessage": "not authorized to perform: organizations:LeaveOrganization \u{26d4}",
            "userAgent": "[organizations.amazonaws.com]"})
        .to_string()
    };
    let records: Vec<String> = (from..from + count).map(record).collect();
    records.join(",")
}

pub(crate) fn log(records: &[&str]) -> Vec<u8> {
    format!("{{\"Records\":[{}]}}", records.join(",")).into_bytes()
}

fn one(name: &str) -> Vec<u8> {
    log(&[&noise(0, 4), &needle(&format!("{name}/1")), &noise(4, 4)])
}

/// The needle with some of its text replaced.
fn odd(name: &str, from: &str, to: &str) -> String {
    let text = needle(&format!("{name}/1"));
    let changed = text.replacen(from, to, 1);
    assert_ne!(text, changed, "{name}");
    changed
}

fn flipped(mut bytes: Vec<u8>, back: usize) -> Vec<u8> {
    let at = bytes.len() - back;
    bytes[at] ^= 0x55;
    bytes
}

/// All cases.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = damaged();
    cases.extend(members());
    cases.extend(encodings());
    cases.extend(shapes());
    cases.extend(records());
    cases.extend(large());
    cases
}

fn damaged() -> Vec<Case> {
    let long = |name: &str| {
        let (first, last) = (needle(&format!("{name}/1")), needle(&format!("{name}/2")));
        gzip(&log(&[&first, &noise(0, 600), &last]))
    };
    let half = long("half");
    let sound = |name: &str| gzip(&one(name));
    let mut four_gib = sound("size-4-gib");
    let at = four_gib.len() - 4;
    four_gib[at..].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut small = sound("size-small");
    let at = small.len() - 4;
    small[at..].copy_from_slice(&7_u32.to_le_bytes());
    let mut trailer = sound("cut-trailer");
    trailer.truncate(trailer.len() - 5);
    vec![
        Case::new("half", half[..half.len() / 2].to_vec(), &["1"]).damaged("cut short"),
        Case::new("corrupt-middle", corrupt_middle("corrupt-middle"), &["1"]).damaged("corrupt"),
        Case::new("cut-trailer", trailer, &["1"]).damaged("cut short"),
        Case::new("bad-checksum", flipped(sound("bad-checksum"), 6), &["1"]).damaged("checksum"),
        Case::new("size-small", small, &["1"]).damaged("size field"),
        Case::new("size-4-gib", four_gib, &["1"]).damaged("size field"),
        Case::new("empty", Vec::new(), &[]).damaged("the file is empty"),
        Case::new("header-only", vec![0x1f, 0x8b, 8, 0, 0], &[]).damaged("corrupt"),
        Case::new("no-gzip", b"\x00\x00\x08 overwritten".to_vec(), &[]).damaged("neither gzip"),
        Case::new("zstandard", vec![0x28, 0xb5, 0x2f, 0xfd, 1, 2], &[]).damaged("Zstandard"),
    ]
}

/// A block of no known type behind the first needle, another needle behind that.
fn corrupt_middle(name: &str) -> Vec<u8> {
    let (first, last) = (needle(&format!("{name}/1")), needle(&format!("{name}/2")));
    let text = log(&[&first, &noise(0, 600), &last]);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let (front, back) = text.split_at(text.len() / 2);
    encoder.write_all(front).expect("memory");
    encoder.flush().expect("memory");
    let at = encoder.get_ref().len();
    encoder.write_all(back).expect("memory");
    let mut bytes = encoder.finish().expect("memory");
    bytes[at] = 0xff;
    bytes
}

fn members() -> Vec<Case> {
    let two = |name: &str| {
        log(&[
            &needle(&format!("{name}/1")),
            &noise(0, 20),
            &needle(&format!("{name}/2")),
        ])
    };
    let text = two("two-members-one-text");
    let (front, back) = text.split_at(text.len() / 2);
    let second = log(&[&needle("two-members-two-texts/2")]);
    let two_texts = [gzip(&one("two-members-two-texts")), gzip(&second)].concat();
    // Both texts have one length, so that the last size field fits the first member.
    let decoy = log(&[&needle("two-members-one-length/1")
        .replace("222222222222", "333333333333")
        .replace("/1", "/0")]);
    let hidden = log(&[&needle("two-members-one-length/1")]);
    assert_eq!(decoy.len(), hidden.len());
    let padded = [gzip(&one("zero-padding")), vec![0; 900]].concat();
    let garbage = [gzip(&one("trailing-garbage")), b"garbage".to_vec()].concat();
    vec![
        Case::new(
            "two-members-one-text",
            [gzip(front), gzip(back)].concat(),
            &["1", "2"],
        ),
        Case::new("two-members-two-texts", two_texts, &["1", "2"]),
        Case::new(
            "two-members-one-length",
            [gzip(&decoy), gzip(&hidden)].concat(),
            &["0", "1"],
        ),
        Case::new("zero-padding", padded, &["1"]),
        Case::new("trailing-garbage", garbage, &["1"]).damaged("bytes that are not gzip"),
        Case::new(
            "header-options",
            with_options(&gzip(&one("header-options"))),
            &["1"],
        ),
        Case::new("gzip-of-nothing", gzip(b""), &[]),
    ]
}

/// All optional header fields: extra, name, comment, checksum of the header.
fn with_options(plain: &[u8]) -> Vec<u8> {
    let mut bytes = plain[..10].to_vec();
    bytes[3] = 0x04 | 0x08 | 0x10 | 0x02;
    bytes.extend(b"\x05\x00extra");
    bytes.extend(b"a name\0a comment\0");
    let mut crc = flate2::Crc::new();
    crc.update(&bytes);
    bytes.extend(&crc.sum().to_le_bytes()[..2]);
    bytes.extend(&plain[10..]);
    bytes
}

fn encodings() -> Vec<Case> {
    let utf16 = |name: &str, unit: fn(u16) -> [u8; 2]| {
        let text = String::from_utf8(one(name)).expect("UTF-8");
        let mark = (!name.ends_with("no-mark")).then_some(0xfeff);
        let units = mark.into_iter().chain(text.encode_utf16());
        units.flat_map(unit).collect::<Vec<u8>>()
    };
    let mut bad = log(&[&odd("not-utf8", "\"cli\"", "\"c?i\"")]);
    let at = bad
        .windows(3)
        .position(|three| three == b"c?i")
        .expect("it");
    bad[at + 1] = 0xff;
    let marked = [b"\xef\xbb\xbf".to_vec(), one("utf8-mark")].concat();
    let lone = log(&[&odd("lone-surrogate", "\"cli\"", r#""\ud83e!""#)]);
    let name = odd(
        "escaped-name",
        "LeaveOrganization",
        r"Leave\u004frganization",
    );
    let source = odd(
        "escaped-source",
        "organizations.amazonaws",
        r"organizations\u002Eamazonaws",
    );
    let member = odd("escaped-member", "eventName", r"event\u004eame");
    vec![
        Case::new("plain-as-gz", one("plain-as-gz"), &["1"]).noted("not compressed"),
        Case::new("utf8-mark", gzip(&marked), &["1"]),
        Case::new(
            "utf16-little",
            gzip(&utf16("utf16-little", u16::to_le_bytes)),
            &["1"],
        )
        .noted("UTF-16"),
        Case::new(
            "utf16-big",
            gzip(&utf16("utf16-big", u16::to_be_bytes)),
            &["1"],
        )
        .noted("UTF-16"),
        Case::new(
            "utf16-little-no-mark",
            gzip(&utf16("utf16-little-no-mark", u16::to_le_bytes)),
            &["1"],
        )
        .noted("UTF-16"),
        Case::new(
            "utf16-big-no-mark",
            utf16("utf16-big-no-mark", u16::to_be_bytes),
            &["1"],
        )
        .noted("not compressed"),
        Case::new("not-utf8", gzip(&bad), &["1"]),
        Case::new("lone-surrogate", gzip(&lone), &["1"]),
        Case::new("escaped-name", gzip(&log(&[&name])), &["1"]),
        Case::new("escaped-source", gzip(&log(&[&source])), &["1"]),
        Case::new("escaped-member", gzip(&log(&[&member])), &["1"]),
    ]
}

fn shapes() -> Vec<Case> {
    let digest = json!({"awsAccountId": "222222222222", "digestStartTime": "2026-11-20T10:00:00Z",
        "logFiles": [{"s3Object": "x", "note": "LeaveOrganization", "source": "organizations.amazonaws.com"}]});
    let insight = json!({"Records": [{"eventVersion": "1.09", "eventTime": "2026-11-20T10:00:00Z", "eventID": "insight",
        "eventType": "AwsCloudTrailInsight", "insightDetails": {"eventSource": "organizations.amazonaws.com",
        "eventName": "LeaveOrganization"}}]});
    let lines = [
        noise(0, 1),
        needle("lines/1"),
        noise(2, 1),
        needle("lines/2"),
    ]
    .join("\n");
    let list = format!("[{},{}]", noise(0, 3), needle("list/1"));
    let mut tar = vec![b'x'; 512];
    tar[257..262].copy_from_slice(b"ustar");
    let cut = one("json-cut");
    let cut = &cut[..cut.len() - 300];
    vec![
        Case::new("records-missing", gzip(b"{\"a\":1}"), &[]).not_log(),
        Case::new("records-null", gzip(b"{\"Records\":null}"), &[]).not_log(),
        Case::new("records-empty", gzip(b"{\"Records\":[]}"), &[]),
        Case::new("html", gzip(b"<html>it's not there</html>"), &[]).not_log(),
        Case::new("list", gzip(list.as_bytes()), &["1"]),
        Case::new("lines", gzip(lines.as_bytes()), &["1", "2"]),
        Case::new("digest-renamed", gzip(digest.to_string().as_bytes()), &[]).not_log(),
        Case::new("insight-renamed", gzip(insight.to_string().as_bytes()), &[]),
        Case::new("json-cut", gzip(cut), &["1"]).damaged("ends within"),
        Case::new(
            "json-cut-without-needle",
            gzip(&log(&[&noise(0, 9)])[..900]),
            &[],
        )
        .damaged("ends within"),
        Case::new("tar", gzip(&tar), &[]).damaged("tar"),
    ]
}

fn records() -> Vec<Case> {
    let twice = |name: &str, text: &str| odd(name, r#""eventName":"LeaveOrganization""#, text);
    let first = twice(
        "repeated-first",
        r#""eventName":"LeaveOrganization","eventName":"ListAccounts""#,
    );
    let last = twice(
        "repeated-last",
        r#""eventName":"ListAccounts","eventName":"LeaveOrganization""#,
    );
    let depth = 100_000;
    let nested = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let nested = odd(
        "nested",
        r#""requestParameters":null"#,
        &format!(r#""requestParameters":{nested}"#),
    );
    let null = odd(
        "null-name",
        r#""eventName":"LeaveOrganization""#,
        r#""eventName":null"#,
    );
    let mut reordered: serde_json::Value = serde_json::from_str(&needle("pretty/1")).expect("JSON");
    reordered.sort_all_objects();
    let pretty = json!({"Records": [reordered]});
    let pretty = format!("{pretty:#}");
    let no_objects =
        r#"null,true,17,-2.5e3,"{\"Records\":[",[{"eventName":"LeaveOrganization"}],[]"#;
    vec![
        Case::new("repeated-first", gzip(&log(&[&first])), &["1"]),
        Case::new("repeated-last", gzip(&log(&[&last])), &["1"]),
        Case::new("nested", gzip(&log(&[&nested])), &["1"]),
        Case::new(
            "not-objects",
            gzip(&log(&[no_objects, &needle("not-objects/1")])),
            &["1"],
        ),
        Case::new(
            "null-name",
            gzip(&log(&[&null, &needle("null-name/2")])),
            &["2"],
        ),
        Case::new("pretty", gzip(pretty.as_bytes()), &["1"]),
        Case::new("traps", gzip(&log(&[&noise(0, 50)])), &[]),
    ]
}

fn large() -> Vec<Case> {
    let many = log(&[
        &noise(0, 6_000),
        &needle("long-line/1"),
        &noise(6_000, 6_000),
    ]);
    let huge = "x".repeat(12 << 20);
    let huge = odd("huge-record", "\"cli\"", &format!("\"{huge}\""));
    let bomb = format!("{{\"Records\":[{{\"a\":\"{}\"}}]}}", " ".repeat(BOMB));
    vec![
        Case::new("long-line", gzip(&many), &["1"]),
        Case::new("huge-record", gzip(&log(&[&huge])), &["1"]),
        Case::new("bomb", gzip(bomb.as_bytes()), &[]).damaged("inflates to more than"),
    ]
}

/// Bytes that the bomb inflates to.
pub(crate) const BOMB: usize = 40 << 20;

/// Writes all cases into a directory.
pub(crate) fn write(cases: &[Case], directory: &Path) {
    for case in cases {
        let path = directory.join(format!("{}.json.gz", case.name));
        std::fs::write(path, &case.bytes).expect("written");
    }
}
