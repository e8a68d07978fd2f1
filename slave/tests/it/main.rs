//! The slave against a master in this process, over real sockets, files and processes.

#![expect(clippy::unwrap_used, reason = "a failed step of a test fails the test")]

mod batches;
mod binary;
mod encoded_modules;
mod external;
mod failing_modules;
mod faults;
mod fixture;
mod look;
mod master;
mod modules;
mod private_ca;
mod recorded;
mod start_errors;
mod stock_master;
