//! Golden vectors, golden values and properties of `tig-challenges`.

mod golden;
mod instances;
mod limits;
mod round_trip;
#[path = "../../../protocol/tests/it/vectors.rs"]
mod vectors;
mod verify;
