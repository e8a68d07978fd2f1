//! One consistent snapshot, parsed without copying: the records stay the text that the API sent.
//!
//! Invariant: every record in a snapshot has the id that keys it and decodes as the protocol's type, so that one odd
//! record of somebody else stops nobody. What does not is left out and named in [`Snapshot::left_out`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tig_events::BlockHead;
use tig_plugin_api::Event;
use tig_protocol::PreciseNumber;
use tig_protocol::api::{Algorithm, Benchmark, Challenge, Fraud, Player, Precommit, Proof, Wasm};

use crate::failure::{Failure, check_id, excerpt};
use crate::query::Query;
use crate::round::Bodies;

/// Records by id.
pub(crate) type Records<'a> = BTreeMap<String, &'a RawValue>;

/// The arguments of `new_block`.
#[derive(Debug, Serialize)]
pub(crate) struct Snapshot<'a> {
    block: &'a RawValue,
    algorithms: Records<'a>,
    wasms: Records<'a>,
    player: Option<&'a RawValue>,
    pub(crate) precommits: Records<'a>,
    pub(crate) benchmarks: Records<'a>,
    pub(crate) proofs: Records<'a>,
    pub(crate) frauds: Records<'a>,
    challenges: Records<'a>,
    #[serde(skip)]
    pub(crate) head: BlockHead,
    /// Number of the network's round, if the API states it.
    #[serde(skip)]
    pub(crate) round: Option<u64>,
    /// Last height at which some precommit of the listing is still listed.
    #[serde(skip)]
    pub(crate) listed_until: Option<u32>,
    #[serde(skip)]
    pub(crate) money: Money,
    /// Records that do not decode, with the reason.
    #[serde(skip)]
    pub(crate) left_out: Vec<String>,
}

impl Event for Snapshot<'_> {
    const NAME: &'static str = tig_events::NewBlock::NAME;
    const LATEST: bool = tig_events::NewBlock::LATEST;
}

/// What this player has and what it pays.
#[derive(Debug, Default)]
pub(crate) struct Money {
    /// Unknown for players that the API does not list.
    pub(crate) balance: Option<PreciseNumber>,
    /// Highest fee among the listed precommits.
    pub(crate) fee: Option<PreciseNumber>,
}

/// Reads the answer to [`Query::Block`].
pub(crate) fn parse_head(body: &[u8]) -> Result<BlockHead, Failure> {
    let envelope: BlockEnvelope<'_> = parse(Query::Block, body)?;
    let head: BlockHead = parse(Query::Block, envelope.block.get().as_bytes())?;
    check_id("block id", &head.id)?;
    Ok(head)
}

impl<'a> Snapshot<'a> {
    /// Reads the answers of a round; `player_id` is ours.
    pub(crate) fn parse(bodies: &'a Bodies, player_id: &str) -> Result<Self, Failure> {
        let body = |query| bodies.get(&query).map_or(&[][..], Vec::as_slice);
        let block: BlockEnvelope<'_> = parse(Query::Block, body(Query::Block))?;
        let head = parse_head(body(Query::Block))?;
        let algorithms: AlgorithmsEnvelope<'_> = parse(Query::Algorithms, body(Query::Algorithms))?;
        let players: PlayersEnvelope<'_> = parse(Query::Players, body(Query::Players))?;
        let listing: BenchmarksEnvelope<'_> = parse(Query::Benchmarks, body(Query::Benchmarks))?;
        let challenges: ChallengesEnvelope<'_> = parse(Query::Challenges, body(Query::Challenges))?;
        same_block(Query::Algorithms, algorithms.block_id.as_deref(), &head)?;
        same_block(Query::Players, players.block_id.as_deref(), &head)?;
        same_block(Query::Benchmarks, listing.block_id.as_deref(), &head)?;
        same_block(Query::Challenges, challenges.block_id.as_deref(), &head)?;

        let mut sieve = Sieve::default();
        let window = head.window;
        let (mut fee, mut listed_until) = (None, None);
        let precommits = sieve.keyed("precommit", &listing.precommits, |record: Precommit| {
            let owner = &record.settings.player_id;
            if !owner.eq_ignore_ascii_case(player_id) {
                return Err(format!(
                    "it belongs to player {owner} and not to ours; check `player_id` and `api_url`"
                ));
            }
            fee = fee.max(record.details.fee_paid);
            listed_until = listed_until.max(window.last_height(record.details.block_started));
            confirmed(record.state, record.benchmark_id)
        });
        let (player, balance) = sieve.player(&players.players, player_id);
        Ok(Self {
            block: block.block,
            algorithms: sieve.keyed("algorithm", &algorithms.algorithms, |record: Algorithm| {
                Ok(record.id)
            }),
            wasms: sieve.keyed("wasm", &algorithms.wasms, |record: Wasm| {
                Ok(record.algorithm_id)
            }),
            player,
            precommits,
            benchmarks: sieve.keyed("benchmark", &listing.benchmarks, |record: Benchmark| {
                confirmed(record.state, record.id)
            }),
            proofs: sieve.keyed("proof", &listing.proofs, |record: Proof| {
                confirmed(record.state, record.benchmark_id)
            }),
            frauds: sieve.keyed("fraud", &listing.frauds, |record: Fraud| {
                Ok(record.benchmark_id)
            }),
            challenges: sieve.keyed("challenge", &challenges.challenges, |record: Challenge| {
                Ok(record.id)
            }),
            head,
            round: round(block.block),
            listed_until,
            money: Money { balance, fee },
            left_out: sieve.left_out,
        })
    }
}

/// Nothing depends on it, so a block without it is as good.
fn round(block: &RawValue) -> Option<u64> {
    #[derive(Deserialize)]
    struct Block {
        details: Details,
    }
    #[derive(Deserialize)]
    struct Details {
        round: u64,
    }
    let block: Block = serde_json::from_str(block.get()).ok()?;
    Some(block.details.round)
}

/// Sorts good records from odd ones.
#[derive(Default)]
struct Sieve {
    left_out: Vec<String>,
}

impl Sieve {
    /// Records by `key`, which says why a record is not to be used.
    fn keyed<'a, T: DeserializeOwned>(
        &mut self,
        kind: &str,
        records: &[&'a RawValue],
        mut key: impl FnMut(T) -> Result<String, String>,
    ) -> Records<'a> {
        let mut keyed = Records::new();
        for (index, &record) in records.iter().enumerate() {
            match serde_json::from_str(record.get()).map(&mut key) {
                Ok(Ok(key)) => {
                    keyed.insert(key, record);
                }
                Ok(Err(reason)) => self.leave_out(kind, index, &reason),
                Err(error) => self.leave_out(kind, index, &error.to_string()),
            }
        }
        keyed
    }

    /// Our own record and its fee balance; all others are passed over without decoding more than their id.
    fn player<'a>(
        &mut self,
        records: &[&'a RawValue],
        player_id: &str,
    ) -> (Option<&'a RawValue>, Option<PreciseNumber>) {
        let is_ours = |record: &RawValue| {
            serde_json::from_str::<Id<'_>>(record.get())
                .is_ok_and(|record| record.id.eq_ignore_ascii_case(player_id))
        };
        let Some(index) = records.iter().position(|record| is_ours(record)) else {
            return (None, None);
        };
        match serde_json::from_str::<Player>(records[index].get()) {
            Ok(player) => {
                let balance = player.state.and_then(|state| state.available_fee_balance);
                (Some(records[index]), balance)
            }
            Err(error) => {
                self.leave_out("player", index, &error.to_string());
                (None, None)
            }
        }
    }

    fn leave_out(&mut self, kind: &str, index: usize, reason: &str) {
        self.left_out
            .push(format!("{kind} {index}: {}", excerpt(reason)));
    }
}

/// The key of a record that a block has confirmed.
fn confirmed<S>(state: Option<S>, id: String) -> Result<String, String> {
    match state {
        Some(_) => Ok(id),
        None => Err("not confirmed".to_owned()),
    }
}

fn parse<'a, T: Deserialize<'a>>(query: Query, body: &'a [u8]) -> Result<T, Failure> {
    match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        // The error says where.
        Err(_) => serde_json::from_slice(body),
    }
    .map_err(|error| Failure::body(query, body, &error))
}

/// An answer that states its block must state the one that was asked for.
fn same_block(query: Query, block_id: Option<&str>, head: &BlockHead) -> Result<(), Failure> {
    match block_id {
        Some(other) if other != head.id => Err(Failure::Body {
            query,
            cause: format!("it is for block `{}`, not `{}`", excerpt(other), head.id),
        }),
        _ => Ok(()),
    }
}

#[derive(Deserialize)]
struct BlockEnvelope<'a> {
    #[serde(borrow)]
    block: &'a RawValue,
}

#[derive(Deserialize)]
struct Id<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

/// Every list must be there: taking a missing one for an empty one would drop all jobs.
macro_rules! envelope {
    ($name:ident, $($list:ident),+) => {
        #[derive(Deserialize)]
        struct $name<'a> {
            block_id: Option<String>,
            $(
                #[serde(borrow)]
                $list: Vec<&'a RawValue>,
            )+
        }
    };
}
envelope!(AlgorithmsEnvelope, algorithms, wasms);
envelope!(PlayersEnvelope, players);
envelope!(BenchmarksEnvelope, precommits, benchmarks, proofs, frauds);
envelope!(ChallengesEnvelope, challenges);
