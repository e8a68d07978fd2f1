//! Whole jobs, played against the harness: the test is the miners, the batch and the job kinds.

mod bad_input;
mod batches;
mod conditions;
mod drops;
mod failed_handlers;
mod kills;
mod links;
mod manifests;
mod organic;
mod outcomes;
mod panel;
mod receipts;
mod recorded;
mod world;
