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
    /// It did not start, or its pipes broke.
    #[error("cannot run {worker}")]
    Run {
        /// The executable.
        worker: String,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// It took too long and was killed.
    #[error("killed after {} s", .0.as_secs())]
    TimeLimit(Duration),
    /// It reported a failure.
    #[error("{status}, stderr ends with: {stderr}")]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// End of its stderr, on one line.
        stderr: String,
    },
    /// Its output is no batch result.
    #[error("its output is not a batch result")]
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

/// The end of what the worker says; all of it is read, so that the worker never waits for a full pipe.
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
