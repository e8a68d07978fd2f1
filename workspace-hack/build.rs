//! Empty: cargo takes build dependencies only from a crate with a build script.

fn main() {}
