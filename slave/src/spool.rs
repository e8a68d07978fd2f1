//! Results on disk while the master does not take them, so that a slave that is stopped or killed has them after its next
//! start.
//!
//! Invariant: a file is one whole result, named by its batch and a hash of the result: of one batch there may be two, the root
//! and later the proofs, and each is there until the master has taken or refused that one.

use std::io;
use std::path::{Path, PathBuf};

use tig_protocol::BatchResult;

use crate::name::SlaveName;
use crate::wasm::write_whole;

/// Folder inside the algorithms folder; each slave has its own in there.
const FOLDER: &str = "results";
const EXTENSION: &str = "json";
/// Results that a slave holds while the master does not take them.
pub(crate) const RESULTS_MAX: usize = 64;
/// Results that are taken up again: besides those held, some may have come at each stop. The master has given others' batches to somebody
/// else by then.
const RESULTS_TAKEN_UP_MAX: usize = 2 * RESULTS_MAX;
/// Bytes of one result.
const RESULT_BYTES_MAX: u64 = 64 << 20;

/// Hex digits of the hash in a file's name; they tell the few results of one batch apart.
const HASH_DIGITS: usize = 16;

/// A result on disk.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KeptResult {
    pub(crate) file: PathBuf,
    pub(crate) batch_id: String,
    pub(crate) body: Vec<u8>,
}

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

    /// Keeps the result of a batch whose id has been checked; returns its file.
    pub(crate) fn keep(&self, batch_id: &str, body: &[u8]) -> io::Result<PathBuf> {
        std::fs::create_dir_all(&self.folder)?;
        let file = self.path(batch_id, body);
        write_whole(&file, body)?;
        Ok(file)
    }

    /// Drops the result in a file.
    pub(crate) fn forget(file: &Path) -> io::Result<()> {
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// What is kept, at most [`RESULTS_TAKEN_UP_MAX`].
    pub(crate) fn all(&self) -> io::Result<Vec<KeptResult>> {
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
            match read_result(path.clone()) {
                Ok(result) => results.push(result),
                // The other results are still good.
                Err(error) => {
                    let path = path.display();
                    tracing::warn!(%path, %error, "a result on disk cannot be used; skipping it");
                }
            }
            if results.len() == RESULTS_TAKEN_UP_MAX {
                break;
            }
        }
        Ok(results)
    }

    fn path(&self, batch_id: &str, body: &[u8]) -> PathBuf {
        let hash = blake3::hash(body).to_hex();
        let hash = &hash[..HASH_DIGITS];
        self.folder.join(format!("{batch_id}.{hash}.{EXTENSION}"))
    }
}

/// A result that is whole. Earlier versions left the hash out of the name of its file.
fn read_result(file: PathBuf) -> io::Result<KeptResult> {
    if file.metadata()?.len() > RESULT_BYTES_MAX {
        return Err(io::Error::other(format!(
            "the file is longer than {RESULT_BYTES_MAX} bytes"
        )));
    }
    let body = std::fs::read(&file)?;
    serde_json::from_slice::<BatchResult>(&body)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    // A batch id has no dot.
    let batch_id = name.split('.').next().unwrap_or_default().to_owned();
    Ok(KeptResult {
        file,
        batch_id,
        body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESULT: &[u8] = br#"{"merkle_root":"b3ba1077f907bac2cd841276d54212206380d679a0dc354d87951aa07c37120a","solution_nonces":[],"merkle_proofs":[]}"#;

    const PROVED: &[u8] = br#"{"merkle_root":"b3ba1077f907bac2cd841276d54212206380d679a0dc354d87951aa07c37120a","solution_nonces":[1],"merkle_proofs":[]}"#;

    fn spool(root: &Path) -> Spool {
        Spool::of(root, &"rig-7".parse().expect("a name"))
    }

    fn kept(spool: &Spool) -> Vec<(String, Vec<u8>)> {
        let kept = spool.all().expect("readable").into_iter();
        let mut kept: Vec<_> = kept.map(|kept| (kept.batch_id, kept.body)).collect();
        kept.sort();
        kept
    }

    #[test]
    fn kept_result_is_there_until_it_is_forgotten() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let spool = spool(root.path());
        assert_eq!(kept(&spool), [], "there is no folder");
        let file = spool.keep("job_0", b"{}").expect("the folder is writable");
        spool
            .keep("job_32", RESULT)
            .expect("the folder is writable");
        Spool::forget(&file).expect("it is there");
        Spool::forget(&file).expect("it is gone already");
        // Half a file of a slave that was killed while it wrote.
        std::fs::write(spool.folder.join("job_64.0123.tmp"), "{").expect("writable");
        assert_eq!(kept(&spool), [("job_32".to_owned(), RESULT.to_vec())]);
        let other = "rig-8".parse().expect("a name");
        assert_eq!(kept(&Spool::of(root.path(), &other)), []);
    }

    /// The proofs of a batch come while the master has not taken its root yet.
    #[test]
    fn two_results_of_a_batch_are_kept_apart() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let spool = spool(root.path());
        let root_file = spool.keep("job_0", RESULT).expect("writable");
        spool.keep("job_0", PROVED).expect("writable");
        assert_eq!(kept(&spool).len(), 2);
        Spool::forget(&root_file).expect("it is there");
        assert_eq!(kept(&spool), [("job_0".to_owned(), PROVED.to_vec())]);
    }

    #[test]
    fn result_of_an_earlier_version_is_taken_up() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let spool = spool(root.path());
        std::fs::create_dir_all(&spool.folder).expect("writable");
        std::fs::write(spool.folder.join("job_0.json"), RESULT).expect("writable");
        assert_eq!(kept(&spool), [("job_0".to_owned(), RESULT.to_vec())]);
        let file = spool.all().expect("readable").remove(0).file;
        Spool::forget(&file).expect("it is there");
        assert_eq!(kept(&spool), []);
    }

    /// At the stop, a slave that holds as many as it may takes the last ones that were computed.
    #[test]
    fn results_of_the_stop_are_taken_up() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let spool = spool(root.path());
        let count = RESULTS_MAX + 3;
        for number in 0..count {
            let kept = spool.keep(&format!("job_{number}"), RESULT);
            kept.expect("writable");
        }
        assert_eq!(kept(&spool).len(), count);
    }

    #[test]
    fn damaged_result_is_skipped_and_others_are_read() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let spool = spool(root.path());
        spool.keep("job_0", RESULT).expect("the folder is writable");
        // What a disk may give back, and something that cannot be read at all.
        for (batch_id, body) in [
            ("empty_0", &b""[..]),
            ("half_0", &RESULT[..50]),
            ("zero_0", &[0; 99]),
        ] {
            spool.keep(batch_id, body).expect("the folder is writable");
        }
        std::fs::create_dir(spool.path("folder_0", RESULT)).expect("writable");
        assert_eq!(kept(&spool), [("job_0".to_owned(), RESULT.to_vec())]);
    }
}
