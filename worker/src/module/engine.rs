//! The WASM engine of the process and its settings.
//!
//! Guests run in slots that are reserved once and used again: a new mapping for every nonce, and a page fault for every
//! page that a small guest touches, would cost more than many an algorithm.
//!
//! Invariant: whatever changes what a guest computes or what it costs belongs to the engine profile (see `fingerprint`).

use std::sync::OnceLock;

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
    WasmBacktraceDetails,
};

use super::swap::swap_watch;
use crate::limits::{TABLE_ELEMENTS_MAX, TABLES_MAX};
use crate::profile::WORKERS_MAX;

/// Stack of the guest; the frames of the host come on top of it.
const GUEST_STACK_BYTES_MAX: usize = 512 << 10;

/// The same for code that compares addresses. A guest that needs more is run again without comparisons and with the whole stack,
/// so that where it ends does not depend on the code. Without comparisons there is less to keep on the stack, not four times as
/// much: who gets by with this here gets by with the whole there.
const CHECKED_STACK_BYTES_MAX: usize = GUEST_STACK_BYTES_MAX / 4;

/// Runs at the same time in one process: a few batches, each with all its workers.
const RUNS_MAX: u32 = 4 * WORKERS_MAX as u32;
/// Bytes of a slot that are cleared after a run and stay in memory; others are given back. An instance of vector search, the
/// largest, fits: to have its pages back from the kernel for every nonce takes longer than to draw it.
const RESIDENT_BYTES: usize = 128 << 20;
/// The same for its tables.
const RESIDENT_TABLE_BYTES: usize = 1 << 20;
/// Bytes of a slot that stay in memory where slots do not shrink: every guest clears the pages that those before it touched.
const CHECKED_RESIDENT_BYTES: usize = 4 << 20;
/// Bytes of what the engine keeps of an instance, which grow with its functions and globals.
const INSTANCE_BYTES_MAX: usize = 64 << 20;

/// The engine, made once; a machine that cannot have it keeps its reason.
pub(crate) fn engine() -> Result<&'static Engine, String> {
    static ENGINE: OnceLock<Result<Engine, String>> = OnceLock::new();
    ENGINE
        .get_or_init(|| new_engine(config()))
        .as_ref()
        .map_err(Clone::clone)
}

/// The engine whose code compares every address with the size of the memory, made once (see `code`).
///
/// Its slots stay as large as a guest has ever made them, so a machine that cannot tell which pages were written has none:
/// there, each guest would pay for the largest before it.
pub(crate) fn checking_engine() -> Option<&'static Engine> {
    static ENGINE: OnceLock<Option<Engine>> = OnceLock::new();
    ENGINE.get_or_init(new_checking_engine).as_ref()
}

fn new_checking_engine() -> Option<Engine> {
    if !swap_watch().scans_pages() {
        return None;
    }
    let mut slots = slots();
    slots.linear_memory_keep_resident(CHECKED_RESIDENT_BYTES);
    let mut config = config();
    config
        .allocation_strategy(slots)
        .signals_based_traps(false)
        .memory_guard_size(0)
        .guard_before_linear_memory(false)
        .max_wasm_stack(CHECKED_STACK_BYTES_MAX);
    Engine::new(&config).ok()
}

fn new_engine(mut config: Config) -> Result<Engine, String> {
    config.allocation_strategy(slots());
    // Where the address space is too small for the slots, every run maps memory of its own.
    Engine::new(&config)
        .or_else(|_| {
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            Engine::new(&config)
        })
        .map_err(|error| format!("{error:#}"))
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .cranelift_nan_canonicalization(true)
        .wasm_simd(false)
        .wasm_relaxed_simd(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_wide_arithmetic(false)
        .wasm_custom_page_sizes(false)
        .wasm_tail_call(true)
        .max_wasm_stack(GUEST_STACK_BYTES_MAX)
        .concurrency_support(false)
        .wasm_backtrace_max_frames(None)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config
}

/// Address space for all runs. Limits of a run are those of `Sandbox`; these only must not be below them.
fn slots() -> PoolingAllocationConfig {
    let mut slots = PoolingAllocationConfig::new();
    slots
        .total_core_instances(RUNS_MAX)
        .total_memories(RUNS_MAX)
        .total_tables(RUNS_MAX)
        .max_core_instance_size(INSTANCE_BYTES_MAX)
        .max_tables_per_module(TABLES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX as usize)
        .linear_memory_keep_resident(RESIDENT_BYTES)
        .table_keep_resident(RESIDENT_TABLE_BYTES)
        .pagemap_scan(match swap_watch().scans_pages() {
            true => Enabled::Auto,
            false => Enabled::No,
        });
    slots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::BadModule;

    #[test]
    fn machine_without_the_engine_is_named() {
        let mut config = config();
        config.max_wasm_stack(0);
        let Err(reason) = new_engine(config) else {
            panic!("a guest without a stack");
        };
        assert!(reason.contains("stack"), "{reason}");
        let text = BadModule::Engine(reason.clone()).to_string();
        assert_eq!(text, format!("cannot set up the WASM engine: {reason}"));
    }
}
