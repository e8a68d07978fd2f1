//! The work of executors.

mod echo;
mod hash;
mod http;
mod job;
mod llm;
mod outcome;
mod output;
mod path;
mod plan;
mod program;
mod upload;
mod volume;

pub(crate) use job::{Work, WorkFaults};
pub(crate) use outcome::Outcome;
pub(crate) use plan::{Plan, Reserved, is_image_allowed};
pub(crate) use volume::volume_chars;
