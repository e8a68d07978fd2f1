//! Timers: the host calls `on_timer` with a tag when its time has come.

use crate::abi::service;
use crate::{Context, Result};

/// Longest tag of a timer or a connection, in bytes.
pub const TAG_BYTES_MAX: usize = 1024;

impl Context<'_> {
    /// Sets the timer `tag` to a time by the clock of [`Context::now_ms`]: `on_timer(tag)` is called no earlier. A tag that
    /// is set already moves, and a time in the past is due at once.
    ///
    /// Timers outlive instances and versions, but not the host: what must happen after a restart has to be in storage, and
    /// `new` sets its timers again.
    ///
    /// # Errors
    ///
    /// The tag is longer than [`TAG_BYTES_MAX`], the extension has too many timers, or the host is too old for timers.
    pub fn at(&mut self, tag: &str, unix_ms: u64) -> Result<()> {
        self.call(service::AT, tag, &unix_ms.to_le_bytes())?;
        Ok(())
    }

    /// Cancels the timer `tag`; no error if it is not set. If it is due already, its call may still come.
    ///
    /// # Errors
    ///
    /// The host is too old for timers.
    pub fn cancel(&mut self, tag: &str) -> Result<()> {
        self.call(service::CANCEL, tag, &[])?;
        Ok(())
    }
}
