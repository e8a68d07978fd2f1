//! The repository's own vectors conform, and what does not is noticed.

#![cfg(test)]

mod noticed;
mod own_vectors;
