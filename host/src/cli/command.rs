//! What the command line may say.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tig_process::documents::Documents;

use super::admin::Where;
use super::bundle::BundleArguments;
use super::dev::DevArguments;
use super::doctor::DoctorArguments;
use super::events;
use super::init::InitArguments;
use super::new_plugin::NewPluginArguments;
use super::replay::ReplayArguments;
use super::show::PanelArguments;

const AFTER_HELP: &str = "\
Exit codes: 0 done, or stopped on request; 1 unforeseen, such as too few threads; 2 wrong command line; 3 config; 4 extension; 5 listener; 6 store; \
7 no running host answers; 8 the running host has refused. `call` ends with the code of the command, or with one of these, or with \
9 interrupted, the command goes on; 10 its end is not known, since the host or the extension is gone. `doctor` ends with 11 if \
something does not work, `replay` with 12 if decisions differ.
Any other word is a panel or a command of a running extension: `tig-host jobs [ID] [--find TEXT]`, `tig-host cordon NAME`. Words after \
a command stand for its required arguments in their order. `tig-host panel` lists the panels, `tig-host call` the commands. \
A file of that name goes first: it is a config to start with.
Colours are left out where NO_COLOR is set or standard output is not a terminal. Times are in UTC.
SIGTERM and SIGINT drain for at most `drain_seconds` of the config, a second one stops at once. SIGHUP reads config and \
plugin files again, so that a closed terminal does not stop a host. A log that nobody reads, or that cannot be written, is \
lost; the host goes on.
The API key comes from the first that is there: `api_key_file` of the config, the service credential `api_key`, `api_key_env` of the \
config, the variable TIG_HOST_API_KEY. On the command line it can be read by every user of the machine.";

const INIT_HELP: &str = "\
Writes config.json, config.md that explains it, operator_token, and api_key if a key is given. Nothing is written that a host would not \
start with. Exit codes: 0 written; 1 interrupted, or the system has refused; 2 an answer is missing; 3 the config, its template, or a \
file that would be replaced; 4 no plugins.";

const NEW_PLUGIN_HELP: &str = "\
The folder is there as a whole, or not at all. Exit codes: 0 written, with a warning on standard error if it cannot be built here; \
1 the system has refused; 2 the name, the folder or the source of the plugin API cannot be used.";

const DOCTOR_HELP: &str = "\
If a host runs with the config, it is asked; if none does, the extensions run for a while in a process that changes nothing: \
it sends only requests that read, stores nothing, and signs with throwaway keys. Exit codes: 0 nothing fails; 11 something does.";

const DEV_HELP: &str = "\
`dev.json` in the folder names the programs that run beside the host, and the host's config; `tig-host plugin new` writes it. Without \
one the plugin is alone. Each save builds the plugin, lets the running host take it, and then runs the tests. A save is one of Rust code, \
of a file that the build reads, also of crates beside this one, and of Cargo.toml, .cargo/config.toml, dev.json and config.section.json; \
a file that only tests read or write does not count. The other extensions' plugins are those beside this program or of its package. Ctrl-C \
ends everything. Exit codes: 0 interrupted, or all well with --once; 3 the folder, its Cargo.toml or dev.json; with --once also 4 the \
build, a test, the plugin or a program has failed, or the code with which the host has ended.";

const REPLAY_HELP: &str = "\
Nothing is sent, and no running host is asked: each extension gets the inputs that it got then, in the same order, and what it asks for \
is compared. The same plugin files must decide the same, bit for bit; a file of another build is named. --with tries a candidate. \
Exit codes: 0 no difference; 12 decisions differ; 4 the plugin of --with; 1 the recording cannot be read, or holds nothing to compare.";

const CALL_USAGE: &str =
    "tig-host call [OPTIONS] [EXTENSION [COMMAND [VALUE]... [--KEY VALUE]...]]";

const CALL_HELP: &str = "\
Words after COMMAND stand for its required arguments, in their order. Others are given as --KEY VALUE or --KEY=VALUE: numbers, true and false, and texts as its list of arguments \
says; a list by its key again for each item; objects as JSON. --KEY alone is true. OPTIONS may stand among them; after `--` every \
key is the command's.
Progress goes to standard error, the value to standard output; with --json all go to standard output, a line for each.
Ctrl-C leaves the work running. Exit codes: the command's own (0 done), and: 2 wrong command line or arguments; 7 no running host \
answers; 8 the host or the extension has refused; 9 interrupted, the command goes on; 10 its end is not known, since the host or \
the extension is gone.";

/// Runs the extensions that a config file lists.
#[derive(Parser)]
#[command(name = "tig-host", version, after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) run: RunArguments,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Args)]
pub(super) struct RunArguments {
    /// CONFIG, or the earlier master's form: ACCOUNT API_KEY CONFIG
    #[arg(value_name = "CONFIG", num_args = 1..=3)]
    pub(super) positionals: Vec<String>,
    /// Base URL of the network's API
    #[arg(long, value_name = "URL")]
    pub(super) api: Option<String>,
    /// Folder of the store
    #[arg(long, value_name = "FOLDER")]
    pub(super) backup: Option<PathBuf>,
    /// Port to listen on; 0 takes a free one
    #[arg(long, value_name = "N")]
    pub(super) port: Option<u16>,
    /// Record what goes into extensions to this file, for `tig-host replay`
    #[arg(long, value_name = "FILE")]
    pub(super) record: Option<PathBuf>,
    /// How log lines are written
    #[arg(long, value_enum, default_value_t)]
    pub(super) log_format: LogFormat,
    /// Log for developers too
    #[arg(long)]
    pub(super) verbose: bool,
    /// Stop when standard input ends, so that a supervisor that dies takes the host along
    #[arg(long)]
    pub(super) exit_with_parent: bool,
}

#[derive(Clone, Copy, Default, ValueEnum)]
pub(super) enum LogFormat {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object per line
    Json,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Reports everything that would keep a host from starting with this config
    Check {
        /// The config file
        config: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Writes a config that a host starts with, by questions on a terminal or by flags
    #[command(after_help = INIT_HELP)]
    Init(InitArguments),
    /// Finds what keeps a host from its work, here and at its APIs, and says what to do about each
    #[command(after_help = DOCTOR_HELP)]
    Doctor(DoctorArguments),
    /// Repeats what a recording holds (`--record FILE`), and says what is different
    #[command(after_help = REPLAY_HELP)]
    Replay(ReplayArguments),
    /// Writes a file for those who help: what this host is, does and has done, without its secrets
    SupportBundle(BundleArguments),
    /// Prints the JSON Schema of the config file, with the sections of all plugins in the plugin folder
    Schema {
        /// The config file that names the plugin folder; without one, plugins beside this program
        config: Option<PathBuf>,
    },
    /// Shows a running host: its extensions, what waits, what has failed
    Status {
        #[command(flatten)]
        place: Where,
    },
    /// Replaces an extension by the present file; without NAME, applies the config and all files again
    Reload {
        /// The extension
        name: Option<String>,
        #[command(flatten)]
        place: Where,
    },
    /// Starts a shadow of an extension: it handles the same events, and its effects are compared, not carried out
    Shadow {
        /// The extension
        name: String,
        /// The shadow's plugin file
        file: PathBuf,
        #[command(flatten)]
        place: Where,
    },
    /// Replaces an extension by its shadow
    Promote {
        /// The extension
        name: String,
        #[command(flatten)]
        place: Where,
    },
    /// Ends the shadow of an extension
    Discard {
        /// The extension
        name: String,
        #[command(flatten)]
        place: Where,
    },
    /// Drains a running host: extensions finish their work and begin no more, then the host ends
    Drain {
        /// End after this time, whatever is unfinished
        #[arg(long, value_name = "SECONDS")]
        max: Option<u64>,
        /// Show what is left, and return when the host has ended
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        place: Where,
    },
    /// Shows what is wrong or does not happen, since when, and what to do about it
    Why {
        /// Only what is about this extension, code or subject, or a part of one
        topic: Option<String>,
        #[command(flatten)]
        place: Where,
    },
    /// Shows a panel of an extension; without NAME, lists the panels. `tig-host NAME [ID]` does the same
    Panel {
        /// The panel
        name: Option<String>,
        /// What to show of one row: its id, or the beginning of it
        id: Option<String>,
        #[command(flatten)]
        arguments: PanelArguments,
        #[command(flatten)]
        place: Where,
    },
    /// Shows what extensions emit
    #[command(subcommand)]
    Events(EventsCommand),
    /// Shows a running host as it works, with keys to act; `?` lists them
    Top {
        #[command(flatten)]
        place: Where,
    },
    /// Begins no new work: calls the command `pause` of each extension that has one
    Pause {
        #[command(flatten)]
        place: Where,
    },
    /// Ends `pause`: calls the command `resume` of each extension that has one
    Resume {
        #[command(flatten)]
        place: Where,
    },
    /// Calls a command of an extension; without COMMAND, lists the commands and their arguments
    #[command(override_usage = CALL_USAGE, after_help = CALL_HELP)]
    Call {
        #[command(flatten)]
        place: Where,
        /// Arguments of the command as a JSON object; `-` is standard input
        #[arg(long, value_name = "FILE")]
        arguments: Option<PathBuf>,
        /// The extension, its command, and the command's arguments
        #[arg(
            value_name = "EXTENSION COMMAND",
            trailing_var_arg = true,
            allow_hyphen_values = true
        )]
        words: Vec<String>,
    },
    /// Writes the crate of a new plugin; shows the manifests of plugin files without loading them, and seals them
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Shows the store of a stopped host, and copies that of a stopped or running one
    Store {
        #[command(subcommand)]
        command: StoreCommand,
        #[command(flatten)]
        place: Where,
    },
    /// Builds the plugin in a folder, runs it in a small world, and takes each save of its sources
    #[command(after_help = DEV_HELP)]
    Dev(DevArguments),
    /// Runs a program whose whole process group ends with this one's standard input; `dev` runs its programs by it
    #[command(hide = true)]
    Guard {
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Runs the extensions of a config without changing anything; `doctor` runs this in a child process
    #[command(hide = true)]
    Observe,
    #[command(flatten)]
    Documents(Documents),
    /// Loads a plugin file and ends; the host runs this in a child process before it loads the file itself
    #[command(hide = true)]
    Probe {
        /// Also create an instance with the settings on standard input
        #[arg(long)]
        new: bool,
        /// The file
        file: PathBuf,
    },
}

#[derive(Subcommand)]
pub(super) enum EventsCommand {
    /// Shows the latest events, and those that come, until Ctrl-C; times are in UTC
    Tail {
        #[command(flatten)]
        wanted: events::Wanted,
        #[command(flatten)]
        place: Where,
    },
}

#[derive(Subcommand)]
pub(super) enum PluginCommand {
    /// Writes the crate of a new plugin, with tests and a README
    #[command(after_help = NEW_PLUGIN_HELP)]
    New(NewPluginArguments),
    /// Shows the files in the plugin folder of a config, or beside this program
    List {
        /// The config file
        config: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows name, version, events, routes, commands and config keys of a file
    Info {
        /// The file
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Writes each file's digest into it, so that a host rejects a damaged or half copied one; the last step of a
    /// release
    Seal {
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

#[derive(Subcommand)]
pub(super) enum StoreCommand {
    /// Lists the stored values by extension, or the keys of one extension
    Ls {
        /// The extension
        extension: Option<String>,
        /// Only keys with this prefix
        #[arg(long, default_value = "")]
        prefix: String,
    },
    /// Shows a value
    Get {
        /// The extension
        extension: String,
        /// The key
        key: String,
    },
    /// Writes everything as lines of JSON, also of a running host: a backup
    #[command(visible_alias = "backup")]
    Export {
        /// A new file; standard output by default
        file: Option<PathBuf>,
    },
    /// Creates a store from an export, in an empty backup folder
    Import {
        /// The export
        file: PathBuf,
    },
}
