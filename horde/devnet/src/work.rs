//! The work of executors.

mod echo;
mod hash;
mod outcome;
mod plan;
mod program;
mod volume;

pub(crate) use outcome::Outcome;
pub(crate) use plan::{Plan, Reserved, Work, is_image_allowed};
pub(crate) use volume::volume_chars;
