//! Vices: what a miner does wrong, on purpose. A closed set, by names that command lines and requests use.

mod argument;
mod list;
mod llm;
mod set;

pub use argument::{
    ArgumentError, Count, Mebibytes, Milliseconds, PerSecond, Seconds, Step, Whose,
};
pub use list::{Vice, ViceError, ViceInfo};
pub use llm::{AnswersFault, SeriesFault};
pub(crate) use set::DropAfter;
pub use set::{VICES_COUNT_MAX, Vices, VicesError};
