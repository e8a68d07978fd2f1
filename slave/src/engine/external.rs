//! An external `tig-worker`: command line and output of benchmarker.md section 5 and tig-protocol.md section 23.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tig_protocol::{Batch, BatchResult};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::guard::{GUARD_ARGUMENT, GroupKiller};

/// Most output taken from a worker: the proofs of a large batch, with room to spare.
const STDOUT_BYTES_MAX: u64 = 64 << 20;
/// End of the worker's stderr that is shown when it fails.
const STDERR_TAIL_BYTES_MAX: usize = 2_048;
/// Default time limit of one batch.
const WORKER_TIME_S_MAX: u64 = 2 * 60 * 60;

/// How an external worker is run.
#[derive(Debug, Clone)]
pub struct External {
    /// The executable.
    pub worker: PathBuf,
    /// This program, if it can become the worker ([`exec_guarded`](super::exec_guarded)); `None` runs the worker directly.
    pub guard: Option<PathBuf>,
    /// Time for one batch, after which the worker is killed.
    pub time_limit: Duration,
}

/// The external worker gave no result.
#[derive(Debug, thiserror::Error)]
pub enum ExternalError {
    /// The worker did not start, or its pipes broke.
    #[error("cannot run {worker}")]
    Run {
        /// The executable.
        worker: String,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// The worker took too long and was killed.
    #[error("killed after {} s, the time limit of a batch", .0.as_secs())]
    TimeLimit(Duration),
    /// The worker reported a failure.
    #[error("{status}, stderr ends with: {stderr}")]
    Failed {
        /// How the process ended.
        status: ExitStatus,
        /// End of the stderr, on one line.
        stderr: String,
    },
    /// The worker printed something else.
    #[error("the output is not a batch result; is this a tig-worker of this version?")]
    Output(#[source] serde_json::Error),
}

impl External {
    /// The worker at this path, with the default time limit.
    #[must_use]
    pub fn new(worker: PathBuf, guard: Option<PathBuf>) -> Self {
        Self {
            worker,
            guard,
            time_limit: Duration::from_secs(WORKER_TIME_S_MAX),
        }
    }

    /// Computes `batch`; dropping the future kills the worker and its children.
    pub(super) async fn compute(
        &self,
        batch: &Batch,
        wasm: &Path,
        workers: NonZeroUsize,
    ) -> Result<BatchResult, ExternalError> {
        let mut command = self.command();
        command.args(arguments(batch, workers, wasm));
        let output = tokio::time::timeout(self.time_limit, run(command)).await;
        let (status, stdout, stderr) = output
            .map_err(|_| ExternalError::TimeLimit(self.time_limit))?
            .map_err(|source| ExternalError::Run {
                worker: self.worker.display().to_string(),
                source,
            })?;
        if !status.success() {
            return Err(ExternalError::Failed { status, stderr });
        }
        let mut result: BatchResult =
            serde_json::from_slice(&stdout).map_err(ExternalError::Output)?;
        // The official worker prints in order of completion.
        result.solution_nonces.sort_unstable();
        result.merkle_proofs.sort_by_key(|proof| proof.leaf.nonce);
        Ok(result)
    }

    fn command(&self) -> Command {
        let Some(guard) = &self.guard else {
            return Command::new(&self.worker);
        };
        let mut command = Command::new(guard);
        command
            .arg(GUARD_ARGUMENT)
            .arg(std::process::id().to_string())
            .arg(&self.worker);
        command
    }
}

/// Arguments of the worker; `--sampled` takes all that follows, so it is last.
fn arguments(batch: &Batch, workers: NonZeroUsize, wasm: &Path) -> Vec<std::ffi::OsString> {
    let mut arguments = vec![
        "compute_batch".into(),
        batch.settings.canonical().into(),
        batch.rand_hash.clone().into(),
        batch.start_nonce.to_string().into(),
        batch.num_nonces.to_string().into(),
        batch.batch_size.to_string().into(),
        wasm.into(),
        "--mem".into(),
        batch.wasm_vm_config.max_memory.to_string().into(),
        "--fuel".into(),
        batch.wasm_vm_config.max_fuel.to_string().into(),
        "--workers".into(),
        workers.to_string().into(),
    ];
    if !batch.sampled_nonces.is_empty() {
        arguments.push("--sampled".into());
        arguments.extend(
            batch
                .sampled_nonces
                .iter()
                .map(|nonce| nonce.to_string().into()),
        );
    }
    arguments
}

async fn run(mut command: Command) -> std::io::Result<(ExitStatus, Vec<u8>, String)> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own: Ctrl-C in the slave's terminal must not look like a failed worker.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let mut group = GroupKiller::new(child.id());
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(std::io::Error::other("the worker's pipes are missing"));
    };
    let (stdout, stderr) = tokio::try_join!(read_all(stdout), read_tail(stderr))?;
    let status = child.wait().await?;
    group.disarm();
    Ok((status, stdout, stderr))
}

async fn read_all(stdout: impl AsyncRead + Unpin) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stdout
        .take(STDOUT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .await?;
    if bytes.len() as u64 > STDOUT_BYTES_MAX {
        return Err(std::io::Error::other(format!(
            "the worker printed more than {STDOUT_BYTES_MAX} bytes"
        )));
    }
    Ok(bytes)
}

/// The end of the stderr; all of it is read, so that the worker never waits for a full pipe.
async fn read_tail(mut stderr: impl AsyncRead + Unpin) -> std::io::Result<String> {
    let (mut tail, mut chunk) = (Vec::new(), [0; 4_096]);
    loop {
        let length = stderr.read(&mut chunk).await?;
        if length == 0 {
            break;
        }
        tail.extend_from_slice(&chunk[..length]);
        let excess = tail.len().saturating_sub(STDERR_TAIL_BYTES_MAX);
        tail.drain(..excess);
    }
    let text = String::from_utf8_lossy(&tail);
    Ok(text.trim().replace(|char: char| char.is_control(), " "))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tig_process::error_chain::error_chain;

    use super::*;

    fn batch() -> Batch {
        let text = r#"{
            "benchmark_id": "a", "num_nonces": 1, "start_nonce": 0, "batch_size": 1, "rand_hash": "b",
            "settings": {
                "player_id": "c", "block_id": "d", "challenge_id": "c001", "algorithm_id": "e", "difficulty": [50, 300]
            },
            "sampled_nonces": [], "wasm_vm_config": {"max_memory": 1, "max_fuel": 1}, "download_url": "f"
        }"#;
        serde_json::from_str(text).expect("a batch")
    }

    /// The error of a batch whose worker is a shell script with this body.
    async fn failure(body: &str, time_limit: Duration) -> ExternalError {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let worker = folder.path().join("worker");
        std::fs::write(&worker, format!("#!/bin/sh\n{body}\n")).expect("writable");
        std::fs::set_permissions(&worker, PermissionsExt::from_mode(0o700)).expect("its owner");
        let external = External {
            worker,
            guard: None,
            time_limit,
        };
        let batch = batch();
        let result = external.compute(&batch, Path::new("a.wasm"), NonZeroUsize::MIN);
        result.await.expect_err("no result")
    }

    #[tokio::test]
    async fn missing_worker_is_named_with_the_cause() {
        let external = External::new("/no/such/worker".into(), None);
        let batch = batch();
        let result = external.compute(&batch, Path::new("a.wasm"), NonZeroUsize::MIN);
        let error = result.await.expect_err("no worker");
        assert!(matches!(error, ExternalError::Run { .. }), "{error:?}");
        let text = error_chain(&error);
        let expected = "cannot run /no/such/worker: No such file or directory";
        assert!(text.starts_with(expected), "{text}");
    }

    #[tokio::test]
    async fn failed_worker_is_reported_by_stderr_tail() {
        let body = "seq 9999 >&2\nprintf 'no\\tmemory\\n\\n' >&2\nexit 7";
        let error = failure(body, Duration::MAX).await;
        let ExternalError::Failed { status, stderr } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(status.code(), Some(7));
        assert!(stderr.len() <= STDERR_TAIL_BYTES_MAX && stderr.ends_with("9999 no memory"));
        assert!(error.to_string().starts_with("exit status: 7, stderr"));
    }

    #[tokio::test]
    async fn other_output_is_not_a_batch_result() {
        for body in ["echo '{\"merkle_root\":'", "echo done", "true"] {
            let error = failure(body, Duration::MAX).await;
            assert!(matches!(error, ExternalError::Output(_)), "{error:?}");
            let text = error.to_string();
            assert!(text.starts_with("the output is not a batch"), "{text}");
        }
    }

    #[tokio::test]
    async fn slow_worker_is_stopped_at_its_limit() {
        let error = failure("sleep 1000", Duration::from_millis(1)).await;
        assert!(matches!(error, ExternalError::TimeLimit(_)), "{error:?}");
        let text = ExternalError::TimeLimit(Duration::from_secs(7)).to_string();
        assert_eq!(text, "killed after 7 s, the time limit of a batch");
    }
}
