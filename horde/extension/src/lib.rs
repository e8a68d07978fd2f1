//! What the extensions of the ComputeHorde validator do alike: they read and use its hotkey, bind their store to it, and check their
//! config section.

mod hotkey;
mod owner;
mod section;
#[cfg(test)]
mod tests;

pub use hotkey::Hotkey;
pub use owner::Owner;
pub use section::Section;
