//! The trusted miner, asked by this program itself: whether it admits the validator, which executors it has, and whether jobs,
//! prompts and answers come. A running validator is not needed, and notices nothing of it.

mod check;
mod job;
mod link;
mod prompts;
mod remedy;
mod script;
mod session;

pub(crate) use self::check::{Depth, check, model};
pub(crate) use self::script::Script;

/// Name of this part in findings.
const PART: &str = "trusted miner";
