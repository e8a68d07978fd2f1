//! Hash jobs (sections 3.5 and 10.15): what the script of `horde-calc` prints, found by trying all passwords.
//!
//! The masks must be small: a miner without a graphics card tries some million passwords a second.

mod fernet;
mod mask;
mod stage;

use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use horde_calc::hash_job::{DOCKER_IMAGE, SCRIPT};
use horde_proto::miner::JobRequest;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tig_process::error_chain::error_chain;

use super::outcome::Outcome;
use super::volume::VolumeFile;
use fernet::{Key, TokenError};
use stage::{Stage, StageError};

/// The file of the payload.
const PAYLOAD_FILE: &str = "payload.txt";
/// Stages of a job.
const STAGES_COUNT_MAX: usize = 16;

/// Why a hash job has no answer. The texts go to the validator.
#[derive(Debug, thiserror::Error)]
enum HashError {
    #[error("the volume of the hash job has no file {PAYLOAD_FILE}")]
    NoPayload,
    #[error("the payload is not the JSON of a hash job; this miner reads no pickles")]
    Payload(#[source] serde_json::Error),
    #[error("the payload has {0} stages, more than {STAGES_COUNT_MAX}")]
    Stages(usize),
    #[error("stage {index} cannot be decrypted")]
    Token {
        index: usize,
        #[source]
        source: TokenError,
    },
    #[error("stage {index} cannot be solved")]
    Stage {
        index: usize,
        #[source]
        source: StageError,
    },
}

#[derive(Debug, Deserialize)]
struct Payload {
    stages: Vec<PayloadStage>,
}

#[derive(Debug, Deserialize)]
struct PayloadStage {
    hashcat_mode: u32,
    mask: String,
    /// Lines `hash:salt`, or a Fernet token of them.
    text: String,
}

/// A hash job to be solved.
#[derive(Clone, Debug)]
pub(crate) struct HashJob {
    /// What opens the first stage, in version 2.
    start_key: Option<String>,
}

impl HashJob {
    /// The hash job of a request to run, if it is one.
    pub(super) fn new(request: &JobRequest) -> Option<Self> {
        let is_hash_job = request.raw_script.as_deref() == Some(SCRIPT)
            || request.docker_image_name.as_deref() == Some(DOCKER_IMAGE);
        is_hash_job.then(|| Self {
            start_key: request.docker_run_cmd.get(1).cloned(),
        })
    }

    /// Solves the job; takes a thread until the deadline at most.
    pub(super) fn execute(&self, files: &[VolumeFile], deadline: Instant) -> Outcome {
        match self.solve(files, deadline) {
            Ok(answer) => Outcome::finished(answer + "\n"),
            Err(error) => Outcome::fault(error_chain(&error)),
        }
    }

    fn solve(&self, files: &[VolumeFile], deadline: Instant) -> Result<String, HashError> {
        let stages = read_payload(files)?.stages;
        if stages.len() > STAGES_COUNT_MAX {
            return Err(HashError::Stages(stages.len()));
        }
        let mut key = self.start_key.as_deref().map(Key::of_text);
        let mut found = Sha256::new();
        for (index, stage) in stages.into_iter().enumerate() {
            let text = match &key {
                Some(key) => {
                    let opened = key.decrypt(&stage.text);
                    opened.map_err(|source| HashError::Token { index, source })?
                }
                None => stage.text,
            };
            let solved = Stage::new(stage.hashcat_mode, &stage.mask, &text)
                .and_then(|stage| stage.solve(deadline));
            let passwords = solved.map_err(|source| HashError::Stage { index, source })?;
            for password in &passwords {
                found.update(password);
            }
            key = Some(Key::of_text(&passwords.join("\n")));
        }
        Ok(URL_SAFE.encode(found.finalize()))
    }
}

fn read_payload(files: &[VolumeFile]) -> Result<Payload, HashError> {
    let mut files = files.iter();
    let payload = files.find(|file| file.path.as_os_str() == PAYLOAD_FILE);
    let payload = payload.ok_or(HashError::NoPayload)?;
    serde_json::from_slice(&payload.contents).map_err(HashError::Payload)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use horde_calc::hash_job as drawn;
    use horde_calc::hash_job::{HashJobKind, HashJobVersion, JobSize, SEED_BYTES};

    use super::*;

    const MINER: &str = "5F6ee7zfqr6EX7X7ZTQLRWtVsr3stUXhC6tkZZKLhKj8V2Ht";

    fn execute(job: &HashJob, payload: Option<&str>) -> Outcome {
        let file = payload.map(|payload| VolumeFile {
            path: PAYLOAD_FILE.into(),
            contents: payload.as_bytes().to_vec(),
        });
        job.execute(file.as_slice(), Instant::now() + Duration::from_secs(60))
    }

    fn fault_of(payload: Option<&str>) -> String {
        let job = HashJob { start_key: None };
        let Outcome::Failed { stdout, .. } = execute(&job, payload) else {
            panic!("{payload:?} was solved");
        };
        stdout
    }

    #[test]
    fn small_job_of_each_version_is_solved() {
        for version in [HashJobVersion::V1, HashJobVersion::V2] {
            let size = JobSize::Small;
            let kind = HashJobKind { version, size };
            let drawn = drawn::HashJob::draw(kind, MINER, &[1; SEED_BYTES]);
            let job = HashJob {
                start_key: drawn.arguments().get(1).cloned(),
            };
            let executed = execute(&job, Some(drawn.payload()));
            let Outcome::Finished { stdout, .. } = executed else {
                panic!("{version:?} was not solved");
            };
            assert!(drawn.is_answer(&stdout), "{version:?}: {stdout}");
        }
    }

    #[test]
    fn real_job_is_too_much_work_without_a_graphics_card() {
        let drawn = drawn::HashJob::draw(HashJobVersion::V1.into(), MINER, &[1; SEED_BYTES]);
        let expected = "stage 0 cannot be solved: the mask has 56800235584 passwords, more than \
                        the 100000000 that this miner tries";
        assert_eq!(fault_of(Some(drawn.payload())), expected);
    }

    #[test]
    fn faults_of_payloads_are_named() {
        let expected = "the volume of the hash job has no file payload.txt";
        assert_eq!(fault_of(None), expected);
        let pickle = fault_of(Some("\u{80}\u{4}"));
        assert!(pickle.starts_with("the payload is not the JSON of a hash job"));
        let stage = |mode: u32, mask: &str, text: &str| {
            format!(
                "{{\"stages\":[{{\"hashcat_mode\":{mode},\"mask\":\"{mask}\",\"text\":\"{text}\"}}]}}"
            )
        };
        for (payload, expected) in [
            (stage(1, "?d", "00:00"), "hash type 1 is unknown"),
            (stage(1410, "?x", "00:00"), "mask \"?x\" is not made of"),
            (stage(1410, "?d", "00"), "line 1 is not `hash:salt` in hex"),
            (stage(1410, "?d", "00:00"), "1 hashes have no password"),
        ] {
            let fault = fault_of(Some(&payload));
            assert!(fault.contains(expected), "{fault}");
        }
    }
}
