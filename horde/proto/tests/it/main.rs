//! The messages and receipts against the data of the reference: examples, recordings, schemas and signatures.

#![cfg(test)]

mod admission;
mod examples;
mod organic_jobs;
mod properties;
mod receipts;
mod schema;
mod schemas;
mod signatures;
mod strictness;
mod texts;
mod traces;
mod vectors;
