//! What the seed of a day means, all drawn beforehand.

use horde_devnet::VicesError;
use horde_devnet::facilitator::JobVersion;
use horde_system_tests::EXTENSIONS;

use super::trouble::{Timed, Trouble, chain_faults, crash, facilitator_faults, trigger};
use crate::scenario::{MinerProfile, miner};

/// First block of the first cycle.
pub const FIRST_CYCLE: u32 = 10_094;

/// Blocks of a cycle.
pub const CYCLE_BLOCKS: u32 = 722;

/// Blocks before the first cycle at which the day begins.
pub const LEAD_BLOCKS: u32 = 40;

/// Milliseconds from one block to the next.
pub const BLOCK_MS: u64 = 12_000;

/// Cycles of a day, at most. The weights of the last one take two more, so that ten pass in all: 24 hours.
const CYCLES_MAX: u32 = 8;

/// Miners of the largest day.
const MINERS_OF_DAY_MAX: usize = 5;

/// Other validators, at most.
const VALIDATORS_MAX: usize = 8;

/// Jobs that users order in a cycle, at most.
const ORDERS_PER_CYCLE_MAX: usize = 5;

/// Troubles of one sort in a cycle, at most.
const TROUBLES_PER_CYCLE_MAX: usize = 3;

/// Troubles that belong to an order begin so long before it, at most, in milliseconds.
const BEFORE_ORDER_MS_MAX: u64 = 60_000;

/// Makes days other than the batches of the same seed.
const SALT: u64 = 0xda4;

/// By which way weights go to the chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// The chain service sets them.
    Pylon,
    /// They are set at once.
    Direct,
    /// They are committed to and revealed.
    CommitReveal,
}

impl Mode {
    /// The word of the config.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pylon => "pylon",
            Self::Direct => "direct",
            Self::CommitReveal => "commit_reveal",
        }
    }
}

/// A job that a user orders.
#[derive(Clone, Debug)]
pub struct UserOrder {
    /// When, in milliseconds.
    pub at_ms: u64,
    /// The version of the message.
    pub version: JobVersion,
    /// The miner that a message names which names one.
    pub miner: usize,
    /// Whether it needs an executor that is always on.
    pub is_always_on: bool,
}

/// All that one seed means.
#[derive(Clone, Debug)]
pub struct Day {
    /// Decides everything else.
    pub seed: u64,
    /// Cycles whose batches and weights are looked at.
    pub cycles: u32,
    /// By which way weights go to the chain.
    pub mode: Mode,
    /// Whether the chain wants commitments, which only Pylon does of itself.
    pub is_commit_reveal: bool,
    /// The miners.
    pub miners: Vec<MinerProfile>,
    /// Other validators of the subnet.
    pub validators: usize,
    /// Version of weights at the beginning.
    pub weights_version: u64,
    /// The jobs of users.
    pub orders: Vec<UserOrder>,
    /// The troubles.
    pub troubles: Vec<Timed>,
}

impl Day {
    /// The day of `seed`.
    ///
    /// # Errors
    ///
    /// A vice does not exist.
    pub fn of(seed: u64) -> Result<Self, VicesError> {
        let mut rng = fastrand::Rng::with_seed(seed ^ SALT);
        let cycles = rng.u32(1..=CYCLES_MAX);
        Self::draw(seed, cycles, rng)
    }

    /// The day of `seed`, with so many cycles.
    ///
    /// # Errors
    ///
    /// A vice does not exist.
    pub fn with_cycles(seed: u64, cycles: u32) -> Result<Self, VicesError> {
        Self::draw(seed, cycles, fastrand::Rng::with_seed(seed ^ SALT))
    }

    fn draw(seed: u64, cycles: u32, mut rng: fastrand::Rng) -> Result<Self, VicesError> {
        let has_vices = rng.u8(0..4) > 0;
        let count = rng.usize(1..=MINERS_OF_DAY_MAX);
        let miners = (0..count).map(|_| miner(&mut rng, has_vices));
        let miners = miners.collect::<Result<Vec<_>, _>>()?;
        let mode = match rng.u8(0..10) {
            // It has the most steps at which a kill may come.
            0..6 => Mode::CommitReveal,
            6..8 => Mode::Pylon,
            _ => Mode::Direct,
        };
        let mut day = Self {
            seed,
            cycles,
            mode,
            is_commit_reveal: mode == Mode::CommitReveal || mode == Mode::Pylon && rng.bool(),
            validators: rng.usize(0..=VALIDATORS_MAX),
            weights_version: rng.u64(1..=4),
            miners,
            orders: Vec::new(),
            troubles: Vec::new(),
        };
        day.draw_orders(&mut rng);
        day.draw_troubles(&mut rng);
        Ok(day)
    }

    /// Milliseconds until the last of its cycles is over.
    #[must_use]
    pub fn span_ms(&self) -> u64 {
        u64::from(LEAD_BLOCKS + self.cycles * CYCLE_BLOCKS) * BLOCK_MS
    }

    /// Whether there is such a trouble.
    #[must_use]
    pub fn has(&self, is_such: fn(&Trouble) -> bool) -> bool {
        self.troubles.iter().any(|timed| is_such(&timed.trouble))
    }

    fn draw_orders(&mut self, rng: &mut fastrand::Rng) {
        let versions = [JobVersion::V0, JobVersion::V1, JobVersion::V2];
        for _ in 0..rng.usize(0..=self.count(ORDERS_PER_CYCLE_MAX)) {
            self.orders.push(UserOrder {
                at_ms: rng.u64(0..self.span_ms()),
                version: *rng.choice(&versions).unwrap_or(&JobVersion::V2),
                miner: rng.usize(..self.miners.len()),
                is_always_on: rng.bool(),
            });
        }
    }

    fn draw_troubles(&mut self, rng: &mut fastrand::Rng) {
        let sorts: [fn(&Self, &mut fastrand::Rng) -> Option<Trouble>; 5] = [
            |_, rng| crash(rng),
            Self::disturbance,
            |_, rng| chain_faults(rng),
            |_, rng| facilitator_faults(rng),
            Self::change,
        ];
        for sort in sorts {
            // Some days are calm in one way or another.
            let count = match rng.bool() {
                true => rng.usize(0..=self.count(TROUBLES_PER_CYCLE_MAX)),
                false => 0,
            };
            for _ in 0..count {
                let trouble = sort(self, rng);
                let after_ms_max = *rng.choice(&[1, 300, 30_000]).unwrap_or(&1);
                self.troubles.extend(trouble.map(|trouble| Timed {
                    from_ms: self.moment(rng),
                    trigger: trigger(rng, &trouble),
                    after_ms: rng.u64(0..after_ms_max),
                    trouble,
                }));
            }
        }
    }

    /// When a trouble may begin: at any time, or soon before an order, since little happens between orders.
    fn moment(&self, rng: &mut fastrand::Rng) -> u64 {
        let order = rng.choice(&self.orders).filter(|_| rng.bool());
        match order {
            Some(order) => order.at_ms.saturating_sub(rng.u64(0..BEFORE_ORDER_MS_MAX)),
            None => rng.u64(0..self.span_ms()),
        }
    }

    fn count(&self, per_cycle: usize) -> usize {
        per_cycle * self.cycles as usize
    }

    fn disturbance(&self, rng: &mut fastrand::Rng) -> Option<Trouble> {
        let miner = rng.usize(..self.miners.len());
        match rng.bool() && self.miners[miner].is_unsteady {
            true => Some(Trouble::Break { miner }),
            false => Some(Trouble::Reload {
                extension: rng.usize(..EXTENSIONS.len()),
            }),
        }
    }

    fn change(&self, rng: &mut fastrand::Rng) -> Option<Trouble> {
        let for_ms = rng.u64(BLOCK_MS..u64::from(CYCLE_BLOCKS) * BLOCK_MS);
        Some(match rng.u8(0..4) {
            0 => Trouble::DeregisterSelf(for_ms),
            1 => Trouble::WeightsVersion(rng.u64(1..=4)),
            _ => Trouble::Deregister {
                miner: rng.usize(..self.miners.len()),
                for_ms,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_of_each_seed_is_the_same() {
        let (mut crashes, mut changes, mut calm, mut commits) = (0, 0, 0, 0);
        for seed in 0..200 {
            let day = Day::of(seed).unwrap();
            assert_eq!(format!("{day:?}"), format!("{:?}", Day::of(seed).unwrap()));
            crashes += u32::from(day.has(|it| matches!(it, Trouble::Crash(_))));
            changes += u32::from(day.has(|it| matches!(it, Trouble::DeregisterSelf(_))));
            calm += u32::from(day.troubles.is_empty());
            let is_committed = day.mode == Mode::CommitReveal;
            commits += u32::from(is_committed && day.has(|it| matches!(it, Trouble::Crash(_))));
        }
        assert!(
            crashes > 50 && changes > 20 && calm > 2 && commits > 30,
            "{crashes} {changes} {calm} {commits}"
        );
    }
}
