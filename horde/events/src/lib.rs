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
//! ```text
//! horde_chain       Block, ChainState  ------------------>  all that act by blocks
//!                   Neurons            <-- NeuronsWanted ---  horde_schedule, horde_weights, horde_organic
//!                   ChainAnswer        <-- ChainCall -------  horde_weights
//! horde_schedule    BatchDue           ------------------>  horde_batch; BatchMissed where it does not run
//! horde_batch       BatchOver          ------------------>  horde_score
//! horde_score       Scores             ------------------>  horde_weights, which ends each cycle with WeightsOver
//! horde_facilitator JobRequested       ------------------>  horde_organic, which reserves and runs as horde_batch does
//!                                      <-- JobStatusGiven --
//! horde_organic     MinerWanted        ------------------>  a router, if the operator has one; MinerChosen
//! horde_miners      ReceiptsSigned     ------------------>  horde_receipts
//! horde_crossval    LlmSamplesGiven    <-- LlmSamplesWanted --  horde_job_llm
//! ```
//!
//! Events whose loss nobody could make good are durable: their handlers must be idempotent. All others are emitted again by
//! their sender after a restart if they still matter. Sections are those of the ComputeHorde specification.

mod address;
mod batch;
mod chain;
mod examples;
mod group;
mod job;
mod link;
mod llm;
mod organic;
mod outcome;
mod quote;
mod receipt;
mod report;
mod schedule;
mod weights;

pub use address::{AddressError, authority};
pub use batch::{AnswerChecked, AnswerGiven, BatchOver, JobResult, JobsScored, ScoredJob, Verdict};
pub use chain::{
    Axon, Block, ChainAnswer, ChainCall, ChainCondition, ChainRequest, ChainResult, ChainState,
    CommitOnChain, Neuron, Neurons, NeuronsWanted, SubnetLimits,
};
pub use examples::examples;
pub use group::{GroupWanted, JobStep, PlannedJob, Step};
pub use job::{ExecutorsOf, JOBS_PER_ASK_MAX, JobsMade, JobsWanted, MadeJob};
pub use link::{ExecutorCount, LinkState, LinksWanted, MinerAddress, MinerLink};
pub use llm::{LlmSample, LlmSamplesGiven, LlmSamplesWanted, SolvedPrompt};
pub use organic::{JobRequested, JobStatusGiven, MinerCandidate, MinerChosen, MinerWanted};
pub use outcome::{JobOver, JobTimes, Outcome, STDOUT_BYTES_MAX};
pub use quote::quote;
pub use receipt::{ReceiptsSigned, SignedReceipt};
pub use report::{BatchEnd, BatchReport, ClassNote, ClassReport, MinerReport};
pub use schedule::{BatchDue, BatchMissed};
pub use weights::{Scores, WeightsEnd, WeightsOver};
