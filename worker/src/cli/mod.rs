//! The command line: its arguments, and what each subcommand does with them.

mod args;
pub(crate) mod commands;
mod lifespan;
pub(crate) mod measure;
pub(crate) mod show_instance;
mod table;

pub(crate) use args::{Cli, Command, command};
pub(crate) use commands::Failure;
