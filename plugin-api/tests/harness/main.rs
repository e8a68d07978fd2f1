//! The test harness: all that it can drive, refuse and show.
//! A binary of its own: a file exports one extension.

#![cfg(test)]

mod effects;
mod probe;
mod refusals;
mod setup;
mod views;
