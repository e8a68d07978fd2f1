//! One run: everything that happens, one thing after the other.

mod batches;
mod wires;

use std::collections::BTreeMap;
use std::time::Duration;

use horde_devnet::simulation::SimulatedMiner;
use horde_devnet::{MinerAddress, miner_addresses};
use horde_system_tests::BATCH_EXTENSIONS;
use tig_host::VirtualTime;
use tig_plugin_api::{WsEvent, WsEventKind};
use tig_simulator::agenda::Agenda;
use tig_simulator::finding::Violation;
use tig_simulator::master::{Crash, Master, Moment};
use tig_simulator::transcript::Transcript;

use self::batches::Command;
use self::wires::Due as WireDue;
use crate::judge::{Judge, KnownMiner};
use crate::lines::{LineId, Lines};
use crate::scenario::{Scenario, Trouble};
use crate::site::Site;

/// When a run begins, in milliseconds since the Unix epoch.
const EPOCH_MS: u64 = 1_727_000_000_000;

/// The host's tick.
const TICK_MS: u64 = 5_000;

/// The operator looks at the batch so often.
const LOOK_MS: u64 = 2_000;

/// Port of the first miner.
const FIRST_PORT: u16 = 40_000;

/// After the last batch, everything must have come to rest within this time: links are let go, receipts are sent.
const REST_MS: u64 = 300_000;

/// Extension that owns the connections.
const OWNER: &str = "horde_miners";

/// What came of a run.
pub struct Run {
    /// The first thing that was not as it must be.
    pub violation: Option<Violation>,
    /// Everything that happened.
    pub transcript: Transcript,
    /// Kills and power cuts.
    pub kills: u64,
    /// Reloads.
    pub reloads: u64,
    /// Batches that are over.
    pub batches: u64,
    /// Jobs with an outcome.
    pub outcomes: u64,
    /// Those that were right.
    pub right: u64,
    /// Those that were excused or interrupted.
    pub spared: u64,
}

/// Plays a scenario.
///
/// # Errors
///
/// The simulation itself cannot go on.
pub fn play(site: &Site, scenario: &Scenario, keep_all: bool) -> Result<Run, String> {
    let mut world = World::new(site, scenario, keep_all)?;
    world.run()?;
    let judge = world.judge;
    Ok(Run {
        violation: judge.finding.violation().cloned(),
        transcript: world.transcript,
        kills: world.kills,
        reloads: world.reloads,
        batches: world.command.over,
        outcomes: judge.outcomes,
        right: judge.right,
        spared: judge.spared,
    })
}

/// Something that is due.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Due {
    /// The operator calls the next batch.
    Call,
    /// The operator looks at the batch.
    Look,
    /// The host's tick.
    Tick,
    /// The host starts.
    Start,
    /// Number of the scenario's trouble.
    Trouble(usize),
    /// Something on a line or at a miner.
    Wire(WireDue),
    /// Everything must have come to rest.
    Rest,
}

struct World<'a> {
    scenario: &'a Scenario,
    time: VirtualTime,
    now_ms: u64,
    rng: fastrand::Rng,
    agenda: Agenda<Due>,
    host: Master<'a>,
    addresses: Vec<MinerAddress>,
    miners: Vec<SimulatedMiner>,
    /// Numbers of the miners by the beginning of their URLs.
    by_url: BTreeMap<String, usize>,
    lines: Lines,
    command: Command,
    judge: Judge,
    transcript: Transcript,
    kills: u64,
    reloads: u64,
    is_over: bool,
}

impl<'a> World<'a> {
    fn new(site: &'a Site, scenario: &'a Scenario, keep_all: bool) -> Result<Self, String> {
        let time = VirtualTime::from_ms(EPOCH_MS);
        let config = site.config(scenario).map_err(|error| error.to_string())?;
        let (seed, count) = (scenario.seed, scenario.miners.len());
        let addresses = miner_addresses(seed, count, FIRST_PORT);
        let known = addresses.iter().zip(&scenario.miners);
        let known = known.map(|(address, profile)| KnownMiner {
            hotkey: address.hotkey.clone(),
            profile: profile.clone(),
        });
        let profiles = scenario.miners.iter().enumerate();
        let miners = profiles.map(|(index, profile)| {
            let (executors, vices) = (profile.executors.clone(), profile.vices.clone());
            SimulatedMiner::new(seed, index, executors, vices)
        });
        let by_url = addresses.iter().map(|miner| {
            let url = format!("ws://{}/", miner.address);
            (url, miner.index)
        });
        Ok(Self {
            scenario,
            host: Master::new(config, site.plugins(), seed, time.clone()),
            time,
            now_ms: 0,
            rng: fastrand::Rng::with_seed(seed ^ 0x5eed),
            agenda: Agenda::default(),
            judge: Judge::new(known.collect()),
            miners: miners.collect(),
            by_url: by_url.collect(),
            addresses,
            lines: Lines::default(),
            command: Command::default(),
            transcript: Transcript::new(keep_all),
            kills: 0,
            reloads: 0,
            is_over: false,
        })
    }

    fn run(&mut self) -> Result<(), String> {
        self.agenda.put(0, Due::Start);
        self.agenda.put(1, Due::Tick);
        self.agenda.put(self.rng.u64(1..1_000), Due::Call);
        self.agenda.put(LOOK_MS, Due::Look);
        while !self.is_over && self.judge.finding.violation().is_none() {
            let next = self.agenda.next_ms().ok_or("nothing is due any more")?;
            let timer = self.host.host().and_then(|host| host.next_timer());
            let timer = timer.map(|unix_ms| unix_ms.saturating_sub(EPOCH_MS).max(self.now_ms));
            match timer.filter(|timer_ms| *timer_ms < next) {
                Some(timer_ms) => {
                    self.advance_to(timer_ms);
                    self.fire_timers();
                }
                None => {
                    let Some((at_ms, due)) = self.agenda.pop() else {
                        continue;
                    };
                    self.advance_to(at_ms);
                    self.happen(due)?;
                }
            }
            self.settle()?;
        }
        Ok(())
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

    fn happen(&mut self, due: Due) -> Result<(), String> {
        match due {
            Due::Call => self.call(),
            Due::Look => self.look(),
            Due::Tick => {
                self.agenda.put(self.now_ms + TICK_MS, Due::Tick);
                self.host.update()
            }
            Due::Start => {
                self.note(format_args!("the host starts"));
                self.host.start()
            }
            Due::Trouble(number) => self.trouble(number),
            Due::Wire(due) => {
                self.wire(due);
                Ok(())
            }
            Due::Rest => self.rest(),
        }
    }

    fn trouble(&mut self, number: usize) -> Result<(), String> {
        let timed = self.scenario.troubles.get(number);
        let Some(trouble) = timed.map(|timed| timed.trouble.clone()) else {
            return Ok(());
        };
        self.note(format_args!("trouble {trouble:?}"));
        match trouble {
            Trouble::Crash(crash) => self.host.expect(crash),
            Trouble::Reload { extension } => {
                if let Some(host) = self.host.host() {
                    let name = BATCH_EXTENSIONS.get(extension).copied().unwrap_or_default();
                    let reloaded = host.reload(extension);
                    reloaded.map_err(|error| format!("{name} is not reloaded: {error}"))?;
                    self.reloads += 1;
                }
            }
            Trouble::Break { miner } => {
                for line in self.lines.at_miner(miner) {
                    self.break_line(line);
                }
            }
        }
        Ok(())
    }

    /// Lets the host do all that it can, and carries out what it asks of connections.
    fn settle(&mut self) -> Result<(), String> {
        let moment = self.host.settle(&mut self.rng)?;
        let asked = self.host.take_sockets();
        let asked_count = asked.len();
        for one in asked {
            self.carry_out(one.action);
        }
        match moment {
            Moment::Killed(crash) => self.killed(crash),
            Moment::Rest => {}
        }
        self.hear_command();
        if asked_count > 0 {
            let extensions = self.host.status();
            self.judge.finding.extensions(self.now_ms, &extensions);
        }
        Ok(())
    }

    fn killed(&mut self, crash: Crash) {
        self.note(format_args!("the host is killed: {:?}", crash.end));
        self.kills += 1;
        self.command.killed(self.now_ms);
        for line in self.lines.at_host() {
            self.lose_host(line);
        }
        let start_ms = self.now_ms + crash.down_ms;
        self.agenda.put(start_ms, Due::Start);
    }

    /// Delivers an event of a line to the host. Returns whether it was taken.
    fn tell_host(&mut self, line: LineId, kind: WsEventKind) -> bool {
        let tag = self.lines.get_mut(line).map(|line| line.tag.clone());
        match (tag, self.host.host()) {
            (Some(tag), Some(host)) => host.socket_event(OWNER, &WsEvent { tag, kind }),
            _ => false,
        }
    }

    fn now_us(&self) -> u64 {
        (EPOCH_MS + self.now_ms) * 1_000
    }

    fn note(&mut self, text: std::fmt::Arguments<'_>) {
        self.transcript.line(self.now_ms, text);
    }
}
