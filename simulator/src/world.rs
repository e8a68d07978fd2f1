//! One run: everything that happens, one thing after the other.

mod polls;

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tig_host::VirtualTime;
use tig_system_tests::PLUGINS;

use crate::agenda::{Agenda, Due};
use crate::asked::Asked;
use crate::finding::Violation;
use crate::judge::Judge;
use crate::master::{Crash, Master, Moment};
use crate::net::{LIFESPAN_BLOCKS, Net, Next, Served};
use crate::scenario::{BLOCK_MS, Scenario, Trouble};
use crate::site::Site;
use crate::slave::{self, Plan, Slave};
use crate::transcript::Transcript;

/// The master's tick (benchmarker.md section 3).
const TICK_MS: u64 = 5_000;

/// When a run begins, in milliseconds since the Unix epoch.
const EPOCH_MS: u64 = 1_727_000_000_000;

/// What the store holds is looked at every so many ticks.
const STORE_TICKS: u64 = 60;

/// What an operator can see of the master's work, which a restart must not change.
const REPORTS: [&str; 2] = ["/jobs", "/submissions"];

/// What came of a run.
pub struct Run {
    /// The first thing that was not as it must be.
    pub violation: Option<Violation>,
    /// Everything that happened.
    pub transcript: Transcript,
    /// Blocks made.
    pub blocks: u64,
    /// Benchmarks paid for.
    pub paid: usize,
    /// Benchmarks proved.
    pub proved: usize,
    /// Benchmarks that were fraud.
    pub frauds: usize,
    /// Results that the master has taken.
    pub results: u64,
}

/// Plays a scenario.
///
/// # Errors
///
/// The simulation itself cannot go on.
pub fn play(site: &Site, scenario: &Scenario, keep_all: bool) -> Result<Run, String> {
    play_in(World::new(site, scenario, keep_all, None)?)
}

/// Plays a scenario, and records what the master's extensions get. Each start of the master begins a new part of the recording.
///
/// # Errors
///
/// The simulation itself cannot go on, or the recording cannot be written.
pub fn play_recorded(
    site: &Site,
    scenario: &Scenario,
    keep_all: bool,
    recording: &Path,
) -> Result<Run, String> {
    play_in(World::new(site, scenario, keep_all, Some(recording))?)
}

fn play_in(mut world: World<'_>) -> Result<Run, String> {
    world.run()?;
    world.master.write_recording()?;
    let judge = world.judge;
    Ok(Run {
        violation: judge.violation().cloned(),
        transcript: world.transcript,
        blocks: world.net.blocks,
        paid: judge.paid.len(),
        proved: judge.proved.len(),
        frauds: judge.frauds.len(),
        results: judge.results,
    })
}

struct World<'a> {
    scenario: &'a Scenario,
    time: VirtualTime,
    now_ms: u64,
    rng: fastrand::Rng,
    agenda: Agenda<Due>,
    master: Master<'a>,
    net: Net,
    slaves: Vec<Slave>,
    asked: Vec<Asked>,
    num_asked: u64,
    /// Requests that the network has served and whose answers are on their way.
    served: std::collections::BTreeMap<u64, Served>,
    judge: Judge,
    transcript: Transcript,
    /// The last request of hosts that have ended: they do not hear the answers.
    last_unheard: u64,
    has_ended: bool,
    ticks: u64,
    draining: bool,
    is_over: bool,
}

impl<'a> World<'a> {
    fn new(
        site: &'a Site,
        scenario: &'a Scenario,
        keep_all: bool,
        recording: Option<&Path>,
    ) -> Result<Self, String> {
        let time = VirtualTime::from_ms(EPOCH_MS);
        let config = site.config(scenario, recording);
        let config = config.map_err(|error| error.to_string())?;
        let seed = scenario.seed;
        let mut world = Self {
            scenario,
            master: Master::new(config, site.plugins(), seed, time.clone()),
            time,
            now_ms: 0,
            rng: fastrand::Rng::with_seed(seed ^ 0x5eed),
            agenda: Agenda::default(),
            net: Net::new(seed, site.rates())?,
            slaves: scenario
                .slaves
                .iter()
                .cloned()
                .enumerate()
                .map(|(number, profile)| Slave::new(number, profile))
                .collect(),
            asked: Vec::new(),
            num_asked: 0,
            served: std::collections::BTreeMap::new(),
            judge: Judge::new(scenario.is_plain()),
            transcript: Transcript::new(keep_all),
            last_unheard: 0,
            has_ended: false,
            ticks: 0,
            draining: false,
            is_over: false,
        };
        world.judge.block(&world.net.status(), 0);
        world.plan();
        Ok(world)
    }

    /// What is due whatever happens.
    fn plan(&mut self) {
        self.agenda.put(0, Due::Start);
        self.agenda.put(TICK_MS, Due::Tick);
        self.agenda.put(BLOCK_MS, Due::Block);
        for number in 0..self.slaves.len() {
            let at_ms = self.rng.u64(0..TICK_MS);
            self.agenda.put(at_ms, Due::Slave(number, 0));
        }
        for (number, timed) in self.scenario.troubles.iter().enumerate() {
            self.agenda.put(timed.at_ms, Due::Trouble(number));
        }
        let drain_ms = self.scenario.hours * 3_600_000;
        self.agenda.put(drain_ms, Due::Drain);
        // The last precommit can be proved for so long, and blocks may pause meanwhile.
        let end_ms = drain_ms + 2 * u64::from(LIFESPAN_BLOCKS) * BLOCK_MS;
        self.agenda.put(end_ms, Due::End);
    }

    fn run(&mut self) -> Result<(), String> {
        while let Some((at_ms, due)) = self.agenda.pop() {
            self.time
                .advance(Duration::from_millis(at_ms - self.now_ms));
            self.now_ms = at_ms;
            self.happen(due)?;
            self.settle()?;
            if self.judge.is_suspicious() {
                self.look()?;
            }
            if self.is_over || self.judge.violation().is_some() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn happen(&mut self, due: Due) -> Result<(), String> {
        match due {
            Due::Block => self.block(),
            Due::Tick => return self.tick(),
            Due::Trouble(number) => return self.trouble(number),
            Due::Start => return self.start(),
            Due::Turn(number) => {
                if let Some(next) = self.net.turn(number, self.now_ms, &mut self.rng) {
                    self.plan_request(number, next);
                }
            }
            Due::Arrival(number) => self.arrive(number),
            Due::Answer(number) => return self.answer(number),
            Due::Slave(number, life) => self.slave(number, life),
            Due::Held(_) => {}
            Due::Drain => {
                self.note(format_args!("nothing new is begun"));
                self.draining = true;
                self.master.drain();
            }
            Due::End => self.is_over = true,
        }
        Ok(())
    }

    fn note(&mut self, text: std::fmt::Arguments<'_>) {
        self.transcript.line(self.now_ms, text);
    }

    fn block(&mut self) {
        self.agenda.put(self.now_ms + BLOCK_MS, Due::Block);
        if !self.net.make_block(self.now_ms) {
            return;
        }
        let status = self.net.status();
        self.note(format_args!("block {} {}", status.height, status.block_id));
        self.judge.block(&status, self.now_ms);
        if self.draining && self.judge.is_all_proved() {
            self.is_over = true;
        }
    }

    fn tick(&mut self) -> Result<(), String> {
        self.agenda.put(self.now_ms + TICK_MS, Due::Tick);
        self.ticks += 1;
        self.master.update()?;
        self.settle()?;
        self.look()?;
        self.judge.extensions(&self.master.status(), self.now_ms);
        if self.ticks.is_multiple_of(STORE_TICKS)
            && let Some(host) = self.master.host()
        {
            let (keys, _) = host.stored().map_err(|error| error.to_string())?;
            self.judge.stored(keys, self.now_ms);
        }
        Ok(())
    }

    /// Shows the judge what the master says of its slaves.
    fn look(&mut self) -> Result<(), String> {
        if let Some(report) = self.ask("/slaves")? {
            let report = serde_json::from_slice(&report);
            let report = report.map_err(|error| format!("GET /slaves: {error}"))?;
            self.judge.looked(&report, &self.slaves, self.now_ms);
        }
        Ok(())
    }

    fn start(&mut self) -> Result<(), String> {
        if !self.master.is_up() {
            self.note(format_args!("the master starts"));
            self.master.start()?;
        }
        Ok(())
    }

    fn trouble(&mut self, number: usize) -> Result<(), String> {
        let trouble = self.scenario.troubles[number].trouble.clone();
        self.note(format_args!("trouble {number}: {trouble:?}"));
        match trouble {
            Trouble::Crash {
                transactions,
                boundary,
                end,
                down_ms,
            } => self.master.expect(Crash {
                transactions,
                boundary,
                end,
                down_ms,
            }),
            Trouble::Restart => return self.restart(),
            Trouble::Reload { extension } => {
                if let Some(host) = self.master.host() {
                    let done = host.reload(extension);
                    let name = PLUGINS[extension];
                    done.map_err(|reason| format!("{name} cannot be reloaded: {reason}"))?;
                }
            }
            Trouble::SlaveDies { slave, down_ms } => {
                let dead = &mut self.slaves[slave];
                dead.life += 1;
                (dead.is_alive, dead.plan, dead.idle_since_ms) = (true, Plan::Poll, None);
                let back_ms = self.now_ms + down_ms;
                self.agenda.put(back_ms, Due::Slave(slave, dead.life));
            }
            Trouble::Network {
                fault,
                for_ms,
                percent,
            } => self.net.begin_weather(fault, self.now_ms + for_ms, percent),
            Trouble::Rollback => {
                if self.net.rollback() {
                    self.judge.rolled_back(&self.net.status());
                }
            }
            Trouble::Pause { for_ms } => self.net.paused_until_ms = self.now_ms + for_ms,
        }
        Ok(())
    }

    /// The host stops and starts in a quiet moment: what it says of its work is the same.
    fn restart(&mut self) -> Result<(), String> {
        self.settle()?;
        let before = self.reports()?;
        if !self.master.is_up() {
            return Ok(());
        }
        self.master.end(crate::disk::End::Kill, &mut self.rng);
        self.ended();
        self.master.start()?;
        self.settle()?;
        let after = self.reports()?;
        if self.master.is_up() {
            self.judge.restarted(&before, &after, self.now_ms);
        }
        Ok(())
    }

    /// The master has just ended.
    fn ended(&mut self) {
        self.judge.master_ended();
        self.net.master_ended();
        self.has_ended = true;
        self.last_unheard = self.net.num_sent();
    }

    fn reports(&mut self) -> Result<Vec<Value>, String> {
        let mut reports = Vec::new();
        for path in REPORTS {
            if let Some(report) = self.ask(path)? {
                reports.push(serde_json::from_slice(&report).unwrap_or_default());
            }
        }
        Ok(reports)
    }

    /// What the master answers to a question of the operator.
    fn ask(&mut self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let request = slave::request("GET", path, String::new(), "operator", Vec::new());
        let Some(mut receiver) = self.master.ask(request) else {
            return Ok(None);
        };
        self.settle()?;
        let answer = receiver.try_recv().ok().and_then(Result::ok);
        Ok(answer.map(|answered| answered.reply.body))
    }

    fn plan_request(&mut self, number: u64, next: Next) {
        match next {
            Next::Looks(at_ms) => self.agenda.put(at_ms, Due::Turn(number)),
            Next::Arrives(at_ms) => self.agenda.put(at_ms, Due::Arrival(number)),
        }
    }

    fn arrive(&mut self, number: u64) {
        let Some(served) = self.net.arrive(number, self.now_ms, &mut self.rng) else {
            return;
        };
        let (method, path) = (served.method, served.path.clone());
        match &served.fault {
            None => self.transcript.line(
                self.now_ms,
                format_args!("{method} {path} {:?}", served.status),
            ),
            Some(fault) => self.transcript.line(
                self.now_ms,
                format_args!("{method} {path} {:?} {fault:?}", served.status),
            ),
        }
        self.judge.served(&served, self.now_ms);
        self.agenda.put(served.at_ms, Due::Answer(number));
        self.served.insert(number, served);
    }

    fn answer(&mut self, number: u64) -> Result<(), String> {
        self.net.answer(number);
        let Some(served) = self.served.remove(&number) else {
            return Ok(());
        };
        let is_heard = self.master.is_up() && number > self.last_unheard;
        self.settle()?;
        if is_heard && self.master.is_up() {
            self.judge.knows(&served);
        }
        Ok(())
    }

    /// Lets the master do all that it can, and everybody else hear of it.
    fn settle(&mut self) -> Result<(), String> {
        loop {
            if let Moment::Killed(crash) = self.master.settle(&mut self.rng)? {
                self.note(format_args!("the master is killed"));
                self.ended();
                self.agenda.put(self.now_ms + crash.down_ms, Due::Start);
            }
            for sent in self.master.take_sent() {
                let call = &sent.queued().call;
                self.judge.sent(&call.url, &call.body);
                let (number, next) = self.net.send(sent, self.now_ms, &mut self.rng);
                self.plan_request(number, next);
                if self.has_ended {
                    self.last_unheard = number;
                }
            }
            self.has_ended = false;
            if !self.hear() {
                return Ok(());
            }
        }
    }
}
