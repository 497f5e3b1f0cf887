//! `demo serve`: the simulated AWS on loopback, for any AWS client.

use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::super::args::{DemoArgs, DemoWhat, ServeArgs};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::facts::start_simulator;
use super::super::streams;
use crate::sim::{GeneratorOptions, Latency, Simulator, World};

pub(in crate::cli) async fn run(args: &DemoArgs) -> Result<Exit, CliError> {
    match &args.what {
        DemoWhat::Serve(args) => serve(args).await,
    }
}

async fn serve(args: &ServeArgs) -> Result<Exit, CliError> {
    let simulator = start_simulator(world(args)?)?;
    simulator.set_throttling(args.throttle);
    if args.latency > 0 {
        let time = Duration::from_millis(u64::from(args.latency));
        simulator.set_latency(if args.long_tail {
            let seed = simulator.change(|world| world.seed);
            Latency::LongTailed { median: time, seed }
        } else {
            Latency::Fixed(time)
        });
    }
    // Before the first line: who reads it may stop the server at once.
    let end = end().map_err(CliError::Demo)?;
    let address = SocketAddr::from(([127, 0, 0, 1], args.port));
    let serving = crate::sim::serve(simulator.clone(), address)
        .await
        .map_err(CliError::Demo)?;
    streams::print(&instructions(&simulator, &serving.url()))?;
    end.await;
    serving.stop().await;
    streams::note(&format!("{} calls answered", simulator.log().len()));
    dump(&simulator, args)?;
    Ok(Exit::Done)
}

fn world(args: &ServeArgs) -> Result<World, CliError> {
    let now = Timestamp::now();
    if let Some(path) = &args.scenario {
        return read(path, now);
    }
    Ok(match args.accounts {
        Some(accounts) => {
            let accounts = usize::try_from(accounts).unwrap_or_default();
            crate::sim::generate(&GeneratorOptions::sized(accounts), now)
        }
        None if args.empty => crate::sim::empty(now),
        None => crate::sim::demo(now),
    })
}

fn read(path: &Path, now: Timestamp) -> Result<World, CliError> {
    let refused = |why: String| CliError::Scenario {
        path: path.display().to_string(),
        why,
    };
    let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    crate::sim::scenario::read(&text, now).map_err(|error| refused(error.to_string()))
}

/// The first line is for programs, the rest for people.
fn instructions(simulator: &Arc<Simulator>, url: &str) -> String {
    let keys = simulator.keys_of_management();
    let account = simulator.change(|world| world.management.clone());
    let mut text = format!("listening on {url}\n\n");
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\
# An administrator of account {account}, in this simulated AWS only. Paste:
unset AWS_PROFILE AWS_SESSION_TOKEN
export AWS_ENDPOINT_URL={url}
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_ACCESS_KEY_ID={}
export AWS_SECRET_ACCESS_KEY={}

# Then:
#   aws organizations list-accounts
#   python3 -c 'import boto3; print(boto3.client(\"organizations\").describe_organization())'
#   org-exit-guard audit
#   org-exit-guard remediate --allow-endpoint-override
# Members: aws sts assume-role --role-session-name me \\
#   --role-arn arn:aws:iam::ACCOUNT:role/OrganizationAccountAccessRole
# Ctrl-C ends it.
",
        keys.access_key_id, keys.secret_access_key
    );
    text
}

/// Ctrl-C, or SIGTERM where there is such a thing.
#[cfg(unix)]
fn end() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ctrl-C.
#[cfg(not(unix))]
fn end() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler the signal ends the process by itself.
        let _ = tokio::signal::ctrl_c().await;
    })
}

fn dump(simulator: &Arc<Simulator>, args: &ServeArgs) -> Result<(), CliError> {
    let Some(path) = &args.dump else {
        return Ok(());
    };
    let text = simulator.change(|world| crate::sim::dump(world));
    streams::write(path, &text)?;
    streams::note(&format!("wrote the world to {}", path.display()));
    Ok(())
}
