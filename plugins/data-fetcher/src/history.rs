//! What the last snapshot showed, and what a new one adds to it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tig_events::{Alert, AlertKind, BlockHead};
use tig_protocol::PreciseNumber;

use crate::snapshot::{Money, Snapshot};

/// The fee balance is low when it does not pay for this many precommits more.
const LOW_BALANCE_PRECOMMITS: u64 = 10;

/// How far the benchmark of a precommit is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) enum Stage {
    Precommit,
    Benchmark,
    Proof,
}

/// The last snapshot, as far as the next one is compared with it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct History {
    block_id: String,
    height: u32,
    stages: BTreeMap<String, Stage>,
    frauds: BTreeSet<String>,
    listed_until: Option<u32>,
    balance_is_low: bool,
    #[serde(default)]
    round: Option<u64>,
    /// When the block came.
    #[serde(default)]
    seen_ms: u64,
    /// The listing is empty, though what was listed before has not expired at this height.
    #[serde(default)]
    emptied_until: Option<u32>,
}

/// Benchmarks of ours that a block lists, by how far they are at least.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    pub(crate) precommits: usize,
    pub(crate) benchmarks: usize,
    pub(crate) proofs: usize,
}

/// How a block stands to the last one.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// The same block.
    Known,
    /// A later block.
    New,
    /// Another block at the height of the last one.
    Replacement,
    /// A block below the last one.
    Regression { last: u32 },
}

/// The new stage of one precommit, with the records in hand.
#[derive(Debug, Serialize)]
pub(crate) struct Progress<'a> {
    #[serde(skip)]
    pub(crate) stage: Stage,
    precommit: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    benchmark: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<&'a RawValue>,
}

/// What a new snapshot gives reason to say aloud.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Notice {
    /// A proof of ours was found wrong.
    Fraud { benchmark_id: String },
    /// The listing is empty though its benchmarks have not expired.
    ListingEmptied,
    /// The balance will not last.
    LowBalance {
        balance: PreciseNumber,
        fee: PreciseNumber,
    },
}

impl Notice {
    /// In words, and for programs.
    pub(crate) fn alert(self) -> Alert {
        match self {
            Self::Fraud { benchmark_id } => Alert {
                kind: AlertKind::Fraud,
                text: format!(
                    "benchmark {benchmark_id} was flagged as fraud: a submitted proof is wrong; check the slaves that computed it"
                ),
                benchmark_id: Some(benchmark_id),
            },
            Self::ListingEmptied => Alert {
                kind: AlertKind::ListingEmptied,
                benchmark_id: None,
                text: "the API lists no precommits though the last ones have not expired: it may have lost data; work that was \
                       begun goes on until it expires"
                    .to_owned(),
            },
            Self::LowBalance { balance, fee } => Alert {
                kind: AlertKind::FeeBalanceLow,
                benchmark_id: None,
                text: format!(
                    "fee balance is low: {} TIG at {} TIG per precommit; top it up",
                    balance.to_f64(),
                    fee.to_f64()
                ),
            },
        }
    }
}

pub(crate) fn standing(last: Option<&History>, head: &BlockHead) -> Standing {
    let height = head.window.height;
    match last {
        None => Standing::New,
        Some(last) if last.block_id == head.id => Standing::Known,
        Some(last) if height < last.height => Standing::Regression { last: last.height },
        Some(last) if height == last.height => Standing::Replacement,
        Some(_) => Standing::New,
    }
}

/// The furthest stage of each precommit that is further than in the last snapshot.
pub(crate) fn progress<'a>(last: Option<&History>, snapshot: &Snapshot<'a>) -> Vec<Progress<'a>> {
    let is_news = |id: &str, stage| {
        let before = last.and_then(|last| last.stages.get(id));
        before.is_none_or(|&before| before < stage)
    };
    let precommits = snapshot.precommits.iter();
    precommits
        .map(|(id, &precommit)| (id, stage_of(id, snapshot), precommit))
        .filter(|&(id, stage, _)| is_news(id, stage))
        .map(|(id, stage, precommit)| Progress {
            stage,
            precommit,
            benchmark: snapshot.benchmarks.get(id).copied(),
            proof: snapshot.proofs.get(id).copied(),
        })
        .collect()
}

fn stage_of(id: &str, snapshot: &Snapshot<'_>) -> Stage {
    if snapshot.proofs.contains_key(id) {
        Stage::Proof
    } else if snapshot.benchmarks.contains_key(id) {
        Stage::Benchmark
    } else {
        Stage::Precommit
    }
}

pub(crate) fn notices(last: Option<&History>, snapshot: &Snapshot<'_>) -> Vec<Notice> {
    let known_frauds = last.map(|last| &last.frauds);
    let new_frauds = snapshot
        .frauds
        .keys()
        .filter(|id| known_frauds.is_none_or(|known| !known.contains(*id)));
    let mut notices: Vec<Notice> = new_frauds
        .map(|id| Notice::Fraud {
            benchmark_id: id.clone(),
        })
        .collect();

    let expected = last.and_then(|last| last.listed_until);
    let height = snapshot.head.window.height;
    if snapshot.precommits.is_empty() && expected.is_some_and(|until| until > height) {
        notices.push(Notice::ListingEmptied);
    }
    let was_low = last.is_some_and(|last| last.balance_is_low);
    if let Some((balance, fee)) = low_balance(&snapshot.money)
        && !was_low
    {
        notices.push(Notice::LowBalance { balance, fee });
    }
    notices
}

/// Balance and fee, if the balance is low.
fn low_balance(money: &Money) -> Option<(PreciseNumber, PreciseNumber)> {
    let (balance, fee) = (money.balance?, money.fee?);
    let reserve = fee.checked_mul(PreciseNumber::from_u64(LOW_BALANCE_PRECOMMITS))?;
    (balance < reserve).then_some((balance, fee))
}

impl History {
    /// What to remember of a snapshot that came at `now_ms`, after that of `last`.
    pub(crate) fn of(snapshot: &Snapshot<'_>, last: Option<&Self>, now_ms: u64) -> Self {
        let ids = snapshot.precommits.keys();
        let expected = last.and_then(|last| last.emptied_until.or(last.listed_until));
        let height = snapshot.head.window.height;
        let is_emptied = snapshot.precommits.is_empty();
        Self {
            block_id: snapshot.head.id.clone(),
            height,
            stages: ids.map(|id| (id.clone(), stage_of(id, snapshot))).collect(),
            frauds: snapshot.frauds.keys().cloned().collect(),
            listed_until: snapshot.listed_until,
            balance_is_low: low_balance(&snapshot.money).is_some(),
            round: snapshot.round,
            seen_ms: now_ms,
            emptied_until: expected.filter(|until| is_emptied && *until > height),
        }
    }

    pub(crate) fn block_id(&self) -> &str {
        &self.block_id
    }

    pub(crate) fn height(&self) -> u32 {
        self.height
    }

    pub(crate) fn round(&self) -> Option<u64> {
        self.round
    }

    /// Unix milliseconds at which the block came; 0 if that is not known.
    pub(crate) fn seen_ms(&self) -> u64 {
        self.seen_ms
    }

    /// Ids of the benchmarks that the block lists as fraud.
    pub(crate) fn frauds(&self) -> impl Iterator<Item = &String> {
        self.frauds.iter()
    }

    pub(crate) fn is_emptied(&self) -> bool {
        self.emptied_until.is_some()
    }

    pub(crate) fn counts(&self) -> Counts {
        let at_least = |stage| self.stages.values().filter(|its| **its >= stage).count();
        Counts {
            precommits: self.stages.len(),
            benchmarks: at_least(Stage::Benchmark),
            proofs: at_least(Stage::Proof),
        }
    }
}
