//! What most extensions need of a block: where it stands and how long a benchmark lives.

use serde::{Deserialize, Serialize};
use tig_protocol::WasmVmConfig;

/// Decodes from `block` of [`NewBlock`](crate::NewBlock), and from nothing else of it: a change of the protocol elsewhere in
/// the block does no harm.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(from = "Block")]
pub struct BlockHead {
    /// Id of the block.
    pub id: String,
    /// Its height, and what counts from there.
    pub window: LifespanWindow,
    /// Limits of the VM for benchmarks whose settings name this block.
    pub wasm_vm_config: Option<WasmVmConfig>,
    /// Blocks that a benchmark waits before it is active, per block between its start and the confirmation of its proof.
    pub submission_delay_multiplier: Option<f64>,
}

/// The benchmarks of which something still counts at a block (tig-protocol.md section 8). Nothing ends as long as the API has
/// not shown when.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct LifespanWindow {
    /// Height of the block.
    pub height: u32,
    /// Blocks from the start of a benchmark after which nothing of it counts any more; `None` if the API left the config
    /// out.
    #[serde(default)]
    pub lifespan_blocks: Option<u32>,
    /// Blocks from the start of a benchmark within which its proof must be confirmed to earn anything; `None` if the API
    /// left out what it depends on.
    #[serde(default)]
    pub useful_blocks: Option<u32>,
}

impl LifespanWindow {
    /// The window at the block of `newest`. What the API left out is as before.
    #[must_use]
    pub fn moved_to(self, newest: Self) -> Self {
        Self {
            height: newest.height,
            lifespan_blocks: newest.lifespan_blocks.or(self.lifespan_blocks),
            useful_blocks: newest.useful_blocks.or(self.useful_blocks),
        }
    }

    /// Height of the last block that lists and confirms anything of a benchmark of that start.
    #[must_use]
    pub fn last_height(self, block_started: u32) -> Option<u32> {
        let lifespan = self.lifespan_blocks?;
        Some(block_started.saturating_add(lifespan))
    }

    /// Whether a benchmark of that start has left the window: no block from here on confirms anything of it.
    #[must_use]
    pub fn is_expired(self, block_started: u32) -> bool {
        self.last_height(block_started)
            .is_some_and(|last| last < self.height)
    }

    /// Whether a proof that no block has confirmed yet would be confirmed too late to earn anything.
    #[must_use]
    pub fn is_too_late(self, block_started: u32) -> bool {
        self.is_last_useful_before(block_started, self.height.saturating_add(1))
    }

    /// The same while no block has confirmed the benchmark: its proof is confirmed one block after it at the earliest.
    #[must_use]
    pub fn is_too_late_to_benchmark(self, block_started: u32) -> bool {
        self.is_last_useful_before(block_started, self.height.saturating_add(2))
    }

    fn is_last_useful_before(self, block_started: u32, height: u32) -> bool {
        self.useful_blocks
            .is_some_and(|useful| block_started.saturating_add(useful) < height)
    }
}

#[derive(Deserialize)]
struct Block {
    id: String,
    details: Details,
    config: Option<Config>,
}

#[derive(Deserialize)]
struct Details {
    height: u32,
}

#[derive(Deserialize)]
struct Config {
    wasm_vm: Option<WasmVmConfig>,
    benchmark_submissions: Option<BenchmarkSubmissions>,
}

#[derive(Deserialize)]
struct BenchmarkSubmissions {
    lifespan_period: u32,
    #[serde(default)]
    submission_delay_multiplier: Option<f64>,
}

impl BenchmarkSubmissions {
    /// The longest delay of which something of the lifespan is left.
    fn useful_blocks(&self) -> Option<u32> {
        let factor = self.submission_delay_multiplier.filter(|m| *m >= 0.0)? + 1.0;
        let blocks = (f64::from(self.lifespan_period) / factor).ceil() as u32;
        Some(blocks.saturating_sub(1))
    }
}

impl From<Block> for BlockHead {
    fn from(block: Block) -> Self {
        let config = block.config.as_ref();
        let submissions = config.and_then(|config| config.benchmark_submissions.as_ref());
        Self {
            window: LifespanWindow {
                height: block.details.height,
                lifespan_blocks: submissions.map(|submissions| submissions.lifespan_period),
                useful_blocks: submissions.and_then(BenchmarkSubmissions::useful_blocks),
            },
            wasm_vm_config: config.and_then(|config| config.wasm_vm),
            submission_delay_multiplier: submissions
                .and_then(|submissions| submissions.submission_delay_multiplier),
            id: block.id,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn window(lifespan_blocks: Option<u32>, height: u32) -> LifespanWindow {
        LifespanWindow {
            height,
            lifespan_blocks,
            useful_blocks: None,
        }
    }

    #[test]
    fn expiry_begins_after_the_last_lifespan_block() {
        assert!(!window(Some(120), 220).is_expired(100));
        assert!(window(Some(120), 221).is_expired(100));
        assert!(!window(Some(120), u32::MAX).is_expired(u32::MAX));
        assert!(!window(None, u32::MAX).is_expired(100), "not known");
    }

    #[test]
    fn a_block_without_config_keeps_the_last_lifespan() {
        let head = json!({ "id": "b", "details": { "height": 221 }, "config": {} });
        let head: BlockHead = serde_json::from_value(head).unwrap();
        let before = window(Some(120), 220);
        assert_eq!(before.moved_to(head.window), window(Some(120), 221));
        assert_eq!(window(Some(7), 1).moved_to(before), before);
    }

    #[test]
    fn a_benchmark_must_come_a_block_before_its_proof() {
        let too_late = |height| {
            let window = LifespanWindow {
                useful_blocks: Some(29),
                ..window(None, height)
            };
            let benchmark = window.is_too_late_to_benchmark(100);
            (benchmark, window.is_too_late(100))
        };
        assert_eq!(too_late(127), (false, false));
        assert_eq!(too_late(128), (true, false));
        assert_eq!(too_late(129), (true, true));
    }

    #[test]
    fn a_proof_is_useful_while_lifespan_remains() {
        for (multiplier, expected) in [
            (json!(3.0), Some(29)),
            (json!(0.0), Some(119)),
            (json!(2.5), Some(34)),
            (json!(null), None),
        ] {
            let block = json!({ "id": "b", "details": { "height": 7 }, "config": { "benchmark_submissions":
                { "lifespan_period": 120, "submission_delay_multiplier": multiplier } } });
            let head: BlockHead = serde_json::from_value(block).unwrap();
            assert_eq!(head.window.useful_blocks, expected);
            if let (Some(delay), Some(m)) = (expected, multiplier.as_f64()) {
                assert!((f64::from(delay) * (m + 1.0)).floor() < 120.0);
                assert!((f64::from(delay + 1) * (m + 1.0)).floor() >= 120.0);
            }
        }
    }
}
