//! Golden values and properties of `tig-challenges`. `tig-conformance` runs the golden vectors.

mod golden;
mod limits;
mod round_trip;
mod solutions;
