//! An algorithm's module on its way to machine code: checked, instrumented, compiled, and kept in a cache.

mod algorithm;
mod cache;
mod code;
mod engine;
mod exports;
mod sealed;
mod swap;

pub use algorithm::Algorithm;
pub use cache::{Cache, CacheError};
pub(crate) use swap::swap_watch;
