//! redb checks by assertions what it reads from a file, so it panics on one that was cut short. Here the panic becomes
//! an error.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What does not hold in a damaged file.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Damage(String);

/// Runs `work`; a panic shows that the file is damaged. Nothing that `work` touches may be written to afterwards.
pub(super) fn catch_damage<T>(work: impl FnOnce() -> T) -> Result<T, Damage> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|&text| text.to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Damage(text.unwrap_or_else(|| "it cannot be read".to_owned()))
    })
}
