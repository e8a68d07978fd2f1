//! Delivery of messages to connections, with the vices that concern every message or a step.

use std::time::Duration;

use horde_proto::miner::ToValidator;

use super::connection::ConnectionId;
use super::effect::{Effect, Frame, Outgoing};
use super::faulty_frames;
use super::state::Miner;
use crate::vice::{DropAfter, Step, Vice, Whose};

/// Code of a closing handshake that ends a refusal.
pub(super) const CLOSE_NORMAL: u16 = 1000;
/// Code of a closing handshake after a fault inside the miner.
pub(super) const CLOSE_INTERNAL_ERROR: u16 = 1011;

impl Miner {
    /// Makes something happen to a connection, unless it is being ended.
    pub(super) fn write(
        &self,
        connection: ConnectionId,
        outgoing: Outgoing,
        effects: &mut Vec<Effect>,
    ) {
        self.write_after(connection, Duration::ZERO, outgoing, effects);
    }

    fn write_after(
        &self,
        connection: ConnectionId,
        delay: Duration,
        outgoing: Outgoing,
        effects: &mut Vec<Effect>,
    ) {
        if self.connections.is_live(connection) {
            effects.push(Effect::Write {
                connection,
                delay: delay + self.vices.delay(),
                outgoing,
            });
        }
    }

    /// Sends a message.
    pub(super) fn send(
        &self,
        connection: ConnectionId,
        message: &ToValidator,
        effects: &mut Vec<Effect>,
    ) {
        self.send_frame(connection, Frame::Text(message.to_text()), effects);
    }

    pub(super) fn send_frame(
        &self,
        connection: ConnectionId,
        frame: Frame,
        effects: &mut Vec<Effect>,
    ) {
        self.send_after(connection, Duration::ZERO, frame, effects);
    }

    /// Sends a frame so late.
    pub(super) fn send_after(
        &self,
        connection: ConnectionId,
        delay: Duration,
        frame: Frame,
        effects: &mut Vec<Effect>,
    ) {
        let frame = match frame {
            Frame::Text(text) if self.vices.has(Vice::BinaryFrames) => {
                Frame::Binary(text.into_bytes())
            }
            frame => frame,
        };
        self.write_after(connection, delay, Outgoing::Frame(frame), effects);
    }

    /// Closes a connection with a closing handshake.
    pub(super) fn close(
        &mut self,
        connection: ConnectionId,
        code: u16,
        reason: &'static str,
        effects: &mut Vec<Effect>,
    ) {
        self.write(connection, Outgoing::Close { code, reason }, effects);
        self.connections.end(connection);
    }

    pub(super) fn drop_connection(&mut self, connection: ConnectionId, effects: &mut Vec<Effect>) {
        self.write(connection, Outgoing::Drop, effects);
        self.connections.end(connection);
    }

    /// Sends what vices add before a step.
    pub(super) fn begin_step(
        &self,
        connection: ConnectionId,
        step: Step,
        effects: &mut Vec<Effect>,
    ) {
        if self.vices.has(Vice::SendsGenericError(step)) {
            let error = faulty_frames::generic_error(&format!("fault at the step {step}"));
            self.send(connection, &error, effects);
        }
        for (vice, frame) in [
            (Vice::NotJson(step), faulty_frames::not_json()),
            (Vice::NoMessageType(step), faulty_frames::no_message_type()),
            (Vice::UnknownMessage(step), faulty_frames::unknown_message()),
        ] {
            if self.vices.has(vice) {
                self.send_frame(connection, frame, effects);
            }
        }
    }

    /// Ends a connection after a step, if a vice says so.
    pub(super) fn end_step(
        &mut self,
        connection: ConnectionId,
        step: Step,
        effects: &mut Vec<Effect>,
    ) {
        if !self.connections.is_live(connection) {
            return;
        }
        let drops = match self.vices.drop_after(step) {
            Some(DropAfter::Each) => true,
            Some(DropAfter::First) => self.dropped_steps.insert(step),
            None => false,
        };
        if self.vices.has(Vice::StopsReading(step))
            && let Some(connection) = self.connections.get_mut(connection)
        {
            connection.is_deaf = true;
        }
        if drops {
            self.drop_connection(connection, effects);
        } else if self.vices.has(Vice::Closes1011(step)) {
            self.close(connection, CLOSE_INTERNAL_ERROR, "", effects);
        }
    }

    /// Sends a message about a job as a step, to all connections of its validator. Returns whether there was one.
    pub(super) fn report_step(
        &mut self,
        validator: &str,
        step: Step,
        message: &ToValidator,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let connections = self.connections.of(validator);
        for connection in &connections {
            self.step(*connection, step, message, effects);
        }
        !connections.is_empty()
    }

    /// Sends a message about a job as a step.
    pub(super) fn step(
        &mut self,
        connection: ConnectionId,
        step: Step,
        message: &ToValidator,
        effects: &mut Vec<Effect>,
    ) {
        self.begin_step(connection, step, effects);
        let delay = match step {
            Step::Result => self.result_delay().unwrap_or_default(),
            _ => Duration::ZERO,
        };
        for frame in self.frames(message) {
            self.send_after(connection, delay, frame, effects);
        }
        self.end_step(connection, step, effects);
    }

    /// The frames of a message about a job.
    fn frames(&self, message: &ToValidator) -> Vec<Frame> {
        let mut frames = Vec::new();
        let whose = self.vices.find(|vice| match vice {
            Vice::OthersUuids(whose) => Some(whose),
            _ => None,
        });
        if let Some(whose) = whose {
            let uuid = match whose {
                Whose::Miner => self.neighbour_job.as_deref(),
                Whose::Finished => self.finished_job.as_deref(),
                Whose::Nobody => None,
            };
            let foreign = with_uuid(message.clone(), uuid.unwrap_or(NOBODYS_UUID));
            frames.push(self.frame(&foreign));
        }
        let frame = self.frame(message);
        if self.vices.has(Vice::Twice) {
            frames.push(frame.clone());
        }
        frames.push(frame);
        frames
    }

    fn frame(&self, message: &ToValidator) -> Frame {
        let text = message.to_text();
        match message {
            ToValidator::JobFinished(_) if self.vices.has(Vice::OddStdout) => {
                Frame::Text(faulty_frames::with_odd_stdout(&text))
            }
            _ => Frame::Text(text),
        }
    }
}

/// The uuid of a job that nobody has.
const NOBODYS_UUID: &str = "00000000-0000-4000-8000-000000000000";

/// The message for another job.
fn with_uuid(mut message: ToValidator, uuid: &str) -> ToValidator {
    let job_uuid = match &mut message {
        ToValidator::AcceptJob(request) => &mut request.job_uuid,
        ToValidator::DeclineJob(request) => &mut request.job_uuid,
        ToValidator::ExecutorReady(request) => &mut request.job_uuid,
        ToValidator::ExecutorFailed(request) => &mut request.job_uuid,
        ToValidator::JobFailed(request) => &mut request.job_uuid,
        ToValidator::JobFinished(request) => &mut request.job_uuid,
        ToValidator::MachineSpecs(request) => &mut request.job_uuid,
        ToValidator::ExecutorManifest(_)
        | ToValidator::GenericError(_)
        | ToValidator::UnauthorizedError(_) => return message,
    };
    uuid.clone_into(job_uuid);
    message
}
