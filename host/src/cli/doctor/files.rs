//! The files of a host: config, plugins, secrets, store.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tig_plugin_api::abi::API_VERSION;

use super::Finding;
use crate::cli::check::Findings;
use crate::config::{Config, Fault, is_same_id};
use crate::plugin::PluginFile;
use crate::store::{self, Archive};

/// Faults and warnings of the config and of the plugin files.
pub(super) fn config(path: &Path, found: &Findings) -> Vec<Finding> {
    let remedy = "correct it in the config; `tig-host check` says whether it is";
    let faults = |part: &'static str, faults: &[Fault], remedy: &'static str| -> Vec<Finding> {
        let finding = |fault: &Fault| Finding::fail(part, fault.to_string(), remedy);
        faults.iter().map(finding).collect()
    };
    let mut findings = faults("config", &found.config_faults, remedy);
    if findings.is_empty() {
        let text = format!("{} can be read and is valid", path.display());
        findings.push(Finding::ok("config", text));
    }
    let remedy = "put a plugin file of this host's plugin API in its place; `tig-host plugin list` shows those that are there";
    findings.extend(faults("plugin", &found.plugin_faults, remedy));
    findings.extend(plugins(&found.sound));
    findings.extend(found.warnings.iter().map(warning));
    findings
}

/// The plugin files that can be loaded, and those of them that may be half copied unnoticed.
fn plugins(sound: &[(usize, PluginFile)]) -> Vec<Finding> {
    if sound.is_empty() {
        return Vec::new();
    }
    let name = |(_, file): &(usize, PluginFile)| {
        format!("{} {}", file.manifest.name, file.manifest.version)
    };
    let names: Vec<String> = sound.iter().map(name).collect();
    let text = format!("of plugin API {API_VERSION}: {}", names.join(", "));
    let mut findings = vec![Finding::ok("plugin", text)];
    let unsealed = sound.iter().filter(|(_, file)| !file.is_sealed());
    let unsealed: Vec<String> = unsealed
        .map(|(_, file)| file.manifest.name.clone())
        .collect();
    if !unsealed.is_empty() {
        let text = format!(
            "not sealed, so that a half copied file may be loaded: {}",
            unsealed.join(", ")
        );
        let remedy = "take released files, or `tig-host plugin seal` those that you have built";
        findings.push(Finding::warn("plugin", text, remedy));
    }
    findings
}

/// A warning of the config, with its remedy as the text has it.
fn warning(warning: &Fault) -> Finding {
    let text = warning.to_string();
    let split = text.split_once("; ").or_else(|| text.rsplit_once(": "));
    match split {
        Some((text, remedy)) => Finding::warn("config", text, remedy),
        None => Finding::warn("config", text, "correct it in the config"),
    }
}

/// Files with secrets that the config names, and whether there is a key at all.
pub(super) fn secrets(config: &Config) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Config::secret_files(&config.path)
        .iter()
        .filter_map(private)
        .collect();
    let has_url = config
        .identity
        .values()
        .any(|text| super::api::is_url(text));
    if config.api_key.reveal().is_empty() && has_url && config.keys.users().is_empty() {
        let remedy =
            "write the key into a file that only its owner can read, and name it in `api_key_file`";
        let text = "there is no API key: an API that asks for one refuses what is sent";
        findings.push(Finding::warn("api key", text, remedy));
    }
    findings
}

/// A file that only its owner can read; others are a warning or a fault of the config already.
fn private((key, path): &(String, PathBuf)) -> Option<Finding> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    let text = format!("{key} is {} ({mode:04o})", path.display());
    (mode & 0o077 == 0).then(|| Finding::ok("secret", text))
}

/// The store of a host that does not run.
pub(super) fn store(config: &Config, is_running: bool) -> Vec<Finding> {
    let part = "store";
    let path = config.backup_folder.join(store::FILE_NAME);
    if is_running {
        return vec![Finding::ok(part, "is in use by the running host")];
    }
    if !path.exists() {
        let text = format!("{} does not exist yet", path.display());
        return vec![Finding::ok(part, text)];
    }
    let remedy = "stop the program that uses it; put back a copy of it; or set `backup_folder` to another folder";
    match Archive::open(&config.backup_folder) {
        Err(error) => vec![Finding::fail(part, error.to_string(), remedy)],
        Ok(archive) => {
            let stored = archive.identity().iter();
            let foreign = stored.filter_map(|(key, stored)| {
                let given = config.identity.get(key)?;
                (!is_same_id(stored, given)).then(|| {
                    let text = format!(
                        "{} belongs to {key} `{stored}`, not `{given}`",
                        path.display()
                    );
                    let remedy =
                        format!("set `backup_folder` to another folder, or correct `{key}`");
                    Finding::fail(part, text, remedy)
                })
            });
            let foreign: Vec<Finding> = foreign.collect();
            match foreign.is_empty() {
                true => vec![Finding::ok(
                    part,
                    "belongs to this identity, and no program uses it",
                )],
                false => foreign,
            }
        }
    }
}
