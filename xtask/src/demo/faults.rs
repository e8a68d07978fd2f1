//! What has become of the two bad slaves. No I/O, no clock.

use std::fmt::Write;

use serde::Serialize;
use tig_system_tests::{Contradiction, LIAR, MORTAL, SlaveStats, benchmark_of};

/// What is known so far.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Faults {
    /// The lie that the liar is convicted of.
    lie: Option<Contradiction>,
    /// The batch that the other one was at when it was killed.
    left_behind: Option<String>,
}

impl Faults {
    /// Takes in one look at the system.
    pub(super) fn observe(&mut self, slaves: &SlaveStats, left_behind: Option<&str>) {
        if self.lie.is_none() {
            self.lie = slaves.contradictions(LIAR).next().cloned();
        }
        if self.left_behind.is_none() {
            self.left_behind = left_behind.map(str::to_owned);
        }
    }

    /// What has still to be seen, given which benchmarks the network has proofs of.
    pub(super) fn missing(&self, has_proof: impl Fn(&str) -> bool) -> Vec<String> {
        let is_proved = |batch_id: &str| has_proof(benchmark_of(batch_id));
        let mut missing = Vec::new();
        match &self.lie {
            None => missing.push(format!("the conviction of {LIAR}")),
            Some(lie) if !is_proved(&lie.batch_id) => {
                missing.push(format!("the benchmark that {LIAR} has lied about"));
            }
            Some(_) => {}
        }
        match &self.left_behind {
            None => missing.push(format!("the end of {MORTAL}")),
            Some(batch_id) if !is_proved(batch_id) => {
                missing.push(format!("the benchmark that {MORTAL} was at"));
            }
            Some(_) => {}
        }
        missing
    }

    /// One word on a slave, for the view.
    pub(super) fn fate(&self, slave: &str) -> Option<&'static str> {
        match slave {
            LIAR if self.lie.is_some() => Some("quarantined"),
            MORTAL if self.left_behind.is_some() => Some("killed"),
            _ => None,
        }
    }

    /// What has happened, a line each.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        if let Some(lie) = &self.lie {
            let _ = write!(
                text,
                "\n{LIAR} quarantined: root {} of batch {} is {}, says {}; the benchmark is proved without it",
                prefix(&lie.stated),
                lie.batch_id,
                prefix(&lie.agreed),
                lie.witnesses.join(", ")
            );
        }
        if let Some(batch_id) = &self.left_behind {
            let _ = write!(
                text,
                "\n{MORTAL} killed in the middle of batch {batch_id}; another slave has computed it, and the benchmark is proved"
            );
        }
        text
    }
}

/// Enough of a root to tell it from another.
fn prefix(root: &str) -> String {
    root.chars().take(8).collect()
}
