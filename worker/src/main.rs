//! `tig-worker`: computes and verifies nonces from the command line (tig-protocol.md section 23).

mod cli;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use tig_process::{first_process, standard_error};

use crate::cli::{Cli, Command, Failure, commands, measure, show_instance};

fn main() -> ExitCode {
    first_process::run(run)
}

fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Some(Command::ComputeSolution(args)) => commands::compute_solution(&args),
        Some(Command::VerifySolution(args)) => commands::verify_solution(&args),
        Some(Command::ComputeBatch(args)) => commands::compute_batch_command(args),
        Some(Command::Instance(args)) => show_instance::run(&args),
        Some(Command::Bench(args)) => measure::run(&args),
        None => Err(Failure(Cli::command().render_help().to_string())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(text)) => {
            standard_error::write_line(&text);
            ExitCode::FAILURE
        }
    }
}
