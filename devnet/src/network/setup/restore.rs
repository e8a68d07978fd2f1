//! A network from the entries that were kept of one.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use tig_challenges::ChallengeKind;
use tig_worker::BadModule;

use super::genesis::{GenesisError, challenge_rules};
use crate::algorithms::PublishedAlgorithm;
use crate::network::state::{
    ACCOUNTS, ALGORITHMS, Accounts, BLOCKS, COUNTERS, Chain, ChainBlock, Changes, Counters,
    Entries, Index, KeptAlgorithm, LAYOUT, Network, RECORDS, Record, ReexecutionState, Secret,
    SolutionCheck, StoredAlgorithm, TOPUPS, WASMS,
};

/// The parts of a network that are not kept.
#[derive(Debug)]
pub struct Surroundings {
    /// Where the modules are served; `/<algorithm id>.wasm` is appended.
    pub download_base_url: String,
    /// Decides about the declared solutions of a proof.
    pub solution_check: Arc<dyn SolutionCheck>,
}

/// Why entries are not a state.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A program of another layout wrote the entries.
    #[error(
        "it was written by another version of tig-devnet (layout {found}, not {known}); use that one, or another folder"
    )]
    Layout {
        /// Layout of the entries.
        found: u32,
        /// Layout that this program understands.
        known: u32,
    },
    /// An entry is not as it was written.
    #[error("entry {key} cannot be read")]
    Entry {
        /// Key of the entry.
        key: String,
        /// Why not.
        source: serde_json::Error,
    },
    /// Something is not there.
    #[error("{0} are missing")]
    Missing(&'static str),
    /// An algorithm does not compile any more.
    #[error("algorithm {id} cannot be used any more")]
    Algorithm {
        /// Id of the algorithm.
        id: String,
        /// Why not.
        source: BadModule,
    },
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] GenesisError),
}

impl Network {
    /// The seed of the network that was kept; `None` if none was.
    ///
    /// # Errors
    /// The entry cannot be read, or is of another layout.
    pub fn kept_seed(entries: &Entries) -> Result<Option<u64>, RestoreError> {
        if entries.is_empty() {
            return Ok(None);
        }
        Ok(Some(counters(entries)?.seed))
    }

    /// The network as it was when its last edits were taken, whose changes are tracked. Re-executions that ran are due
    /// again.
    ///
    /// # Errors
    /// The entries are not all that was kept.
    pub fn restore(entries: &Entries, surroundings: Surroundings) -> Result<Self, RestoreError> {
        let counters = counters(entries)?;
        let chain = chain(entries, counters.num_blocks)?;
        let rules = challenge_rules(&chain.latest().config)?;
        let Accounts {
            opened,
            key_holders,
            transactions,
        } = entry(entries, ACCOUNTS)?;
        let records = records(entries, counters.num_records)?;
        Ok(Self {
            seed: counters.seed,
            secret: Secret::from_seed(counters.seed),
            algorithms: algorithms(entries, counters.num_algorithms)?,
            rules,
            download_base_url: surroundings.download_base_url,
            chain,
            index: Index::of(&records),
            records,
            opened,
            key_holders,
            transactions,
            topups: of_kind(entries, TOPUPS, counters.num_topups, "top-ups")?,
            num_submitted: counters.num_submitted,
            num_rollbacks: counters.num_rollbacks,
            num_expired: counters.num_expired,
            changes: Changes::tracked(),
            solution_check: surroundings.solution_check,
        })
    }
}

fn counters(entries: &Entries) -> Result<Counters, RestoreError> {
    #[derive(serde::Deserialize)]
    struct Layout {
        layout: u32,
    }
    let Layout { layout: found } = entry(entries, COUNTERS)?;
    if found != LAYOUT {
        let known = LAYOUT;
        return Err(RestoreError::Layout { found, known });
    }
    entry(entries, COUNTERS)
}

fn chain(entries: &Entries, number: usize) -> Result<Chain, RestoreError> {
    let blocks: BTreeMap<String, ChainBlock> = of_kind(entries, BLOCKS, number, "blocks")?;
    Chain::restore(blocks.into_values()).ok_or(RestoreError::Missing("blocks"))
}

fn records(entries: &Entries, number: usize) -> Result<BTreeMap<String, Record>, RestoreError> {
    let mut records: BTreeMap<String, Record> = of_kind(entries, RECORDS, number, "benchmarks")?;
    let proofs = records
        .values_mut()
        .filter_map(|record| record.proof.as_mut());
    for proof in proofs.filter(|it| it.reexecution == ReexecutionState::Running) {
        proof.reexecution = ReexecutionState::Waiting;
    }
    Ok(records)
}

fn algorithms(
    entries: &Entries,
    number: usize,
) -> Result<BTreeMap<String, StoredAlgorithm>, RestoreError> {
    let kept: BTreeMap<String, KeptAlgorithm> = of_kind(entries, ALGORITHMS, number, "algorithms")?;
    kept.into_iter()
        .map(|(id, kept)| {
            let wasm = entries
                .get(&format!("{WASMS}{id}"))
                .ok_or(RestoreError::Missing("modules"))?;
            let stored = StoredAlgorithm {
                published: published(&id, &kept, wasm)?,
                confirmed: kept.confirmed,
                round: kept.round,
            };
            Ok((id, stored))
        })
        .collect()
}

fn published(
    id: &str,
    kept: &KeptAlgorithm,
    wasm: &[u8],
) -> Result<PublishedAlgorithm, RestoreError> {
    let kind = ChallengeKind::from_id(&kept.challenge_id)
        .ok_or(RestoreError::Missing("challenges of algorithms"))?;
    let mut published = if wasm.is_empty() {
        PublishedAlgorithm::pretended(kind, 1, &kept.name)
    } else {
        let failed = |source| RestoreError::Algorithm {
            id: id.to_owned(),
            source,
        };
        PublishedAlgorithm::compile(kind, 1, &kept.name, wasm).map_err(failed)?
    };
    published.id = id.to_owned();
    Ok(published)
}

/// All entries with a prefix, by what follows it.
fn of_kind<T: DeserializeOwned>(
    entries: &Entries,
    prefix: &str,
    number: usize,
    what: &'static str,
) -> Result<BTreeMap<String, T>, RestoreError> {
    let found: BTreeMap<String, T> = entries
        .range(prefix.to_owned()..)
        .map_while(|(key, _)| Some((key, key.strip_prefix(prefix)?)))
        .map(|(key, rest)| Ok((rest.to_owned(), entry(entries, key)?)))
        .collect::<Result<_, RestoreError>>()?;
    if found.len() != number {
        return Err(RestoreError::Missing(what));
    }
    Ok(found)
}

fn entry<T: DeserializeOwned>(entries: &Entries, key: &str) -> Result<T, RestoreError> {
    let value = entries
        .get(key)
        .ok_or(RestoreError::Missing("the main entries"))?;
    serde_json::from_slice(value).map_err(|source| RestoreError::Entry {
        key: key.to_owned(),
        source,
    })
}
