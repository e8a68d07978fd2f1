//! JSON from the network: any text decodes or is refused, and what is decoded survives being written and read again.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tig_protocol::{Batch, BatchResult, BenchmarkSettings, OutputData, PreciseNumber, api};

fuzz_target!(|text: &[u8]| {
    check::<Batch>(text);
    check::<BatchResult>(text);
    check::<BenchmarkSettings>(text);
    check::<OutputData>(text);
    check::<PreciseNumber>(text);
    check::<api::GetAlgorithmsResponse>(text);
    check::<api::GetBenchmarkDataResponse>(text);
    check::<api::GetBenchmarksResponse>(text);
    check::<api::GetBlockResponse>(text);
    check::<api::GetChallengesResponse>(text);
    check::<api::GetPlayersResponse>(text);
    check::<api::SubmitBenchmarkRequest>(text);
    check::<api::SubmitBenchmarkResponse>(text);
    check::<api::SubmitPrecommitRequest>(text);
    check::<api::SubmitPrecommitResponse>(text);
    check::<api::SubmitProofRequest>(text);
    check::<api::SubmitProofResponse>(text);
    if let Ok(settings) = serde_json::from_slice::<BenchmarkSettings>(text) {
        let canonical = settings.canonical();
        let read: BenchmarkSettings =
            serde_json::from_str(&canonical).expect("canonical settings are JSON");
        assert_eq!(read, settings);
    }
    if let Ok(output) = serde_json::from_slice::<OutputData>(text) {
        let _ = output.leaf_hash();
    }
});

fn check<T: Serialize + DeserializeOwned + Debug>(text: &[u8]) {
    let Ok(decoded) = serde_json::from_slice::<T>(text) else {
        return;
    };
    let written = serde_json::to_string(&decoded).expect("what was decoded can be written");
    let read: T = serde_json::from_str(&written).expect("what was written can be read");
    let again = serde_json::to_string(&read).expect("what was decoded can be written");
    assert_eq!(again, written);
}
