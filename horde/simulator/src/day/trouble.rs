//! What goes wrong on a day, and when.

use tig_simulator::disk::End;
use tig_simulator::master::Crash;
use tig_simulator::scenario::Boundary;

use super::faults::{CHAIN, FACILITATOR, WEIGHTS};
use crate::scenario::DOWN_MS_MAX;

/// Faults of the facilitator last for so long, at most, in milliseconds.
const FAULTS_MS_MAX: u64 = 1_200_000;

/// What a trouble waits for once its time has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trigger {
    /// Nothing.
    Nothing,
    /// The next job of a batch.
    Batch,
    /// The next request about weights.
    Weights,
    /// The next job that the host hears of.
    Request,
    /// The next status that the host sends.
    Status,
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
    /// The connection to the facilitator breaks: what is on its way is lost.
    BreakFacilitator,
    /// What chain and service do wrong from now on, each as often as it says.
    Chain(Vec<&'static str>),
    /// What the facilitator does wrong for a time.
    Facilitator {
        /// What.
        faults: Vec<&'static str>,
        /// For so long, in milliseconds.
        for_ms: u64,
    },
    /// The facilitator cannot be reached for so long, in milliseconds.
    Away(u64),
    /// A miner loses its place on the chain, and gets another one so many milliseconds later.
    Deregister {
        /// Its number.
        miner: usize,
        /// How much later.
        for_ms: u64,
    },
    /// The same happens to this validator.
    DeregisterSelf(u64),
    /// The network's config has this version of weights.
    WeightsVersion(u64),
}

/// A trouble and its time.
#[derive(Clone, Debug)]
pub struct Timed {
    /// From when on it may happen, in milliseconds.
    pub from_ms: u64,
    /// What it waits for then.
    pub trigger: Trigger,
    /// Milliseconds from then on.
    pub after_ms: u64,
    /// What happens.
    pub trouble: Trouble,
}

pub(super) fn trigger(rng: &mut fastrand::Rng, trouble: &Trouble) -> Trigger {
    let all = [
        Trigger::Nothing,
        Trigger::Batch,
        Trigger::Weights,
        Trigger::Request,
        Trigger::Status,
    ];
    let of_facilitator = [Trigger::Nothing, Trigger::Request, Trigger::Status];
    let triggers = match trouble {
        Trouble::Facilitator { .. } | Trouble::Away(_) | Trouble::BreakFacilitator => {
            &of_facilitator[..]
        }
        _ => &all[..],
    };
    *rng.choice(triggers).unwrap_or(&Trigger::Nothing)
}

pub(super) fn crash(rng: &mut fastrand::Rng) -> Option<Trouble> {
    Some(Trouble::Crash(Crash {
        transactions: rng.u64(0..30),
        boundary: *rng.choice(&[Boundary::Handled, Boundary::Written, Boundary::Done])?,
        end: if rng.bool() { End::PowerCut } else { End::Kill },
        down_ms: rng.u64(0..DOWN_MS_MAX),
    }))
}

pub(super) fn chain_faults(rng: &mut fastrand::Rng) -> Option<Trouble> {
    let faults = match rng.u8(0..3) {
        0 => vec![*rng.choice(&WEIGHTS)?],
        1 => vec![*rng.choice(&CHAIN)?],
        _ => vec![*rng.choice(&WEIGHTS)?, *rng.choice(&CHAIN)?],
    };
    Some(Trouble::Chain(faults))
}

pub(super) fn facilitator_faults(rng: &mut fastrand::Rng) -> Option<Trouble> {
    let for_ms = rng.u64(1..FAULTS_MS_MAX);
    Some(match rng.u8(0..8) {
        0 => Trouble::Away(for_ms),
        1..4 => Trouble::BreakFacilitator,
        _ => Trouble::Facilitator {
            faults: vec![*rng.choice(&FACILITATOR)?],
            for_ms,
        },
    })
}
