//! The files of a validator: `.env`, the hotkey, the host's config.

use std::path::Path;

use tig_process::error_chain::error_chain;

use crate::config_file::{self, State};
use crate::cross_validation::CrossValidation;
use crate::environment::{Environment, FILE_NAME};
use crate::finding::Finding;
use crate::host::{HostProgram, RunError};
use crate::hotkey::Hotkey;
use crate::network::Network;
use crate::settings::Settings;
use crate::validator_config;

/// Looks at `.env`, and at what the variables say.
pub(crate) fn variables(environment: &Environment, folder: &Path) -> Vec<Finding> {
    let notes = environment.notes.iter();
    let mut findings: Vec<_> = notes
        .map(|note| Finding::warning(FILE_NAME, note, "correct or remove it"))
        .collect();
    if !folder.join(FILE_NAME).exists() {
        findings.push(Finding::warning(
            FILE_NAME,
            "it is not there: only variables of this shell count",
            "copy .env.template to .env, fill it in, and `chmod 600` it",
        ));
    }
    if let Err(error) = CrossValidation::read(environment) {
        findings.push(Finding::fault(
            FILE_NAME,
            error.to_string(),
            "correct the variable",
        ));
    }
    match Network::read(environment) {
        Err(error) => findings.push(Finding::fault(
            FILE_NAME,
            error.to_string(),
            "correct the variable",
        )),
        Ok(None) => findings.push(Finding::note(
            FILE_NAME,
            "PYLON_URL is not set: without a chain batches are run by hand, and no weights are set",
        )),
        Ok(Some(_)) if findings.is_empty() => {
            findings.push(Finding::good(FILE_NAME, "is complete"));
        }
        Ok(Some(_)) => {}
    }
    findings
}

/// Looks at the hotkey that the variables name.
pub(crate) fn hotkey(environment: &Environment, folder: &Path) -> Finding {
    let part = "hotkey";
    let settings = match Settings::read(environment) {
        Ok(settings) => settings,
        Err(error) => {
            return Finding::fault(
                part,
                error.to_string(),
                "correct the variables of the wallet",
            );
        }
    };
    match Hotkey::read(&settings, folder) {
        Ok(Hotkey::Plain(keypair)) => {
            let path = folder.join(&settings.hotkey_file);
            let text = format!("{} in {}", keypair.public().to_ss58(), path.display());
            Finding::good(part, text)
        }
        // The password is not tried: that takes half a gigabyte and some seconds, and the host does it at its start.
        Ok(Hotkey::Encrypted(_)) => Finding::good(
            part,
            "is encrypted; the host tries its password at its start",
        ),
        Err(fault) => Finding::fault(part, error_chain(&fault), fault.remedy()),
    }
}

/// A warning if the config lets miners have addresses of this machine and of private networks: a later `up` keeps that.
pub(crate) fn private_addresses(host: &HostProgram) -> Option<Finding> {
    let path = host.config();
    config_file::allows_private(path).then(|| {
        Finding::warning(
            "addresses",
            "lets miners have addresses of this machine and of private networks, as --allow-private has set",
            format!(
                "for a real network move {} away and start by `compute-horde up`",
                path.display()
            ),
        )
    })
}

/// Whether the config is as `.env` says; `None` if it is, or if one of them says nothing.
pub(crate) fn differing_config(
    environment: &Environment,
    folder: &Path,
    host: &HostProgram,
) -> Option<Finding> {
    // Without a wallet in the variables the config was made by other means.
    Settings::read(environment).ok()?;
    let wanted = validator_config::wanted(environment, folder, host.config(), false).ok()?;
    let part = "config";
    match config_file::state(host.config(), &wanted).ok()? {
        State::Missing | State::Current { .. } => None,
        State::Outdated(differences) => Some(Finding::warning(
            part,
            format!(
                ".env, this program or the folder has changed since it was written: {}",
                differences.join("; ")
            ),
            "start the validator by `compute-horde up`: it writes the config again",
        )),
        State::Edited(differences) => Some(Finding::warning(
            part,
            format!(
                "was edited, or written by an earlier version, and differs from what .env says: {}",
                differences.join("; ")
            ),
            format!(
                "make both the same; to give the edits up, move {} away and start by `compute-horde up`, which writes it again",
                host.config().display()
            ),
        )),
    }
}

/// Lets `tig-host check` look at the config.
///
/// # Errors
///
/// The program cannot be run.
pub(crate) fn config(host: &HostProgram) -> Result<Vec<Finding>, RunError> {
    let part = "config";
    let path = host.config();
    if !path.exists() {
        return Ok(vec![Finding::fault(
            part,
            format!("{} is not there", path.display()),
            format!(
                "`compute-horde up` writes it, and starts the validator; alone: `compute-horde config --output {}`",
                path.display()
            ),
        )]);
    }
    let faults = host.config_faults()?;
    if faults.is_empty() {
        let text = format!(
            "{} is sound, and its extensions can be loaded",
            path.display()
        );
        return Ok(vec![Finding::good(part, text)]);
    }
    let remedy = format!(
        "correct it; `tig-host check {}` looks again",
        path.display()
    );
    let fault = |line: String| Finding::fault(part, line, remedy.clone());
    Ok(faults.into_iter().map(fault).collect())
}
