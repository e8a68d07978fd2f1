//! The engine profile, to which a result belongs, and the bound on the workers that share the engine.

/// Name of the engine profile: part of every runtime signature.
pub const ENGINE_PROFILE: &str = "tig-wasmtime-3";

/// Threads that are started at most; more would only cost memory.
pub const WORKERS_MAX: usize = 256;
