//! The service in front of the chain, in the shape of Pylon: a state machine from requests to answers, without I/O and clock.

mod answer;
mod block_clock;
mod body;
mod neurons;
mod report;
mod route;
mod spoil;
mod weights;

use std::time::Duration;

use horde_proto::Secret;

use answer::error;
pub use answer::{PendingReply, ServiceAnswer, ServiceBody, ServiceReply};
use block_clock::BlockClock;
pub use report::ChainReport;
use route::{At, Place, Route};

use super::block::BlockHead;
use super::config::{ChainConfig, ChainConfigError};
use super::fault::{ChainCall, ChainFault, FaultKind, Faults};
use super::ledger::Chain;
use crate::address::MinerAddress;
use crate::port::Port;

/// The longest wait for a block; `X-Pylon-Timeout` may shorten it.
const BLOCK_WAIT_TIMEOUT: Duration = Duration::from_secs(120);

/// A request, as it comes over HTTP.
#[derive(Clone, Copy, Debug)]
pub struct ServiceRequest<'a> {
    /// Such as `GET`.
    pub method: &'a str,
    /// The path, without a query.
    pub path: &'a str,
    /// The header `Authorization`.
    pub authorization: Option<&'a str>,
    /// The header `X-Pylon-Timeout`, in seconds.
    pub timeout: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// A chain behind its service. Times are microseconds since 1970.
#[derive(Debug)]
pub struct ChainService {
    chain: Chain,
    faults: Faults,
    netuid: u16,
    identity: String,
    hotkey: String,
    token: Option<Secret>,
    clock: BlockClock,
}

impl ChainService {
    /// A chain (see [`Chain::new`]) whose newest block was made at `now_us`.
    ///
    /// # Errors
    ///
    /// [`ChainConfigError`] if the config has a fault.
    pub fn new(
        config: &ChainConfig,
        seed: u64,
        miners: &[MinerAddress],
        now_us: i64,
    ) -> Result<Self, ChainConfigError> {
        Ok(Self {
            chain: Chain::new(config, seed, miners)?,
            faults: Faults::default(),
            netuid: config.netuid,
            identity: config.identity.clone(),
            hotkey: config.hotkey.clone(),
            token: config.token.clone().map(Secret::from),
            clock: BlockClock::new(config.block_ms, now_us),
        })
    }

    /// The chain.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The chain, past the service and its faults.
    pub fn chain_mut(&mut self) -> &mut Chain {
        &mut self.chain
    }

    /// The faults that are left.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Replaces the faults.
    pub fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// Whether requests come through at all: not with the faults `gone` and `speaks-tls`.
    pub fn is_reachable(&self) -> bool {
        self.faults.port() == Port::Http
    }

    /// When it is time for the next block; `None` if blocks are made by hand.
    pub fn next_block_us(&self) -> Option<i64> {
        self.clock.next_us()
    }

    /// Makes the blocks for which it is time. Returns whether there were any.
    pub fn pass_time(&mut self, now_us: i64) -> bool {
        let count = self.clock.take_due(now_us);
        for _ in 0..count {
            self.new_block();
        }
        count > 0
    }

    /// Makes so many blocks by hand. Returns the newest one. Faults of new blocks happen here, too.
    pub fn advance(&mut self, count: u32) -> BlockHead {
        for _ in 0..count {
            self.new_block();
        }
        self.chain.newest().head.clone()
    }

    fn new_block(&mut self) {
        match self.faults.take(ChainCall::NewBlock).map(|it| it.kind) {
            Some(FaultKind::StandsStill) => {}
            Some(FaultKind::RollsBack(count)) => {
                self.chain.roll_back(count);
            }
            Some(FaultKind::Forks(count)) => {
                for _ in 0..self.chain.roll_back(count) {
                    self.chain.make_block();
                }
            }
            _ => self.chain.make_block(),
        }
    }

    /// What comes of a request.
    pub fn request(&mut self, request: &ServiceRequest<'_>) -> ServiceReply {
        let place = match self.find(request) {
            Ok(place) => place,
            Err(answer) => return answer.at_once(),
        };
        let fault = self.faults.take(place.route.call());
        let after = |ms: u32| Duration::from_millis(ms.into());
        let reply = match fault.map(|fault| fault.kind) {
            Some(FaultKind::Hangs(ms)) => ServiceReply::Drop { after: after(ms) },
            Some(FaultKind::Status(code)) => error(code as u16, "ordered by a fault").at_once(),
            Some(FaultKind::Html) => ServiceAnswer::html().at_once(),
            Some(FaultKind::Huge(mib)) => ServiceAnswer::huge(u64::from(mib) << 20).at_once(),
            _ => self.answer(&place, request, fault),
        };
        match fault.map(|fault| fault.kind) {
            Some(FaultKind::Slow(ms)) => reply.later(after(ms)),
            Some(FaultKind::CutShort) => reply.cut_short(),
            _ => reply,
        }
    }

    /// The answer to a request that had to wait for a block, and how much later it comes; `None` as long as it has to wait.
    pub fn settle(&self, pending: &PendingReply) -> Option<(Duration, ServiceAnswer)> {
        let outcome = self.chain.outcome(pending.number);
        weights::answer_for(outcome).map(|answer| pending.finish(answer))
    }

    /// The same when [`PendingReply::timeout`] is over. The request may still get into a block.
    pub fn give_up(&self, pending: &PendingReply) -> (Duration, ServiceAnswer) {
        let answer = error(
            504,
            "no block came in time; the chain may have it all the same",
        );
        pending.finish(answer)
    }

    fn find(&self, request: &ServiceRequest<'_>) -> Result<Place, ServiceAnswer> {
        let place = Place::parse(request.method, request.path)?;
        if let Some(token) = &self.token {
            let given = request
                .authorization
                .and_then(|it| it.strip_prefix("Bearer "));
            if given != Some(token.as_str()) {
                return Err(error(401, "the bearer token is missing or wrong"));
            }
        }
        if let Some(name) = place.identity.as_ref().filter(|it| **it != self.identity) {
            return Err(error(404, &format!("Identity '{name}' not found")));
        }
        match place.netuid == self.netuid {
            true => Ok(place),
            false => Err(error(404, &format!("Subnet {} not found.", place.netuid))),
        }
    }

    fn answer(
        &mut self,
        place: &Place,
        request: &ServiceRequest<'_>,
        fault: Option<ChainFault>,
    ) -> ServiceReply {
        let block = |at| match at {
            At::Latest => Ok(self.chain.newest()),
            At::Number(number) => {
                let block = self.chain.block(number);
                block.ok_or_else(|| error(404, &format!("Block {number} not found.")))
            }
        };
        let kind = fault.map(|fault| fault.kind);
        let answer = match place.route {
            Route::Block => Ok(neurons::block(&self.chain.newest().head, kind)),
            Route::Neurons(at) => block(at).map(|block| neurons::neurons(block, kind)),
            Route::Validators(at) => block(at).map(|block| neurons::validators(block, kind)),
            Route::Limits => Ok(weights::limits(self.chain.rules())),
            Route::Commits => Ok(neurons::commits(self.chain.newest(), &self.hotkey, kind)),
            Route::ByHotkey | Route::Set | Route::Commit | Route::Reveal => {
                return self.weights(place.route, request, fault);
            }
        };
        answer.unwrap_or_else(|answer| answer).at_once()
    }
}
