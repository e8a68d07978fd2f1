//! `submit_benchmark` (tig-protocol.md section 5.2): the checks in their order.

use std::collections::BTreeSet;

use tig_protocol::api::SubmitBenchmarkRequest;

use crate::network::rules::ProtocolError;
use crate::network::state::{Benchmark, Key, Network};

impl Network {
    /// Stores the Merkle root and the solution nonces of a confirmed precommit in the mempool.
    ///
    /// # Errors
    /// The first rule that the benchmark breaks; nothing is stored then.
    pub fn submit_benchmark(
        &mut self,
        player_id: &str,
        request: SubmitBenchmarkRequest,
    ) -> Result<(), ProtocolError> {
        let SubmitBenchmarkRequest {
            benchmark_id,
            merkle_root,
            solution_nonces,
        } = request;
        let Some(record) = self.records.get_mut(&benchmark_id) else {
            return Err(ProtocolError::InvalidPrecommit { benchmark_id });
        };
        if record.benchmark.is_some() {
            return Err(ProtocolError::DuplicateBenchmark { benchmark_id });
        }
        if record.precommit.confirmed.is_none() {
            return Err(ProtocolError::InvalidPrecommit { benchmark_id });
        }
        super::check_player(&record.precommit.settings, player_id)?;
        let solution_nonces: BTreeSet<u64> = solution_nonces.into_iter().collect();
        let num_nonces = record.precommit.num_nonces;
        if let Some(&nonce) = solution_nonces.range(u64::from(num_nonces)..).next() {
            return Err(ProtocolError::InvalidBenchmarkNonce { nonce, num_nonces });
        }
        record.benchmark = Some(Benchmark {
            merkle_root,
            solution_nonces,
            confirmed: None,
        });
        self.changes.touch(Key::Record(benchmark_id));
        Ok(())
    }
}
