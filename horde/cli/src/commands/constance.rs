//! `constance`: keys of the dynamic config, under the earlier validator's name for them (section 1.3).

use std::ffi::OsString;

use clap::Subcommand;

use crate::host::{HostProgram, RunError};

/// The extension that has them.
const EXTENSION: &str = "horde_report";

#[derive(Subcommand)]
pub(crate) enum Constance {
    /// Prints the value of a key
    Get {
        /// Its name, such as DYNAMIC_WEIGHTS_VERSION
        key: String,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Sets a key, in place of what the network says
    Set {
        /// Its name
        key: String,
        /// Its value; without it, the value that was set so is dropped, and what the network says counts again
        value: Option<String>,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Lists all keys with their values
    List {
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
}

/// Asks the running validator.
///
/// # Errors
///
/// `tig-host` cannot be run.
pub(crate) fn run(host: &HostProgram, constance: &Constance) -> Result<u8, RunError> {
    let (command, mut words, as_json) = match constance {
        Constance::Get { key, json } => ("constance_get", vec![word("key", key)], *json),
        Constance::Set { key, value, json } => {
            let value = value.iter().map(|value| word("value", value));
            let words = std::iter::once(word("key", key)).chain(value);
            ("constance_set", words.collect(), *json)
        }
        Constance::List { json } => ("constance_list", Vec::new(), *json),
    };
    if as_json {
        words.push("--json".into());
    }
    host.pass(EXTENSION, command, &words)
}

/// In one word, since a value may begin with hyphens.
fn word(name: &str, value: &str) -> OsString {
    format!("--{name}={value}").into()
}
