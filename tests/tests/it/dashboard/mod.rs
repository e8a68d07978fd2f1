//! The operator's page in a real browser, against real processes.

mod accessibility;
mod bad_input;
pub(crate) mod chromium;
mod control;
mod cost;
mod keyboard;
mod links;
mod logic;
mod system;
pub(crate) mod tab;
mod views;
