//! The messages and receipts against the data of the reference: examples, recordings and schemas.

#![cfg(test)]

mod examples;
mod schema;
mod schemas;
mod strictness;
mod texts;
mod traces;
mod vectors;
