//! The images of language models, without a model: the generator of prompts, and the solver with its mock answers (sections 3.8
//! and 10.6).

mod generator;
mod odd_answers;
mod odd_series;
mod solver;
mod words;

use clap::{ArgMatches, Command};

use super::outcome::Outcome;
use super::output::Output;
use super::path::plain_path;

pub(crate) use generator::Generation;
pub(crate) use solver::Solving;

/// Folder of the container that is uploaded.
const OUTPUT_FOLDER: &str = "/output/";
/// Exit status of a Python program that raises an exception.
const EXCEPTION_STATUS: i64 = 1;
/// Exit status of a Python program whose command line has a fault.
const USAGE_STATUS: i64 = 2;

/// What an image leaves: how it ended, and its files.
pub(super) type Ended = (Outcome, Output);

/// Reads the arguments of an image, or ends it as Python's `argparse` does.
fn read_arguments(command: Command, arguments: &[String]) -> Result<ArgMatches, Outcome> {
    let command = command.no_binary_name(true).disable_help_flag(true);
    let matches = command.try_get_matches_from(arguments);
    matches.map_err(|error| failed(USAGE_STATUS, error.render().to_string()))
}

/// An image that ends with this status and this text in its standard error.
fn failed(exit_status: i64, stderr: String) -> Outcome {
    Outcome::Failed {
        exit_status: Some(exit_status),
        stdout: String::new(),
        stderr,
    }
}

/// The path below `/output/` of a file in a folder of the container.
fn output_path(folder: &str, file: &str) -> Result<String, Outcome> {
    let path = format!("{}/{file}", folder.trim_end_matches('/'));
    let path = path.strip_prefix(OUTPUT_FOLDER);
    let path = path.filter(|path| plain_path(path).is_some());
    path.map(str::to_owned).ok_or_else(|| {
        let text = format!("{folder}: only {OUTPUT_FOLDER} and what is below can be written to\n");
        failed(EXCEPTION_STATUS, text)
    })
}
