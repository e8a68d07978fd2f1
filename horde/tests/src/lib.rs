//! Starts the ComputeHorde validator as processes on loopback: a host with the extensions, and a network of miners. For the
//! system tests, the measurements and `cargo xtask horde`.
//!
//! Invariant: no process outlives its [`Process`](tig_system_tests::Process), and none outlives the program that started it.

mod artifacts;
mod call;
mod foreign_s3;
mod miners;
mod pipeline;
mod site;
mod validator;

pub use artifacts::{
    Artifacts, BATCH_EXTENSIONS, EXTENSIONS, LANGUAGE_EXTENSIONS, MissingArtifact, PROGRAMS,
};
pub use call::{Call, CallError, Line};
pub use foreign_s3::{FOREIGN_ACCESS_KEY, FOREIGN_SECRET, ForeignS3, ForeignS3Error};
pub use miners::{
    ChainOptions, FacilitatorUrls, LanguageOptions, Miner, Miners, MinersError, MinersOptions,
    S3Service,
};
pub use pipeline::{
    ANSWERS, KILL_AFTER_MAX, LANGUAGE_CLASS, PROMPTS, Pipeline, PipelineError, PipelineOptions,
};
pub use site::{HOTKEY, HostOptions, Site, other_version, write_hotkey, write_private};
pub use validator::validator_options;
