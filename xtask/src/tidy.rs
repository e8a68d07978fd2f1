//! Rules that no other tool knows: which crate may depend on which, what every source file looks like, and
//! that the tests named in the tables of invariants and of known faults are there.

mod architecture;
mod defects;
mod dependencies;
mod folders;
mod invariants;
mod named;
mod sources;
mod unsafe_places;

use crate::Result;
use crate::workspace::Workspace;

/// Every breach, one line each.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let (packages, root) = (&workspace.packages, &workspace.root);
    let text = architecture::read(root)?;
    let mut complaints = dependencies::check(&text, packages, root);
    complaints.extend(folders::check(&text, packages, root)?);
    complaints.extend(unsafe_places::check(&text, root)?);
    complaints.extend(defects::check(root)?);
    complaints.extend(invariants::check(root)?);
    complaints.extend(sources::check(root)?);
    Ok(complaints)
}
