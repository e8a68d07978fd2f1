//! What most extensions need of a block: where it stands and how long a benchmark lives.

use serde::Deserialize;
use tig_protocol::WasmVmConfig;

/// Decodes from `block` of [`NewBlock`](crate::NewBlock), and from nothing else of it: a change of the protocol elsewhere in
/// the block does no harm.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(from = "Block")]
pub struct BlockHead {
    /// Id of the block.
    pub id: String,
    /// Its height.
    pub height: u32,
    /// Blocks from the start of a benchmark after which nothing of it counts any more; `None` if the API left the config
    /// out.
    pub lifespan_blocks: Option<u32>,
    /// Blocks from the start of a benchmark within which its proof must be confirmed to earn anything (tig-protocol.md
    /// section 8); `None` if the API left out what it depends on.
    pub useful_blocks: Option<u32>,
    /// Limits of the VM for benchmarks whose settings name this block.
    pub wasm_vm_config: Option<WasmVmConfig>,
}

/// Whether a benchmark of that start has left the window at `height`: no block from there on confirms anything of it
/// (tig-protocol.md section 8). Nothing expires as long as the lifespan is not known.
#[must_use]
pub fn is_expired(block_started: u32, lifespan_blocks: Option<u32>, height: u32) -> bool {
    lifespan_blocks.is_some_and(|lifespan| block_started.saturating_add(lifespan) < height)
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
    benchmark_submissions: BenchmarkSubmissions,
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
        Self {
            lifespan_blocks: config.map(|config| config.benchmark_submissions.lifespan_period),
            useful_blocks: config.and_then(|config| config.benchmark_submissions.useful_blocks()),
            wasm_vm_config: config.and_then(|config| config.wasm_vm),
            id: block.id,
            height: block.details.height,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn expiry_begins_after_the_last_lifespan_block() {
        assert!(!is_expired(100, Some(120), 220));
        assert!(is_expired(100, Some(120), 221));
        assert!(!is_expired(u32::MAX, Some(120), u32::MAX));
        assert!(!is_expired(100, None, u32::MAX), "not known");
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
            assert_eq!(head.useful_blocks, expected);
            if let (Some(delay), Some(m)) = (expected, multiplier.as_f64()) {
                assert!((f64::from(delay) * (m + 1.0)).floor() < 120.0);
                assert!((f64::from(delay + 1) * (m + 1.0)).floor() >= 120.0);
            }
        }
    }
}
