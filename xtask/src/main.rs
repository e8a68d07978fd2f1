//! `cargo xtask`: the two commands of the README (`demo`, `test`) and the chores behind them.

mod bench;
mod build;
mod check;
mod config_reference;
mod conformance;
mod deb;
mod demo;
mod events_reference;
mod horde;
mod kill;
mod output;
mod package;
mod public_api;
mod recording;
mod screen;
mod session;
mod simulate;
mod steps;
mod test;
mod tidy;
mod tools;
mod wasm;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tig_process::standard_error;

/// Chores of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Runs the whole system on this machine until a proof is confirmed for each challenge.
    Demo(demo::Options),
    /// Checks format, lints, the rules of `tidy`, third-party crates and unit tests: for before each commit.
    Check,
    /// Runs everything that must pass; the last line is `N passed, N failed, N skipped`.
    Test,
    /// Measures in the release profile, against targets.
    Bench(bench::Options),
    /// Writes `docs/config.md` from the schemas of the host and its extensions and from `config.example.json`.
    ConfigReference,
    /// Builds the Debian packages tig-host and tig-slave.
    Deb(deb::Options),
    /// Writes `docs/events.md` from the types of the events and from the stock extensions.
    EventsReference,
    /// Runs golden vectors: every file of a known name in DIR, or in the repository's own `vectors/`.
    Conformance {
        /// Folder with vector files
        dir: Option<PathBuf>,
    },
    /// Runs the ComputeHorde validator with its miners on this machine.
    #[command(subcommand)]
    Horde(horde::Command),
    /// Kills the host at random instants under load; every benchmark must be proved exactly once.
    Kill(kill::Options),
    /// Packages the crates that authors of extensions need, and builds each from its package.
    Package,
    /// Writes `public-api.txt` of `plugin-api/` and `plugin-api/abi/`: what authors of extensions can use.
    PublicApi {
        /// Compare, and write nothing
        #[arg(long)]
        check: bool,
    },
    /// Plays seeds of trouble in virtual time, and names those that lose something.
    #[command(disable_help_flag = true)]
    Simulate(simulate::Options),
    /// Checks the sources for rules that no other tool knows.
    Tidy {
        /// Lower the numbers of the ratchet to what is there, and check nothing
        #[arg(long)]
        lower: bool,
    },
    /// Builds the algorithms to `target/algorithms/<challenge>/<name>.wasm`.
    Wasm,
}

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let command = Command::parse();
    // Whatever runs for long does not wait for a reader of its progress.
    let _flush = match &command {
        Command::Demo(_) | Command::Horde(_) | Command::Kill(_) => Some(standard_error::start()),
        _ => None,
    };
    let done = match command {
        Command::Demo(options) => demo::run(&options),
        // Their last line is the count, whatever it is.
        Command::Check => return check::run(),
        Command::Test => return test::run(),
        Command::Bench(options) => bench::run(&options),
        Command::ConfigReference => config_reference::write(),
        Command::EventsReference => events_reference::write(),
        Command::Conformance { dir } => conformance::run(dir.as_deref()),
        Command::Deb(options) => deb::run_with(&options),
        Command::Horde(command) => horde::run(&command),
        Command::Kill(options) => kill::run(&options),
        Command::Package => package::run(),
        Command::PublicApi { check } => public_api::write_or_check(check),
        Command::Simulate(options) => simulate::run(&options),
        Command::Tidy { lower: true } => {
            workspace::Workspace::load().and_then(|workspace| tidy::lower(&workspace))
        }
        Command::Tidy { lower: false } => tidy_alone(),
        Command::Wasm => workspace::Workspace::load().and_then(|workspace| wasm::build(&workspace)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn tidy_alone() -> Result<()> {
    let complaints = tidy::check(&workspace::Workspace::load()?)?;
    for complaint in &complaints {
        output::progress(complaint);
    }
    match complaints.len() {
        0 => Ok(()),
        count => Err(format!("{count} places are untidy").into()),
    }
}
