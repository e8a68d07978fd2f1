//! What the demo has shown, for people and for scripts.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::judge::{Function, bucket_failures, class_of};
use super::miner::{GPU, LLM, vice};
use super::progress::Progress;
use super::user_jobs::USER_JOBS;

/// Seconds from the start of the first process to this that are aimed at; a slow machine may take longer.
const SECONDS_TARGET: f64 = 90.0;
/// Memory of all processes together that is aimed at, in MB.
const MEMORY_MB_TARGET: f64 = 400.0;

/// All functions, miners and jobs.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    /// From the start of the first process to this.
    seconds: f64,
    seconds_target: f64,
    /// The most that each process has had, together; nothing where the system does not say it.
    memory_mb: Option<f64>,
    memory_mb_target: f64,
    functions: Vec<Seen>,
    miners: Vec<Miner>,
    jobs: Vec<Job>,
    bucket_failures: usize,
}

#[derive(Debug, Serialize)]
struct Seen {
    function: Function,
    seconds: f64,
    seen: String,
}

#[derive(Debug, Serialize)]
struct Miner {
    miner: usize,
    vice: &'static str,
    gpu_score: Option<f64>,
    llm_score: Option<f64>,
    weight: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Job {
    command: String,
    output: String,
}

impl Summary {
    pub(super) fn new(elapsed: Duration, progress: &Progress) -> Self {
        let look = &progress.look;
        let miner = |(index, hotkey): (usize, &String)| {
            let score = |class| class_of(look, hotkey, class)?["score"].as_f64();
            Miner {
                miner: index,
                vice: vice(index),
                gpu_score: score(GPU),
                llm_score: score(LLM),
                weight: look.revealed_weight(hotkey),
            }
        };
        let output = |job: Option<&Value>| {
            let stdout = job.and_then(|job| job["stdout"].as_str());
            stdout.unwrap_or_default().trim_end().to_owned()
        };
        Self {
            seconds: round(elapsed.as_secs_f64()),
            seconds_target: SECONDS_TARGET,
            memory_mb: progress.memory.map(round),
            memory_mb_target: MEMORY_MB_TARGET,
            functions: progress
                .seen
                .iter()
                .map(|(function, (at, seen))| Seen {
                    function: *function,
                    seconds: round(at.as_secs_f64()),
                    seen: seen.clone(),
                })
                .collect(),
            miners: progress.hotkeys.iter().enumerate().map(miner).collect(),
            jobs: USER_JOBS
                .iter()
                .map(|job| Job {
                    command: job.text(),
                    output: output(job.find(&look.jobs)),
                })
                .collect(),
            bucket_failures: bucket_failures(&look.s3_calls),
        }
    }

    /// A table, or one line of JSON.
    pub(super) fn text(&self, json: bool) -> String {
        if json {
            // A struct of numbers and texts always has a JSON form.
            return serde_json::to_string(self).unwrap_or_default();
        }
        let mut text = "seconds  function          seen\n".to_owned();
        for seen in &self.functions {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{:>7.1}  {:<16}  {}",
                seen.seconds,
                seen.function.name(),
                seen.seen
            );
        }
        let memory = match self.memory_mb {
            Some(memory) => format!("{memory:.0} MB"),
            None => "memory that the system does not say".to_owned(),
        };
        let _ = write!(
            text,
            "all five functions seen after {:.1} s (target: {SECONDS_TARGET:.0} s), with {memory} in all processes (target: {MEMORY_MB_TARGET:.0} MB)",
            self.seconds
        );
        text
    }
}

/// Nobody reads more digits than these.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
