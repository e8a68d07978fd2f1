//! The stack of the modules.
//!
//! The linker's default is 1 MiB. A worker that cannot tell which pages a run has written clears the whole memory after each run,
//! which takes longer than many an algorithm.

/// Algorithms here do not recurse, and keep what is large in vectors.
const STACK_BYTES: usize = 64 << 10;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = std::env::var("CARGO_CFG_TARGET_FAMILY");
    if target.is_ok_and(|family| family == "wasm") {
        println!("cargo::rustc-link-arg=-zstack-size={STACK_BYTES}");
    }
}
