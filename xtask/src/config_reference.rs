//! `cargo xtask config-reference`: writes `docs/config.md`.

use std::fs;
use std::process::Command;

use tig_system_tests::{PLUGINS, config_reference};

use crate::Result;
use crate::workspace::{Workspace, read, run};

/// Builds the host and its extensions, and writes down which keys they take.
pub(crate) fn write() -> Result<()> {
    let workspace = Workspace::load()?;
    let mut build = workspace.cargo("build --quiet -p tig-host");
    for extension in PLUGINS {
        build.args(["-p", &extension.replace('_', "-")]);
    }
    run(&mut build)?;
    let schema = read(Command::new(workspace.target.join("debug/tig-host")).arg("schema"))?;
    let example = fs::read_to_string(workspace.root.join("config.example.json"))?;
    let reference = config_reference(
        &serde_json::from_str(&schema)?,
        &serde_json::from_str(&example)?,
    )?;
    Ok(fs::write(workspace.root.join("docs/config.md"), reference)?)
}
