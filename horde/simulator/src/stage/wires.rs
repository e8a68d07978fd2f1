//! What happens on lines and at peers.

use std::time::Duration;

use horde_devnet::simulation::{Admission, SimulatedEffect, SocketEffect};
use serde_json::Value;
use tig_host::testing::SocketAction;
use tig_plugin_api::{WsEventKind, WsOpen};

use super::{Due as StageDue, Stage, Witness};
use crate::lines::{Line, LineEnd, LineId};

/// Longest time until the host's kernel has a frame, in milliseconds.
const WRITTEN_MS_MAX: u64 = 3;

/// Characters of a hash of a frame in the transcript.
const HASH_CHARS: usize = 8;

/// Something on a line or at a peer.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Due {
    /// An attempt to connect reaches the peer.
    Knock(LineId),
    /// The host has the connection.
    Opened(LineId),
    /// A frame reaches the peer.
    ToPeer(LineId, String),
    /// A frame of this number is with the host's kernel.
    Written(LineId, u64),
    /// The peer learns that the line has ended.
    Leave(LineId),
    /// A peer does something on its connection.
    Out(usize, u64, SocketEffect),
    /// A frame reaches the host.
    ToHost(LineId, String),
    /// The host learns that the line has ended.
    Gone(LineId, LineEnd),
    /// An alarm of a peer.
    Alarm(usize, u64),
}

impl<D: Ord, J: Witness> Stage<'_, D, J> {
    pub(super) fn wire(&mut self, due: Due) {
        match due {
            Due::Knock(line) => self.knock(line),
            Due::Opened(line) => {
                let at_us = self.now_us();
                self.tell_host(line, WsEventKind::Opened { at_us });
            }
            Due::ToPeer(line, text) => self.reach_peer(line, &text),
            Due::Written(line, frame) => {
                let at_us = self.now_us();
                self.tell_host_if_open(line, WsEventKind::Written { frame, at_us });
            }
            Due::Leave(line) => self.leave(line),
            Due::Out(peer, connection, effect) => self.out(peer, connection, effect),
            Due::ToHost(line, text) => self.reach_host(line, text),
            Due::Gone(line, end) => self.gone(line, end),
            Due::Alarm(peer, number) => {
                let now_us = self.peer_now_us();
                let Some(one) = self.peers.get_mut(peer) else {
                    return;
                };
                let effects = one.alarm(number, now_us);
                self.apply(peer, effects);
            }
        }
    }

    /// Carries out what the host asks of a connection.
    pub(super) fn carry_out(&mut self, action: SocketAction) {
        match action {
            SocketAction::Open(open) => self.open(*open),
            SocketAction::Send(frame) => {
                let Some(line) = self.lines.of_tag(&frame.tag) else {
                    return;
                };
                let Some((peer, at_ms)) = self.arrival_at_peer(line) else {
                    return;
                };
                if let Some(number) = frame.number {
                    // No frame arrives before the kernel has it.
                    let written_ms = self.now_ms + self.rng.u64(0..=WRITTEN_MS_MAX);
                    self.put_wire(written_ms.min(at_ms), Due::Written(line, number));
                }
                let what = label(&frame.text);
                self.note(format_args!("host -> {peer}: {what}"));
                self.judge.sent(self.now_ms, peer, &frame.text);
                self.put_wire(at_ms, Due::ToPeer(line, frame.text.to_string()));
            }
            SocketAction::Close(tag, close) => {
                let Some(line) = self.lines.of_tag(&tag) else {
                    return;
                };
                if let Some((peer, at_ms)) = self.arrival_at_peer(line) {
                    self.note(format_args!("host -> {peer}: close {}", close.code));
                    self.put_wire(at_ms, Due::Leave(line));
                }
                self.end_later(line, LineEnd::Local(close.code));
            }
        }
    }

    fn open(&mut self, open: WsOpen) {
        let mut known = self.peers.iter();
        let Some(peer) = known.position(|peer| open.url.starts_with(&peer.url)) else {
            let text = format!("{} belongs to nobody", open.url);
            return self.judge.finding().blame(
                self.now_ms,
                "peers are called by their addresses",
                text,
            );
        };
        self.note(format_args!("host opens {} to {peer}", open.tag));
        let line = self.lines.add(Line {
            tag: open.tag,
            peer,
            validator: open.url.rsplit('/').next().unwrap_or_default().to_owned(),
            silent_ms_max: open.silent_ms_max,
            connect_ms: open.connect_ms,
            connection: None,
            is_at_host: true,
            at_peer_ms: self.now_ms,
            at_host_ms: self.now_ms,
        });
        if let Some((_, at_ms)) = self.arrival_at_peer(line) {
            self.put_wire(at_ms, Due::Knock(line));
        }
    }

    fn knock(&mut self, id: LineId) {
        let Some(line) = self.lines.get_mut(id) else {
            return;
        };
        let (peer, validator, connect_ms) = (line.peer, line.validator.clone(), line.connect_ms);
        let now_us = self.peer_now_us();
        let is_refused = self.rng.u64(0..100) < self.peers[peer].refusal_percent;
        let admission = match is_refused {
            true => Admission::Refused,
            false => self.peers[peer].admission(),
        };
        self.note(format_args!("{peer} is called: {admission:?}"));
        match admission {
            Admission::Accepted => {
                let (connection, effects) = self.peers[peer].connect(&validator, now_us);
                if let Some(line) = self.lines.get_mut(id) {
                    line.connection = Some(connection);
                }
                if let Some(at_ms) = self.arrival_at_host(id) {
                    self.put_wire(at_ms, Due::Opened(id));
                }
                self.apply(peer, effects);
            }
            Admission::Refused => self.end_later(id, LineEnd::Refused),
            Admission::Tls => self.end_later(id, LineEnd::Tls),
            Admission::Otherwise => self.end_later(id, LineEnd::Handshake),
            Admission::Mute => {
                let at_ms = self.now_ms + connect_ms;
                self.put_wire(at_ms, Due::Gone(id, LineEnd::Timeout));
            }
        }
    }

    fn reach_peer(&mut self, id: LineId, text: &str) {
        let now_us = self.peer_now_us();
        let Some(line) = self.lines.get_mut(id) else {
            return;
        };
        let (peer, silent_ms_max) = (line.peer, line.silent_ms_max);
        let Some(connection) = line.connection else {
            return;
        };
        if self.peers[peer].has_stopped_reading(connection) {
            // It answers no ping, either.
            let at_ms = self.now_ms + silent_ms_max;
            return self.put_wire(at_ms, Due::Gone(id, LineEnd::Silent));
        }
        let effects = self.peers[peer].receive(connection, text, now_us);
        self.apply(peer, effects);
    }

    fn reach_host(&mut self, line: LineId, text: String) {
        let peer = self.lines.get_mut(line).map(|line| line.peer);
        let (Some(peer), at_us) = (peer, self.now_us()) else {
            return;
        };
        let what = label(&text);
        let frame = WsEventKind::Frame {
            text: text.clone(),
            at_us,
        };
        if self.tell_host_if_open(line, frame) {
            self.note(format_args!("{peer} -> host: {what}"));
            self.judge.heard(self.now_ms, peer, &text);
        }
    }

    /// The host learns that a line has ended, and the peer too, if it does not know.
    fn gone(&mut self, id: LineId, end: LineEnd) {
        let (class, code) = end.class();
        let closed = WsEventKind::Closed {
            code,
            reason: String::new(),
            class,
            unsent: 0,
        };
        if self.tell_host_if_open(id, closed) {
            self.note(format_args!("line {id} has ended: {end:?}"));
        }
        self.lose_host(id);
    }

    /// The host has a line no more; the peer learns of it when what is on its way has come.
    pub(super) fn lose_host(&mut self, id: LineId) {
        if let Some((_, at_ms)) = self.arrival_at_peer(id) {
            self.put_wire(at_ms, Due::Leave(id));
        }
        self.lines.end_at_host(id);
    }

    fn leave(&mut self, id: LineId) {
        let peer = self.lines.get_mut(id).map(|line| line.peer);
        if let (Some(peer), Some(connection)) = (peer, self.lines.end_at_peer(id)) {
            let now_us = self.peer_now_us();
            self.peers[peer].disconnect(connection, now_us);
        }
    }

    /// The line breaks: what is on its way to the peer is lost.
    pub(super) fn break_line(&mut self, id: LineId) {
        self.end_later(id, LineEnd::Broken);
        self.leave(id);
    }

    fn out(&mut self, peer: usize, connection: u64, effect: SocketEffect) {
        let Some(id) = self.lines.of_connection(peer, connection) else {
            return;
        };
        match effect {
            SocketEffect::Text(text) => {
                if let Some(at_ms) = self.arrival_at_host(id) {
                    self.put_wire(at_ms, Due::ToHost(id, text));
                }
            }
            SocketEffect::Binary => self.end_later(id, LineEnd::Binary),
            SocketEffect::Close(code) => {
                self.end_later(id, LineEnd::Closed(code));
                self.leave(id);
            }
            SocketEffect::Drop => self.break_line(id),
        }
    }

    pub(crate) fn apply(&mut self, peer: usize, effects: Vec<SimulatedEffect>) {
        let work_ms_max = self.peers[peer].work_ms_max;
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        for effect in effects {
            let (after_ms, due) = match effect {
                SimulatedEffect::Socket {
                    connection,
                    delay,
                    effect,
                } => (milliseconds(delay), Due::Out(peer, connection, effect)),
                SimulatedEffect::Alarm { number, after } => {
                    let after_ms = match after {
                        Some(after) => milliseconds(after),
                        None => self.rng.u64(1..=work_ms_max),
                    };
                    (after_ms, Due::Alarm(peer, number))
                }
            };
            let at_ms = self.now_ms + after_ms;
            self.put_wire(at_ms, due);
        }
    }

    fn end_later(&mut self, id: LineId, end: LineEnd) {
        if let Some(at_ms) = self.arrival_at_host(id) {
            self.put_wire(at_ms, Due::Gone(id, end));
        }
    }

    /// The peer of a line, and when something that is sent to it now arrives.
    fn arrival_at_peer(&mut self, id: LineId) -> Option<(usize, u64)> {
        let line = self.lines.get_mut(id)?;
        let (least, most) = self.peers.get(line.peer)?.travel_ms;
        let at_ms = self.now_ms + self.rng.u64(least..=most);
        line.at_peer_ms = line.at_peer_ms.max(at_ms);
        Some((line.peer, line.at_peer_ms))
    }

    /// When something that is sent to the host now arrives.
    fn arrival_at_host(&mut self, id: LineId) -> Option<u64> {
        let line = self.lines.get_mut(id)?;
        let (least, most) = self.peers.get(line.peer)?.travel_ms;
        let at_ms = self.now_ms + self.rng.u64(least..=most);
        line.at_host_ms = line.at_host_ms.max(at_ms);
        Some(line.at_host_ms)
    }

    fn tell_host_if_open(&mut self, id: LineId, kind: WsEventKind) -> bool {
        let is_open = self.lines.get_mut(id).is_some_and(|line| line.is_at_host);
        is_open && self.tell_host(id, kind)
    }

    fn put_wire(&mut self, at_ms: u64, due: Due) {
        self.agenda.put(at_ms, StageDue::Wire(due));
    }

    /// The same, as peers count them.
    pub(crate) fn peer_now_us(&self) -> i64 {
        i64::try_from(self.now_us()).unwrap_or(i64::MAX)
    }
}

/// A frame in a few words: its type, its job, and a hash of all of it.
fn label(text: &str) -> String {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let message = value["message_type"].as_str().unwrap_or("no message");
    let uuid = [&value["job_uuid"], &value["payload"]["job_uuid"]];
    let uuid = uuid
        .iter()
        .find_map(|uuid| uuid.as_str())
        .unwrap_or_default();
    let hash = blake3::hash(text.as_bytes()).to_hex();
    let hash = hash.get(..HASH_CHARS).unwrap_or_default();
    format!("{message} {uuid} {hash}")
}
