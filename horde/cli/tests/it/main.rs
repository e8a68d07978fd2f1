//! `compute-horde` as a person types it, with services on loopback.

#![cfg(test)]

mod check_s3;
mod commands;
mod completions;
mod doctor;
mod env_file;
mod provision_s3;
mod support;
mod trusted_miner;
