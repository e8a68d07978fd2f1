//! Commands of the earlier validator's framework that have no meaning here. Each says what took its place.

use clap::{Arg, ArgAction, ArgMatches};

/// Name of the arguments, which nothing reads.
const ARGUMENTS: &str = "arguments";

/// What took the place of the pages of an administrator.
const PAGES: &str = "there are no pages with users and passwords: `compute-horde status` and `doctor`, and the routes `GET /horde/...` of the host show everything, and `compute-horde constance set` and config.json change it";
/// What took the place of workers and their schedule.
const WORKERS: &str = "extensions of the host act by themselves when something is due, so there are no workers, queues or schedules to start: `compute-horde up` runs all of it";
/// What took the place of the shell of the framework and of the database.
const SHELL: &str = "`tig-host store ls` and `store get` show what a stopped host has stored, and `GET /horde/...` what a running one knows";
/// What took the place of changes to the schema.
const SCHEMA: &str =
    "the store has had one form so far; `compute-horde migrate` says whether it is of that form";
/// What took the place of copies of the database.
const COPIES: &str = "stop the host, and use `tig-host store export` and `store import`, or copy the folder `backup/`";

/// The commands, by name.
const GONE: [(&str, &str); 20] = [
    ("celery", WORKERS),
    ("changepassword", PAGES),
    (
        "check",
        "`compute-horde doctor` looks at everything, and `tig-host check config.json` at the config alone",
    ),
    ("clearsessions", PAGES),
    ("collectstatic", PAGES),
    (
        "createcachetable",
        "nothing is cached in a table: the host keeps its store in a file",
    ),
    ("createsuperuser", PAGES),
    ("dbshell", SHELL),
    ("dumpdata", COPIES),
    ("flower", WORKERS),
    (
        "flush",
        "stop the host, and move the folder `backup/` away; the next start has an empty store, may run this cycle's slot again, and cannot reveal weights that were committed to before",
    ),
    ("inspectdb", SHELL),
    ("loaddata", COPIES),
    ("makemigrations", SCHEMA),
    (
        "runserver",
        "`compute-horde up` runs the validator, and its host answers HTTP at the port of config.json",
    ),
    ("shell", SHELL),
    ("showmigrations", SCHEMA),
    ("sqlmigrate", SCHEMA),
    ("start_celery", WORKERS),
    (
        "test",
        "`cargo nextest run --workspace` runs the tests, in the folder of the source",
    ),
];

/// A command that is not there any more.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` is not needed any more: {place}")]
pub(crate) struct GoneError {
    name: &'static str,
    place: &'static str,
}

/// `command` with these commands, which its help does not list.
pub(crate) fn add_to(command: clap::Command) -> clap::Command {
    let one = |(name, _): (&'static str, &str)| {
        let arguments = Arg::new(ARGUMENTS)
            .action(ArgAction::Append)
            .num_args(0..)
            .allow_hyphen_values(true)
            .trailing_var_arg(true);
        clap::Command::new(name).hide(true).arg(arguments)
    };
    command.subcommands(GONE.map(one))
}

/// What took the place of the command that was given, if it is one of these.
pub(crate) fn find(given: &ArgMatches) -> Option<GoneError> {
    let (name, _) = given.subcommand()?;
    let (name, place) = GONE.into_iter().find(|(gone, _)| *gone == name)?;
    Some(GoneError { name, place })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_says_what_took_its_place() {
        for (name, place) in GONE {
            let command = add_to(clap::Command::new("compute-horde"));
            let words = ["compute-horde", name, "--any", "thing"];
            let matches = command.try_get_matches_from(words).unwrap();
            let error = find(&matches).unwrap().to_string();
            assert!(error.starts_with(&format!("`{name}` is not")), "{error}");
            assert!(error.ends_with(place), "{error}");
        }
    }

    #[test]
    fn commands_are_sorted_and_distinct() {
        assert!(GONE.is_sorted_by(|(a, _), (b, _)| a < b));
    }
}
