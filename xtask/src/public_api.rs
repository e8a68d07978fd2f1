//! `cargo xtask public-api`: what authors of extensions can use of `tig-plugin-api`, in `plugin-api/public-api.txt`.
//!
//! `cargo xtask test` compares the list with the code, so that no change of the surface goes unseen.

mod difference;
mod shorten;

use std::fs;
use std::path::PathBuf;

use public_api::Builder;

use self::difference::Difference;
use crate::steps::{Step, Tally};
use crate::workspace::{Workspace, run};
use crate::{Result, output};

/// The crate, as cargo and as rustdoc name it.
const PACKAGE: &str = "tig-plugin-api";
const DOCUMENTED: &str = "tig_plugin_api";
/// The list, from the root of the repository.
const FILE: &str = "plugin-api/public-api.txt";
/// Where rustdoc works, in the target folder. A folder of its own: `RUSTC_BOOTSTRAP` makes some build scripts choose
/// otherwise, which would build their crates again in the usual folder.
const FOLDER: &str = "public-api";

/// No item is added, changed or removed without a change of the list.
pub(crate) const PUBLIC_API: Step = ("public API", |workspace| {
    check(workspace).map(|()| Tally::PASSED)
});

/// Compares the list with the code, or writes it.
pub(crate) fn write_or_check(is_check: bool) -> Result<()> {
    let workspace = Workspace::load()?;
    if is_check {
        return check(&workspace);
    }
    let list = list(&workspace)?;
    Ok(fs::write(workspace.root.join(FILE), list)?)
}

fn check(workspace: &Workspace) -> Result<()> {
    let recorded = fs::read_to_string(workspace.root.join(FILE)).map_err(|error| {
        format!("cannot read {FILE}: {error}; `cargo xtask public-api` writes it")
    })?;
    let current = list(workspace)?;
    let difference = Difference::between(&recorded, &current);
    if difference.is_empty() {
        return Ok(());
    }
    difference.lines().for_each(|line| output::progress(&line));
    Err(difference.advice(FILE).into())
}

/// One line for each public item, but for those that follow from others.
fn list(workspace: &Workspace) -> Result<String> {
    let api = Builder::from_rustdoc_json(document(workspace)?)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()
        .map_err(|error| {
            format!(
                "cannot read the rustdoc JSON of {PACKAGE}: {error}; the crate public-api in Cargo.toml must have the \
                 version that reads the format of the toolchain"
            )
        })?;
    let lines = api.to_string();
    Ok(shorten::shorten(DOCUMENTED, lines.lines()))
}

/// Has rustdoc describe the crate as JSON, which needs `-Z` on a stable toolchain.
fn document(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join(FOLDER);
    let mut rustdoc = workspace.cargo("rustdoc --quiet --lib --package");
    rustdoc.arg(PACKAGE).arg("--target-dir").arg(&folder);
    rustdoc.args(["--", "-Z", "unstable-options", "--output-format", "json"]);
    run(rustdoc.env("RUSTC_BOOTSTRAP", "1"))?;
    Ok(folder.join("doc").join(DOCUMENTED).with_extension("json"))
}
