//! `tig-host check`: everything that would keep a host from starting with a config, all at once.

use std::{path::Path, process::ExitCode};

use serde_json::json;
use tig_host::{
    admission, candidates,
    config::{Config, ConfigError, Fault, Overrides},
    error::{HostError, exit_code},
    plugin::{self, Candidate},
};

use super::output;

pub(super) fn check(path: &Path, as_json: bool) -> Result<ExitCode, HostError> {
    let findings = Findings::of(path)?;
    if as_json {
        output::json(&findings.json(path));
    } else {
        findings.print(path);
    }
    Ok(findings.exit_code())
}

#[derive(Default)]
struct Findings {
    config_faults: Vec<Fault>,
    /// Faults of the files that `extensions` names.
    plugin_faults: Vec<Fault>,
    sound: Vec<Candidate>,
}

impl Findings {
    /// # Errors
    ///
    /// The file cannot be read or is not JSON.
    fn of(path: &Path) -> Result<Self, HostError> {
        let mut findings = Self::default();
        let config = match Config::load(path, Overrides::default()) {
            Ok(config) => config,
            Err(ConfigError::Faults { faults, .. }) => {
                findings.config_faults = faults;
                return Ok(findings);
            }
            Err(error) => return Err(error.into()),
        };
        let program =
            std::env::current_exe().map_err(HostError::system("find its own program file"))?;
        let read = candidates::read(&config).into_iter().enumerate();
        for (index, candidate) in read {
            let tried = candidate.and_then(|candidate| {
                plugin::try_in_child(&program, &candidate.path)?;
                Ok(candidate)
            });
            match tried {
                Ok(candidate) => findings.sound.push(candidate),
                Err(error) => {
                    let path = format!("extensions[{index}]");
                    findings
                        .plugin_faults
                        .push(Fault::new(&path, error.to_string()));
                }
            }
        }
        let manifests: Vec<_> = findings
            .sound
            .iter()
            .map(|candidate| &candidate.manifest)
            .collect();
        if findings.plugin_faults.is_empty() {
            findings.config_faults = admission::faults(&config, &manifests);
        } else {
            // Places in the list no longer match, so each section is checked by name.
            findings.config_faults = manifests
                .iter()
                .flat_map(|manifest| {
                    admission::section_faults(&config.sections, &manifest.name, manifest)
                })
                .collect();
        }
        Ok(findings)
    }

    fn all(&self) -> impl Iterator<Item = &Fault> {
        self.config_faults.iter().chain(&self.plugin_faults)
    }

    fn print(&self, path: &Path) {
        for fault in self.all() {
            output::line(&fault.to_string());
        }
        match self.all().count() {
            0 => output::line(&format!("{}: ok", path.display())),
            1 => output::line(&format!("{}: 1 fault", path.display())),
            count => output::line(&format!("{}: {count} faults", path.display())),
        }
    }

    fn json(&self, path: &Path) -> serde_json::Value {
        let extension = |candidate: &Candidate| {
            json!({
                "name": candidate.manifest.name,
                "version": candidate.manifest.version,
                "file": candidate.path,
                "hash": candidate.hash,
            })
        };
        json!({
            "config": path,
            "ok": self.all().next().is_none(),
            "faults": self.all().collect::<Vec<_>>(),
            "extensions": self.sound.iter().map(extension).collect::<Vec<_>>(),
        })
    }

    fn exit_code(&self) -> ExitCode {
        match (self.config_faults.is_empty(), self.plugin_faults.is_empty()) {
            (true, true) => ExitCode::SUCCESS,
            (false, _) => exit_code::CONFIG.into(),
            (true, false) => exit_code::PLUGIN.into(),
        }
    }
}
