//! Golden vectors, properties and API examples of `tig-protocol`.

#![cfg(test)]

mod api;
mod frontiers;
mod golden;
mod merkle;
mod merkle_properties;
mod outcome;
mod output_hash;
mod precise_number;
mod rng;
mod seeds;
mod text;
mod vectors;
mod work_check;
