//! A job: planned, reserving, accepted, ready, running, over.
//!
//! All that a job needs to decide comes in as an argument: messages with their times, what the kernel has, what was lost.

mod frames;
mod made;
mod receive;
mod table;

use std::sync::Arc;

use horde_events::{JobTimes, Outcome, PlannedJob};
use horde_proto::ExecutorClass;
use serde::{Deserialize, Serialize};

pub(crate) use self::frames::{add_receipt, check_frames};
pub(crate) use self::made::{Frames, MadeJobs};
pub(crate) use self::receive::Reaction;
pub(crate) use self::table::Jobs;

/// Number of a job while this instance and its successors live.
pub(crate) type JobId = u64;

/// How far a job is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// Its reservation is not due.
    Planned,
    /// The miner is asked for an executor.
    Reserving,
    /// The executor is being prepared.
    Accepted,
    /// The executor waits for the others of the group.
    Ready,
    /// The job is to run.
    Running,
}

impl Phase {
    /// One word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Reserving => "reserving",
            Self::Accepted => "accepted",
            Self::Ready => "ready",
            Self::Running => "running",
        }
    }
}

/// Where the frame of the present phase is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sending {
    /// It waits for a connection.
    Waiting,
    /// The host has it.
    Handed,
    /// The kernel has it.
    Written,
}

/// Added to the job in the number of an accepted receipt; no run has so many jobs.
const RECEIPT_NUMBERS: u64 = 1 << 62;

/// The frames of a job that are reported when the kernel has them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FrameKind {
    /// `V0InitialJobRequest`.
    Reservation,
    /// `V0JobAcceptedReceiptRequest`.
    AcceptedReceipt,
    /// `V0JobRequest`.
    Request,
}

impl FrameKind {
    /// Number by which the host reports the frame of a job.
    pub(crate) fn number(self, job: JobId) -> u64 {
        match self {
            Self::Reservation => 2 * job,
            Self::Request => 2 * job + 1,
            Self::AcceptedReceipt => RECEIPT_NUMBERS + job,
        }
    }

    /// What [`FrameKind::number`] has made.
    pub(crate) fn of_number(number: u64) -> (JobId, Self) {
        match number.checked_sub(RECEIPT_NUMBERS) {
            Some(job) => (job, Self::AcceptedReceipt),
            None if number % 2 == 1 => (number / 2, Self::Request),
            None => (number / 2, Self::Reservation),
        }
    }
}

/// A job under way.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Job {
    pub(crate) uuid: Arc<str>,
    pub(crate) hotkey: Arc<str>,
    /// Number of its group.
    pub(crate) group: u64,
    pub(crate) class: ExecutorClass,
    pub(crate) timeout_seconds: u32,
    /// Seconds that its executor takes to start.
    pub(crate) spin_up_seconds: u32,
    /// It is a user's.
    #[serde(default)]
    pub(crate) is_organic: bool,
    pub(crate) phase: Phase,
    pub(crate) sending: Sending,
    /// When the present phase ends if nothing happens, in Unix milliseconds; `u64::MAX` for never.
    pub(crate) due_ms: u64,
    pub(crate) times: JobTimes,
    /// The frame of the reservation, with its receipt once that is signed; empty once the miner has answered it.
    pub(crate) reservation: String,
    /// The frame of the request to run. What the kernel had can still be lost with its connection, so it stays.
    pub(crate) request: String,
    /// The reservation goes out again, or did, after the kernel had it.
    #[serde(default)]
    is_reserved_again: bool,
    /// The host has the accepted receipt, and the kernel is not reported to have it.
    #[serde(default)]
    pub(crate) is_receipt_unwritten: bool,
    /// When the host got the frame of the present phase, in Unix microseconds.
    handed_us: u64,
    /// An answer that came before it is known when the kernel had the request.
    early_answer: Option<Outcome>,
    /// The connection on which the reservation went out has ended: what the miner sent on it may be lost.
    is_resumed: bool,
}

impl Job {
    /// A job whose reservation is due at `due_ms`.
    pub(crate) fn new(
        plan: &PlannedJob,
        (uuid, hotkey): (Arc<str>, Arc<str>),
        group: u64,
        class: ExecutorClass,
        frames: Frames,
        due_ms: u64,
    ) -> Self {
        Self {
            uuid,
            hotkey,
            group,
            class,
            timeout_seconds: plan.timeout_seconds,
            spin_up_seconds: plan.spin_up_seconds,
            is_organic: false,
            phase: Phase::Planned,
            sending: Sending::Waiting,
            due_ms,
            times: JobTimes::default(),
            reservation: frames.reservation.into(),
            request: frames.request.into(),
            is_reserved_again: false,
            is_receipt_unwritten: false,
            handed_us: 0,
            early_answer: None,
            is_resumed: false,
        }
    }

    /// Whether the group waits for this job before it runs.
    pub(crate) fn is_settling(&self) -> bool {
        matches!(
            self.phase,
            Phase::Planned | Phase::Reserving | Phase::Accepted
        )
    }

    /// The frame that waits for a connection.
    pub(crate) fn waiting_frame(&self) -> Option<(FrameKind, &str)> {
        match (self.phase, self.sending) {
            (Phase::Reserving, Sending::Waiting) => {
                Some((FrameKind::Reservation, self.reservation.as_str()))
            }
            (Phase::Running, Sending::Waiting) => Some((FrameKind::Request, self.request.as_str())),
            _ => None,
        }
    }

    /// Whether the frame of the present phase is a reservation that the kernel had before.
    pub(crate) fn repeats_reservation(&self) -> bool {
        self.is_reserved_again && self.phase == Phase::Reserving
    }

    /// Bytes of a frame that the kernel does not have yet.
    pub(crate) fn frame_bytes(&self, kind: FrameKind) -> usize {
        match kind {
            FrameKind::Reservation => self.reservation.len(),
            FrameKind::Request => self.request.len(),
            // A few hundred bytes are not counted.
            FrameKind::AcceptedReceipt => 0,
        }
    }

    /// Bytes that the host has and the kernel has not.
    pub(crate) fn handed_bytes(&self) -> usize {
        match (self.sending, self.phase) {
            (Sending::Handed, Phase::Running) => self.request.len(),
            (Sending::Handed, _) => self.reservation.len(),
            _ => 0,
        }
    }

    /// The reservation is signed, and to be sent; the miner has until `due_ms` to answer.
    pub(crate) fn reserve(&mut self, frame: String, due_ms: u64) {
        self.reservation = frame;
        self.phase = Phase::Reserving;
        self.sending = Sending::Waiting;
        self.due_ms = due_ms;
    }

    /// The request to run is to be sent; the miner has until `due_ms` to answer.
    pub(crate) fn run(&mut self, due_ms: u64) {
        self.reservation = String::new();
        self.phase = Phase::Running;
        self.sending = Sending::Waiting;
        self.due_ms = due_ms;
    }

    /// The host has the frame of the present phase.
    pub(crate) fn hand_over(&mut self, at_us: u64) {
        self.sending = Sending::Handed;
        self.handed_us = at_us;
        // Whatever the miner repeats on this connection, it gets the request on it.
        if self.phase == Phase::Running {
            self.is_resumed = false;
        }
    }

    /// The kernel had the reservation, and the miner has not answered it.
    fn is_reserved_unanswered(&self) -> bool {
        (self.phase, self.sending) == (Phase::Reserving, Sending::Written)
    }

    /// When the present phase began, in Unix microseconds; for a frame that the kernel does not have yet, `None`.
    pub(crate) fn phase_began_us(&self) -> Option<u64> {
        match self.phase {
            Phase::Planned => None,
            Phase::Reserving => self.times.reserved_us,
            Phase::Accepted => self.times.accepted_us,
            Phase::Ready => self.times.ready_us,
            Phase::Running => self.times.run_us,
        }
    }

    /// The step that did not come in time.
    pub(crate) fn late_step(&self) -> &'static str {
        match self.phase {
            Phase::Planned | Phase::Reserving => "accept",
            Phase::Accepted | Phase::Ready => "ready",
            Phase::Running => "answer",
        }
    }

    /// The kernel has a frame. An answer that came meanwhile counts now.
    pub(crate) fn note_written(&mut self, kind: FrameKind, at_us: u64) -> Reaction {
        match kind {
            FrameKind::Reservation => {
                self.times.reserved_us.get_or_insert(at_us);
                if self.phase == Phase::Reserving {
                    self.sending = Sending::Written;
                } else {
                    // The answer came before the report.
                    self.reservation = String::new();
                }
                Reaction::None
            }
            FrameKind::AcceptedReceipt => {
                self.is_receipt_unwritten = false;
                Reaction::None
            }
            // Of a connection before, or of nothing that this job has sent.
            FrameKind::Request
                if (self.phase, self.sending) != (Phase::Running, Sending::Handed) =>
            {
                Reaction::None
            }
            FrameKind::Request => {
                // A request that is sent again after a drop does not begin the time again: the miner may have had the first.
                let is_first = self.times.run_us.is_none();
                self.times.run_us.get_or_insert(at_us);
                self.sending = Sending::Written;
                match self.early_answer.take() {
                    Some(answer) => Reaction::Over(self.conclude(answer)),
                    None if is_first => Reaction::Running,
                    None => Reaction::None,
                }
            }
        }
    }

    /// Its times. The miner may have got a request that the host has, although nobody has reported it, so its time has begun.
    pub(crate) fn last_times(&self) -> JobTimes {
        let mut times = self.times;
        if self.sending == Sending::Handed && self.phase == Phase::Running {
            times.run_us.get_or_insert(self.handed_us);
        }
        times
    }

    /// The connection has ended: what the kernel did not have is to be sent again, and so is, once, a reservation that was not
    /// answered: a miner reads its frames one after another, so those behind the one that it was busy with are lost. A miner that
    /// has it may end the next connection because of its receipt, which is stored once per job (section 2.4). A third one could
    /// cost the miner all its jobs. An answer to what was never sent came too early.
    pub(crate) fn lose_connection(&mut self) -> Option<Outcome> {
        self.times = self.last_times();
        if self.sending == Sending::Handed {
            self.sending = Sending::Waiting;
        } else if self.is_reserved_unanswered() && !self.is_reserved_again {
            self.sending = Sending::Waiting;
            self.is_reserved_again = true;
        }
        self.is_resumed = self.phase != Phase::Planned;
        self.early_answer.take().map(|_| answered_early())
    }
}

/// The outcome of a job that was answered before the kernel had the request to run it.
fn answered_early() -> Outcome {
    Outcome::OutOfOrder {
        reason: "the answer came before the request to run the job was sent".to_owned(),
    }
}
