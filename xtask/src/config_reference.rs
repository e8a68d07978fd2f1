//! `cargo xtask config-reference`: writes `docs/config.md` and `docs/config-computehorde.md`.

use std::fs;
use std::process::Command;

use horde_system_tests::{EXTENSIONS, LANGUAGE_EXTENSIONS};
use serde_json::Value;
use tig_system_tests::{DASHBOARD, NOTIFIER, PLUGINS, config_reference, horde_config_reference};

use crate::Result;
use crate::workspace::{Workspace, read, run};

/// Builds the host and its extensions, and writes down which keys they take.
pub(crate) fn write() -> Result<()> {
    let workspace = Workspace::load()?;
    let names = PLUGINS
        .iter()
        .chain(&EXTENSIONS)
        .chain(&LANGUAGE_EXTENSIONS)
        .chain([&DASHBOARD, &NOTIFIER]);
    run(&mut workspace.cargo_for("build --quiet -p tig-host", names))?;
    let schema = read(Command::new(workspace.target.join("debug/tig-host")).arg("schema"))?;
    let schema: Value = serde_json::from_str(&schema)?;
    let example = |name: &str| -> Result<Value> {
        let text = fs::read_to_string(workspace.root.join(name))?;
        Ok(serde_json::from_str(&text)?)
    };
    let docs = workspace.root.join("docs");
    let reference = config_reference(&schema, &example("config.example.json")?)?;
    fs::write(docs.join("config.md"), reference)?;
    let example = example("config.computehorde.example.json")?;
    let reference = horde_config_reference(&schema, &example)?;
    Ok(fs::write(docs.join("config-computehorde.md"), reference)?)
}
