//! Runs the real master, its plugins included, against a network, slaves and troubles in virtual time, and looks for losses.
//!
//! Everything is one thread and one order: the same seed gives the same [`transcript`], byte for byte. A [`scenario`] says
//! what happens to the system; [`world`] plays it on a [`master`] (the host, stepped, on a [`disk`] that can lose power),
//! a [`net`] (the devnet in process) and [`slave`]s; the [`judge`] says what must hold; [`shrink`] finds out which of the
//! troubles matter.

pub mod agenda;
pub mod asked;
pub mod disk;
pub mod finding;
pub mod judge;
pub mod master;
pub mod net;
pub mod scenario;
pub mod shrink;
pub mod site;
pub mod slave;
pub mod stub;
pub mod transcript;
pub mod world;
