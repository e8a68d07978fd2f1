//! Finds the files that other processes have open for writing, as far as this user may see.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::PluginError;

/// In the mode of a link in `/proc/PID/fd`: the file is open for writing.
const WRITE_MODE: u32 = 0o200;

/// Process ids of writers, by device and inode of the file.
#[derive(Debug, Default)]
pub(crate) struct OpenFiles(HashMap<(u64, u64), u32>);

impl OpenFiles {
    /// Searches all processes but this one. Processes that end meanwhile, or are another user's, are skipped.
    #[must_use]
    pub(crate) fn for_writing() -> Self {
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let others = numbers.filter(|process| *process != std::process::id());
        Self(others.flat_map(written_by).collect())
    }

    /// # Errors
    ///
    /// A process has the file at `path` open for writing.
    pub(crate) fn check(&self, path: &Path) -> Result<(), PluginError> {
        let file = fs::metadata(path).ok();
        let writer = file.and_then(|file| self.0.get(&(file.dev(), file.ino())));
        let Some(process) = writer else {
            return Ok(());
        };
        let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
        Err(PluginError::BeingWritten {
            path: path.to_owned(),
            writer: format!(" by `{}` (process {process})", name.trim()),
        })
    }
}

fn written_by(process: u32) -> impl Iterator<Item = ((u64, u64), u32)> {
    let descriptors = fs::read_dir(format!("/proc/{process}/fd"));
    let links = descriptors.into_iter().flatten().flatten();
    links.filter_map(move |link| {
        let path = link.path();
        let is_written = fs::symlink_metadata(&path).ok()?.mode() & WRITE_MODE != 0;
        // Only regular files can be plugin files.
        let file = is_written.then(|| fs::metadata(path).ok()).flatten()?;
        file.is_file()
            .then_some(((file.dev(), file.ino()), process))
    })
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn file_that_a_process_writes_is_named_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("libx.so");
        fs::write(&path, "").unwrap();
        OpenFiles::for_writing().check(&path).unwrap();
        let mut writer = Command::new("sh")
            .args(["-c", "exec 3>>\"$0\"; echo open; read -r _"])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = writer.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let error = OpenFiles::for_writing().check(&path).unwrap_err();
        assert!(matches!(error, PluginError::BeingWritten { .. }), "{error}");
        assert!(error.to_string().contains("`sh`"), "{error}");
        drop(writer.stdin.take());
        writer.wait().unwrap();
        OpenFiles::for_writing().check(&path).unwrap();
    }
}
