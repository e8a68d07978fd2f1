//! `up`: the whole validator by one command. The config follows `.env` as long as nobody has edited it, the buckets are looked at, and
//! then this process becomes the host: its log, its signals and its exit code are the host's own.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use clap::Args;
use tig_process::output;
use tig_process::text_file::TextError;

use super::check_s3::{self, CheckError};
use crate::config_file::{self, State};
use crate::doctor::{bucket_key, files};
use crate::environment::Environment;
use crate::finding::{self, Finding, Level};
use crate::host::{HostProgram, RunError};
use crate::http::Http;
use crate::s3::account::BUCKETS;
use crate::validator_config::{self, ConfigError};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Let miners have addresses of this machine and of private networks, if a config is written
    #[arg(long = "allow-private")]
    allow_private: bool,
    /// Port that the host listens on, in place of the config's; 0 takes a free one
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Do not look at the buckets first
    #[arg(long = "no-check")]
    no_check: bool,
}

/// Why no host runs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpError {
    /// No config.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The config cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: TextError,
    },
    /// The buckets cannot be looked at.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// The host's program cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Becomes the host of `folder`.
///
/// # Errors
///
/// See [`UpError`]. Without one this does not return.
pub(crate) fn run(
    environment: &Environment,
    folder: &Path,
    host: &HostProgram,
    arguments: &Arguments,
) -> Result<Infallible, UpError> {
    // A running host would take a changed config up at once; it is the second one that says so, and ends.
    if !host.config().exists() || !host.is_running()? {
        if environment.get("PYLON_URL").is_none() {
            output::note_line(
                "note: PYLON_URL is not set: without a chain batches are run by hand, and no weights are set",
            );
        }
        follow_environment(environment, folder, host, arguments.allow_private)?;
        if !arguments.allow_private {
            finding::note(files::private_addresses(host).as_slice());
        }
        if !arguments.no_check {
            check_buckets(environment, host)?;
        }
        output::note_line(
            "starting the host; `compute-horde status` and `doctor` show how it is, in another terminal",
        );
    }
    Err(host.replace_this_process(arguments.port).into())
}

/// Writes the config if there is none, or if nobody has edited the one that was written.
fn follow_environment(
    environment: &Environment,
    folder: &Path,
    host: &HostProgram,
    allow_private: bool,
) -> Result<(), UpError> {
    let path = host.config();
    let wanted = validator_config::wanted(environment, folder, path, allow_private)?;
    let state = config_file::state(path, &wanted).map_err(|source| UpError::Read {
        path: path.to_owned(),
        source,
    })?;
    let shown = path.display();
    match state {
        State::Current { lacks_sum } => {
            validator_config::write_secret(environment, folder)?;
            // The host can do without: only the next change of `.env` needs the sum.
            if lacks_sum && let Err(error) = config_file::write_sum(path, &wanted) {
                output::note_line(&format!(
                    "note: cannot write the sum of {shown} beside it: {error}; until `up` can, a changed .env leaves {shown} as it is"
                ));
            }
        }
        State::Missing => {
            validator_config::write(environment, folder, path, &wanted)?;
            output::note_line(&format!("{shown} is written, from .env"));
        }
        State::Outdated(differences) => {
            validator_config::write(environment, folder, path, &wanted)?;
            output::note_line(&format!(
                "{shown} is written again: .env, this program or the folder has changed since, and nobody has edited it; the differences: {}",
                differences.join("; ")
            ));
        }
        State::Edited(differences) => {
            output::note_line(&format!(
                "note: {shown} was edited, or written by an earlier version, and is used as it is; it differs from what .env says: {}",
                differences.join("; ")
            ));
            // The secret is not in the config, so edits do not keep it.
            if bucket_key::has_key_id(environment, folder, host) {
                validator_config::write_secret(environment, folder)?;
            }
            // The differences show no secret.
            finding::note(bucket_key::finding(environment, folder, host).as_slice());
        }
    }
    Ok(())
}

/// Prints what is wrong with the buckets, if any are named; the rest of the validator works without them.
fn check_buckets(environment: &Environment, host: &HostProgram) -> Result<(), CheckError> {
    let is_named = |(_, variable)| environment.get(variable).is_some();
    if !BUCKETS.into_iter().any(is_named) {
        return Ok(());
    }
    let arguments = check_s3::Arguments::default();
    let findings = check_s3::findings(environment, host.config(), &arguments, &Http::new()?)?;
    let is_bad = |finding: &Finding| matches!(finding.level, Level::Warning | Level::Fault);
    let bad: Vec<Finding> = findings.into_iter().filter(is_bad).collect();
    if bad.is_empty() {
        output::note_line("both buckets do what miners and validator need");
    }
    finding::note(&bad);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// What `up` does before the host, by this version of the weights in `.env`. Returns that of the config then.
    fn follow(home: &TempDir, version: u32) -> u64 {
        let wallet = "BITTENSOR_WALLET_NAME=w\nBITTENSOR_WALLET_HOTKEY_NAME=h\nBITTENSOR_WALLET_DIRECTORY=/w";
        let env = format!("{wallet}\nDEBUG_OVERRIDE_WEIGHTS_VERSION={version}\n");
        fs::write(home.path().join(".env"), env).unwrap();
        let environment = Environment::load(home.path(), |_| None).unwrap();
        let host = HostProgram::find(home.path());
        follow_environment(&environment, home.path(), &host, false).unwrap();
        let version = config_file::setting(host.config(), "horde_batch", "weights_version");
        version.unwrap().as_u64().unwrap()
    }

    /// Otherwise the config would count as edited for ever, and later changes of `.env` would do nothing.
    #[test]
    fn config_without_its_sum_follows_env_again() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(follow(&home, 1), 1);
        fs::remove_file(home.path().join(".config.json.sum")).unwrap();
        assert_eq!(follow(&home, 1), 1);
        assert_eq!(follow(&home, 4), 4);
    }
}
