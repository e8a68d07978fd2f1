//! The ComputeHorde validator as whole processes: host, extensions and miners on loopback.

#![cfg(test)]

mod batch;
mod cli;
mod commands;
mod cycle;
mod doctor;
mod dynamic_config;
mod foreign_s3;
mod jobs;
mod network;
mod operator;
mod pipeline;
mod planted_faults;
mod reload;
mod scorer;
mod script;
mod support;
mod seed_readme;
mod up;
mod vices;
