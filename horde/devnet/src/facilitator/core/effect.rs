//! What a facilitator makes happen.

use std::collections::BTreeSet;
use std::time::Duration;

use horde_proto::facilitator::{Response, ToValidator};

use super::FacilitatorCore;
use crate::facilitator::fault::{Ending, Fault, FaultStep, Faults, When};

/// What a facilitator makes happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FacilitatorEffect {
    /// A text frame is sent.
    Send {
        /// The connection.
        connection: u64,
        /// How much later; things of the same moment keep their order.
        delay: Duration,
        /// The frame.
        text: String,
    },
    /// The closing handshake begins.
    Close {
        /// The connection.
        connection: u64,
        /// How much later.
        delay: Duration,
        /// The code.
        code: u16,
    },
    /// The connection ends without one.
    Drop {
        /// The connection.
        connection: u64,
    },
    /// Nothing is read from the connection any more, and nothing sent.
    Freeze {
        /// The connection.
        connection: u64,
    },
}

impl FacilitatorCore {
    pub(super) fn answer_delay(&self) -> Duration {
        let delay = self.config.faults.delay(|fault| match fault {
            Fault::SlowAnswer(delay) => Some(delay),
            _ => None,
        });
        delay.unwrap_or_default()
    }

    pub(super) fn answer(
        &self,
        connection: u64,
        response: Response,
        effects: &mut Vec<FacilitatorEffect>,
    ) {
        let text = ToValidator::from(response).to_text();
        self.send(connection, self.answer_delay(), text, effects);
    }

    pub(super) fn send(
        &self,
        connection: u64,
        delay: Duration,
        text: String,
        effects: &mut Vec<FacilitatorEffect>,
    ) {
        if !self.config.faults.has(Fault::Silent) {
            effects.push(FacilitatorEffect::Send {
                connection,
                delay,
                text,
            });
        }
    }

    /// Ends a connection at this step if a fault says so; returns whether it does.
    pub(super) fn end_at(
        &mut self,
        id: u64,
        step: FaultStep,
        effects: &mut Vec<FacilitatorEffect>,
    ) -> bool {
        let ending = take_ending(&self.config.faults, step, &mut self.ended_once);
        if let Some(ending) = ending {
            self.end(id, ending, effects);
        }
        ending.is_some()
    }

    pub(super) fn end(
        &mut self,
        connection: u64,
        ending: Ending,
        effects: &mut Vec<FacilitatorEffect>,
    ) {
        let code = match ending {
            Ending::Close(code) => Some(code),
            Ending::Drop | Ending::Freeze => None,
        };
        self.connections.note_ending(connection, code);
        effects.push(match ending {
            Ending::Close(code) => FacilitatorEffect::Close {
                connection,
                delay: Duration::ZERO,
                code,
            },
            Ending::Drop => FacilitatorEffect::Drop { connection },
            Ending::Freeze => FacilitatorEffect::Freeze { connection },
        });
    }
}

/// How a connection ends at this step by a fault; that of one time is taken once.
pub(super) fn take_ending(
    faults: &Faults,
    step: FaultStep,
    taken: &mut BTreeSet<(Ending, FaultStep)>,
) -> Option<Ending> {
    let is_due = |(ending, when): &(Ending, When)| {
        when.step == step && !(when.is_once && taken.contains(&(*ending, step)))
    };
    let (ending, _) = faults.endings().find(is_due)?;
    taken.insert((ending, step));
    Some(ending)
}
