//! The file of `--faults`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tig_devnet::faults::{FaultPlan, PlanError};
use tracing::info;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FaultsFileError {
    #[error("cannot read the fault plan {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the fault plan {}", path.display())]
    Plan { path: PathBuf, source: PlanError },
}

/// Reads the plan, and says in the log what is in it.
pub(crate) fn read(path: &Path) -> Result<FaultPlan, FaultsFileError> {
    let text = fs::read_to_string(path).map_err(|source| FaultsFileError::Read {
        path: path.to_owned(),
        source,
    })?;
    let plan = FaultPlan::parse(&text).map_err(|source| FaultsFileError::Plan {
        path: path.to_owned(),
        source,
    })?;
    for rule in &plan.rules {
        info!(rule = json(rule), "fault is on");
    }
    for entry in &plan.script {
        info!(entry = json(entry), "fault is on, once");
    }
    Ok(plan)
}

/// In the words of the file.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
