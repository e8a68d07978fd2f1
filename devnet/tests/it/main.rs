//! The devnet as a benchmarker and an operator see it.

#![cfg(test)]

mod admin;
mod algorithms;
mod api;
mod bad_input;
mod binary;
mod boundaries;
mod browsers;
mod busy;
mod checks;
mod determinism;
mod digest;
mod economy;
mod errors;
mod faults;
mod fees;
mod fixture;
mod page;
mod player_ids;
mod players;
mod precommits;
mod pretend;
mod process;
mod production;
mod proofs;
mod properties;
mod publish;
mod restart;
mod state;
mod store;
mod support;
mod view;
mod watch;
mod windows_files;
