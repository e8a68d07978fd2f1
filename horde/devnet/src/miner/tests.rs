//! The miner without sockets: recordings of the reference, and any order of events.

mod properties;
mod recordings;
