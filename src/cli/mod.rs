//! The command line: arguments, streams, progress, exit codes; one file a command.

mod args;
mod command_line;
mod commands;
mod error;
mod exit;
mod facts;
mod hints;
mod interrupt;
mod moment;
mod preflight;
mod progress;
mod signals;
mod source;
mod streams;
mod writing;

use std::process::ExitCode;

use clap::Parser;

use crate::apply::Stop;
use args::{Cli, Command};
use error::CliError;
pub use exit::Exit;
use interrupt::Interrupt;

/// Parses the arguments, runs the command, prints its error if it has one.
pub fn main() -> ExitCode {
    // clap ends the process itself for `--help`, `--version` (0) and usage errors (2).
    let cli = Cli::parse();
    streams::choose_color(cli.output.color);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(source) => return fail(&cli, &CliError::Runtime(source)),
    };
    match runtime.block_on(run(&cli)) {
        Ok(exit) => exit.into(),
        Err(error) => fail(&cli, &error),
    }
}

async fn run(cli: &Cli) -> Result<Exit, CliError> {
    let stop = Stop::default();
    let work = async {
        match &cli.command {
            Command::Audit(args) => commands::audit::run(cli, args).await,
            Command::Explain(args) => commands::explain::run(cli, args).await,
            Command::Check(args) => commands::check::run(cli, args).await,
            Command::Lint(args) => commands::lint::run(args),
            Command::Alarm(args) => commands::alarm::run(args),
            Command::Detect(args) => Box::pin(commands::detect::run(cli, args)).await,
            Command::Snapshot(args) => commands::snapshot::run(cli, args).await,
            Command::Remediate(args) => Box::pin(commands::remediate::run(cli, args, &stop)).await,
            Command::Runs(args) => commands::runs::run(args),
            Command::Resume(args) => commands::resume::run(cli, args, &stop).await,
            Command::Undo(args) => commands::undo::run(cli, args, &stop).await,
            Command::Doctor(args) => commands::doctor::run(cli, args).await,
            Command::Emit(args) => commands::emit::run(args),
            Command::Rules(args) => commands::catalog::rules(cli, args),
            Command::Paths(args) => commands::catalog::paths(cli, args),
            Command::Demo(args) => commands::demo::run(args).await,
        }
    };
    match &cli.command {
        // A server's ordinary end is Ctrl-C, and a query in Athena has to be stopped: they listen for
        // it themselves.
        Command::Demo(_) => work.await,
        Command::Detect(args) if args.asks_athena() => work.await,
        Command::Remediate(_) | Command::Resume(_) | Command::Undo(_) => {
            signals::heeding(&stop, work).await
        }
        _ => Box::pin(Interrupt::listen().or(work)).await,
    }
}

fn fail(cli: &Cli, error: &CliError) -> ExitCode {
    streams::print_error(error, &hints::commands(cli, error));
    error.exit().into()
}
