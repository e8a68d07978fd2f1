//! `tig-host check`: finds everything that would keep a host from starting with a config.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use super::output;
use crate::config::{Config, ConfigError, Fault, Overrides, remainder};
use crate::error::HostError;
use crate::exit_code;
use crate::lifecycle::{admission, plugin_files};
use crate::plugin::{self, FirstStart, PluginError, PluginFile};

pub(super) fn check(path: &Path, as_json: bool) -> Result<ExitCode, HostError> {
    let findings = Findings::collect(path)?;
    if as_json {
        output::json(&findings.json(path));
    } else {
        findings.print(path);
    }
    Ok(findings.exit_code())
}

#[derive(Default)]
pub(super) struct Findings {
    pub(super) config_faults: Vec<Fault>,
    /// Faults of the files that `extensions` names.
    pub(super) plugin_faults: Vec<Fault>,
    /// Allowed, but not recommended.
    pub(super) warnings: Vec<Fault>,
    /// Valid files, with their places in `extensions`.
    pub(super) sound: Vec<(usize, PluginFile)>,
}

impl Findings {
    /// # Errors
    ///
    /// The file cannot be read or is not JSON.
    pub(super) fn collect(path: &Path) -> Result<Self, HostError> {
        let config = match Config::load(path, Overrides::default()) {
            Ok(config) => config,
            Err(ConfigError::Faults { faults, .. }) => return Ok(Self::of_faulty(path, faults)),
            Err(error) => return Err(error.into()),
        };
        let mut findings = Self::default();
        let program =
            std::env::current_exe().map_err(HostError::system("find its own program file"))?;
        findings.read_plugins(&config);
        let config = findings.admit(&config);
        findings.warnings.clone_from(&config.warnings);
        match plugin_files::cache_fault(&config) {
            Some(fault) => findings.config_faults.push(fault),
            None => findings.try_all(&config, &program)?,
        }
        Ok(findings)
    }

    /// Those of a config whose own keys have `faults`: the rest is checked as if the parts with a fault were not there. No plugin is
    /// tried, which could fail for want of a key.
    fn of_faulty(path: &Path, mut faults: Vec<Fault>) -> Self {
        let mut findings = Self::default();
        // Each round removes further parts of the file.
        loop {
            let loaded = Config::load_remainder(path, &faults);
            let further = match &loaded {
                Ok(config) => {
                    findings.read_plugins(config);
                    findings.admit(config);
                    std::mem::take(&mut findings.config_faults)
                }
                Err(further) => further.clone(),
            };
            let further = further
                .into_iter()
                .filter(|fault| !remainder::is_in_removed(fault, &faults));
            let further: Vec<_> = further.collect();
            let is_done = loaded.is_ok() || further.is_empty();
            faults.extend(further);
            if is_done {
                findings.config_faults = faults;
                return findings;
            }
        }
    }

    fn read_plugins(&mut self, config: &Config) {
        let read = plugin_files::read(config).into_iter().enumerate();
        for (index, candidate) in read {
            match candidate {
                Ok(candidate) => self.sound.push((index, candidate)),
                Err(error) => self.blame(index, &error),
            }
        }
    }

    /// Creates an instance of each plugin from a copy, as a host does at its first start.
    fn try_all(&mut self, config: &Config, program: &Path) -> Result<(), HostError> {
        // On the file system of the host's copies, whose mount options decide whether code can be loaded.
        let folder = plugin::existing_folder(&config.plugin_cache_folder);
        let copies = tempfile::Builder::new()
            .prefix(".tig-host-check-")
            .tempdir_in(folder)
            .or_else(|_| tempfile::tempdir())
            .map_err(HostError::system(
                "make a folder for copies of plugin files",
            ))?;
        for (index, candidate) in std::mem::take(&mut self.sound) {
            let name = &config.extensions[index];
            let section = format!("config.{name}");
            // The schema has found a fault in this section, and describes it better than `new` could.
            let is_known = |fault: &Fault| fault.path.starts_with(&section);
            let tried = if self.config_faults.iter().any(is_known) {
                Ok(())
            } else {
                let start = FirstStart {
                    settings: config.settings(name),
                    keys: config.keys.users(),
                };
                plugin::try_in_child(program, copies.path(), &candidate, &start)
            };
            match tried {
                Ok(()) => self.sound.push((index, candidate)),
                Err(error) => self.blame(index, &error),
            }
        }
        Ok(())
    }

    /// Records everything that does not fit between the config and the files that were read, and returns the config with its
    /// identity, as whole as it can be.
    fn admit(&mut self, config: &Config) -> Config {
        let manifests: Vec<_> = self
            .sound
            .iter()
            .map(|(_, candidate)| &candidate.manifest)
            .collect();
        if self.plugin_faults.is_empty() {
            let (completed, faults) = admission::admit(config, &manifests);
            self.config_faults = faults;
            return completed;
        }
        // The places in the two lists differ, so each section is checked by itself. A file that cannot be read may name any
        // text at the top of the config.
        let faults = self.sound.iter().map(|(index, candidate)| {
            let name = &config.extensions[*index];
            admission::section_faults(&config.sections, name, &candidate.manifest)
        });
        self.config_faults = faults.flatten().collect();
        config.completed(manifests).0
    }

    fn blame(&mut self, index: usize, error: &PluginError) {
        let path = format!("extensions[{index}]");
        self.plugin_faults
            .push(Fault::new(&path, error.to_string()));
    }

    fn all(&self) -> impl Iterator<Item = &Fault> {
        self.config_faults.iter().chain(&self.plugin_faults)
    }

    fn print(&self, path: &Path) {
        for fault in self.all() {
            output::line(&fault.to_string());
        }
        for warning in &self.warnings {
            output::line(&format!("warning: {warning}"));
        }
        match self.all().count() {
            0 => output::line(&format!("{}: ok", path.display())),
            1 => output::line(&format!("{}: 1 fault", path.display())),
            count => output::line(&format!("{}: {count} faults", path.display())),
        }
    }

    fn json(&self, path: &Path) -> serde_json::Value {
        let extension = |(_, candidate): &(usize, PluginFile)| {
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
            "warnings": self.warnings,
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
