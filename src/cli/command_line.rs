//! A command printed from parsed arguments, to be pasted: parsing it again gives the same arguments.
//!
//! Every hint that prints a command with arguments goes through here. Each struct of arguments is
//! taken apart field by field, so that a new flag cannot be forgotten.

use std::ffi::OsStr;

use super::args::{
    AwsArgs, Cli, Color, Events, Language, OutputArgs, RemediateArgs, ResumeArgs, RunArgs,
    RunsArgs, StateArgs, UndoArgs, WriteArgs,
};
use crate::model::{AccountId, NodeId, OrganizationId, PolicyId};
use crate::report::Format;
use crate::report::text::terminal;

#[cfg(test)]
mod tests;

/// A command that is printed for somebody to run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Next<'a> {
    Audit(&'a AwsArgs),
    Doctor(&'a AwsArgs),
    Remediate(&'a RemediateArgs),
    Resume(&'a ResumeArgs),
    Runs(&'a RunsArgs),
    Undo(&'a UndoArgs),
}

/// The command, quoted for a shell and in one line; `cli` knows what holds for every command.
pub(super) fn command_line(cli: &Cli, next: Next<'_>) -> String {
    let mut words = Words::default();
    match next {
        Next::Audit(aws) => words.verb("audit").aws(aws),
        Next::Doctor(aws) => words.verb("doctor").aws(aws),
        Next::Remediate(args) => words.verb("remediate").remediate(args),
        Next::Resume(args) => words.verb("resume").resume(args),
        Next::Runs(args) => words.verb("runs").runs(args),
        Next::Undo(args) => words.verb("undo").undo(args),
    };
    words.everywhere(cli);
    words.line + &words.last
}

/// The command that carries out the plan that `args` showed.
pub(super) fn carry_out(
    cli: &Cli,
    args: &RemediateArgs,
    (organization, digest): (&OrganizationId, &str),
) -> String {
    let write = applying(&args.write, organization);
    let file = args.plan.as_ref().or(args.plan_out.as_ref());
    let args = match file {
        // The very plan that was shown, whatever changes until then.
        Some(path) => RemediateArgs {
            plan: Some(path.clone()),
            plan_sha256: Some(digest.to_owned()),
            ..RemediateArgs::bare(args.aws.clone(), write)
        },
        None => RemediateArgs {
            write,
            emit: None,
            // It is about plans that are only shown.
            detailed_exit_code: false,
            ..args.clone()
        },
    };
    command_line(cli, Next::Remediate(&args))
}

/// The command that goes on with the run that `args` showed.
pub(super) fn go_on(cli: &Cli, args: &ResumeArgs, organization: &OrganizationId) -> String {
    let args = ResumeArgs {
        run: RunArgs {
            write: applying(&args.run.write, organization),
            ..args.run.clone()
        },
        ..args.clone()
    };
    command_line(cli, Next::Resume(&args))
}

/// The command that takes back what `args` showed, and no more.
pub(super) fn take_back(cli: &Cli, args: &UndoArgs, organization: &OrganizationId) -> String {
    let args = UndoArgs {
        run: RunArgs {
            write: applying(&args.run.write, organization),
            ..args.run.clone()
        },
        only: args.only.clone(),
    };
    command_line(cli, Next::Undo(&args))
}

/// The command that shows what of a run can be taken back: all of it, or one step alone.
pub(super) fn look_back(
    cli: &Cli,
    session: (&AwsArgs, &WriteArgs),
    (run, only): (&str, Option<&str>),
) -> String {
    let args = UndoArgs {
        run: of_run(session, run),
        only: only.into_iter().map(str::to_owned).collect(),
    };
    command_line(cli, Next::Undo(&args))
}

/// The command that shows again what an undo was asked for.
pub(super) fn look_again(cli: &Cli, args: &UndoArgs) -> String {
    let args = UndoArgs {
        run: of_run((&args.run.aws, &args.run.write), &args.run.run),
        only: args.only.clone(),
    };
    command_line(cli, Next::Undo(&args))
}

/// The same as `args` asked for: only its steps.
pub(super) fn look_on_again(cli: &Cli, args: &ResumeArgs) -> String {
    let session = (&args.run.aws, &args.run.write);
    let args = ResumeArgs {
        run: of_run(session, &args.run.run),
        ..args.clone()
    };
    command_line(cli, Next::Resume(&args))
}

/// The command that shows what is left to do of a run.
pub(super) fn look_on(cli: &Cli, session: (&AwsArgs, &WriteArgs), run: &str) -> String {
    let args = ResumeArgs {
        run: of_run(session, run),
        only: Vec::new(),
        stale_ok: false,
    };
    command_line(cli, Next::Resume(&args))
}

/// The same flags for writing, with the yes that is asked for.
fn applying(write: &WriteArgs, organization: &OrganizationId) -> WriteArgs {
    let reason = write.reason.clone();
    WriteArgs {
        apply: true,
        confirm: Some(organization.to_string()),
        reason: Some(reason.unwrap_or_else(|| "TEXT".to_owned())),
        ..write.clone()
    }
}

/// The arguments by which a run is looked at; nothing is approved by them.
fn of_run((aws, write): (&AwsArgs, &WriteArgs), run: &str) -> RunArgs {
    RunArgs {
        run: run.to_owned(),
        aws: aws.clone(),
        write: WriteArgs {
            apply: false,
            confirm: None,
            reason: None,
            ..write.clone()
        },
    }
}

/// Words of a command, each quoted.
#[derive(Debug, Default)]
struct Words {
    line: String,
    /// What has to follow every flag.
    last: String,
}

impl Words {
    fn verb(&mut self, name: &str) -> &mut Self {
        self.line = format!("org-exit-guard {name}");
        self
    }

    fn positional(&mut self, value: &str) -> &mut Self {
        let word = quoted(OsStr::new(value));
        if value.starts_with('-') {
            self.last = format!(" -- {word}");
        } else {
            self.line.push(' ');
            self.line.push_str(&word);
        }
        self
    }

    fn flag(&mut self, name: &str, given: bool) -> &mut Self {
        if given {
            self.line.push_str(" --");
            self.line.push_str(name);
        }
        self
    }

    fn option<T: AsRef<OsStr>>(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        for value in values {
            let value = value.as_ref();
            self.flag(name, true);
            // Behind a blank it would be taken for a flag.
            let dashed = value.as_encoded_bytes().starts_with(b"-");
            self.line.push(if dashed { '=' } else { ' ' });
            self.line.push_str(&quoted(value));
        }
        self
    }

    fn aws(&mut self, args: &AwsArgs) -> &mut Self {
        let AwsArgs {
            profile,
            region,
            endpoint_url,
            role_arn,
            external_id,
            demo,
        } = args;
        self.option("profile", profile)
            .option("region", region)
            .option("endpoint-url", endpoint_url)
            .option("role-arn", role_arn)
            .option("external-id", external_id)
            .flag("demo", *demo)
    }

    fn format(&mut self, format: Format) -> &mut Self {
        self.option("format", (format == Format::Json).then_some("json"))
    }

    fn state(&mut self, args: &StateArgs) -> &mut Self {
        let StateArgs { state_dir } = args;
        self.option("state-dir", state_dir)
    }

    fn write(&mut self, args: &WriteArgs) -> &mut Self {
        let WriteArgs {
            apply,
            confirm,
            reason,
            max_changes,
            allow_endpoint_override,
            events,
            state,
            format,
        } = args;
        let most = (*max_changes != WriteArgs::MAX_CHANGES).then(|| max_changes.to_string());
        let events = events.map(|Events::Json| "json");
        self.flag("apply", *apply)
            .option("confirm", confirm)
            .option("reason", reason)
            .option("max-changes", most)
            .flag("allow-endpoint-override", *allow_endpoint_override)
            .option("events", events)
            .state(state)
            .format(*format)
    }

    fn run(&mut self, args: &RunArgs) -> &mut Self {
        let RunArgs { run, aws, write } = args;
        self.positional(run).aws(aws).write(write)
    }

    fn runs(&mut self, args: &RunsArgs) -> &mut Self {
        let RunsArgs {
            demo,
            state,
            format,
        } = args;
        self.flag("demo", *demo).state(state).format(*format)
    }

    fn resume(&mut self, args: &ResumeArgs) -> &mut Self {
        let ResumeArgs {
            run,
            only,
            stale_ok,
        } = args;
        self.run(run)
            .option("only", only)
            .flag("stale-ok", *stale_ok)
    }

    fn undo(&mut self, args: &UndoArgs) -> &mut Self {
        let UndoArgs { run, only } = args;
        self.run(run).option("only", only)
    }

    fn remediate(&mut self, args: &RemediateArgs) -> &mut Self {
        let RemediateArgs {
            aws,
            write,
            reinvite,
            accept_in_account,
            member_role,
            account_maximum,
            break_glass_role,
            accept_role_risk,
            baseline,
            return_to,
            without_self_closure,
            enable_policy_type,
            canary,
            from_snapshot,
            use_policy,
            accept_unread,
            recreate_rewritten,
            allow_control_tower,
            emit,
            only,
            plan_out,
            plan,
            plan_sha256,
            detailed_exit_code,
        } = args;
        let back = return_to
            .iter()
            .map(|(account, to)| format!("{account}={to}"));
        self.option("reinvite", reinvite.iter().map(AccountId::as_str))
            .flag("accept-in-account", *accept_in_account)
            .option("member-role", member_role)
            .option(
                "account-maximum",
                account_maximum.map(|most| most.to_string()),
            )
            .option("break-glass-role", break_glass_role)
            .flag("accept-role-risk", *accept_role_risk)
            .option("baseline", baseline)
            .option("return-to", back)
            .flag("without-self-closure", *without_self_closure)
            .flag("enable-policy-type", *enable_policy_type)
            .option("canary", canary.as_ref().map(NodeId::as_str))
            .option("from-snapshot", from_snapshot)
            .option("use-policy", use_policy.iter().map(PolicyId::as_str))
            .flag("accept-unread", *accept_unread)
            .flag("recreate-rewritten", *recreate_rewritten)
            .flag("allow-control-tower", *allow_control_tower)
            .option("emit", emit.map(Language::word))
            .option("only", only)
            .option("plan-out", plan_out)
            .option("plan", plan)
            .option("plan-sha256", plan_sha256)
            .flag("detailed-exit-code", *detailed_exit_code)
            .aws(aws)
            .write(write)
    }

    /// What every command takes.
    fn everywhere(&mut self, cli: &Cli) {
        let OutputArgs { color, no_progress } = &cli.output;
        let color = match color {
            Color::Auto => None,
            Color::Always => Some("always"),
            Color::Never => Some("never"),
        };
        self.option("color", color)
            .flag("no-progress", *no_progress)
            .option("config", &cli.config);
    }
}

/// One word for a shell. What a terminal would obey, and bytes that are no text, are written as
/// escapes (`$'…'`, which bash and zsh read), so that what is seen is what is pasted.
fn quoted(word: &OsStr) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(byte);
    let bytes = word.as_encoded_bytes();
    match word.to_str().filter(|text| terminal(text) == *text) {
        // zsh looks a word up that begins with `=`.
        Some(text) if !text.is_empty() && bytes.iter().all(plain) && !text.starts_with('=') => {
            text.to_owned()
        }
        Some(text) => format!("'{}'", text.replace('\'', r"'\''")),
        None => {
            let shown = |byte: &u8| match byte {
                b' ' => " ".to_owned(),
                byte if plain(byte) => char::from(*byte).to_string(),
                byte => format!("\\{byte:03o}"),
            };
            format!("$'{}'", bytes.iter().map(shown).collect::<String>())
        }
    }
}
