//! The operator's page in a real browser, against real processes.

mod accessibility;
mod bad_input;
mod chromium;
mod control;
mod cost;
mod keyboard;
mod links;
mod logic;
mod system;
mod tab;
mod views;
