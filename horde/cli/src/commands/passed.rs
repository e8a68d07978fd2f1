//! Commands of the running validator's extensions, under the names of the earlier validator (section 1.3). They are passed on to
//! `tig-host call` with their arguments; its output and exit code are theirs.

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches};

use crate::host::{HostProgram, RunError};

/// Name of the arguments that are passed on.
const ARGUMENTS: &str = "arguments";

/// A command of an extension.
struct Passed {
    /// Its name, here and there.
    name: &'static str,
    /// The extension.
    extension: &'static str,
    /// What it does.
    about: &'static str,
}

const fn passed(name: &'static str, extension: &'static str, about: &'static str) -> Passed {
    Passed {
        name,
        extension,
        about,
    }
}

/// All of them.
const PASSED: [Passed; 11] = [
    passed(
        "schedule_synthetic_jobs",
        "horde_schedule",
        "Looks at the schedule now, and says when the next batch is",
    ),
    passed(
        "run_synthetic_jobs",
        "horde_schedule",
        "Begins the batch that is due, or says why none is",
    ),
    passed(
        "debug_set_scores",
        "horde_weights",
        "Does what is due for weights now, and shows them",
    ),
    passed(
        "reveal_scores",
        "horde_weights",
        "Reveals weights that are due now",
    ),
    passed(
        "connect_facilitator",
        "horde_facilitator",
        "Connects to the facilitator now, if it is not connected",
    ),
    passed(
        "debug_run_organic_job",
        "horde_organic",
        "Runs one job on a miner, and shows each status",
    ),
    passed(
        "debug_run_llm_prompt_task",
        "horde_crossval",
        "Runs a station of cross-validation now: --action generation, sampling or answering",
    ),
    passed(
        "fetch_miners",
        "horde_chain",
        "Lists the miners of the subnet that serve",
    ),
    passed(
        "fetch_receipts",
        "horde_receipts",
        "Fetches the receipts of miners now",
    ),
    passed(
        "fetch_dynamic_config",
        "horde_report",
        "Fetches the dynamic config now, and shows what has changed",
    ),
    passed(
        "evict_old_data",
        "horde_report",
        "Deletes what is too old now",
    ),
];

/// `command` with these commands.
pub(crate) fn add_to(command: clap::Command) -> clap::Command {
    let one = |passed: &Passed| {
        let arguments = Arg::new(ARGUMENTS)
            .help("--KEY VALUE for each; `tig-host call` lists the keys")
            .action(ArgAction::Append)
            .value_parser(clap::value_parser!(OsString))
            .num_args(0..)
            .allow_hyphen_values(true)
            .trailing_var_arg(true);
        clap::Command::new(passed.name)
            .about(passed.about)
            .arg(arguments)
    };
    command.subcommands(PASSED.iter().map(one))
}

/// Runs the command that was given, if it is one of these.
///
/// # Errors
///
/// `tig-host` cannot be run.
pub(crate) fn run(host: &HostProgram, given: &ArgMatches) -> Option<Result<u8, RunError>> {
    let (name, matches) = given.subcommand()?;
    let passed = PASSED.iter().find(|passed| passed.name == name)?;
    let arguments = matches.get_many::<OsString>(ARGUMENTS);
    let arguments: Vec<_> = arguments.into_iter().flatten().cloned().collect();
    Some(host.pass(passed.extension, passed.name, &arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_passed_on_as_they_are() {
        let command = add_to(clap::Command::new("compute-horde"));
        let words = [
            "compute-horde",
            "fetch_receipts",
            "--miner_ip",
            "203.0.113.7",
        ];
        let matches = command.try_get_matches_from(words).unwrap();
        let (name, matches) = matches.subcommand().unwrap();
        let given: Vec<_> = matches.get_many::<OsString>(ARGUMENTS).unwrap().collect();
        assert_eq!(name, "fetch_receipts");
        assert_eq!(given, ["--miner_ip", "203.0.113.7"]);
    }
}
