//! What the extensions of the ComputeHorde validator do alike: they read and use its hotkey, bind their store to it, check their config
//! section, go on after a start, name what is new, and show texts of others.

mod hotkey;
mod owner;
mod section;
mod shown;
mod start;
#[cfg(test)]
mod tests;
mod uuid;

pub use hotkey::Hotkey;
pub use owner::Owner;
pub use section::Section;
pub use shown::shown;
pub use start::{next_start_ms, record_start};
pub use uuid::new_uuid;
