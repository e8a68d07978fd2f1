//! Nothing but dependencies: `Cargo.toml` gives third-party crates the same features in every selection of programs.
