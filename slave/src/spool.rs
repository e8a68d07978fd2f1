//! Results on disk while the master does not take them, so that a slave that is stopped or killed has them after its next
//! start.
//!
//! Invariant: a file is one whole result, named by its batch. It is there from the first delivery that fails until the master
//! has taken or refused it.

use std::io;
use std::path::{Path, PathBuf};

use tig_protocol::BatchResult;

use crate::name::SlaveName;
use crate::wasm::write_whole;

/// Folder inside the algorithms folder; each slave has its own in there.
const FOLDER: &str = "results";
const EXTENSION: &str = "json";
/// Results that are taken up again; the master has given others' batches to somebody else by then.
pub(crate) const RESULTS_MAX: usize = 64;
/// Bytes of one result.
const RESULT_BYTES_MAX: u64 = 64 << 20;

/// The results of one slave.
#[derive(Debug, Clone)]
pub(crate) struct Spool {
    folder: PathBuf,
}

impl Spool {
    pub(crate) fn of(algorithms_folder: &Path, name: &SlaveName) -> Self {
        // A name may have characters that a path must not have.
        let own = blake3::hash(name.as_str().as_bytes()).to_hex();
        Self {
            folder: algorithms_folder.join(FOLDER).join(own.as_str()),
        }
    }

    /// Keeps the result of a batch whose id has been checked.
    pub(crate) fn keep(&self, batch_id: &str, body: &[u8]) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        write_whole(&self.path(batch_id), body)
    }

    /// Drops a result.
    pub(crate) fn forget(&self, batch_id: &str) -> io::Result<()> {
        match std::fs::remove_file(self.path(batch_id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The ids and bodies of what is kept, at most [`RESULTS_MAX`].
    pub(crate) fn all(&self) -> io::Result<Vec<(String, Vec<u8>)>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut results = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|found| found != EXTENSION) {
                continue;
            }
            match read_result(&path) {
                Ok(result) => results.push(result),
                // The other results are still good.
                Err(error) => {
                    let path = path.display();
                    tracing::warn!(%path, %error, "a result on disk cannot be used; skipping it");
                }
            }
            if results.len() == RESULTS_MAX {
                break;
            }
        }
        Ok(results)
    }

    fn path(&self, batch_id: &str) -> PathBuf {
        self.folder.join(format!("{batch_id}.{EXTENSION}"))
    }
}

/// Batch id and body of a result that is whole.
fn read_result(path: &Path) -> io::Result<(String, Vec<u8>)> {
    if path.metadata()?.len() > RESULT_BYTES_MAX {
        return Err(io::Error::other(format!(
            "the file is longer than {RESULT_BYTES_MAX} bytes"
        )));
    }
    let body = std::fs::read(path)?;
    serde_json::from_slice::<BatchResult>(&body)?;
    let batch_id = path.file_stem().unwrap_or_default();
    Ok((batch_id.to_string_lossy().into_owned(), body))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESULT: &[u8] = br#"{"merkle_root":"b3ba1077f907bac2cd841276d54212206380d679a0dc354d87951aa07c37120a","solution_nonces":[],"merkle_proofs":[]}"#;

    #[test]
    fn kept_result_is_there_until_it_is_forgotten() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let name = "rig-7".parse().expect("a name");
        let spool = Spool::of(root.path(), &name);
        assert_eq!(
            spool.all().expect("without a folder there are no results"),
            []
        );
        spool.keep("job_0", b"{}").expect("the folder is writable");
        spool
            .keep("job_32", RESULT)
            .expect("the folder is writable");
        spool.forget("job_0").expect("it is there");
        spool.forget("job_0").expect("it is gone already");
        // Half a file of a slave that was killed while it wrote.
        std::fs::write(spool.folder.join("job_64.0123.tmp"), "{").expect("writable");
        let kept = Spool::of(root.path(), &name).all().expect("readable");
        assert_eq!(kept, [("job_32".to_owned(), RESULT.to_vec())]);
        let other = "rig-8".parse().expect("a name");
        assert_eq!(Spool::of(root.path(), &other).all().expect("readable"), []);
    }

    #[test]
    fn damaged_result_is_skipped_and_others_are_read() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let name = "rig-7".parse().expect("a name");
        let spool = Spool::of(root.path(), &name);
        spool.keep("job_0", RESULT).expect("the folder is writable");
        // What a disk may give back, and something that cannot be read at all.
        for (batch_id, body) in [
            ("empty_0", &b""[..]),
            ("half_0", &RESULT[..50]),
            ("zero_0", &[0; 99]),
        ] {
            spool.keep(batch_id, body).expect("the folder is writable");
        }
        std::fs::create_dir(spool.path("folder_0")).expect("writable");
        let kept = spool.all().expect("readable");
        assert_eq!(kept, [("job_0".to_owned(), RESULT.to_vec())]);
    }
}
