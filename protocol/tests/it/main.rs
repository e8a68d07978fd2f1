//! Golden values, properties and API examples of `tig-protocol`. `tig-conformance` runs the golden vectors.

#![cfg(test)]

mod api;
mod frontiers;
mod golden;
mod merkle;
mod merkle_properties;
mod precise_number;
mod qualifiers;
mod rng;
mod text;
mod work_check;
