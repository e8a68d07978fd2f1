//! The commands.

pub(crate) mod config;
pub(crate) mod constance;
pub(crate) mod migrate;
pub(crate) mod passed;
pub(crate) mod run_batch;
pub(crate) mod wait_for_database;
