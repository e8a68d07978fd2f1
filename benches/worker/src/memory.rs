//! The memory of a thread, for the challenge with the largest instances: what a process at its peak has more for one
//! thread more.

use std::fs;
use std::io::{self, Write};
use std::process::Command;

use tig_bench_report::{Report, Result, Target};
use tig_challenges::{ChallengeKind, vector_search};
use tig_worker::{Algorithm, Limits, compute_batch};

use crate::Built;
use crate::judge::batch;

/// How this program is asked to compute and to report its peak: `--peak-of <workers>`.
const OPTION: &str = "--peak-of";
const NUM_NONCES: u64 = 8;
const MIB: f64 = (1 << 20) as f64;

pub(crate) fn asked_for() -> Option<Result<usize>> {
    let mut arguments = std::env::args().skip_while(|argument| argument != OPTION);
    arguments.next()?;
    let workers = arguments.next().unwrap_or_default();
    Some(workers.parse().map_err(Into::into))
}

/// Computes a batch and prints the peak of this process in KiB.
pub(crate) fn compute(workers: usize, built: &[Built]) -> Result<()> {
    let built = built
        .iter()
        .find(|built| built.algorithm.challenge == ChallengeKind::VectorSearch)
        .ok_or("no algorithm for vector search")?;
    let job = batch(built.algorithm, NUM_NONCES);
    let algorithm = Algorithm::compile(&built.wasm)?;
    compute_batch(&algorithm, &job, &Limits::default(), workers)?;
    writeln!(io::stdout(), "{}", peak_kib()?)?;
    Ok(())
}

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let (one, two) = (peak_of(1)?, peak_of(2)?);
    let instance = vector_search::Instance::generate(&[0; 32], 10, 350)?.num_bytes();
    report.number(
        "memory of a thread besides the instance in the guest (vector search)",
        (two - one) / MIB - instance as f64 / MIB,
        "MiB",
        Target::AtMost(32.0),
    )
}

/// Bytes at the peak of a process that computes with so many workers.
fn peak_of(workers: usize) -> Result<f64> {
    let mut program = Command::new(std::env::current_exe()?);
    let output = program.args([OPTION, &workers.to_string()]).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let kib: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(kib * 1024.0)
}

fn peak_kib() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.ok_or("no VmHWM in /proc/self/status")?.parse()?)
}
