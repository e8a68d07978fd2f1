//! What the demo has shown, for people and for scripts.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;
use tig_system_tests::Benchmark;

use super::faults::Faults;

/// The first confirmed proof of each challenge, and what became of the bad slaves.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    first_proof_seconds: f64,
    challenges: Vec<Proved>,
    #[serde(skip_serializing_if = "Option::is_none")]
    faults: Option<Faults>,
}

/// A benchmark whose proof is confirmed.
#[derive(Debug, Serialize)]
pub(super) struct Proved {
    challenge: String,
    algorithm: String,
    nonces: u64,
    solutions: u64,
    /// From the start of the first process to the confirmed proof.
    pub(super) seconds: f64,
}

impl Proved {
    pub(super) fn new(benchmark: &Benchmark, confirmed: Duration) -> Self {
        Self {
            challenge: benchmark.challenge.clone(),
            algorithm: benchmark.algorithm.clone(),
            nonces: benchmark.num_nonces,
            solutions: benchmark.num_solutions,
            // Nobody reads more digits than these.
            seconds: (confirmed.as_secs_f64() * 10.0).round() / 10.0,
        }
    }
}

impl Summary {
    pub(super) fn new(challenges: Vec<Proved>, faults: Option<Faults>) -> Self {
        let seconds = challenges.iter().map(|proved| proved.seconds);
        Self {
            first_proof_seconds: seconds.fold(f64::INFINITY, f64::min),
            challenges,
            faults,
        }
    }

    /// A table, or one line of JSON.
    pub(super) fn text(&self, json: bool) -> String {
        if json {
            // A struct of numbers and texts always has a JSON form.
            return serde_json::to_string(self).unwrap_or_default();
        }
        let mut text = format!(
            "{:<16} {:<14} {:>7} {:>10} {:>8}",
            "challenge", "algorithm", "nonces", "solutions", "seconds"
        );
        for proved in &self.challenges {
            let Proved {
                challenge,
                algorithm,
                nonces,
                solutions,
                seconds,
            } = proved;
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "\n{challenge:<16} {algorithm:<14} {nonces:>7} {solutions:>10} {seconds:>8.1}"
            );
        }
        let _ = write!(
            text,
            "\nfirst confirmed proof after {:.1} s",
            self.first_proof_seconds
        );
        if let Some(faults) = &self.faults {
            text += &faults.text();
        }
        text
    }
}
