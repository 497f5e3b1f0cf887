//! `doctor`

use super::super::args::{Cli, DoctorArgs};
use super::super::error::CliError;
use super::super::exit::Exit;

pub(in crate::cli) async fn run(_cli: &Cli, _args: &DoctorArgs) -> Result<Exit, CliError> {
    Ok(Exit::Done)
}
