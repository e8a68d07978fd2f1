//! Miners as a validator sees them, over real sockets, and the program as a process.

#![cfg(test)]

mod authentication;
mod binary;
mod chain;
mod client;
mod control;
mod facilitator;
mod hash;
mod jobs;
mod llm;
mod receipts;
mod s3;
mod start;
mod vices;
mod violations;
