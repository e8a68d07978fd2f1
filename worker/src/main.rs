//! `tig-worker`: computes and verifies nonces from the command line (tig-protocol.md section 23).

mod cli;

use std::process::ExitCode;

use clap::FromArgMatches as _;
use tig_process::{first_process, standard_error};

use crate::cli::{Cli, Command, Failure, commands, measure, show_instance};

fn main() -> ExitCode {
    first_process::run(run)
}

fn run() -> ExitCode {
    let matches = cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let done = match cli.command {
        Some(Command::ComputeSolution(args)) => commands::compute_solution(&args),
        Some(Command::VerifySolution(args)) => commands::verify_solution(&args),
        Some(Command::ComputeBatch(args)) => commands::compute_batch_command(args),
        Some(Command::Instance(args)) => show_instance::run(&args),
        Some(Command::Bench(args)) => measure::run(&args),
        Some(Command::Documents(documents)) => {
            documents.write(cli::command()).map_err(Failure::error)
        }
        None => Err(Failure(cli::command().render_help().to_string())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(text)) => {
            standard_error::write_line(&text);
            ExitCode::FAILURE
        }
    }
}
