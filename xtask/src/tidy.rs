//! Rules that no other tool knows: which crate may depend on which, what every source file looks like, and
//! that the tests named in the tables of invariants and of known faults are there.

mod defects;
mod dependencies;
mod invariants;
mod named;
mod sources;

use crate::Result;
use crate::workspace::Workspace;

/// Every breach, one line each.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let mut complaints = dependencies::check(&workspace.packages, &workspace.root);
    complaints.extend(defects::check(&workspace.root)?);
    complaints.extend(invariants::check(&workspace.root)?);
    complaints.extend(sources::check(&workspace.root)?);
    Ok(complaints)
}
