//! Recordings of whole hosts, and their replays.

mod files;
mod secrets;
mod support;
mod switching;
mod versions;
