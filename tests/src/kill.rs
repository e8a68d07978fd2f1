//! Kills the host at random instants, and then holds network and slave to account: every benchmark proved exactly once,
//! nothing begun twice, no work done twice beyond what was in flight.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Duration;

use crate::config::MasterOptions;
use crate::log::{field, finished_batches};
use crate::observe::{Benchmark, Stage};
use crate::process::ProcessError;
use crate::stack::{Stack, StartError};
use crate::wait::{TimedOut, wait_for};

/// A host lives at most this long: some blocks, so that each step of a benchmark is hit. The shortest lives end before
/// it listens.
const LIFE_MS_MAX: u64 = 3_000;
/// Time for the last host to finish what was begun.
const DRAIN_S_MAX: u64 = 150;
/// Time for the network to confirm what the last host has submitted.
const CONFIRM_S_MAX: u64 = 30;
/// Time for the network to answer: it may be busy with proofs.
const ANSWER_S_MAX: u64 = 30;

/// How often to kill, and when.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Kills in all.
    pub kills: u64,
    /// Decides the instants.
    pub seed: u64,
}

/// It did not come to an account.
#[derive(Debug, thiserror::Error)]
pub enum KillError {
    /// A host does not start on what the one before has left.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A program has ended by itself.
    #[error(transparent)]
    Ended(#[from] ProcessError),
    /// The caller wants no more.
    #[error("stopped")]
    Stopped,
    /// The network does not report the benchmarks.
    #[error("the network does not report how far the benchmarks are")]
    Silent(#[from] TimedOut),
    /// The last host does not end.
    #[error("the last host did not finish what was begun: {0}")]
    Drain(String),
}

/// Outcome of the run.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Hosts killed.
    pub kills: u64,
    /// Every benchmark that the network was seen to have, as it was seen last.
    pub benchmarks: BTreeMap<String, Benchmark>,
    /// Batches that the slave has computed, with how often. Proofs of sampled nonces do not count.
    pub computed: BTreeMap<String, u64>,
    /// Submissions that the network has refused because it had them already: sent again by a host that had been killed
    /// before it knew of the answer.
    pub resent: usize,
    /// Other submissions that the network has refused.
    pub refused: Vec<String>,
    /// Precommits that the network has taken.
    pub precommits: Vec<String>,
}

impl Account {
    /// Benchmarks at a stage.
    #[must_use]
    pub fn count(&self, stage: Stage) -> usize {
        let benchmarks = self.benchmarks.values();
        benchmarks
            .filter(|benchmark| benchmark.stage == stage)
            .count()
    }

    /// Batches computed once more, though their result was known to the slave.
    #[must_use]
    pub fn computed_again(&self) -> u64 {
        self.computed.values().map(|times| times - 1).sum()
    }

    /// Everything that must not be, one line each; `slots` is the number of benchmarks that may be begun for a block.
    #[must_use]
    pub fn faults(&self, slots: u64) -> Vec<String> {
        let mut faults = Vec::new();
        for benchmark in self.benchmarks.values() {
            let (id, stage) = (&benchmark.benchmark_id, benchmark.stage);
            if stage != Stage::Proof {
                faults.push(format!("{id} ends as `{stage}`, not proved"));
            }
        }
        let distinct: BTreeSet<&String> = self.precommits.iter().collect();
        let known: BTreeSet<&String> = self.benchmarks.keys().collect();
        if distinct.len() < self.precommits.len() || distinct != known {
            faults.push(format!(
                "{} precommits were taken, and {} benchmarks came of them",
                self.precommits.len(),
                known.len()
            ));
        }
        let mut begun: BTreeMap<u64, u64> = BTreeMap::new();
        for benchmark in self.benchmarks.values() {
            *begun.entry(benchmark.block_started).or_default() += 1;
        }
        for (height, count) in begun.into_iter().filter(|(_, count)| *count > slots) {
            faults.push(format!("{count} benchmarks were begun for block {height}"));
        }
        // A slave computes one batch at a time: each kill can cost that one.
        if self.computed_again() > self.kills {
            faults.push(format!(
                "{} batches were computed again after {} kills",
                self.computed_again(),
                self.kills
            ));
        }
        let refused = self.refused.iter();
        faults.extend(refused.map(|line| format!("the network refused: {line}")));
        if self.benchmarks.is_empty() {
            faults.push("there was no load".to_owned());
        }
        faults
    }

    fn note(&mut self, stack: &Stack) -> Result<(), TimedOut> {
        let limit = Duration::from_secs(ANSWER_S_MAX);
        let status = wait_for("an answer of the network", limit, || stack.status().ok())?;
        for benchmark in status.benchmarks {
            self.benchmarks
                .insert(benchmark.benchmark_id.clone(), benchmark);
        }
        Ok(())
    }

    /// Findings in the logs of network and slave.
    fn read_logs(&mut self, devnet: &str, slave: &str) {
        for line in devnet.lines() {
            if line.contains("precommit accepted") {
                self.precommits.extend(field(line, "benchmark_id"));
            } else if line.contains("submission refused") {
                match line {
                    _ if line.contains("already submitted") => self.resent += 1,
                    _ => self.refused.push(line.to_owned()),
                }
            }
        }
        for id in finished_batches(slave) {
            *self.computed.entry(id).or_default() += 1;
        }
    }
}

/// Kills the host of a running stack as planned, each time starting another on its folder, and lets the last one finish
/// everything; `progress` gets the account after each kill.
///
/// # Errors
/// A host that does not start or ends by itself, or one that does not finish.
pub fn kill_again_and_again(
    stack: &mut Stack,
    options: &MasterOptions,
    plan: Plan,
    mut progress: impl FnMut(&Account) -> ControlFlow<()>,
) -> Result<Account, KillError> {
    let mut random = fastrand::Rng::with_seed(plan.seed);
    let mut account = Account::default();
    for _ in 0..plan.kills {
        std::thread::sleep(Duration::from_millis(random.u64(..LIFE_MS_MAX)));
        stack.check_running()?;
        stack.host.kill();
        account.kills += 1;
        account.note(stack)?;
        if progress(&account).is_break() {
            return Err(KillError::Stopped);
        }
        stack.begin_host(options)?;
    }
    stack.host_address = stack.host.address()?;
    finish(stack)?;
    let limit = Duration::from_secs(CONFIRM_S_MAX);
    // The account names what is not confirmed by then.
    let _ = wait_for("confirmation", limit, || {
        let status = stack.status().ok()?;
        let mut stages = status.benchmarks.iter().map(|benchmark| benchmark.stage);
        stages.all(|stage| stage >= Stage::Proof).then_some(())
    });
    account.note(stack)?;
    account.read_logs(&stack.devnet.log(), &stack.slave.log());
    Ok(account)
}

/// Drains the last host and waits for its end.
fn finish(stack: &mut Stack) -> Result<(), KillError> {
    let output = stack.site.drain(DRAIN_S_MAX).output();
    let output = output.map_err(|error| KillError::Drain(error.to_string()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(KillError::Drain(text.trim().to_owned()));
    }
    let limit = Duration::from_secs(DRAIN_S_MAX + ANSWER_S_MAX);
    let ended = wait_for("the end of the last host", limit, || {
        stack.host.exit_status()
    });
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(KillError::Drain(status.to_string())),
        Err(timed_out) => Err(KillError::Drain(timed_out.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn benchmark(id: &str, stage: Stage, block_started: u64) -> (String, Benchmark) {
        let benchmark = Benchmark {
            benchmark_id: id.to_owned(),
            challenge: "knapsack".to_owned(),
            algorithm: "greedy".to_owned(),
            stage,
            block_started,
            num_nonces: 1,
            num_solutions: 1,
        };
        (id.to_owned(), benchmark)
    }

    const DEVNET: &str = "INFO precommit accepted benchmark_id=\"a\"\n\
        INFO precommit accepted benchmark_id=\"b\"\n\
        INFO submission refused error=proof a was already submitted\n";
    const SLAVE: &str = "INFO batch finished batch_id=\"a_0\" proofs=0\n\
        INFO batch finished batch_id=\"a_0\" proofs=3\n\
        INFO batch finished batch_id=\"b_0\" proofs=0\n";

    fn good() -> Account {
        let mut account = Account {
            kills: 1,
            benchmarks: BTreeMap::from([
                benchmark("a", Stage::Proof, 1),
                benchmark("b", Stage::Proof, 2),
            ]),
            ..Account::default()
        };
        account.read_logs(DEVNET, SLAVE);
        account
    }

    #[test]
    fn all_proved_once_is_no_fault() {
        let account = good();
        assert_eq!(account.faults(1), Vec::<String>::new());
        assert_eq!((account.resent, account.computed_again()), (1, 0));
    }

    #[test]
    fn each_loss_and_repetition_is_a_fault() {
        let broken: [fn(&mut Account); 6] = [
            |account| {
                account
                    .benchmarks
                    .extend([benchmark("a", Stage::Benchmark, 1)])
            },
            |account| account.benchmarks.extend([benchmark("a", Stage::Fraud, 1)]),
            |account| account.benchmarks.extend([benchmark("a", Stage::Proof, 2)]),
            |account| drop(account.benchmarks.remove("b")),
            |account| account.precommits.push("a".to_owned()),
            |account| account.read_logs("", &SLAVE.repeat(2)),
        ];
        for (index, break_it) in broken.into_iter().enumerate() {
            let mut account = good();
            break_it(&mut account);
            assert_eq!(
                account.faults(1).len(),
                1,
                "{index}: {:?}",
                account.faults(1)
            );
        }
    }
}
