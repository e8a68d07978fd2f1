//! Golden values and properties of `tig-keyring`. `vectors/horde` has what the Python programs signed and wrote.

#![cfg(test)]

mod addresses;
mod hotkey_files;
mod signatures;
mod vectors;
