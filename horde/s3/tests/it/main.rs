//! What this crate signs, before a server that is not ours.

#![cfg(test)]

mod foreign;
