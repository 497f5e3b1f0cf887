//! What to run after an error: commands with the flags by which this one was started.

use super::args::{AwsArgs, Cli, Command as Args, RemediateArgs, RunsArgs, WriteArgs};
use super::command_line::{Next, command_line, look_again, look_back, look_on, look_on_again};
use super::error::CliError;
use crate::apply::ApplyError;

/// A command to paste.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// What it is for.
    pub(super) what: &'static str,
    /// The command, quoted for a shell.
    pub(super) line: String,
}

/// The commands that go on from an error.
pub(super) fn commands(cli: &Cli, error: &CliError) -> Vec<Command> {
    match error {
        CliError::Apply(ApplyError::Stopped(left) | ApplyError::Interrupted(left)) => {
            after_stop(cli, &left.run, left.undo)
        }
        CliError::Aborted(running) => after_stop(cli, &running.run, running.undo),
        _ => named(cli, &error.hint().unwrap_or_default()),
    }
}

/// What can be done about a run that stopped; all of it shows first what it would do. An undo
/// that stopped goes on with the steps that it was asked for.
fn after_stop(cli: &Cli, run: &str, undo: bool) -> Vec<Command> {
    let Some(session) = writing(cli) else {
        return Vec::new();
    };
    if let (Args::Undo(args), true) = (&cli.command, undo) {
        return vec![Command {
            what: "to go on with taking it back; shows first what it would do",
            line: look_again(cli, args),
        }];
    }
    vec![
        Command {
            what: "to finish it; shows first what it would do",
            line: match &cli.command {
                Args::Resume(args) => look_on_again(cli, args),
                _ => look_on(cli, session, run),
            },
        },
        Command {
            what: "to take it back; shows first what it would do",
            line: look_back(cli, session, (run, None)),
        },
    ]
}

/// Hints come from rooms that know no arguments and name a command alone. Where this command was
/// given some that the other one needs to see the same, it is printed with them.
fn named(cli: &Cli, hint: &str) -> Vec<Command> {
    let Some(aws) = session(cli) else {
        return Vec::new();
    };
    let write = writing(cli).map(|(_, write)| write);
    let mut commands = Vec::new();
    let mut offer = |what, bare: &str, line: String| {
        // Alone it is in the hint already.
        if hint.contains(bare) && line != bare {
            commands.push(Command { what, line });
        }
    };
    let next = |next| command_line(cli, next);
    offer(
        "what the caller may read",
        "org-exit-guard doctor",
        next(Next::Doctor(aws)),
    );
    offer(
        "what holds now",
        "org-exit-guard audit",
        next(Next::Audit(aws)),
    );
    if let Some(write) = write {
        let runs = RunsArgs {
            demo: aws.demo,
            state: write.state.clone(),
            format: write.format,
        };
        offer("every run", "org-exit-guard runs", next(Next::Runs(&runs)));
        let plan = planning(cli, write, aws);
        offer(
            "a new plan",
            "org-exit-guard remediate",
            next(Next::Remediate(&plan)),
        );
    }
    commands
}

/// The arguments of a new plan like the one that was refused, without a yes to it.
fn planning(cli: &Cli, write: &WriteArgs, aws: &AwsArgs) -> RemediateArgs {
    let mut plan = match &cli.command {
        Args::Remediate(args) if args.plan.is_none() => args.clone(),
        _ => RemediateArgs::bare(aws.clone(), write.clone()),
    };
    plan.write.apply = false;
    plan.write.confirm = None;
    plan.write.reason = None;
    plan
}

/// By what a command reaches AWS.
fn session(cli: &Cli) -> Option<&AwsArgs> {
    match &cli.command {
        Args::Audit(args) => Some(&args.aws),
        Args::Explain(args) => Some(&args.aws),
        Args::Check(args) => Some(&args.aws),
        Args::Detect(args) => Some(&args.aws),
        Args::Snapshot(args) => Some(&args.aws),
        Args::Remediate(args) => Some(&args.aws),
        Args::Resume(args) => Some(&args.run.aws),
        Args::Undo(args) => Some(&args.run.aws),
        Args::Doctor(args) => Some(&args.aws),
        Args::Lint(_)
        | Args::Alarm(_)
        | Args::Runs(_)
        | Args::Emit(_)
        | Args::Rules(_)
        | Args::Paths(_)
        | Args::Demo(_) => None,
    }
}

/// The same of a command that may write.
fn writing(cli: &Cli) -> Option<(&AwsArgs, &WriteArgs)> {
    match &cli.command {
        Args::Remediate(args) => Some((&args.aws, &args.write)),
        Args::Resume(args) => Some((&args.run.aws, &args.run.write)),
        Args::Undo(args) => Some((&args.run.aws, &args.run.write)),
        _ => None,
    }
}
