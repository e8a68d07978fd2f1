//! Runs batches of the real validator, its four extensions included, in virtual time, and looks for losses.
//!
//! Everything is one thread and one order: the same seed gives the same transcript, byte for byte. A [`scenario`] says who the
//! miners are and what happens to the system; [`world`] plays it on the stepped host, whose disk can lose power, with
//! [`lines`] between the host and the miners of `horde-devnet`; the [`judge`] stands outside and says what must hold. Host, disk
//! and transcript are those of `tig-simulator`.

pub mod day;
pub mod judge;
pub mod lines;
pub mod scenario;
pub mod site;
mod stage;
pub mod world;
