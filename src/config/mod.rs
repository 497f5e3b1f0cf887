//! `org-exit-guard.toml`: what an administrator decided, in a file that can be reviewed.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::settings::{Settings, Waiver};
use crate::model::{AccountId, OuId};

/// The name looked for in the working directory, then in the user's configuration directory.
pub const FILE_NAME: &str = "org-exit-guard.toml";

/// A configuration file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read configuration `{}`: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It does not follow the schema; the message names line and column.
    #[error("configuration `{}` is not valid: {message}", path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong and where.
        message: String,
    },
}

/// The file as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// Domains that root e-mail addresses should have.
    #[serde(default)]
    pub email_domains: Vec<String>,
    /// OUs from which accounts leave on purpose.
    #[serde(default)]
    pub transition_ous: Vec<OuId>,
    /// Principals that must keep everything but the ways out, as ARNs of roles or users without
    /// wildcards; the account alone may be `*`.
    #[serde(default)]
    pub break_glass: Vec<String>,
    /// The account in which the bucket of the organization trail lies; AWS does not say.
    #[serde(default)]
    pub trail_bucket_account: Option<AccountId>,
    /// Share of AWS's published rates that reading may take, above 0 up to 1; default 0.5.
    #[serde(default)]
    pub rate_share: Option<f64>,
    /// Accepted findings.
    #[serde(default)]
    pub waiver: Vec<Waiver>,
}

/// What the file and the defaults come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// What judgement follows.
    pub settings: Settings,
    /// Share of AWS's published rates that reading may take.
    pub rate_share: f64,
    /// The file that was read, if there was one.
    pub origin: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            rate_share: DEFAULT_SHARE,
            origin: None,
        }
    }
}

/// Account vending shares the buckets, so half is left to it.
const DEFAULT_SHARE: f64 = 0.5;

/// The rules that a waiver may name, by id.
#[derive(Debug, Clone, Default)]
pub struct RuleIds {
    /// Of findings.
    pub of_findings: Vec<&'static str>,
    /// Of events.
    pub of_events: Vec<&'static str>,
}

/// Reads the named file, or the first of the places where one is looked for; none is fine.
///
/// `rules` are those that a waiver may name.
pub fn load(named: Option<&Path>, rules: &RuleIds) -> Result<Config, ConfigError> {
    if let Some(path) = named {
        return read(path, rules);
    }
    match places().into_iter().find(|path| path.is_file()) {
        Some(path) => read(&path, rules),
        None => Ok(Config::default()),
    }
}

fn places() -> Vec<PathBuf> {
    use etcetera::BaseStrategy;
    let mut places = vec![PathBuf::from(FILE_NAME)];
    if let Ok(strategy) = etcetera::choose_base_strategy() {
        places.push(strategy.config_dir().join("org-exit-guard").join(FILE_NAME));
    }
    places
}

fn read(path: &Path, rules: &RuleIds) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(&text, rules)
        .map(|config| Config {
            origin: Some(path.to_owned()),
            ..config
        })
        .map_err(|message| ConfigError::Invalid {
            path: path.to_owned(),
            message,
        })
}

/// Reads the text of a configuration file; an error names line and column, or the key.
pub fn parse(text: &str, rules: &RuleIds) -> Result<Config, String> {
    let file: ConfigFile =
        toml::from_str(text).map_err(|error| error.to_string().trim().to_owned())?;
    let share = file.rate_share.unwrap_or(DEFAULT_SHARE);
    if !(share > 0.0 && share <= 1.0) {
        return Err(format!(
            "`rate_share` is {share}, but a share lies above 0 and up to 1"
        ));
    }
    for principal in &file.break_glass {
        check_principal(principal)?;
    }
    for waiver in &file.waiver {
        check_waiver(waiver, rules)?;
    }
    Ok(Config {
        settings: Settings {
            email_domains: file
                .email_domains
                .iter()
                .map(|one| one.to_ascii_lowercase())
                .collect(),
            transition_ous: file.transition_ous.into_iter().collect(),
            break_glass: file.break_glass.into_iter().collect(),
            trail_bucket_account: file.trail_bucket_account,
            waivers: file.waiver,
        },
        rate_share: share,
        origin: None,
    })
}

/// `arn:PARTITION:iam::ACCOUNT:role/NAME` or `user/NAME`.
fn check_principal(arn: &str) -> Result<(), String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let fits = match parts.as_slice() {
        ["arn", partition, "iam", "", account, name] => {
            let digits = account.len() == 12 && account.bytes().all(|one| one.is_ascii_digit());
            let named = ["role/", "user/"];
            partition.starts_with("aws")
                && !partition.contains('*')
                && (digits || *account == "*")
                && named
                    .iter()
                    .any(|kind| name.strip_prefix(kind).is_some_and(|rest| !rest.is_empty()))
                && !name.contains(['*', '?', '$'])
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err(format!(
        "`break_glass` names `{arn}`, but wants the ARN of one role or user; the account alone may be `*`"
    ))
}

fn check_waiver(waiver: &Waiver, rules: &RuleIds) -> Result<(), String> {
    let Waiver {
        rule, from, until, ..
    } = waiver;
    let of_events = rules.of_events.contains(&rule.as_str());
    if !of_events && !rules.of_findings.contains(&rule.as_str()) {
        return Err(format!(
            "a waiver names the rule `{rule}`, which does not exist"
        ));
    }
    if !of_events && (waiver.principal.is_some() || from.is_some() || until.is_some()) {
        return Err(format!(
            "the waiver of `{rule}` has `principal`, `from` or `until`, which only waivers of events have"
        ));
    }
    match (from, until) {
        (Some(from), Some(until)) if from > until => Err(format!(
            "the window of the waiver of `{rule}` ends before it begins"
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> RuleIds {
        RuleIds {
            of_findings: vec!["single-deny"],
            of_events: vec!["account-left"],
        }
    }

    #[test]
    fn a_whole_file_is_read() {
        let config = parse(
            r#"
            email_domains = ["Example.com"]
            transition_ous = ["ou-ab12-11111111"]
            break_glass = ["arn:aws:iam::*:role/ops/BreakGlass"]
            trail_bucket_account = "333333333333"
            rate_share = 0.8
            [[waiver]]
            rule = "account-left"
            target = "222222222222"
            reason = "sold, SEC-118"
            owner = "cloud team"
            expires = "2027-01-01T00:00:00Z"
            principal = "arn:aws:iam::111111111111:role/Migration*"
            from = "2026-12-01T00:00:00Z"
            until = "2026-12-24T00:00:00Z"
            "#,
            &rules(),
        )
        .unwrap();
        assert!(config.settings.email_domains.contains("example.com"));
        assert_eq!(config.settings.waivers.len(), 1);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (text, words) in [
            ("emial_domains = []", "unknown field `emial_domains`"),
            ("rate_share = 0", "lies above 0"),
            ("transition_ous = [\"r-ab12\"]", "not an OU id"),
            (
                "break_glass = [\"arn:aws:iam::*:role/*\"]",
                "the ARN of one role or user",
            ),
            (
                "break_glass = [\"arn:aws:iam::*:root\"]",
                "the ARN of one role or user",
            ),
            (
                "[[waiver]]\nrule = \"no-such-rule\"\nreason = \"r\"\nowner = \"o\"\nexpires = \"2027-01-01T00:00:00Z\"",
                "does not exist",
            ),
            (
                "[[waiver]]\nrule = \"account-left\"\nowner = \"o\"\nexpires = \"2027-01-01T00:00:00Z\"",
                "reason",
            ),
            (
                "[[waiver]]\nrule = \"single-deny\"\nreason = \"r\"\nowner = \"o\"\nexpires = \"2027-01-01T00:00:00Z\"\nprincipal = \"*\"",
                "only waivers of events",
            ),
            (
                "[[waiver]]\nrule = \"account-left\"\nreason = \"r\"\nowner = \"o\"\nexpires = \"2027-01-01T00:00:00Z\"\nfrom = \"2026-12-02T00:00:00Z\"\nuntil = \"2026-12-01T00:00:00Z\"",
                "ends before it begins",
            ),
        ] {
            let message = parse(text, &rules()).unwrap_err();
            assert!(message.contains(words), "{message}");
        }
    }

    const MANUAL: &str = include_str!("../../docs/configuration.md");

    /// Every property name in a schema, nested ones included.
    fn properties(schema: &serde_json::Value, names: &mut Vec<String>) {
        if let Some(members) = schema.get("properties").and_then(|p| p.as_object()) {
            names.extend(members.keys().cloned());
        }
        match schema {
            serde_json::Value::Object(members) => {
                members.values().for_each(|one| properties(one, names));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|one| properties(one, names)),
            _ => {}
        }
    }

    #[test]
    fn the_manual_describes_every_key_and_its_example_is_read() {
        let schema = serde_json::to_value(schemars::schema_for!(ConfigFile)).unwrap();
        let mut names = Vec::new();
        properties(&schema, &mut names);
        assert!(names.len() >= 9, "{names:?}");
        for name in names {
            // Tables are written in double brackets.
            let described = [format!("| `{name}` |"), format!("| `[[{name}]]` |")];
            assert!(described.iter().any(|one| MANUAL.contains(one)), "{name}");
        }
        let example = MANUAL.split("```toml\n").nth(1).unwrap();
        let example = example.split("```").next().unwrap();
        let config = parse(example, &crate::flows::rule_ids()).unwrap();
        assert_eq!(config.settings.waivers.len(), 1);
    }
}
