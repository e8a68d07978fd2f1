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
    },
    /// Sets a key, in place of what the network says
    Set {
        /// Its name
        key: String,
        /// Its value
        value: String,
    },
    /// Lists all keys with their values
    List,
}

/// Asks the running validator.
///
/// # Errors
///
/// `tig-host` cannot be run.
pub(crate) fn run(host: &HostProgram, constance: &Constance) -> Result<u8, RunError> {
    let (command, words) = match constance {
        Constance::Get { key } => ("constance_get", vec![word("key", key)]),
        Constance::Set { key, value } => (
            "constance_set",
            vec![word("key", key), word("value", value)],
        ),
        Constance::List => ("constance_list", Vec::new()),
    };
    host.pass(EXTENSION, command, &words)
}

/// In one word, since a value may begin with hyphens.
fn word(name: &str, value: &str) -> OsString {
    format!("--{name}={value}").into()
}
