//! Hash jobs: passwords that a miner finds by trying all, whose answer the validator knows (sections 3.5 and 10.15).
//!
//! A job has three stages. The text of each is encrypted under a key that only the passwords of the stage before give, so
//! that no two are computed at once. Payload and script are the validator's own: the payload is JSON, not a pickle.

mod answer;
mod draws;
mod fernet;
mod payload;
mod stage;

use std::fmt;

use draws::Draws;
pub use stage::JobSize;
use stage::{STAGES, Stage};

use crate::archive::zip_file;

/// Time that a hash job of version 1 or 2 may run.
pub const TIMEOUT_SECONDS: u32 = 53;

/// The image whose hashcat finds the passwords.
pub const DOCKER_IMAGE: &str = "backenddevelopersltd/compute-horde-job:v1-latest";

/// What runs in the container, sent as `raw_script`. It prints the answer and nothing else.
pub const SCRIPT: &str = include_str!("hash_job/solve.py");

/// Where the script is in the container.
const SCRIPT_PATH: &str = "/script.py";

/// Bytes of the seed that a job is drawn from.
pub const SEED_BYTES: usize = 32;

/// How a miner is kept from starting early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashJobVersion {
    /// The volume comes with the request to run.
    V1,
    /// The volume comes with the reservation. Its first stage is encrypted, too, and the request to run has the key.
    V2,
}

/// What kind of job is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashJobKind {
    /// How a miner is kept from starting early.
    pub version: HashJobVersion,
    /// How much work it is.
    pub size: JobSize,
}

/// A full job.
impl From<HashJobVersion> for HashJobKind {
    fn from(version: HashJobVersion) -> Self {
        Self {
            version,
            size: JobSize::Full,
        }
    }
}

/// A job and its answer.
///
/// Whoever stores the seed has the job: the same seed, kind and miner give the same one.
#[derive(Clone, PartialEq, Eq)]
pub struct HashJob {
    start_key: Option<String>,
    payload: String,
    answer: String,
}

impl HashJob {
    /// Draws a job for a miner. `seed` must be secret until the job is over, and new for each job.
    pub fn draw(kind: HashJobKind, miner_hotkey: &str, seed: &[u8; SEED_BYTES]) -> Self {
        let mut draws = Draws::new(seed);
        let (start_key, stages) = draw_stages(kind, miner_hotkey, &mut draws);
        let payload = payload::encode(&stages, start_key.as_deref(), &mut draws);
        let answer = answer::of(&stages);
        Self {
            start_key,
            payload,
            answer,
        }
    }

    /// The file `payload.txt` for [`SCRIPT`], as JSON.
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// The zip archive of the inline volume, with the payload in it.
    pub fn volume(&self) -> Vec<u8> {
        zip_file(payload::FILE_NAME, self.payload.as_bytes())
    }

    /// Arguments of the container (`docker_run_cmd`).
    pub fn arguments(&self) -> Vec<String> {
        let script = Some(SCRIPT_PATH.to_owned());
        script.into_iter().chain(self.start_key.clone()).collect()
    }

    /// Whether `stdout`, without white space around it, is the answer.
    pub fn is_answer(&self, stdout: &str) -> bool {
        stdout.trim() == self.answer
    }
}

/// Whether `stdout` is the answer of the job that [`HashJob::draw`] makes of the same arguments. Costs a tenth of making it.
pub fn is_answer(
    kind: HashJobKind,
    miner_hotkey: &str,
    seed: &[u8; SEED_BYTES],
    stdout: &str,
) -> bool {
    let (_, stages) = draw_stages(kind, miner_hotkey, &mut Draws::new(seed));
    stdout.trim() == answer::of(&stages)
}

/// Start key, if the version has one, and stages.
fn draw_stages(
    kind: HashJobKind,
    miner_hotkey: &str,
    draws: &mut Draws,
) -> (Option<String>, [Stage; STAGES]) {
    let start_key = match kind.version {
        HashJobVersion::V1 => None,
        HashJobVersion::V2 => Some(draws.start_key(miner_hotkey)),
    };
    let stages = kind.size.stages();
    (start_key, stages.map(|spec| Stage::draw(spec, draws)))
}

/// Without passwords, keys and answer, which are secret while the job runs.
impl fmt::Debug for HashJob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HashJob").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
