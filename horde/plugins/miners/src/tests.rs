//! Whole jobs, played against the harness: the test is the miners, the batch and the job kinds.

mod batches;
mod kills;
mod world;
