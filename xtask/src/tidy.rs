//! Rules that no other tool knows: which crate and which module may depend on which, that each third-party crate is built
//! once, what every source file looks like, how tests and bounds are named, that links between documents lead somewhere, that
//! codes of conditions are documented, and that the tests named in the tables of invariants and of known faults are there.

mod architecture;
mod circles;
mod conditions;
mod constants;
mod defects;
mod dependencies;
mod error_variants;
mod features;
mod field_reports;
mod folders;
mod imports;
mod invariants;
mod links;
mod modules;
mod named;
mod paths;
mod ratchet;
mod rust;
mod sources;
mod test_names;
mod unsafe_places;
mod words;

use crate::Result;
use crate::workspace::Workspace;

/// Every breach, one line each.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let (packages, root) = (&workspace.packages, &workspace.root);
    let text = architecture::read(root)?;
    let mut complaints = dependencies::check(&text, packages, root);
    complaints.extend(features::check(workspace)?);
    complaints.extend(folders::check(&text, packages, root)?);
    complaints.extend(unsafe_places::check(&text, root)?);
    complaints.extend(conditions::check(root)?);
    complaints.extend(defects::check(root)?);
    complaints.extend(field_reports::check(root)?);
    complaints.extend(imports::check(root)?);
    complaints.extend(invariants::check(root)?);
    complaints.extend(links::check(root)?);
    complaints.extend(sources::check(root)?);
    complaints.extend(circles::at_top(packages)?);
    complaints.extend(ratchet::check(&counted(workspace)?, root)?);
    Ok(complaints)
}

/// Lowers the numbers of the ratchet to what is there.
pub(crate) fn lower(workspace: &Workspace) -> Result<()> {
    ratchet::lower(&counted(workspace)?, &workspace.root)
}

/// Breaches of which so many are allowed.
fn counted(workspace: &Workspace) -> Result<Vec<(&'static str, Vec<ratchet::Breach>)>> {
    let (packages, root) = (&workspace.packages, &workspace.root);
    let sources = rust::sources(packages, root)?;
    Ok(vec![
        ("circles", circles::further_down(packages, root)?),
        ("constants", constants::check(&sources)),
        ("error variants", error_variants::check(&sources)),
        ("test names", test_names::check(&sources)),
        ("words", words::check(packages, root)?),
    ])
}
