//! Commands: what an operator asks an extension to do, by `tig-host call`.

use serde::{Deserialize, Serialize};

use crate::abi::service;
use crate::{Context, Result, frame};

/// Names one call of a command while the host runs. Can be stored; the host ignores what is said of a ticket that it does not
/// know, for instance because it was restarted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Ticket(u64);

impl Ticket {
    /// The ticket of no command.
    pub const NONE: Self = Self(0);

    /// Made by the host and by tests.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

/// A command has started; it ends with [`Context::finish`], in its handler or in a later one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Started;

/// How a command ends: what goes before its value.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Finish {
    /// The call that has ended.
    pub ticket: Ticket,
    /// Exit code for the caller: 0 for success.
    pub code: u8,
}

impl Context<'_> {
    /// Shows who called the command a line of text.
    ///
    /// # Errors
    ///
    /// The handler has said too much, or the host is too old for commands.
    pub fn progress(&mut self, ticket: Ticket, text: &str) -> Result<()> {
        let body = frame::encode(&ticket, text.as_bytes())?;
        self.call(service::PROGRESS, "", &body)?;
        Ok(())
    }

    /// Ends a command: who called it gets `value` as its result, and ends with `code`. `tig-host call` has codes below 20 of
    /// its own: 0 for success and 20 and more for failures cannot be mistaken for them. What is said of a command that has
    /// ended goes nowhere.
    ///
    /// # Errors
    ///
    /// `value` has no JSON form, the handler has said too much, or the host is too old for commands.
    pub fn finish<T: Serialize + ?Sized>(
        &mut self,
        ticket: Ticket,
        code: u8,
        value: &T,
    ) -> Result<()> {
        let body = frame::encode(&Finish { ticket, code }, &serde_json::to_vec(value)?)?;
        self.call(service::FINISH, "", &body)?;
        Ok(())
    }
}
