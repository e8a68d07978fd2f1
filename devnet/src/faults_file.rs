//! The file of `--faults`.

use std::path::{Path, PathBuf};

use tig_devnet::{FaultPlan, PlanError};
use tig_process::text_file::{self, TextError};
use tracing::info;

/// A plan of ten thousand rules has less.
const PLAN_BYTES_MAX: u64 = 4 << 20;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FaultsFileError {
    #[error("cannot read the fault plan {}", path.display())]
    Read { path: PathBuf, source: TextError },
    #[error("the fault plan {}", path.display())]
    Plan { path: PathBuf, source: PlanError },
}

/// Reads the plan, and says in the log what is in it.
pub(crate) fn read(path: &Path) -> Result<FaultPlan, FaultsFileError> {
    let text = text_file::read(path, PLAN_BYTES_MAX).map_err(|source| FaultsFileError::Read {
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
