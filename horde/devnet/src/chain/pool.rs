//! What hotkeys ask for, until the next block.

use super::extrinsic::{Extrinsic, Refusal};
use super::journal::{Asked, Journal, Outcome};
use super::state::State;

/// Extrinsics that wait for the next block.
const POOL_COUNT_MAX: usize = 1_000;

/// What becomes of something that is asked of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// The rules decide.
    Usual,
    /// If the rules allow it, it looks included, and is not.
    Forget,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    hotkey: String,
    extrinsic: Extrinsic,
    handling: Handling,
}

/// Extrinsics that wait for the next block, in their order.
#[derive(Debug, Default)]
pub(super) struct Pool(Vec<Waiting>);

impl Pool {
    /// Adds an extrinsic; returns the number of its entry in the journal.
    ///
    /// # Errors
    ///
    /// [`Refusal::ExhaustsResources`] if too much waits.
    pub(super) fn submit(
        &mut self,
        hotkey: &str,
        extrinsic: Extrinsic,
        handling: Handling,
        note: impl FnOnce(Asked<'_>) -> u64,
        fault: Option<String>,
    ) -> Result<u64, Refusal> {
        if self.0.len() >= POOL_COUNT_MAX {
            return Err(Refusal::ExhaustsResources);
        }
        let number = note(Asked::extrinsic(hotkey, &extrinsic, fault));
        self.0.push(Waiting {
            number,
            hotkey: hotkey.to_owned(),
            extrinsic,
            handling,
        });
        Ok(number)
    }

    /// Puts all of them into a block.
    pub(super) fn include(&mut self, state: &mut State, block: u32, journal: &mut Journal) {
        for waiting in self.0.drain(..) {
            let Waiting {
                hotkey, extrinsic, ..
            } = &waiting;
            let outcome = match waiting.handling {
                Handling::Usual => match state.apply(hotkey, extrinsic, block) {
                    Ok(()) => Outcome::Included { block },
                    Err(refusal) => Outcome::Refused { block, refusal },
                },
                Handling::Forget => match state.clone().apply(hotkey, extrinsic, block) {
                    Ok(()) => Outcome::Forgotten { block },
                    Err(refusal) => Outcome::Refused { block, refusal },
                },
            };
            journal.set_outcome(waiting.number, outcome);
        }
    }
}
