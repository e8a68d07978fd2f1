//! An example of each event, for documents and for tests of extensions.

use tig_plugin_api::testing::EventExample;
use tig_protocol::{
    Batch, BatchResult, BenchmarkSettings, MerkleHash, MerkleProof, OutputData, WasmVmConfig,
};

use crate::sample::{SAMPLE_HEIGHT, SampleBlock};
use crate::{
    Alert, AlertKind, AuditBatch, BatchReceived, BatchesWithdrawn, BenchmarkConfirmed,
    BenchmarkReady, ChallengeThroughput, DifficultySamples, Fleet, NewBatch, NewBlock,
    PrecommitConfirmed, PrecommitDropped, PrecommitReady, PrecommitsDelayed, PrecommitsPaused,
    ProofConfirmed, ProofReady, ResultRefused, SelectedChallenge, Selection, SlaveConvicted,
    SlaveQuarantined, SubmitBenchmarkError, SubmitBenchmarkSuccess, SubmitPrecommitError,
    SubmitPrecommitSuccess, SubmitProofError, SubmitProofSuccess, Throughput,
};

/// The benchmark that the examples are about, and its random hash.
const BENCHMARK_ID: &str = "8f1c2a4b6d7e90315a4c8b2e7f603d19";
const RAND_HASH: &str = "27c0d5e94b1f6a38e2d7904c5b8a613f";
/// Names of slaves.
const SLAVE: &str = "rack1-a";
const OTHER_SLAVES: [&str; 2] = ["rack1-b", "rack2-a"];
/// 2025-06-01 12:00 UTC, in Unix milliseconds.
const NOW_MS: u64 = 1_748_779_200_000;
const NUM_NONCES: u32 = 40;

/// An example of each event of this crate, in the order in which a benchmark causes them. They are the same in each run.
#[must_use]
pub fn examples() -> Vec<EventExample> {
    [
        blocks(),
        precommits(),
        work(),
        slaves(),
        submissions(),
        errors(),
    ]
    .concat()
}

fn blocks() -> Vec<EventExample> {
    let block = SampleBlock::new().with_only(&["c003"]).build();
    let precommit = block.precommits["sample_benchmark"].clone();
    let benchmark = block.benchmarks["sample_benchmark"].clone();
    let proven = SampleBlock::new().build();
    vec![
        EventExample::of::<NewBlock>(&block),
        EventExample::of(&PrecommitConfirmed { precommit: precommit.clone() }),
        EventExample::of(&BenchmarkConfirmed { precommit, benchmark }),
        EventExample::of(&ProofConfirmed {
            precommit: proven.precommits["sample_proof"].clone(),
            benchmark: proven.benchmarks.get("sample_proof").cloned(),
            proof: proven.proofs["sample_proof"].clone(),
        }),
        EventExample::of(&Alert {
            kind: AlertKind::SubmissionRejected,
            benchmark_id: Some(BENCHMARK_ID.to_owned()),
            text: "The API has refused the proof for good: invalid merkle branch. Look into the log of `submissions_manager`."
                .to_owned(),
        }),
    ]
}

fn precommits() -> Vec<EventExample> {
    let selected = SelectedChallenge {
        weight: 2.0,
        algorithm: Some("pack_swap".to_owned()),
        num_nonces: Some(NUM_NONCES.into()),
    };
    vec![
        EventExample::of(&DifficultySamples {
            challenge_id: "c003".to_owned(),
            block_id: settings().block_id,
            samples: vec![vec![52, 21], vec![56, 15], vec![60, 13]],
        }),
        EventExample::of(&Selection {
            height: Some(SAMPLE_HEIGHT),
            selection: [("knapsack".to_owned(), selected)].into(),
        }),
        EventExample::of(&PrecommitReady {
            settings: settings(),
            num_nonces: NUM_NONCES,
        }),
        EventExample::of(&PrecommitsDelayed {
            allowed_per_minute: Some(20),
            until_ms: NOW_MS + 3_000,
        }),
        EventExample::of(&PrecommitsPaused {}),
        EventExample::of(&PrecommitDropped {
            settings: settings(),
        }),
    ]
}

fn work() -> Vec<EventExample> {
    let first = ChallengeThroughput {
        nonces_per_second: Some(12.5),
        open_nonces: 640,
        computed_jobs: Some(1),
    };
    vec![
        EventExample::of(&NewBatch(batch(&[7]))),
        EventExample::of(&AuditBatch {
            batch: batch(&[]),
            not_for: vec![SLAVE.to_owned()],
            only_for: None,
        }),
        EventExample::of(&BatchesWithdrawn {
            benchmark_id: BENCHMARK_ID.to_owned(),
            audits_only: true,
        }),
        EventExample::of(&BatchReceived {
            benchmark_id: BENCHMARK_ID.to_owned(),
            start_nonce: 0,
            slave: SLAVE.to_owned(),
            rand_hash: Some(RAND_HASH.to_owned()),
            result: BatchResult {
                merkle_root: hash(1),
                solution_nonces: vec![2, 7],
                merkle_proofs: vec![proof()],
            },
        }),
        EventExample::of(&Throughput {
            challenges: [("c003".to_owned(), first)].into(),
            jobs: Some(3),
            slaves: Some(2),
            batches_per_minute: Some(94.0),
        }),
        EventExample::of(&BenchmarkReady {
            benchmark_id: BENCHMARK_ID.to_owned(),
            merkle_root: hash(3),
            solution_nonces: vec![2, 7, 13, 30],
            rand_hash: Some(RAND_HASH.to_owned()),
        }),
        EventExample::of(&ProofReady {
            benchmark_id: BENCHMARK_ID.to_owned(),
            merkle_proofs: vec![proof()],
            rand_hash: Some(RAND_HASH.to_owned()),
        }),
    ]
}

fn slaves() -> Vec<EventExample> {
    vec![
        EventExample::of(&Fleet {
            slaves: 3,
            busy_share: Some(0.96),
        }),
        EventExample::of(&ResultRefused {
            benchmark_id: BENCHMARK_ID.to_owned(),
            start_nonce: 8,
            slave: SLAVE.to_owned(),
            reason: "the proof of nonce 13 does not reach the root of the batch".to_owned(),
            contradicts: false,
        }),
        EventExample::of(&SlaveConvicted {
            slave: SLAVE.to_owned(),
            benchmark_id: BENCHMARK_ID.to_owned(),
            start_nonce: 8,
            stated: hash(5),
            agreed: hash(6),
            witnesses: OTHER_SLAVES.map(str::to_owned).to_vec(),
        }),
        EventExample::of(&SlaveQuarantined {
            slave: SLAVE.to_owned(),
            reason: "a result differs from that of two others".to_owned(),
            until_ms: NOW_MS + 3_600_000,
        }),
    ]
}

fn submissions() -> Vec<EventExample> {
    let text = format!(r#"{{"benchmark_id":"{BENCHMARK_ID}"}}"#);
    let verified = r#"{"verified":{"ok":null}}"#;
    vec![
        EventExample::of(&SubmitPrecommitSuccess {
            text,
            settings: settings(),
            num_nonces: NUM_NONCES,
        }),
        EventExample::of(&SubmitBenchmarkSuccess {
            text: verified.to_owned(),
            benchmark_id: BENCHMARK_ID.to_owned(),
            merkle_root: hash(3),
            solution_nonces: vec![2, 7, 13, 30],
        }),
        EventExample::of(&SubmitProofSuccess {
            text: verified.to_owned(),
            benchmark_id: BENCHMARK_ID.to_owned(),
            merkle_proofs: vec![proof()],
        }),
    ]
}

fn errors() -> Vec<EventExample> {
    let request = serde_json::json!({ "benchmark_id": BENCHMARK_ID, "merkle_proofs": [] });
    vec![
        EventExample::of(&SubmitPrecommitError {
            text: "insufficient fee balance".to_owned(),
            status: Some(400),
            request: serde_json::json!({ "settings": settings(), "num_nonces": NUM_NONCES }),
            will_retry: false,
        }),
        EventExample::of(&SubmitBenchmarkError {
            text: "connection refused".to_owned(),
            status: None,
            request: serde_json::json!({
                "benchmark_id": BENCHMARK_ID, "merkle_root": hash(3), "solution_nonces": [2, 7, 13, 30]
            }),
            will_retry: true,
        }),
        EventExample::of(&SubmitProofError {
            text: "rate limit exceeded".to_owned(),
            status: Some(429),
            request,
            will_retry: true,
        }),
    ]
}

fn settings() -> BenchmarkSettings {
    let block = SampleBlock::new().build();
    block.precommits["sample_benchmark"].settings.clone()
}

fn batch(sampled_nonces: &[u64]) -> Batch {
    Batch {
        benchmark_id: BENCHMARK_ID.to_owned(),
        settings: settings(),
        num_nonces: 8,
        start_nonce: 0,
        batch_size: 8,
        rand_hash: RAND_HASH.to_owned(),
        sampled_nonces: sampled_nonces.to_vec(),
        wasm_vm_config: WasmVmConfig {
            max_memory: 1_000_000_000,
            max_fuel: 2_000_000_000,
        },
        download_url: "https://files.example/c003_a001.wasm".to_owned(),
    }
}

fn proof() -> MerkleProof {
    let solution = [("items".to_owned(), serde_json::json!([0, 3, 4, 11, 27]))];
    let leaf = OutputData {
        nonce: 7,
        runtime_signature: 11_094_382_775_216_009_461,
        fuel_consumed: 1_204_553_018,
        solution: solution.into_iter().collect(),
    };
    let leaves = (0..8).map(|nonce| {
        if nonce == leaf.nonce {
            leaf.leaf_hash()
        } else {
            hash(nonce as u8)
        }
    });
    // Eight leaves fit a tree of eight, and it has a branch for each.
    let tree = tig_protocol::MerkleTree::new(leaves.collect(), 8);
    let branch = tree
        .and_then(|tree| tree.branch(leaf.nonce))
        .unwrap_or_default();
    MerkleProof { leaf, branch }
}

/// A hash that looks like one.
fn hash(seed: u8) -> MerkleHash {
    let leaf = OutputData {
        nonce: seed.into(),
        runtime_signature: 0,
        fuel_consumed: 0,
        solution: Default::default(),
    };
    leaf.leaf_hash()
}
