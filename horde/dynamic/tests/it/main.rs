//! The rules of dynamic config (sections 2.8 and 10.9).

mod files;
mod keys;
mod layers;
