//! `cargo xtask public-api`: what authors of extensions can use of `tig-plugin-api`, in `plugin-api/public-api.txt`, and of the
//! binary contract in it, in `plugin-api/abi/public-api.txt`.
//!
//! `cargo xtask test` compares the lists with the code, so that no change of the surface goes unseen.

mod difference;
mod shorten;

use std::fs;
use std::path::PathBuf;

use public_api::Builder;

use self::difference::Difference;
use crate::steps::{Step, Tally};
use crate::workspace::{Workspace, run};
use crate::{Result, output};

/// A crate whose public items are listed.
struct Surface {
    /// The crate, as cargo and as rustdoc name it.
    package: &'static str,
    documented: &'static str,
    /// The list, from the root of the repository.
    file: &'static str,
}

const SURFACES: [Surface; 2] = [
    Surface {
        package: "tig-plugin-api",
        documented: "tig_plugin_api",
        file: "plugin-api/public-api.txt",
    },
    Surface {
        package: "tig-plugin-abi",
        documented: "tig_plugin_abi",
        file: "plugin-api/abi/public-api.txt",
    },
];

/// Where rustdoc works, in the target folder. A folder of its own: `RUSTC_BOOTSTRAP` makes some build scripts choose
/// otherwise, which would build their crates again in the usual folder.
const FOLDER: &str = "public-api";

/// No item is added, changed or removed without a change of its list.
pub(crate) const PUBLIC_API: Step = ("public API", |workspace| {
    for surface in &SURFACES {
        check(workspace, surface)?;
    }
    Ok(Tally::PASSED)
});

/// Compares the lists with the code, or writes them.
pub(crate) fn write_or_check(is_check: bool) -> Result<()> {
    let workspace = Workspace::load()?;
    for surface in &SURFACES {
        if is_check {
            check(&workspace, surface)?;
        } else {
            let list = list(&workspace, surface)?;
            fs::write(workspace.root.join(surface.file), list)?;
        }
    }
    Ok(())
}

fn check(workspace: &Workspace, surface: &Surface) -> Result<()> {
    let file = surface.file;
    let recorded = fs::read_to_string(workspace.root.join(file)).map_err(|error| {
        format!("cannot read {file}: {error}; `cargo xtask public-api` writes it")
    })?;
    let current = list(workspace, surface)?;
    let difference = Difference::between(&recorded, &current);
    if difference.is_empty() {
        return Ok(());
    }
    difference.lines().for_each(|line| output::progress(&line));
    Err(difference.advice(file).into())
}

/// One line for each public item, but for those that follow from others.
fn list(workspace: &Workspace, surface: &Surface) -> Result<String> {
    let api = Builder::from_rustdoc_json(document(workspace, surface)?)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()
        .map_err(|error| {
            format!(
                "cannot read the rustdoc JSON of {}: {error}; the crate public-api in Cargo.toml must have the version \
                 that reads the format of the toolchain",
                surface.package
            )
        })?;
    let lines = api.to_string();
    Ok(shorten::shorten(surface.documented, lines.lines()))
}

/// Has rustdoc describe the crate as JSON, which needs `-Z` on a stable toolchain.
fn document(workspace: &Workspace, surface: &Surface) -> Result<PathBuf> {
    let folder = workspace.target.join(FOLDER);
    let mut rustdoc = workspace.cargo("rustdoc --quiet --lib --package");
    rustdoc
        .arg(surface.package)
        .arg("--target-dir")
        .arg(&folder);
    rustdoc.args(["--", "-Z", "unstable-options", "--output-format", "json"]);
    run(rustdoc.env("RUSTC_BOOTSTRAP", "1"))?;
    let document = folder.join("doc").join(surface.documented);
    Ok(document.with_extension("json"))
}
