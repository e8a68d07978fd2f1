//! The ComputeHorde validator as whole processes: host, extensions and miners on loopback.

#![cfg(test)]

mod batch;
mod cli;
mod commands;
mod cycle;
mod doctor;
mod dynamic_config;
mod every_command;
mod foreign_s3;
mod jobs;
mod network;
mod operator;
mod page;
mod pipeline;
mod pipeline_faults;
mod planted_faults;
mod reload;
mod router;
mod scorer;
mod script;
mod seed_readme;
mod sound;
mod support;
mod up;
mod vices;
mod why;
