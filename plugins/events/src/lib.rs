//! The events of the TIG benchmarker (benchmarker.md section 3), as the stock extensions exchange them.
//!
//! A handler may take these types or one of its own with just the fields that it reads: an event is decoded from its
//! arguments, and unknown ones are ignored.

mod alert;
mod block;
mod clock;
mod examples;
mod head;
mod identity;
mod lenient;
mod listed;
pub mod sample;
mod sample_config;
mod sample_records;
mod selection;
mod submission;
mod work;

pub use alert::{Alert, AlertKind};
pub use block::{
    BenchmarkConfirmed, DifficultySamples, NewBlock, PrecommitConfirmed, ProofConfirmed,
};
pub use clock::BlockClock;
pub use examples::examples;
pub use head::{BlockHead, LifespanWindow};
pub use identity::{API_RATES, API_URL_DEFAULT};
pub use lenient::Lenient;
pub use listed::{ListedPrecommit, is_reconfirmed};
pub use selection::{SelectedChallenge, Selection};
pub use submission::{
    BenchmarkReady, PrecommitDropped, PrecommitReady, PrecommitsDelayed, PrecommitsPaused,
    ProofReady, SubmitBenchmarkError, SubmitBenchmarkSuccess, SubmitPrecommitError,
    SubmitPrecommitSuccess, SubmitProofError, SubmitProofSuccess,
};
pub use work::{
    AuditBatch, BatchReceived, BatchesWithdrawn, ChallengeThroughput, Fleet, NewBatch,
    ResultRefused, SlaveConvicted, SlaveQuarantined, Throughput,
};

/// States the name of an event, and that it is durable, or that only the latest one counts, where it is so.
macro_rules! event {
    ($type:ty, $name:literal) => {
        impl tig_plugin_api::Event for $type {
            const NAME: &'static str = $name;
        }
    };
    ($type:ty, $name:literal, durable) => {
        impl tig_plugin_api::Event for $type {
            const NAME: &'static str = $name;
            const DURABLE: bool = true;
        }
    };
    ($type:ty, $name:literal, latest) => {
        impl tig_plugin_api::Event for $type {
            const NAME: &'static str = $name;
            const LATEST: bool = true;
        }
    };
}
use event;
