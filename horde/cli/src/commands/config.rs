//! `config`: prints or writes the host's config.

use std::path::Path;

use serde_json::{Value, json};
use tig_process::output;

use crate::environment::Environment;
use crate::host_config::Addresses;
use crate::validator_config::{self, ConfigError, Scope};

/// Prints the config, or writes it to `path` if nothing is there. As JSON it is one object, with the notes on `.env`.
///
/// # Errors
///
/// See [`ConfigError`].
pub(crate) fn run(
    environment: &Environment,
    folder: &Path,
    path: Option<&Path>,
    addresses: Addresses,
    as_json: bool,
) -> Result<(), ConfigError> {
    let text = validator_config::text(environment, folder, addresses, Scope::Validator)?;
    let notes = &environment.notes;
    let Some(path) = path else {
        match as_json {
            true => {
                let config: Value = serde_json::from_str(&text).unwrap_or_default();
                output::line(&json!({ "config": config, "notes": notes }).to_string());
            }
            false => output::line(text.trim_end()),
        }
        return Ok(());
    };
    if path.exists() {
        let path = path.to_owned();
        return Err(ConfigError::Exists { path });
    }
    validator_config::write(environment, folder, path, &text)?;
    match as_json {
        true => output::line(&json!({ "written": path, "notes": notes }).to_string()),
        false => output::line(&format!("{} is written", path.display())),
    }
    Ok(())
}
