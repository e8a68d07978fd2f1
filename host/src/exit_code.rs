//! Exit codes of the command line, which scripts rely on. A wrong command line is 2, anything unforeseen 1.

/// The config file or what it points to is wrong.
pub(crate) const CONFIG: u8 = 3;
/// An extension cannot be loaded.
pub(crate) const PLUGIN: u8 = 4;
/// The listener cannot be opened.
pub(crate) const LISTENER: u8 = 5;
/// The store under the backup folder cannot be used.
pub(crate) const STORE: u8 = 6;
/// No running host answers.
pub(crate) const NOT_RUNNING: u8 = 7;
/// The running host has rejected the request.
pub(crate) const REFUSED: u8 = 8;
/// The called command goes on; `tig-host call` was interrupted.
pub(crate) const INTERRUPTED: u8 = 9;
/// The called command had started; nobody knows how it ended, since its extension or the host is gone.
pub(crate) const RESULT_LOST: u8 = 10;
/// `doctor` has found something that does not work.
pub(crate) const FAULTS: u8 = 11;
/// `replay` has found decisions that differ.
pub(crate) const DIFFERENT: u8 = 12;
