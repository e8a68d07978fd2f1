//! What a message of the miner makes of a job. The first message of a kind counts (section 2.2).

use horde_events::{Outcome, STDOUT_BYTES_MAX};
use horde_proto::miner::ToValidator;

use super::{Job, Phase, Sending, answered_early};
use crate::ignored::Ignored;
use crate::text::cut;

/// What follows a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Reaction {
    /// Nothing.
    None,
    /// The message changes nothing.
    Ignored(Ignored),
    /// The miner has accepted.
    Accepted,
    /// The executor is ready. `is_accepted_too`: the message that the miner has accepted was lost with its connection.
    Ready {
        /// The job counts as accepted by the same message.
        is_accepted_too: bool,
    },
    /// The kernel has the request to run.
    Running,
    /// The request to run is to be sent again.
    Repeat,
    /// The job is over.
    Over(Outcome),
}

impl Job {
    /// Takes a message of the job's miner that was read at `at_us`.
    pub(crate) fn receive(&mut self, message: ToValidator, at_us: u64) -> Reaction {
        match message {
            ToValidator::AcceptJob(_) => self.accept(at_us),
            ToValidator::DeclineJob(_) => match self.phase {
                Phase::Planned | Phase::Reserving => Reaction::Over(Outcome::Declined),
                _ => Reaction::Ignored(Ignored::Repeated),
            },
            ToValidator::ExecutorReady(_) => self.make_ready(at_us),
            // Also after it was ready: the executor refuses the request to run.
            ToValidator::ExecutorFailed(_) => Reaction::Over(Outcome::ExecutorFailed),
            ToValidator::JobFinished(message) => self.answer(
                Outcome::Finished {
                    stdout: bounded(message.docker_process_stdout),
                    stderr: bounded(message.docker_process_stderr),
                },
                at_us,
            ),
            ToValidator::JobFailed(message) => self.answer(
                Outcome::Failed {
                    exit_status: message.docker_process_exit_status,
                    stdout: bounded(message.docker_process_stdout),
                    stderr: bounded(message.docker_process_stderr),
                },
                at_us,
            ),
            ToValidator::MachineSpecs(_)
            | ToValidator::ExecutorManifest(_)
            | ToValidator::GenericError(_)
            | ToValidator::UnauthorizedError(_) => Reaction::None,
        }
    }

    fn accept(&mut self, at_us: u64) -> Reaction {
        match self.phase {
            Phase::Planned => out_of_order("accepted before it was reserved"),
            Phase::Reserving => {
                self.times.accepted_us = Some(at_us);
                self.phase = Phase::Accepted;
                self.forget_reservation();
                Reaction::Accepted
            }
            _ => Reaction::Ignored(Ignored::Repeated),
        }
    }

    fn make_ready(&mut self, at_us: u64) -> Reaction {
        match self.phase {
            Phase::Accepted => {
                self.set_ready(at_us);
                Reaction::Ready {
                    is_accepted_too: false,
                }
            }
            // A miner repeats after a drop that an executor is ready, but not that it has accepted.
            Phase::Reserving if self.is_resumed => {
                self.times.accepted_us = Some(at_us);
                self.set_ready(at_us);
                self.forget_reservation();
                Reaction::Ready {
                    is_accepted_too: true,
                }
            }
            Phase::Planned | Phase::Reserving => out_of_order("ready before it was accepted"),
            // It still waits for the request, which was lost with its connection.
            Phase::Running if self.is_resumed && self.sending == Sending::Written => {
                self.is_resumed = false;
                self.sending = Sending::Waiting;
                Reaction::Repeat
            }
            Phase::Ready | Phase::Running => Reaction::Ignored(Ignored::Repeated),
        }
    }

    /// Frees the memory of a frame that is not sent again. While the kernel may not have it, its length still counts.
    fn forget_reservation(&mut self) {
        if self.sending != Sending::Handed {
            self.reservation = String::new();
        }
    }

    fn set_ready(&mut self, at_us: u64) {
        self.times.ready_us = Some(at_us);
        self.phase = Phase::Ready;
        self.due_ms = u64::MAX;
    }

    fn answer(&mut self, answer: Outcome, at_us: u64) -> Reaction {
        match self.sending {
            _ if self.phase == Phase::Running && self.times.run_us.is_some() => {
                self.times.answered_us = Some(at_us);
                Reaction::Over(self.conclude(answer))
            }
            Sending::Handed if self.phase == Phase::Running => {
                if self.early_answer.is_some() {
                    return Reaction::Ignored(Ignored::Repeated);
                }
                // The report that the kernel has the request may still be on its way.
                self.times.answered_us = Some(at_us);
                self.early_answer = Some(answer);
                Reaction::None
            }
            // After a drop a miner reports so what had become of the preparation.
            _ if self.is_resumed && matches!(answer, Outcome::Failed { .. }) => {
                Reaction::Over(Outcome::ExecutorFailed)
            }
            _ => {
                self.times.answered_us = Some(at_us);
                Reaction::Over(answered_early())
            }
        }
    }

    /// The outcome of a job that was run and answered: no time taken, or a negative one, is out of order (section 3.4).
    pub(super) fn conclude(&self, answer: Outcome) -> Outcome {
        if self.times.taken_us().is_some_and(|taken| taken > 0) {
            answer
        } else {
            answered_early()
        }
    }
}

fn out_of_order(reason: &str) -> Reaction {
    let reason = format!("the miner said that the job was {reason}");
    Reaction::Over(Outcome::OutOfOrder { reason })
}

fn bounded(mut output: String) -> String {
    cut(&mut output, STDOUT_BYTES_MAX);
    output
}
