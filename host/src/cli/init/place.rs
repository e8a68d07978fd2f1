//! The files of an init, and how they get into their place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;
use tig_process::signals::StopFlag;
use tig_process::whole_file;

use super::draft::{KEY_FILE, TOKEN_FILE};
use super::{Answers, InitError};
use crate::cli::check::Findings;
use crate::config::Fault;
use crate::error::HostError;

const CONFIG: &str = "config.json";
const GUIDE: &str = "config.md";

/// Bytes of the operator token's randomness.
const TOKEN_BYTES: usize = 32;

/// Where the files go.
pub(super) struct Place {
    folder: PathBuf,
    force: bool,
}

impl Place {
    pub(super) fn new(folder: &Path, force: bool) -> Self {
        Self {
            folder: folder.to_owned(),
            force,
        }
    }

    /// The config file.
    pub(super) fn config(&self) -> PathBuf {
        self.folder.join(CONFIG)
    }

    /// The key's file.
    pub(super) fn key(&self) -> PathBuf {
        self.folder.join(KEY_FILE)
    }

    /// Checks that no file would be replaced that is to stay.
    ///
    /// # Errors
    ///
    /// Names those that would.
    pub(super) fn check_free(&self, has_key: bool) -> Result<(), InitError> {
        if self.force {
            return Ok(());
        }
        let names = [CONFIG, GUIDE]
            .into_iter()
            .chain(has_key.then_some(KEY_FILE));
        let paths = names.map(|name| self.folder.join(name));
        // A link whose target is gone is in the way too.
        let taken = paths.filter(|path| path.symlink_metadata().is_ok());
        let taken: Vec<String> = taken.map(|path| path.display().to_string()).collect();
        match taken.is_empty() {
            true => Ok(()),
            false => Err(InitError::Exists(taken)),
        }
    }

    /// Writes and checks all files beside their places, and moves them there; the config last.
    ///
    /// # Errors
    ///
    /// Nothing is in its place then, or no config is.
    pub(super) fn write(&self, answers: Answers, guide: &str) -> Result<Vec<PathBuf>, InitError> {
        // From here on a signal ends nothing half done.
        let stop = StopFlag::listen().map_err(|source| InitError::System {
            what: "wait for signals",
            source,
        })?;
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| InitError::Write { path, source }
        };
        let is_new = !self.folder.exists();
        fs::create_dir_all(&self.folder).map_err(failed(&self.folder))?;
        let written = self.write_checked(answers, guide, &stop);
        if is_new && written.is_err() {
            // It holds nothing, or more than we have written.
            let _ = fs::remove_dir(&self.folder);
        }
        written
    }

    fn write_checked(
        &self,
        answers: Answers,
        guide: &str,
        stop: &StopFlag,
    ) -> Result<Vec<PathBuf>, InitError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| InitError::Write { path, source }
        };
        let staged = tempfile::Builder::new()
            .prefix(".tig-host-init-")
            .tempdir_in(&self.folder)
            .map_err(failed(&self.folder))?;
        let Answers { mut config, key } = answers;
        let mut names = Vec::new();
        let mut put = |name: &'static str, text: &str, mode: u32| {
            names.push(name);
            let path = staged.path().join(name);
            whole_file::write(&path, text.as_bytes(), mode).map_err(failed(&path))
        };
        if let Some(key) = &key {
            put(KEY_FILE, &format!("{}\n", key.reveal()), 0o600)?;
        }
        if config.get("api_key_file").is_none() && (key.is_some() || self.key().exists()) {
            config["api_key_file"] = KEY_FILE.into();
        }
        if !self.folder.join(TOKEN_FILE).exists() {
            put(TOKEN_FILE, &format!("{}\n", token()?), 0o600)?;
        }
        put(GUIDE, guide, 0o644)?;
        put(CONFIG, &format!("{config:#}\n"), 0o644)?;
        self.check(staged.path(), &names)?;
        if stop.reason().is_some() {
            return Err(InitError::Interrupted);
        }
        let mut written = Vec::new();
        for name in names {
            let path = self.folder.join(name);
            self.place(&staged.path().join(name), &path)?;
            written.push(path);
        }
        Ok(written)
    }

    /// Moves a staged file to its place. One that has appeared there since the check stays, unless it may be replaced.
    fn place(&self, staged: &Path, path: &Path) -> Result<(), InitError> {
        let failed = |source| InitError::Write {
            path: path.to_owned(),
            source,
        };
        let staged = TempPath::try_from_path(staged).map_err(failed)?;
        // A token is never replaced: it is only drawn where there is none.
        let placed = if self.force && !path.ends_with(TOKEN_FILE) {
            staged.persist(path)
        } else {
            staged.persist_noclobber(path)
        };
        placed.map_err(|failure| match failure.error.kind() {
            io::ErrorKind::AlreadyExists if !self.force => {
                InitError::Exists(vec![path.display().to_string()])
            }
            _ => failed(failure.error),
        })
    }

    /// Checks the staged config as `tig-host check` does; files that stay are linked beside it.
    fn check(&self, staged: &Path, names: &[&str]) -> Result<(), InitError> {
        for name in [KEY_FILE, TOKEN_FILE] {
            let present = self.folder.join(name);
            if !names.contains(&name) && present.exists() {
                let target = std::path::absolute(&present).unwrap_or(present);
                let link = staged.join(name);
                std::os::unix::fs::symlink(target, &link)
                    .map_err(|source| InitError::Write { path: link, source })?;
            }
        }
        let found = match Findings::collect(&staged.join(CONFIG)) {
            Ok(found) => found,
            Err(error) => return Err(unchecked(&error)),
        };
        let faults = found.config_faults.into_iter().chain(found.plugin_faults);
        let faults: Vec<Fault> = faults.collect();
        match faults.is_empty() {
            true => Ok(()),
            false => Err(InitError::Faults(faults)),
        }
    }
}

fn unchecked(error: &HostError) -> InitError {
    InitError::System {
        what: "check the config",
        source: io::Error::other(error.to_string()),
    }
}

fn token() -> Result<String, InitError> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| InitError::System {
        what: "draw random bytes",
        source: io::Error::other(error),
    })?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is in the place of `name` after a staged file was moved there, and the error's text.
    fn place_over(force: bool, name: &str) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let (staged, path) = (folder.path().join("staged"), folder.path().join(name));
        fs::write(&staged, "new").unwrap();
        fs::write(&path, "former").unwrap();
        let placed = Place::new(folder.path(), force).place(&staged, &path);
        let text = placed.map_or_else(|error| error.to_string(), |()| String::new());
        (fs::read_to_string(&path).unwrap(), text)
    }

    #[test]
    fn file_that_appears_late_is_not_replaced() {
        for (force, name) in [(false, CONFIG), (false, KEY_FILE), (true, TOKEN_FILE)] {
            let (kept, text) = place_over(force, name);
            assert_eq!(kept, "former", "{name}");
            assert!(text.contains(name), "{text}");
        }
        assert_eq!(place_over(true, CONFIG), ("new".to_owned(), String::new()));
    }
}
