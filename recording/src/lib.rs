//! Recordings of extensions: each call into them with all that they got and asked for, so that it can be repeated.
//!
//! An extension is a state machine: what it does follows from its code, its storage, and its inputs. A recording holds the storage
//! as of its begin, each call ([`Call`]) in the order in which the extension got them, and the answers of the host that do not
//! follow from these: times, random numbers, signatures, refusals. With the same code the same calls ask for the same effects, bit for bit.
//!
//! A file is a sequence of blocks ([`block`]). Each belongs to one extension, is compressed by zstd, and has a checksum of its own, so
//! that a damaged one costs only itself. Within a block, records follow each other ([`record`]). Long recordings are a series of files
//! ([`series`]), the oldest of which go first.
//!
//! Invariant: what is written passes through [`Mask`], which overwrites secrets by as many asterisks.

pub mod block;
mod mask;
mod reader;
pub mod record;
mod scan;
pub mod series;

pub use block::{Block, BlockKind};
pub use mask::{Mask, MaskError};
pub use reader::{Damage, ReadError, Reader};
pub use record::{
    Answer, Begin, Call, Checkpoint, Create, Outcome, PluginId, Question, Record, RecordError,
    Restored, Step, StoredValue, Switch,
};
