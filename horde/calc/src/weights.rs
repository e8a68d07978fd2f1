//! From scores to what the chain is given: weights by uid, quantised, and committed to by a hash.

mod cap;
mod commit;
mod commit_window;
mod process;
mod quantize;
mod reals;
mod uids;

pub use cap::{cap_weights, cap_weights_f64};
pub use commit::{CommitError, WeightsCommit};
pub use commit_window::{CommitInterval, CommitSettings};
pub use process::{ProcessError, UidWeights, WeightLimits, process_weights};
pub use quantize::{quantize_for_commit, quantize_for_set};
pub use uids::{WeightsByUid, weights_by_uid};
