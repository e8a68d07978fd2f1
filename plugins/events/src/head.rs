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
    /// Limits of the VM for benchmarks whose settings name this block.
    pub wasm_vm_config: Option<WasmVmConfig>,
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
}

impl From<Block> for BlockHead {
    fn from(block: Block) -> Self {
        let config = block.config.as_ref();
        Self {
            lifespan_blocks: config.map(|config| config.benchmark_submissions.lifespan_period),
            wasm_vm_config: config.and_then(|config| config.wasm_vm),
            id: block.id,
            height: block.details.height,
        }
    }
}
