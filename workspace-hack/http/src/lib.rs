//! Nothing but dependencies: `Cargo.toml` gives the crates below HTTP the same features in every selection of programs.
