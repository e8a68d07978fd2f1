//! Runs the real validator in virtual time, and looks for losses: batches with their four extensions, or a [`day`] with all.
//!
//! Everything is one thread and one order: the same seed gives the same transcript, byte for byte. A [`scenario`] says who the
//! miners are and what happens to the system; [`world`] plays it on the stepped host, whose disk can lose power, with
//! [`lines`] between the host and its peers of `horde-devnet`; the [`judge`] stands outside and says what must hold. A day has
//! a scenario, a world and a judge of its own. Host, disk and transcript are those of `tig-simulator`.

pub mod day;
pub mod judge;
pub mod lines;
pub mod scenario;
pub mod site;
mod stage;
pub mod world;
