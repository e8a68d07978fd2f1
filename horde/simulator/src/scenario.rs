//! What one seed means: the miners, their vices, and the troubles that befall the system, all drawn beforehand.

use std::collections::BTreeMap;

use horde_devnet::{Vices, VicesError};
use horde_proto::ExecutorClass;
use horde_system_tests::BATCH_EXTENSIONS;
use tig_simulator::disk::End;
use tig_simulator::master::Crash;
use tig_simulator::scenario::Boundary;

/// Miners of the largest scenario.
const MINERS_MAX: usize = 12;

/// Executors of one class of a miner, at most.
const EXECUTORS_MAX: u32 = 3;

/// Batches in a row, at most.
const BATCHES_MAX: u64 = 3;

/// Troubles of a batch, at most.
const TROUBLES_PER_BATCH_MAX: usize = 4;

/// Until a killed host starts again, at most, in milliseconds.
pub const DOWN_MS_MAX: u64 = 20_000;

/// Vices that are drawn. The others are about amounts of bytes and floods, which virtual time does not feel.
const VICES: [&str; 42] = [
    "refuses",
    "speaks-tls",
    "mute",
    "answers-404",
    "silent",
    "unknown-validator",
    "inactive-validator",
    "clock-off",
    "clock-off:-3600",
    "slow:700",
    "slow-manifest:5000",
    "slow-accept:4000",
    "slow-ready:9000",
    "slow-result:30000",
    "drops:manifest",
    "drops:ready",
    "drops-once:accept",
    "drops-once:ready",
    "drops-once:run",
    "stops-reading:ready",
    "closes-1011:run",
    "generic-error:accept",
    "not-json:manifest",
    "no-message-type:ready",
    "unknown-message:result",
    "binary-frames",
    "manifest-count:-1",
    "manifest-unknown-class",
    "two-manifests",
    "no-manifest",
    "declines",
    "silent-when-busy",
    "blocks-when-busy",
    "ready-before-accept",
    "fails-to-prepare",
    "finished-before-run",
    "failed-after-ready",
    "fails-jobs",
    "twice",
    "others-uuids:nobody",
    "wrong-answer",
    "late-result:3000",
];

/// One miner.
#[derive(Clone, Debug)]
pub struct MinerProfile {
    /// Executors by class.
    pub executors: BTreeMap<ExecutorClass, u32>,
    /// What it does wrong; nothing if it is honest.
    pub vices: Vices,
    /// Frames travel for at least and at most so many milliseconds.
    pub travel_ms: (u64, u64),
    /// Milliseconds that the work for a job takes at most.
    pub work_ms_max: u64,
    /// Of 100 attempts to connect, so many fail.
    pub refusal_percent: u64,
    /// Its connection breaks now and then.
    pub is_unsteady: bool,
}

impl MinerProfile {
    /// Whether it is honest and can be reached all the time.
    #[must_use]
    pub fn is_steady(&self) -> bool {
        self.vices.iter().next().is_none() && self.refusal_percent == 0 && !self.is_unsteady
    }
}

/// Something that goes wrong once.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// The host ends at a transaction, and starts again later.
    Crash(Crash),
    /// An extension is reloaded in the middle of what it does.
    Reload {
        /// Its number.
        extension: usize,
    },
    /// All connections of an unsteady miner break.
    Break {
        /// Its number.
        miner: usize,
    },
}

/// A trouble and its time.
#[derive(Clone, Debug)]
pub struct Timed {
    /// The batch that it befalls, from 1.
    pub batch: u64,
    /// Milliseconds from the call of the batch.
    pub after_ms: u64,
    /// What happens.
    pub trouble: Trouble,
}

/// All that one seed means.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Decides everything else.
    pub seed: u64,
    /// The miners.
    pub miners: Vec<MinerProfile>,
    /// Batches in a row.
    pub batches: u64,
    /// How jobs are made and scored.
    pub weights_version: u64,
    /// The troubles.
    pub troubles: Vec<Timed>,
}

impl Scenario {
    /// The scenario of `seed`.
    ///
    /// # Errors
    ///
    /// A vice does not exist.
    pub fn of(seed: u64) -> Result<Self, VicesError> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let num_miners = rng.usize(1..=MINERS_MAX);
        let has_vices = rng.u8(0..4) > 0;
        let miners = (0..num_miners)
            .map(|_| miner(&mut rng, has_vices))
            .collect::<Result<Vec<_>, _>>()?;
        let batches = rng.u64(1..=BATCHES_MAX);
        let has_kills = rng.bool();
        let mut troubles = Vec::new();
        for batch in 1..=batches {
            for _ in 0..rng.usize(0..=TROUBLES_PER_BATCH_MAX) {
                // Most of a batch happens in its first seconds, and some once its executors are ready.
                let within_ms = *rng.choice(&[300, 3_000, 300_000]).unwrap_or(&300);
                troubles.extend(trouble(&mut rng, &miners, has_kills).map(|trouble| Timed {
                    batch,
                    after_ms: rng.u64(0..within_ms),
                    trouble,
                }));
            }
        }
        Ok(Self {
            seed,
            miners,
            batches,
            weights_version: *rng.choice(&[1, 2, 3, 4]).unwrap_or(&1),
            troubles,
        })
    }
}

pub(crate) fn miner(rng: &mut fastrand::Rng, has_vices: bool) -> Result<MinerProfile, VicesError> {
    let classes = [
        ExecutorClass::SpinUp4MinGpu24Gb,
        ExecutorClass::AlwaysOnGpu24Gb,
    ];
    let executors = classes
        .into_iter()
        .map(|class| (class, rng.u32(0..=EXECUTORS_MAX)))
        .collect();
    let mut vices: Vec<&str> = Vec::new();
    if has_vices && rng.bool() {
        for _ in 0..rng.usize(1..=2) {
            vices.extend(rng.choice(&VICES));
        }
    }
    // The clock shows whole milliseconds, and an answer that takes no time is out of order.
    let least_ms = rng.u64(1..40);
    let is_unsteady = rng.u8(0..4) == 0;
    Ok(MinerProfile {
        executors,
        vices: Vices::parse(&vices)?,
        travel_ms: (least_ms, least_ms + rng.u64(0..400)),
        work_ms_max: rng.u64(1..2_000),
        refusal_percent: if is_unsteady { rng.u64(0..50) } else { 0 },
        is_unsteady,
    })
}

fn trouble(rng: &mut fastrand::Rng, miners: &[MinerProfile], has_kills: bool) -> Option<Trouble> {
    match rng.u8(0..6) {
        0..3 if has_kills => Some(Trouble::Crash(Crash {
            transactions: rng.u64(0..30),
            boundary: *rng.choice(&[Boundary::Handled, Boundary::Written, Boundary::Done])?,
            end: if rng.bool() { End::PowerCut } else { End::Kill },
            down_ms: rng.u64(0..DOWN_MS_MAX),
        })),
        0..4 => Some(Trouble::Reload {
            extension: rng.usize(..BATCH_EXTENSIONS.len()),
        }),
        _ => {
            let miner = rng.usize(..miners.len());
            miners[miner]
                .is_unsteady
                .then_some(Trouble::Break { miner })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenario_of_each_seed_is_the_same_and_valid() {
        let mut kills = 0;
        for seed in 0..200 {
            let scenario = Scenario::of(seed).unwrap();
            let again = Scenario::of(seed).unwrap();
            assert_eq!(format!("{scenario:?}"), format!("{again:?}"));
            let is_crash = |timed: &&Timed| matches!(timed.trouble, Trouble::Crash(_));
            kills += scenario.troubles.iter().filter(is_crash).count();
        }
        assert!(kills > 50, "{kills} kills in 200 seeds");
    }
}
