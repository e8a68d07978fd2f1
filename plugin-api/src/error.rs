//! The error of a handler: a text for the operator.

use std::fmt;

/// Result of a handler.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a handler failed, in words for the operator.
///
/// Every [`std::error::Error`] converts into it by `?`, with its chain of sources. See [Errors](crate#errors) for what becomes of it.
pub struct Error(String);

impl Error {
    /// An error from a text: a lowercase fragment that names the thing and the cause.
    pub fn msg(text: impl fmt::Display) -> Self {
        Self(text.to_string())
    }

    /// Puts `context` in front of the text.
    ///
    /// ```
    /// # use tig_plugin_api::Error;
    /// let error = Error::msg("no such file").context("key `hotkey`");
    /// assert_eq!(error.to_string(), "key `hotkey`: no such file");
    /// ```
    #[must_use]
    pub fn context(self, context: impl fmt::Display) -> Self {
        Self(format!("{context}: {}", self.0))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Self(text)
    }
}

/// Returns early with an [`Error`] from a text as for `format!`.
///
/// ```
/// use tig_plugin_api::{Result, bail};
///
/// fn half(number: u64) -> Result<u64> {
///     if number % 2 == 1 {
///         bail!("{number} is odd");
///     }
///     Ok(number / 2)
/// }
///
/// assert_eq!(half(7).unwrap_err().to_string(), "7 is odd");
/// ```
#[macro_export]
macro_rules! bail {
    ($($argument:tt)*) => {
        return ::core::result::Result::Err($crate::Error::msg(::core::format_args!($($argument)*)))
    };
}
