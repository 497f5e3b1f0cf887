//! `lint`.

use org_exit_guard::report::text::width;

use super::{no_wider, run_with};
use crate::served::{directory, run, run_at};

#[test]
fn every_fault_of_every_file_is_shown_with_its_place() {
    let place = directory();
    let write =
        |name: &str, text: &str| std::fs::write(place.path().join(name), text).expect("written");
    std::fs::create_dir_all(place.path().join("scps/deep/.hidden")).expect("made");
    write(
        "scps/bad.json",
        "{\n  \"Statement\": [{\n    \"Effect\": \"deny\",\n    \"Action\": [\"s3:Get*\", \"*:Put\"],\n    \"Action\": \"s3:*\",\n    \"Principal\": \"*\",\n    \"Resource\": \"*\"\n  }]\n}\n",
    );
    write(
        "scps/deep/torn.json",
        "{\"Version\":\"2012-10-17\",\n\"Statement\":[}",
    );
    write("scps/deep/.hidden/no.json", "no");
    write("scps/deep/readme.md", "no");
    let good = include_str!("../../../policies/scp/exit-guard.json");
    write("scps/good.json", good);
    let told = run(&place, &["lint", "scps"]);
    assert_eq!(told.code, Some(3), "{told:?}");
    no_wider(&told, 80);
    for part in [
        "error[policy-invalid]: `Effect` is `Allow` or `Deny`, in this case\n --> scps/bad.json:3:15\n  |\n3 |     \"Effect\": \"deny\",\n  |               ^\n",
        "error[policy-invalid]: wildcard in the service prefix of `*:Put`\n --> scps/bad.json:4:27\n",
        "error[policy-invalid]: `Action` stands twice in a statement\n --> scps/bad.json:5:5\n",
        "error[policy-invalid]: an SCP has no `Principal`",
        " --> scps/bad.json:6:5\n",
        " --> scps/deep/torn.json:2:14\n",
        "scps/good.json\n  366 of 10,240 characters, 268 without white space\n  blocked leave\n  blocked direct-transfer\n  blocked self-closure\n",
        "3 files, 5 findings",
    ] {
        assert!(told.stdout.contains(part), "{part}\n---\n{}", told.stdout);
    }
    let json = run(&place, &["lint", "scps", "--format", "json"]);
    assert_eq!(json.code, Some(3));
    let json = json.json();
    assert_eq!(json["findings"], 5);
    assert_eq!(json["files"][0]["findings"][1]["column"], 27);
    assert_eq!(run(&place, &["lint", "scps/good.json"]).code, Some(0));
    assert_eq!(
        run(&place, &["lint", "scps", "--fail-on", "never"]).code,
        Some(0)
    );
}

#[test]
fn lint_reads_the_standard_input_and_tells_what_it_cannot_read() {
    let place = directory();
    let good = include_str!("../../../policies/scp/exit-guard.json");
    let piped = run_with(&place, &["lint", "-"], good);
    assert_eq!(piped.code, Some(0), "{piped:?}");
    let no_version = good.replace("\"Version\": \"2012-10-17\",", "");
    let told = run_with(&place, &["lint", "-"], &no_version);
    assert_eq!(told.code, Some(3), "{told:?}");
    assert!(
        told.stdout.contains("warning[version-not-current]"),
        "{}",
        told.stdout
    );
    let low = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":"s3:*","Resource":"*"}]}"#;
    let low = run_with(&place, &["lint", "-", "--fail-on", "medium"], low);
    assert_eq!(low.code, Some(0), "{low:?}");
    assert!(low.stdout.contains("warning[guard-by-accident]"));
    std::fs::write(place.path().join("good.json"), good).expect("written");
    let missing = run(&place, &["lint", "none.json", "good.json"]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.stderr.contains("cannot read `none.json`"));
    assert!(
        missing.stdout.contains("good.json\n"),
        "the others are looked at"
    );
    std::fs::create_dir(place.path().join("empty")).expect("made");
    let empty = run(&place, &["lint", "empty"]);
    assert_eq!(empty.code, Some(2), "{empty:?}");
    assert_eq!(run(&place, &["lint"]).code, Some(2));
}

#[test]
fn the_place_in_a_long_line_of_hostile_text_stays_in_sight() {
    let place = directory();
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{}","Effect":"Deny","Action":"*:Leave\u001b","Resource":"*"}}]}}"#,
        "日本\u{202e}".repeat(80)
    );
    for columns in ["80", "140"] {
        std::fs::write(place.path().join("long.json"), &text).expect("written");
        let told = run_at(&place, &["lint", "long.json"], columns);
        assert_eq!(told.code, Some(3), "{told:?}");
        no_wider(&told, columns.parse().expect("a number"));
        assert!(
            !told
                .stdout
                .chars()
                .any(|c| c == '\u{202e}' || (c.is_control() && c != '\n'))
        );
        let lines: Vec<&str> = told.stdout.lines().collect();
        let at = lines
            .iter()
            .position(|line| line.trim_end().ends_with('^'))
            .expect("a caret");
        let caret = width(lines[at]) - 1;
        let below = lines[at - 1];
        let start = below
            .char_indices()
            .find(|(index, _)| width(&below[..*index]) == caret);
        let (start, _) = start.expect("a character above the caret");
        assert!(below[start..].starts_with("\"*:Leave"), "{below}");
    }
}
