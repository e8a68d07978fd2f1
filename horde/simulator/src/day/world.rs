//! One day: everything that happens, one thing after the other.

mod chain;
mod facilitator;
mod looks;
mod troubles;

use horde_devnet::MinerAddress;
use horde_devnet::chain::{ChainConfig, ChainService, SubnetRules};
use horde_devnet::facilitator::{FacilitatorConfig, FacilitatorCore};
use horde_devnet::miner_addresses;
use horde_system_tests::HOTKEY;
use tig_simulator::master::Crash;

use super::DayRun;
use super::config::{FACILITATOR_URL, IDENTITY, options_of};
use super::http::{Http, Next as HttpNext, is_about_weights};
use super::judge::DayJudge;
use super::scenario::{BLOCK_MS, CYCLE_BLOCKS, Day, FIRST_CYCLE, LEAD_BLOCKS};
use crate::site::Site;
use crate::stage::{Next, Peer, Stage, Witness as _, miner_peers};

/// Port of the first miner.
const FIRST_PORT: u16 = 40_000;

/// The facilitator looks at its connections so often, in milliseconds.
const FACILITATOR_TICK_MS: u64 = 15_000;

/// The operator looks so often, in milliseconds.
const LOOK_MS: u64 = 300_000;

/// Blocks after the last cycle in which its weights must be over: the rest of its interval, and the next one.
const END_BLOCKS: u32 = 2 * CYCLE_BLOCKS;

/// Something that is due.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Due {
    /// The host starts.
    Start,
    /// It is time for a block.
    Block,
    /// A request of the host reaches its server.
    Arrive(u64),
    /// An answer reaches the host.
    Answer(u64),
    /// The chain's service waits no longer for a block.
    GiveUp(u64),
    /// The facilitator looks at its connections.
    FacilitatorTick,
    /// A user's order.
    Order(usize),
    /// From now on a trouble waits for what it waits for.
    Armed(usize),
    /// A trouble.
    Trouble(usize),
    /// The facilitator's faults end, if they are still those of this trouble.
    FaultsEnd(usize),
    /// The facilitator can be reached again.
    Back,
    /// A miner is registered again.
    Register(usize),
    /// This validator is registered again.
    RegisterSelf,
    /// The operator looks at the validator.
    Look,
    /// The day is over.
    End,
}

pub(super) struct World<'a> {
    stage: Stage<'a, Due, DayJudge>,
    day: &'a Day,
    http: Http,
    addresses: Vec<MinerAddress>,
    /// Troubles that wait for something.
    armed: Vec<usize>,
    /// The trouble whose faults the facilitator has.
    faulty: Option<usize>,
    is_over: bool,
}

impl<'a> World<'a> {
    pub(super) fn new(site: &'a Site, day: &'a Day, keep_all: bool) -> Result<Self, String> {
        let name = format!("day-{}.json", day.seed);
        let config = site.load(&name, &options_of(day));
        let config = config.map_err(|error| error.to_string())?;
        let addresses = miner_addresses(day.seed, day.miners.len(), FIRST_PORT);
        let mut peers = miner_peers(day.seed, &addresses, &day.miners);
        let facilitator = FacilitatorConfig {
            seed: day.seed,
            ..FacilitatorConfig::default()
        };
        let core = FacilitatorCore::new(facilitator, day.seed);
        let judge = DayJudge::new(day, peers.len());
        peers.push(Peer::facilitator(core, FACILITATOR_URL));
        let stage = Stage::new((site, config), day.seed, peers, judge, keep_all);
        let chain = ChainService::new(
            &chain_config(day),
            day.seed,
            &addresses,
            stage.peer_now_us(),
        );
        let chain = chain.map_err(|error| error.to_string())?;
        Ok(Self {
            stage,
            day,
            http: Http::new(chain, day.weights_version),
            addresses,
            armed: Vec::new(),
            faulty: None,
            is_over: false,
        })
    }

    pub(super) fn run(&mut self) -> Result<(), String> {
        self.plan();
        while !self.is_over && self.stage.judge.finding().violation().is_none() {
            if let Next::Run(due) = self.stage.next()? {
                self.happen(due)?;
            }
            self.settle()?;
        }
        Ok(())
    }

    /// Writes the rest of the recording, if there is one.
    pub(super) fn write_recording(&mut self) -> Result<(), String> {
        self.stage.host.write_recording()
    }

    pub(super) fn into_run(self) -> DayRun {
        let stage = self.stage;
        let mut judge = stage.judge;
        let sums = judge.sums();
        DayRun {
            violation: judge.finding().violation().cloned(),
            transcript: stage.transcript,
            kills: stage.kills,
            reloads: stage.reloads,
            cycles: u64::from(self.day.cycles),
            batches: sums.batches,
            weights: sums.weights,
            orders: sums.orders,
            completed: sums.completed,
        }
    }

    fn plan(&mut self) {
        let day = self.day;
        self.stage.put(0, Due::Start);
        self.stage.put(BLOCK_MS, Due::Block);
        self.stage.put(FACILITATOR_TICK_MS, Due::FacilitatorTick);
        self.stage.put(LOOK_MS, Due::Look);
        for (number, order) in day.orders.iter().enumerate() {
            self.stage.put(order.at_ms, Due::Order(number));
        }
        for (number, timed) in day.troubles.iter().enumerate() {
            self.stage.put(timed.from_ms, Due::Armed(number));
        }
        let end_ms = day.span_ms() + u64::from(END_BLOCKS) * BLOCK_MS;
        self.stage.put(end_ms, Due::End);
    }

    fn happen(&mut self, due: Due) -> Result<(), String> {
        let now_ms = self.stage.now_ms;
        match due {
            Due::Start => return self.stage.start(),
            Due::Block => self.block(),
            Due::Arrive(number) => self.arrive(number),
            Due::Answer(number) => self.http.answer(number),
            Due::GiveUp(number) => {
                if let Some(next) = self.http.give_up(number, now_ms, &mut self.stage.rng) {
                    self.plan_request(number, next);
                }
            }
            Due::FacilitatorTick => self.facilitator_tick(),
            Due::Order(number) => self.order(number),
            Due::Armed(number) => self.arm(number),
            Due::Trouble(number) => return self.trouble(number),
            Due::FaultsEnd(number) => {
                if self.faulty == Some(number) {
                    self.set_facilitator_faults(&[])?;
                }
            }
            Due::Back => self.set_facilitator_refusal(0),
            Due::Register(miner) => self.register(miner),
            Due::RegisterSelf => self.register_self(),
            Due::Look => return self.look(),
            Due::End => return self.end(),
        }
        Ok(())
    }

    /// Lets the host do all that it can, and takes what it sends.
    fn settle(&mut self) -> Result<(), String> {
        let crash = self.stage.settle()?;
        self.settled(crash);
        Ok(())
    }

    fn settled(&mut self, crash: Option<Crash>) {
        for sent in self.stage.host.take_sent() {
            let call = &sent.queued().call;
            if is_about_weights(call) {
                self.stage.judge.weights_sent(&call.body);
            }
            let now_ms = self.stage.now_ms;
            let (number, next) = self.http.send(sent, now_ms, &mut self.stage.rng);
            self.plan_request(number, next);
        }
        self.stage.judge.settled(crash.is_some());
        if let Some(crash) = crash {
            let now_ms = self.stage.now_ms;
            self.stage.put(now_ms + crash.down_ms, Due::Start);
        }
        self.set_off();
    }

    fn plan_request(&mut self, number: u64, next: HttpNext) {
        match next {
            HttpNext::Arrives(at_ms) => self.stage.put(at_ms, Due::Arrive(number)),
            HttpNext::Answers(at_ms) => self.stage.put(at_ms, Due::Answer(number)),
            HttpNext::GivesUp(at_ms) => self.stage.put(at_ms, Due::GiveUp(number)),
        }
    }

    fn blame(&mut self, property: &'static str, text: String) {
        let now_ms = self.stage.now_ms;
        self.stage.judge.finding().blame(now_ms, property, text);
    }
}

fn chain_config(day: &Day) -> ChainConfig {
    ChainConfig {
        // Blocks are made by hand: what is due is in one agenda.
        block_ms: 0,
        first_block: FIRST_CYCLE - LEAD_BLOCKS,
        identity: IDENTITY.to_owned(),
        validators: day.validators,
        rules: SubnetRules {
            commit_reveal_weights_enabled: day.is_commit_reveal,
            ..SubnetRules::default()
        },
        ..ChainConfig::new(HOTKEY)
    }
}
