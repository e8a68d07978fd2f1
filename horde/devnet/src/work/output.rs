//! Files that a job leaves below `/output/`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use axum::body::Bytes;

/// Files of an output, with those of the two streams.
pub(super) const OUTPUT_FILES_COUNT_MAX: usize = 1_000;
/// Bytes that they may have together.
pub(super) const OUTPUT_FILES_BYTES_MAX: u64 = 256 << 20;
/// Folders of an output.
const OUTPUT_FOLDERS_COUNT_MAX: usize = 1_000;

/// Files where the executor itself puts what the job has written.
const STDOUT_FILE: &str = "stdout.txt";
const STDERR_FILE: &str = "stderr.txt";

/// Why the files of a job cannot be taken. The texts go to the validator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputError {
    #[error("the job has left more than {OUTPUT_FILES_COUNT_MAX} files in /output/")]
    Files,
    #[error("the job has made more than {OUTPUT_FOLDERS_COUNT_MAX} folders in /output/")]
    Folders,
    #[error("the files in /output/ have more than {OUTPUT_FILES_BYTES_MAX} bytes")]
    Size,
    #[error("a file in /output/ cannot be read")]
    Read(#[source] io::Error),
    #[error("the name of a file in /output/ is not UTF-8")]
    Name,
}

/// Files by their paths below `/output/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Output(BTreeMap<String, Bytes>);

impl Output {
    pub(super) fn insert(&mut self, path: impl Into<String>, contents: impl Into<Bytes>) {
        self.0.insert(path.into(), contents.into());
    }

    /// Adds a file that a built-in image leaves.
    pub(super) fn add(
        &mut self,
        path: impl Into<String>,
        contents: impl Into<Bytes>,
    ) -> Result<(), OutputError> {
        self.insert(path, contents);
        if self.0.len() > OUTPUT_FILES_COUNT_MAX {
            return Err(OutputError::Files);
        }
        self.room().map(drop).ok_or(OutputError::Size)
    }

    /// Bytes that may still be added, unless there are too many already.
    pub(super) fn room(&self) -> Option<u64> {
        let bytes = self.0.values().map(|contents| contents.len() as u64).sum();
        OUTPUT_FILES_BYTES_MAX.checked_sub(bytes)
    }

    /// Adds the files of the two streams.
    pub(super) fn insert_streams(&mut self, stdout: &str, stderr: &str) {
        self.insert(STDOUT_FILE, stdout.to_owned());
        self.insert(STDERR_FILE, stderr.to_owned());
    }

    pub(super) fn get(&self, path: &str) -> Option<Bytes> {
        self.0.get(path).cloned()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        self.0.iter().map(|(path, bytes)| (path.as_str(), bytes))
    }

    /// Reads the files of a folder and of those in it. Links and the like are left out.
    pub(super) fn read(folder: &Path) -> Result<Self, OutputError> {
        let (mut output, mut room) = (Self::default(), OUTPUT_FILES_BYTES_MAX);
        let mut folders = vec![folder.to_owned()];
        let mut folder_count = 0;
        while let Some(next) = folders.pop() {
            folder_count += 1;
            if folder_count > OUTPUT_FOLDERS_COUNT_MAX {
                return Err(OutputError::Folders);
            }
            for entry in fs::read_dir(next).map_err(OutputError::Read)? {
                let entry = entry.map_err(OutputError::Read)?;
                let metadata = entry.metadata().map_err(OutputError::Read)?;
                if metadata.is_dir() {
                    folders.push(entry.path());
                }
                if !metadata.is_file() {
                    continue;
                }
                if output.0.len() + 1 > OUTPUT_FILES_COUNT_MAX {
                    return Err(OutputError::Files);
                }
                let left = room.checked_sub(metadata.len());
                room = left.ok_or(OutputError::Size)?;
                let path = entry.path();
                let name = path.strip_prefix(folder).ok().and_then(Path::to_str);
                let name = name.ok_or(OutputError::Name)?;
                output.insert(name, fs::read(&path).map_err(OutputError::Read)?);
            }
        }
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("output"), folder.path().join("secret"));
        fs::write(&outside, "secret").unwrap();
        fs::create_dir_all(inside.join("a/b")).unwrap();
        fs::write(inside.join("a/b/file"), "text").unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        std::os::unix::fs::symlink(folder.path(), inside.join("folder")).unwrap();
        let output = Output::read(&inside).unwrap();
        let files: Vec<_> = output.iter().collect();
        assert_eq!(files, [("a/b/file", &Bytes::from("text"))]);
    }

    #[test]
    fn added_files_are_bounded() {
        let mut output = Output::default();
        let half = Bytes::from(vec![0; 128 << 20]);
        output.add("a", half.clone()).unwrap();
        output.add("b", half.clone()).unwrap();
        // It takes the place of another one.
        output.add("b", half).unwrap();
        let error = output.add("c", "1").unwrap_err();
        assert!(matches!(error, OutputError::Size), "{error}");

        let mut output = Output::default();
        for number in 0..OUTPUT_FILES_COUNT_MAX {
            output.add(number.to_string(), "").unwrap();
        }
        let error = output.add("more", "").unwrap_err();
        assert!(matches!(error, OutputError::Files), "{error}");
    }

    #[test]
    fn too_many_files_are_rejected() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..=OUTPUT_FILES_COUNT_MAX {
            fs::write(folder.path().join(number.to_string()), "").unwrap();
        }
        let error = Output::read(folder.path()).unwrap_err();
        assert!(matches!(error, OutputError::Files), "{error}");
    }
}
