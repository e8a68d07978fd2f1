//! What every run stands on: the time and what is due, the host on its disk, and its peers behind lines.

mod peer;
mod wires;

use std::time::Duration;

use serde_json::Value;
use tig_host::{Config, VirtualTime};
use tig_plugin_api::{WsEvent, WsEventKind};
use tig_simulator::agenda::Agenda;
use tig_simulator::finding::Finding;
use tig_simulator::master::{Crash, Master, Moment};
use tig_simulator::slave;
use tig_simulator::transcript::Transcript;

pub(crate) use self::peer::{FacilitatorPeer, Mind, Peer, miner_peers};
pub(crate) use self::wires::Due as WireDue;
use crate::lines::{LineId, Lines};
use crate::site::Site;

/// When a run begins, in milliseconds since the Unix epoch.
const EPOCH_MS: u64 = 1_727_000_000_000;

/// What sees the frames between the host and its peers.
pub(crate) trait Witness {
    /// The host has sent a frame to a peer.
    fn sent(&mut self, now_ms: u64, peer: usize, text: &str);
    /// The host has got a frame of a peer.
    fn heard(&mut self, now_ms: u64, peer: usize, text: &str);
    /// What it has found.
    fn finding(&mut self) -> &mut Finding;
}

/// Something that is due: on a line or at a peer, or of the run itself.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Due<D> {
    Wire(WireDue),
    Run(D),
}

/// What the next moment brings.
pub(crate) enum Next<D> {
    /// The stage has done what was due.
    Done,
    /// Something of the run is due.
    Run(D),
}

/// The stage of a run whose judge is `J`, and in which things of `D` are due.
pub(crate) struct Stage<'a, D, J> {
    time: VirtualTime,
    /// Milliseconds since the run began.
    pub(crate) now_ms: u64,
    pub(crate) rng: fastrand::Rng,
    agenda: Agenda<Due<D>>,
    pub(crate) host: Master<'a>,
    pub(crate) peers: Vec<Peer>,
    pub(crate) lines: Lines,
    pub(crate) judge: J,
    pub(crate) transcript: Transcript,
    /// Kills and power cuts.
    pub(crate) kills: u64,
    /// Reloads.
    pub(crate) reloads: u64,
}

impl<'a, D: Ord, J: Witness> Stage<'a, D, J> {
    pub(crate) fn new(
        (site, config): (&'a Site, Config),
        seed: u64,
        peers: Vec<Peer>,
        judge: J,
        keep_all: bool,
    ) -> Self {
        let time = VirtualTime::from_ms(EPOCH_MS);
        Self {
            host: Master::new(config, site.plugins(), seed, time.clone()),
            time,
            now_ms: 0,
            rng: fastrand::Rng::with_seed(seed ^ 0x5eed),
            agenda: Agenda::default(),
            peers,
            lines: Lines::default(),
            judge,
            transcript: Transcript::new(keep_all),
            kills: 0,
            reloads: 0,
        }
    }

    /// Puts something of the run at a moment, in milliseconds.
    pub(crate) fn put(&mut self, at_ms: u64, due: D) {
        self.agenda.put(at_ms, Due::Run(due));
    }

    /// Goes to the next moment: of a timer, of a line, or of the run.
    ///
    /// # Errors
    ///
    /// Nothing is due any more.
    pub(crate) fn next(&mut self) -> Result<Next<D>, String> {
        let next = self.agenda.next_ms().ok_or("nothing is due any more")?;
        let timer = self.host.host().and_then(|host| host.next_timer());
        let timer = timer.map(|unix_ms| unix_ms.saturating_sub(EPOCH_MS).max(self.now_ms));
        if let Some(timer_ms) = timer.filter(|timer_ms| *timer_ms < next) {
            self.advance_to(timer_ms);
            self.fire_timers();
            return Ok(Next::Done);
        }
        let Some((at_ms, due)) = self.agenda.pop() else {
            return Ok(Next::Done);
        };
        self.advance_to(at_ms);
        Ok(match due {
            Due::Run(due) => Next::Run(due),
            Due::Wire(due) => {
                self.wire(due);
                Next::Done
            }
        })
    }

    fn advance_to(&mut self, at_ms: u64) {
        let by_ms = at_ms.saturating_sub(self.now_ms);
        self.time.advance(Duration::from_millis(by_ms));
        self.now_ms += by_ms;
    }

    fn fire_timers(&mut self) {
        if let Some(host) = self.host.host() {
            let count = host.fire_timers();
            self.note(format_args!("{count} timers"));
        }
    }

    /// The host starts.
    ///
    /// # Errors
    ///
    /// It does not.
    pub(crate) fn start(&mut self) -> Result<(), String> {
        self.note(format_args!("the host starts"));
        self.host.start()
    }

    /// Reloads an extension in the middle of what it does.
    ///
    /// # Errors
    ///
    /// The extension is refused.
    pub(crate) fn reload(&mut self, extension: usize) -> Result<(), String> {
        if let Some(host) = self.host.host() {
            let reloaded = host.reload(extension);
            let known = host.status().into_iter().nth(extension);
            let name = known.map(|status| status.name).unwrap_or_default();
            reloaded.map_err(|error| format!("{name} is not reloaded: {error}"))?;
            self.reloads += 1;
        }
        Ok(())
    }

    /// All connections of a peer break.
    pub(crate) fn break_lines(&mut self, peer: usize) {
        for line in self.lines.at_peer(peer) {
            self.break_line(line);
        }
    }

    /// Lets the host do all that it can, and carries out what it asks of connections. Returns the crash that has killed it.
    ///
    /// # Errors
    ///
    /// It never comes to rest.
    pub(crate) fn settle(&mut self) -> Result<Option<Crash>, String> {
        let moment = self.host.settle(&mut self.rng)?;
        let asked = self.host.take_sockets();
        let asked_count = asked.len();
        for one in asked {
            self.carry_out(one.action);
        }
        let crash = match moment {
            Moment::Killed(crash) => {
                self.killed(crash);
                Some(crash)
            }
            Moment::Rest => None,
        };
        if asked_count > 0 {
            let extensions = self.host.status();
            self.judge.finding().extensions(self.now_ms, &extensions);
        }
        Ok(crash)
    }

    fn killed(&mut self, crash: Crash) {
        self.note(format_args!("the host is killed: {:?}", crash.end));
        self.kills += 1;
        for line in self.lines.at_host() {
            self.lose_host(line);
        }
    }

    /// Delivers an event of a line to the host. Returns whether it was taken.
    fn tell_host(&mut self, line: LineId, kind: WsEventKind) -> bool {
        let known = self.lines.get_mut(line);
        let Some((tag, peer)) = known.map(|line| (line.tag.clone(), line.peer)) else {
            return false;
        };
        match (self.peers.get(peer), self.host.host()) {
            (Some(peer), Some(host)) => host.socket_event(peer.owner, &WsEvent { tag, kind }),
            _ => false,
        }
    }

    /// What the host answers to a question of the operator, if it runs; and the crash that has killed it over that.
    ///
    /// # Errors
    ///
    /// The answer is not JSON, or the host never comes to rest.
    pub(crate) fn ask(&mut self, path: &str) -> Result<(Option<Value>, Option<Crash>), String> {
        let request = slave::request("GET", path, String::new(), "operator", Vec::new());
        let Some(mut receiver) = self.host.ask(request) else {
            return Ok((None, None));
        };
        let crash = self.settle()?;
        let Some(answered) = receiver.try_recv().ok().and_then(Result::ok) else {
            return Ok((None, crash));
        };
        let answer = serde_json::from_slice(&answered.reply.body);
        match answer {
            Ok(answer) => Ok((Some(answer), crash)),
            Err(error) => Err(format!("GET {path}: {error}")),
        }
    }

    /// The keys that an extension has stored; none while the host is down.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub(crate) fn stored_keys(&mut self, extension: &str) -> Result<Vec<String>, String> {
        let host = self.host.host();
        let keys = host.map(|host| host.stored_keys(extension)).transpose();
        Ok(keys.map_err(|error| error.to_string())?.unwrap_or_default())
    }

    /// Microseconds since the Unix epoch.
    pub(crate) fn now_us(&self) -> u64 {
        (EPOCH_MS + self.now_ms) * 1_000
    }

    pub(crate) fn note(&mut self, text: std::fmt::Arguments<'_>) {
        self.transcript.line(self.now_ms, text);
    }
}
