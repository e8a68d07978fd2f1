//! Each vice as a validator sees it.

mod connection;
mod frames;
mod job;
mod manifest;
