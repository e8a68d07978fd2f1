//! One run: everything that happens, one thing after the other.

mod batches;

use horde_devnet::{MinerAddress, miner_addresses};
use tig_simulator::finding::Violation;
use tig_simulator::master::Crash;
use tig_simulator::transcript::Transcript;

use self::batches::Command;
use crate::judge::{Judge, KnownMiner};
use crate::scenario::{Scenario, Trouble};
use crate::site::Site;
use crate::stage::{Next, Stage, Witness as _, miner_peers};

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
    let mut stage = world.stage;
    stage.host.write_recording()?;
    let judge = stage.judge;
    Ok(Run {
        violation: judge.finding.violation().cloned(),
        transcript: stage.transcript,
        kills: stage.kills,
        reloads: stage.reloads,
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
    /// Everything must have come to rest.
    Rest,
}

struct World<'a> {
    stage: Stage<'a, Due, Judge>,
    scenario: &'a Scenario,
    addresses: Vec<MinerAddress>,
    command: Command,
    is_over: bool,
}

impl<'a> World<'a> {
    fn new(site: &'a Site, scenario: &'a Scenario, keep_all: bool) -> Result<Self, String> {
        let config = site.config(scenario).map_err(|error| error.to_string())?;
        let (seed, count) = (scenario.seed, scenario.miners.len());
        let addresses = miner_addresses(seed, count, FIRST_PORT);
        let known = addresses.iter().zip(&scenario.miners);
        let known = known.map(|(address, profile)| KnownMiner {
            hotkey: address.hotkey.clone(),
            profile: profile.clone(),
        });
        let judge = Judge::new(known.collect());
        let peers = miner_peers(seed, &addresses, &scenario.miners);
        Ok(Self {
            stage: Stage::new((site, config), seed, peers, judge, keep_all),
            scenario,
            addresses,
            command: Command::default(),
            is_over: false,
        })
    }

    fn run(&mut self) -> Result<(), String> {
        let first_ms = self.stage.rng.u64(1..1_000);
        self.stage.put(0, Due::Start);
        self.stage.put(1, Due::Tick);
        self.stage.put(first_ms, Due::Call);
        self.stage.put(LOOK_MS, Due::Look);
        while !self.is_over && self.stage.judge.finding.violation().is_none() {
            if let Next::Run(due) = self.stage.next()? {
                self.happen(due)?;
            }
            self.settle()?;
        }
        Ok(())
    }

    fn happen(&mut self, due: Due) -> Result<(), String> {
        match due {
            Due::Call => self.call(),
            Due::Look => self.look(),
            Due::Tick => {
                self.stage.put(self.stage.now_ms + TICK_MS, Due::Tick);
                self.stage.host.update()
            }
            Due::Start => self.stage.start(),
            Due::Trouble(number) => self.trouble(number),
            Due::Rest => self.rest(),
        }
    }

    fn trouble(&mut self, number: usize) -> Result<(), String> {
        let timed = self.scenario.troubles.get(number);
        let Some(trouble) = timed.map(|timed| timed.trouble.clone()) else {
            return Ok(());
        };
        self.stage.note(format_args!("trouble {trouble:?}"));
        match trouble {
            Trouble::Crash(crash) => self.stage.host.expect(crash),
            Trouble::Reload { extension } => self.stage.reload(extension)?,
            Trouble::Break { miner } => self.stage.break_lines(miner),
        }
        Ok(())
    }

    /// Lets the host do all that it can, and hears what the command says.
    fn settle(&mut self) -> Result<(), String> {
        if let Some(crash) = self.stage.settle()? {
            self.killed(crash);
        }
        self.hear_command();
        Ok(())
    }

    fn killed(&mut self, crash: Crash) {
        let now_ms = self.stage.now_ms;
        self.command.killed(now_ms);
        self.stage.put(now_ms + crash.down_ms, Due::Start);
    }

    fn blame(&mut self, property: &'static str, text: String) {
        let now_ms = self.stage.now_ms;
        self.stage.judge.finding().blame(now_ms, property, text);
    }
}
