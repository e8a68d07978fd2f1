//! What one seed means: slaves, their vices, and the troubles that befall the system, all listed beforehand so that the list
//! can be shortened.

use serde::Serialize;
use tig_devnet::Fault;
use tig_system_tests::PLUGINS;

use crate::disk::End;

/// Milliseconds between blocks.
pub const BLOCK_MS: u64 = 60_000;

/// How long a slave may take for a batch, in milliseconds.
pub const LEASE_MS: u64 = 60_000;

/// Slaves of the largest scenario.
const SLAVES_MAX: usize = 20;

/// Troubles of an hour, at most.
const TROUBLES_PER_HOUR_MAX: u64 = 8;

/// What a slave does that it should not.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Vice {
    /// Nothing.
    None,
    /// Some of its results are made up, with trees that fit.
    Lies,
    /// Some of its proofs are of another tree than the root that it has sent, or that others have found.
    LiesInProofs,
    /// Sends each result twice.
    Repeats,
    /// Sometimes sends its result only after the lease.
    Delays,
    /// Speaks another version: some of its results cannot be read or do not fit.
    WrongVersion,
    /// Gives some of its batches back.
    GivesBack,
}

/// One slave.
#[derive(Clone, Debug, Serialize)]
pub struct SlaveProfile {
    /// Milliseconds that it takes for a nonce.
    pub nonce_ms: u64,
    /// Asks to be answered when there is work; a stock slave asks again and again.
    pub waits: bool,
    /// See [`Vice`].
    pub vice: Vice,
}

/// At which point of a transaction the host ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    /// Handlers have returned; nothing is on disk.
    Handled,
    /// It is on disk; nothing else of it has taken place.
    Written,
    /// All of it has taken place.
    Done,
}

/// Something that goes wrong once.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Trouble {
    /// The host ends at the `transactions`-th transaction from then on, at this boundary, and starts again later.
    Crash {
        /// Transactions until then.
        transactions: u64,
        /// See [`Boundary`].
        boundary: Boundary,
        /// How.
        end: End,
        /// Until it starts again.
        down_ms: u64,
    },
    /// The host stops and starts while nothing is under way.
    Restart,
    /// An extension is reloaded in the middle of what it does.
    Reload {
        /// Its number.
        extension: usize,
    },
    /// A slave is gone, with what it was working on, and comes back later.
    SlaveDies {
        /// Its number.
        slave: usize,
        /// Until it comes back; it may not within the run.
        down_ms: u64,
    },
    /// For a while, some requests to the network fail.
    Network {
        /// How.
        fault: Fault,
        /// How long.
        for_ms: u64,
        /// Of 100 requests.
        percent: u64,
    },
    /// The network takes its latest block back.
    Rollback,
    /// The network makes no blocks for a while.
    Pause {
        /// How long.
        for_ms: u64,
    },
}

/// A trouble and its time.
#[derive(Clone, Debug, Serialize)]
pub struct Timed {
    /// Milliseconds from the start.
    pub at_ms: u64,
    /// See [`Trouble`].
    #[serde(flatten)]
    pub trouble: Trouble,
}

/// All that one seed means.
#[derive(Clone, Debug, Serialize)]
pub struct Scenario {
    /// Decides everything else.
    pub seed: u64,
    /// How long new work is begun; then what is open is finished.
    pub hours: u64,
    /// The slaves.
    pub slaves: Vec<SlaveProfile>,
    /// Part of the results that others compute once more, in percent.
    pub audit_percent: u64,
    /// A slave whose word decides.
    pub verifier: Option<usize>,
    /// Ascending by time.
    pub troubles: Vec<Timed>,
}

impl Scenario {
    /// The scenario of `seed`.
    #[must_use]
    pub fn of(seed: u64, hours: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let num_slaves = rng.usize(2..=SLAVES_MAX);
        let has_vices = rng.bool();
        let mut slaves: Vec<SlaveProfile> = (0..num_slaves)
            .map(|_| slave(&mut rng, has_vices))
            .collect();
        // Work goes on whatever the others do.
        for slave in &mut slaves[..2] {
            (slave.vice, slave.nonce_ms) = (Vice::None, slave.nonce_ms.min(200));
        }
        let count = rng.u64(0..=TROUBLES_PER_HOUR_MAX * hours);
        let mut troubles: Vec<Timed> = (0..count)
            .map(|_| Timed {
                at_ms: rng.u64(0..hours * 3_600_000),
                trouble: trouble(&mut rng, num_slaves),
            })
            .collect();
        troubles.sort_by_key(|timed| timed.at_ms);
        Self {
            seed,
            hours,
            audit_percent: *rng.choice(&[0, 10, 100]).unwrap_or(&0),
            verifier: rng.bool().then_some(0),
            slaves,
            troubles,
        }
    }

    /// Whether no batch need be computed twice: nobody lies or is checked, and no block is rolled back.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let has_vices = self.slaves.iter().any(|slave| slave.vice != Vice::None);
        let mut troubles = self.troubles.iter();
        let is_stable = troubles.all(|timed| !matches!(timed.trouble, Trouble::Rollback));
        !has_vices && self.audit_percent == 0 && is_stable
    }

    /// A day without trouble, of 20 slaves: what is measured.
    #[must_use]
    pub fn calm(seed: u64, hours: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        Self {
            seed,
            hours,
            slaves: (0..SLAVES_MAX).map(|_| slave(&mut rng, false)).collect(),
            audit_percent: 1,
            verifier: None,
            troubles: Vec::new(),
        }
    }
}

fn slave(rng: &mut fastrand::Rng, has_vices: bool) -> SlaveProfile {
    let vices = [
        Vice::None,
        Vice::None,
        Vice::Lies,
        Vice::LiesInProofs,
        Vice::Repeats,
        Vice::Delays,
        Vice::WrongVersion,
        Vice::GivesBack,
    ];
    let vice = *rng.choice(&vices).unwrap_or(&Vice::None);
    SlaveProfile {
        nonce_ms: rng.u64(20..=800),
        waits: rng.bool(),
        vice: if has_vices { vice } else { Vice::None },
    }
}

fn trouble(rng: &mut fastrand::Rng, num_slaves: usize) -> Trouble {
    match rng.u8(0..12) {
        0..4 => Trouble::Crash {
            transactions: rng.u64(0..40),
            boundary: *rng
                .choice(&[Boundary::Handled, Boundary::Written, Boundary::Done])
                .unwrap_or(&Boundary::Done),
            end: if rng.bool() { End::PowerCut } else { End::Kill },
            down_ms: rng.u64(0..120_000),
        },
        4 => Trouble::Restart,
        5 => Trouble::Reload {
            extension: rng.usize(..PLUGINS.len()),
        },
        // The first slave never dies: somebody must do the work.
        6 | 7 => Trouble::SlaveDies {
            slave: rng.usize(1..num_slaves),
            down_ms: rng.u64(5_000..3_600_000),
        },
        8 | 9 => Trouble::Network {
            fault: fault(rng),
            for_ms: rng.u64(1_000..240_000),
            percent: *rng.choice(&[10, 50, 100]).unwrap_or(&100),
        },
        10 => Trouble::Rollback,
        _ => Trouble::Pause {
            for_ms: rng.u64(60_000..300_000),
        },
    }
}

fn fault(rng: &mut fastrand::Rng) -> Fault {
    match rng.u8(0..10) {
        0 => Fault::TooManyRequests {
            retry_after_s: rng.u32(1..60),
        },
        1 => Fault::ServerError,
        2 => Fault::AppliedServerError,
        3 => Fault::Timeout { applied: false },
        4 => Fault::Timeout { applied: true },
        5 => Fault::Slow {
            ms: rng.u64(1_000..20_000),
        },
        6 => Fault::Truncated,
        7 => Fault::Html,
        8 => Fault::StaleBlock {
            blocks: rng.u32(1..4),
        },
        _ => Fault::EmptyListing,
    }
}
