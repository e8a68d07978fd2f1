//! Golden values and properties of `horde-calc`. `vectors/horde` has what the Python programs calculated.

#![cfg(test)]

mod llm;
mod mersenne;
mod schedule;
mod score;
mod vectors;
mod weights;
