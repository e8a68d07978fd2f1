//! The images of language models, without a model: the generator of prompts, and the solver with its mock answers (sections 3.8
//! and 10.6).

mod generator;
mod odd_answers;
mod odd_series;
mod solver;
mod words;

use std::time::Instant;

use axum::body::Bytes;
use clap::{ArgMatches, Command};
use tig_process::error_chain::error_chain;

use super::outcome::Outcome;
use super::output::{Output, OutputError};
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

/// Ends an image whose time is over.
fn check_time(deadline: Instant) -> Result<(), Outcome> {
    match Instant::now() < deadline {
        true => Ok(()),
        false => Err(Outcome::fault("the time of the job is over")),
    }
}

/// Adds a file, or ends an image that leaves too much.
fn add_file(output: &mut Output, path: String, contents: impl Into<Bytes>) -> Result<(), Outcome> {
    let added = output.add(path, contents);
    added.map_err(|error| overflow(&error))
}

fn overflow(error: &OutputError) -> Outcome {
    Outcome::fault(error_chain(error))
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
