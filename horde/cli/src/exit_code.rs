//! Exit codes, which scripts rely on. A wrong command line is 2, anything unforeseen 1.

/// `.env` or the config is wrong or incomplete.
pub(crate) const CONFIG: u8 = 3;
/// The host cannot be started, or has ended in between.
pub(crate) const HOST: u8 = 4;
/// The store cannot be used.
pub(crate) const STORE: u8 = 6;
/// The command was interrupted; a validator that was running goes on with the work.
pub(crate) const INTERRUPTED: u8 = 130;
