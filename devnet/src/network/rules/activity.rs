//! Lifespan and activity (tig-protocol.md section 8), and the active sets of a block (section 3).

use std::collections::BTreeMap;

use tig_protocol::api::ProtocolConfig;

use crate::network::state::Record;

/// First height whose benchmarks are still of interest at `height`; inclusive.
pub(crate) fn window_start(height: u32, config: &ProtocolConfig) -> u32 {
    height.saturating_sub(config.benchmark_submissions.lifespan_period)
}

/// Whether a precommit may still start at a block of height `started`: false when no block of its lifespan could
/// remain after the submission delay and its penalty.
pub(crate) fn has_lifespan_left(latest: u32, started: u32, config: &ProtocolConfig) -> bool {
    let rules = &config.benchmark_submissions;
    let age = latest.saturating_sub(started).saturating_add(1);
    scaled(age, rules.submission_delay_multiplier + 1.0) < rules.lifespan_period
}

/// Whether the solutions of `record` count at `height`.
pub(crate) fn is_active(record: &Record, height: u32, config: &ProtocolConfig) -> bool {
    let Some(proof) = record.confirmed_proof() else {
        return false;
    };
    let penalty = scaled(
        proof.submission_delay,
        config.benchmark_submissions.submission_delay_multiplier,
    );
    record.confirmed_fraud().is_none()
        && record.precommit.block_started >= window_start(height, config)
        && proof.height.saturating_add(penalty) <= height
}

/// The benchmarks that are active at `height`, by id.
pub(crate) fn active_benchmarks<'a>(
    records: &'a BTreeMap<String, Record>,
    height: u32,
    config: &ProtocolConfig,
) -> Vec<(&'a str, &'a Record)> {
    records
        .iter()
        .filter(|(_, record)| is_active(record, height, config))
        .map(|(id, record)| (id.as_str(), record))
        .collect()
}

/// The product is formed in f64 and truncated, as the protocol says; the cast saturates.
fn scaled(blocks: u32, factor: f64) -> u32 {
    (f64::from(blocks) * factor) as u32
}
