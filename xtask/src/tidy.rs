//! Rules that no other tool knows: which crate may depend on which, and what every source file looks like.

mod dependencies;
mod sources;

use crate::Result;
use crate::workspace::Workspace;

/// Every breach, one line each.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let mut complaints = dependencies::check(&workspace.packages, &workspace.root);
    complaints.extend(sources::check(&workspace.root)?);
    Ok(complaints)
}
