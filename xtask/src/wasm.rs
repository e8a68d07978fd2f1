//! The algorithms as WASM modules, where the devnet looks for them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::output::progress;
use crate::workspace::{Workspace, read, run};

const TARGET: &str = "wasm32-unknown-unknown";

/// (challenge, algorithm)
const ALGORITHMS: [(&str, &str); 8] = [
    ("knapsack", "dynamic_programming"),
    ("knapsack", "greedy_swap"),
    ("satisfiability", "random_flip"),
    ("satisfiability", "walk_sat"),
    ("vector_search", "linear_scan"),
    ("vector_search", "pruned_scan"),
    ("vehicle_routing", "clarke_wright"),
    ("vehicle_routing", "ruin_recreate"),
];

/// Builds every algorithm to `target/algorithms/<challenge>/<name>.wasm`.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    ensure_target(workspace)?;
    let mut command = workspace.cargo("build --quiet -p tig-algorithms --examples --profile wasm");
    run(command.args(["--target", TARGET]))?;
    let built = workspace.target.join(TARGET).join("wasm/examples");
    for (challenge, name) in ALGORITHMS {
        let module = built.join(name).with_extension("wasm");
        let folder = workspace.target.join("algorithms").join(challenge);
        install(&module, &folder)
            .map_err(|error| format!("cannot copy {}: {error}", module.display()))?;
    }
    Ok(())
}

/// A rename, so that nobody ever reads half a module.
fn install(module: &Path, folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let name = module.file_name().unwrap_or_default();
    let half = folder.join(name).with_extension("new");
    fs::copy(module, &half)?;
    fs::rename(&half, folder.join(name))
}

/// A toolchain installed without our rust-toolchain.toml lacks the target.
fn ensure_target(workspace: &Workspace) -> Result<()> {
    let mut libraries = workspace.rustc();
    let libraries = read(libraries.args(["--print", "target-libdir", "--target", TARGET]))?;
    if Path::new(libraries.trim()).exists() {
        return Ok(());
    }
    progress(&format!("adding the target {TARGET}"));
    let mut rustup = Command::new("rustup");
    rustup
        .args(["target", "add", TARGET])
        .current_dir(&workspace.root);
    run(&mut rustup).map_err(|error| {
        format!("the Rust target {TARGET} is missing: run `rustup target add {TARGET}`, or install it with the package manager that installed rustc ({error})")
            .into()
    })
}
