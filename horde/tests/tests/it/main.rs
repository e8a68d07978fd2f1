//! The ComputeHorde validator as whole processes: host, extensions and miners on loopback.

#![cfg(test)]

mod batch;
mod cli;
mod reload;
mod support;
mod vices;
