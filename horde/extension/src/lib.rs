//! What the extensions of the ComputeHorde validator do alike: they read and use its hotkey, bind their store to it, check their config
//! section, name what is new, and show texts of others.

mod hotkey;
mod owner;
mod section;
mod shown;
#[cfg(test)]
mod tests;
mod uuid;

pub use hotkey::Hotkey;
pub use owner::Owner;
pub use section::Section;
pub use shown::shown;
pub use uuid::new_uuid;
