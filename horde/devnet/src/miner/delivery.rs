//! Delivery of messages to connections, with the vices that concern every message or a step.

use std::time::Duration;

use horde_proto::miner::ToValidator;

use super::connection::ConnectionId;
use super::effect::{Effect, Frame, Outgoing};
use super::faulty_frames;
use super::state::Miner;
use crate::vice::{DropAfter, Step, Vice};

/// Code of a closing handshake that ends a refusal.
pub(super) const CLOSE_NORMAL: u16 = 1000;
/// Code of a closing handshake after a fault inside the miner.
pub(super) const CLOSE_INTERNAL_ERROR: u16 = 1011;

impl Miner {
    /// Makes something happen to a connection, unless it is being ended.
    pub(super) fn write(&mut self, connection: ConnectionId, outgoing: Outgoing) {
        self.write_after(connection, Duration::ZERO, outgoing);
    }

    fn write_after(&mut self, connection: ConnectionId, delay: Duration, outgoing: Outgoing) {
        if self.connections.is_live(connection) {
            self.effects.push(Effect::Write {
                connection,
                delay: delay + self.vices.delay(),
                outgoing,
            });
        }
    }

    /// Sends a message.
    pub(super) fn send(&mut self, connection: ConnectionId, message: &ToValidator) {
        self.send_frame(connection, Frame::Text(message.to_text()));
    }

    pub(super) fn send_frame(&mut self, connection: ConnectionId, frame: Frame) {
        self.send_after(connection, Duration::ZERO, frame);
    }

    /// Sends a frame after a delay.
    pub(super) fn send_after(&mut self, connection: ConnectionId, delay: Duration, frame: Frame) {
        let frame = match frame {
            Frame::Text(text) if self.vices.has(Vice::BinaryFrames) => {
                Frame::Binary(text.into_bytes())
            }
            frame => frame,
        };
        self.write_after(connection, delay, Outgoing::Frame(frame));
    }

    /// Closes a connection with a closing handshake.
    pub(super) fn close(&mut self, connection: ConnectionId, code: u16) {
        self.write(connection, Outgoing::Close { code });
        self.connections.end(connection);
    }

    pub(super) fn drop_connection(&mut self, connection: ConnectionId) {
        self.write(connection, Outgoing::Drop);
        self.connections.end(connection);
    }

    /// Sends what vices add before a step.
    pub(super) fn begin_step(&mut self, connection: ConnectionId, step: Step) {
        if self.vices.has(Vice::SendsGenericError(step)) {
            let error = faulty_frames::generic_error(&format!("fault at the step {step}"));
            self.send(connection, &error);
        }
        let faults: [(Vice, fn() -> Frame); 3] = [
            (Vice::NotJson(step), faulty_frames::not_json),
            (Vice::NoMessageType(step), faulty_frames::no_message_type),
            (Vice::UnknownMessage(step), faulty_frames::unknown_message),
        ];
        for (vice, frame) in faults {
            if self.vices.has(vice) {
                self.send_frame(connection, frame());
            }
        }
    }

    /// Ends a connection after a step, if a vice says so.
    pub(super) fn end_step(&mut self, connection: ConnectionId, step: Step) {
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
            connection.has_stopped_reading = true;
        }
        if drops {
            self.drop_connection(connection);
        } else if self.vices.has(Vice::Closes1011(step)) {
            self.close(connection, CLOSE_INTERNAL_ERROR);
        }
    }

    /// Sends a message about a job as a step, to all connections of its validator. Returns whether there was one.
    pub(super) fn report_step(
        &mut self,
        validator: &str,
        step: Step,
        message: &ToValidator,
    ) -> bool {
        let connections = self.connections.of(validator);
        for connection in &connections {
            self.step(*connection, step, message);
        }
        !connections.is_empty()
    }

    /// Sends a message about a job as a step.
    pub(super) fn step(&mut self, connection: ConnectionId, step: Step, message: &ToValidator) {
        self.begin_step(connection, step);
        let delay = self.vices.step_delay(step);
        for frame in self.frames(message) {
            self.send_after(connection, delay, frame);
        }
        self.end_step(connection, step);
    }
}
