//! Events of the ComputeHorde validator, by which its extensions speak to each other.
//!
//! ```text
//! horde_batch                        horde_miners                    a job kind (horde_job_hash, ...)
//!   LinksWanted   ------------------->  opens sockets, authenticates
//!   <------------------- MinerLink      with the manifest, or why there is none
//!   JobsWanted    -------------------------------------------------->  makes jobs
//!   <---------------------------------- JobsMade (miners keeps the frames) ---
//!   GroupWanted   ------------------->  reserves all, runs all together
//!   <------------------- JobStep        accepted, ready, running
//!   <------------------- JobOver        durable: what became of a job, and its times
//!   AnswerGiven   -------------------------------------------------->  compares
//!   <--------------------------------------------------- AnswerChecked
//!   JobsScored    ------------------->  durable: signs and sends finished receipts
//!   BatchOver     durable: for whoever scores miners
//! ```
//!
//! Events whose loss nobody could make good are durable: their handlers must be idempotent. All others are emitted again by
//! their sender after a restart if they still matter. Sections are those of the ComputeHorde specification.

mod batch;
mod group;
mod job;
mod link;
mod outcome;
mod quote;
mod report;

pub use batch::{AnswerChecked, AnswerGiven, BatchOver, JobResult, JobsScored, ScoredJob, Verdict};
pub use group::{GroupWanted, JobStep, PlannedJob, Step};
pub use job::{ExecutorsOf, JOBS_PER_ASK_MAX, JobsMade, JobsWanted, MadeJob};
pub use link::{ExecutorCount, LinkState, LinksWanted, MinerAddress, MinerLink};
pub use outcome::{JobOver, JobTimes, Outcome, STDOUT_BYTES_MAX};
pub use quote::quote;
pub use report::{BatchEnd, BatchReport, ClassNote, ClassReport, MinerReport};
