//! An algorithm: a WASM module checked and compiled once, run many times.
//!
//! Invariant: a compiled algorithm imports nothing and exports `memory`, `init` and `entry_point` with the types of
//! the guest ABI (tig-protocol.md section 22.1), so that the only thing left to fail is its execution.

use std::sync::Arc;

use wasmparser::{Validator, WasmFeatures};

use super::cache::Cache;
use super::code::Code;
use crate::error::BadModule;
use crate::instrument::instrument;
use crate::limits::WASM_BYTES_MAX;

/// The proposals that modules may use: those of the earlier interpreter (tig-protocol.md section 22.2). The engine knows more,
/// and its list grows; the rewriting must know each operator that calls or branches, or fuel does not bound the time.
const FEATURES: WasmFeatures = WasmFeatures::WASM2
    .difference(WasmFeatures::SIMD)
    // Of reference types, `externref`.
    .difference(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXTENDED_CONST);

/// A compiled algorithm. Cloning is cheap, and clones run on any number of threads.
#[derive(Clone)]
pub struct Algorithm {
    pub(crate) code: Arc<Code>,
    pub(crate) wasm_hash: [u8; 32],
}

impl std::fmt::Debug for Algorithm {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Algorithm")
            .field("wasm_hash", &hex::encode(self.wasm_hash))
            .finish()
    }
}

impl Algorithm {
    /// Checks and compiles the binary format of a module.
    ///
    /// # Errors
    /// The module can never run as an algorithm. Compiling is not bounded by fuel, only by [`WASM_BYTES_MAX`].
    pub fn compile(wasm: &[u8]) -> Result<Self, BadModule> {
        Self::make(wasm, None)
    }

    /// As [`Algorithm::compile`], but takes the machine code from the cache if it is there, and keeps it if not.
    ///
    /// # Errors
    /// As [`Algorithm::compile`]; the cache is never the reason.
    pub fn load(wasm: &[u8], cache: &Cache) -> Result<Self, BadModule> {
        Self::make(wasm, Some(cache))
    }

    fn make(wasm: &[u8], cache: Option<&Cache>) -> Result<Self, BadModule> {
        if wasm.len() > WASM_BYTES_MAX {
            return Err(BadModule::TooLarge { actual: wasm.len() });
        }
        // The cache is asked for valid modules only, so an entry of an earlier version brings back no module that is refused.
        Validator::new_with_features(FEATURES)
            .validate_all(wasm)
            .map_err(|error| BadModule::Invalid(error.to_string().replace('\n', " ")))?;
        Ok(Self {
            code: Arc::new(Code::new(instrument(wasm)?, cache)?),
            wasm_hash: blake3::hash(wasm).into(),
        })
    }
}
