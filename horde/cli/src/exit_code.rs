//! Exit codes, which scripts rely on. Anything unforeseen is 1.

/// A wrong command line, or a command that is not there any more.
pub(crate) const COMMAND_LINE: u8 = 2;
/// `.env` or the config is wrong or incomplete.
pub(crate) const CONFIG: u8 = 3;
/// The host cannot be started, or has ended in between.
pub(crate) const HOST: u8 = 4;
/// The store cannot be used.
pub(crate) const STORE: u8 = 6;
/// No host of the folder runs; `tig-host call` ends with the same code.
pub(crate) const NO_HOST: u8 = 7;
/// The validator has refused the call; `tig-host call` ends with the same code.
pub(crate) const REFUSED: u8 = 8;
/// A check has found a fault, or a step of provisioning was refused.
pub(crate) const FAULT: u8 = 11;
/// The command was interrupted; a validator that was running goes on with the work.
pub(crate) const INTERRUPTED: u8 = 130;
