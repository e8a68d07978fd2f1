//! Empty: cargo takes build dependencies from a crate with a build script only.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
