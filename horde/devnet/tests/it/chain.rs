//! The chain: its rules as a state machine, and its service as a validator sees it.

mod binary;
mod client;
mod clock;
mod control;
mod faults;
mod history;
mod model;
mod neurons;
mod rules;
mod scheduled;
mod scripts;
mod shapes;
