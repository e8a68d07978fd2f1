//! The commands.

pub(crate) mod check_s3;
pub(crate) mod config;
pub(crate) mod constance;
pub(crate) mod debug_facilitator;
pub(crate) mod doctor;
pub(crate) mod gone;
pub(crate) mod migrate;
pub(crate) mod passed;
pub(crate) mod provision_s3;
pub(crate) mod run_batch;
pub(crate) mod status;
pub(crate) mod trusted_miner;
pub(crate) mod up;
pub(crate) mod wait_for_database;
