//! Bounds of a module, and of one run of an algorithm.
//!
//! Invariant: growth that fails stops the run. It never returns -1 to the guest, which could then answer differently
//! on a machine that has more memory.

use tig_protocol::WasmVmConfig;
use wasmtime::{Error, ResourceLimiter, Result};

/// Bytes of a module. The largest published one is far below 1 MiB.
pub const WASM_BYTES_MAX: usize = 16 << 20;

/// Tables in one module. Compilers emit one.
pub(crate) const TABLES_MAX: u32 = 16;
/// Elements of one table, a pointer each on the host.
pub(crate) const TABLE_ELEMENTS_MAX: u64 = 1 << 20;

/// The engine's words for a memory that is larger than it can ever be. It has no type for them.
const BEYOND_ANY_LIMIT: [&str; 2] = [
    "memory growth exceeds memory type's limits",
    "Memory maximum size exceeded",
];

/// The limits of one nonce, part of the protocol's configuration (`wasm_vm`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Fuel units for the start function, `init` and `entry_point` together.
    pub max_fuel: u64,
    /// Bytes of linear memory.
    pub max_memory: u64,
}

impl From<WasmVmConfig> for Limits {
    fn from(config: WasmVmConfig) -> Self {
        Self {
            max_fuel: config.max_fuel,
            max_memory: config.max_memory,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_fuel: 2_000_000_000,
            max_memory: 1_000_000_000,
        }
    }
}

/// The guest asked for more than it is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("memory or table limit reached")]
pub(crate) struct LimitReached;

/// The host has no memory to give although the limits would grant it.
#[derive(Debug, thiserror::Error)]
#[error("the host is out of memory for a guest: run fewer workers")]
pub(crate) struct HostOutOfMemory;

/// Applies the limits while the guest runs.
#[derive(Debug)]
pub(crate) struct Sandbox {
    max_memory: u64,
    /// How often the memory grew.
    growths: u64,
}

impl Sandbox {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            max_memory: limits.max_memory,
            growths: 0,
        }
    }

    /// How often the memory grew.
    pub(crate) fn growths(&self) -> u64 {
        self.growths
    }
}

/// The module's own maximum counts as a limit too, as it does for the original worker.
fn grant(desired: usize, limit: u64, declared_maximum: Option<usize>) -> Result<bool> {
    if desired as u64 > limit || declared_maximum.is_some_and(|maximum| desired > maximum) {
        return Err(Error::new(LimitReached));
    }
    Ok(true)
}

impl ResourceLimiter for Sandbox {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        // It is made with its first pages by growing from nothing.
        self.growths += u64::from(current > 0);
        grant(desired, self.max_memory, maximum)
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        // The request does not fit into 32-bit addresses, beyond any limit. All else is a refusal by the machine, in an error of
        // the engine's choice; it says nothing about the algorithm, so it must not become a leaf.
        match BEYOND_ANY_LIMIT.contains(&error.to_string().as_str()) {
            true => Err(Error::new(LimitReached)),
            false => Err(Error::new(HostOutOfMemory)),
        }
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        grant(desired, TABLE_ELEMENTS_MAX, maximum)
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        TABLES_MAX as usize
    }

    fn memories(&self) -> usize {
        1
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn cause(error: Error) -> Error {
        let refused = Sandbox::new(&Limits::default()).memory_grow_failed(error);
        refused.expect_err("a growth that fails stops the run")
    }

    /// The engine's errors name the system call in a type of their own as often as in `io::Error`.
    #[test]
    fn growth_refused_by_the_machine_is_a_host_failure() {
        let no_memory = rustix::io::Errno::NOMEM;
        for error in [
            Error::new(no_memory),
            Error::new(io::Error::from(no_memory)),
            Error::new(no_memory).context("cannot map memory"),
        ] {
            let text = format!("{error:#}");
            assert!(cause(error).is::<HostOutOfMemory>(), "{text}");
        }
    }

    #[test]
    fn growth_beyond_any_memory_reaches_the_limit() {
        for text in BEYOND_ANY_LIMIT {
            assert!(cause(Error::msg(text)).is::<LimitReached>(), "{text}");
        }
    }
}
