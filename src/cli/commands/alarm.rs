//! `alarm`

use std::path::PathBuf;

use super::super::args::AlarmArgs;
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::streams;
use crate::alarm::{Alarms, Deployed, read_template, would_fire};
use crate::report::AlarmDocument;

pub(in crate::cli) fn run(args: &AlarmArgs) -> Result<Exit, CliError> {
    let mut alarms = Alarms::default();
    let here = args.files.iter().map(|file| (file, Deployed::Management));
    let members = args.members.iter().map(|file| (file, Deployed::Members));
    let mut files = Vec::new();
    for (file, deployed) in here.chain(members) {
        let read = read(file, deployed)?;
        alarms.rules.extend(read.rules);
        alarms.filters.extend(read.filters);
        files.push(file.display().to_string());
    }
    let document = AlarmDocument::new(files, &would_fire(&alarms));
    streams::print(&document.render(args.format, streams::width()))?;
    Ok(if document.count("could-not-tell") > 0 {
        Exit::Incomplete
    } else if document.count("no") > 0 {
        Exit::Findings
    } else {
        Exit::Done
    })
}

fn read(file: &PathBuf, deployed: Deployed) -> Result<Alarms, CliError> {
    let text = std::fs::read_to_string(file).map_err(|source| CliError::Input {
        path: file.display().to_string(),
        source,
    })?;
    read_template(&text, deployed).map_err(|error| CliError::Usage {
        message: format!("cannot use `{}`: {error}", file.display()),
        hint: "give a CloudFormation template in JSON, or a .tf.json file; `emit alarm` prints either",
    })
}
