//! The log of a program: on standard error, for people or as an object a line.
//!
//! Logging never stops the program, see [`standard_error`].

use std::{
    any::Any,
    io::{self, IsTerminal},
    panic::PanicHookInfo,
};

use tracing::{error, warn};
use tracing_subscriber::EnvFilter;

use crate::{
    standard_error::{self, Flush},
    threads::ThreadsError,
};

/// Variable that sets what is logged.
const FILTER_VARIABLE: &str = "RUST_LOG";

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// An object a line.
    Json,
}

/// Logs what `filter` lets through, unless the variable `RUST_LOG` says something else; panics are logged too.
///
/// # Errors
/// The system has no thread for the log.
pub fn start(filter: &str, format: LogFormat) -> Result<Flush, ThreadsError> {
    let (queue, flush) = standard_error::start()?;
    let chosen = std::env::var(FILTER_VARIABLE).ok();
    let chosen = chosen.filter(|text| !text.is_empty());
    let parsed = EnvFilter::try_new(chosen.as_deref().unwrap_or(filter));
    let (filter, unusable) = match parsed {
        Ok(filter) => (filter, None),
        Err(cause) => (EnvFilter::new(filter), Some(cause)),
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(wants_color())
        // The default prints with `eprintln!`, which panics where standard error is gone.
        .log_internal_errors(false)
        .with_writer(move || queue.clone());
    // A second subscriber is refused: the first one goes on.
    let _ = match format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    if let Some(cause) = unusable {
        warn!(%cause, "{FILTER_VARIABLE} is not a log filter, so it is ignored");
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok(flush)
}

fn wants_color() -> bool {
    let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !is_refused
}

/// The default hook writes to standard error itself, and would wait where that is a pipe that nobody reads.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let text = panic_text(panic.payload());
    let place = panic.location().map(ToString::to_string);
    let current = std::thread::current();
    let thread = current.name().unwrap_or("unnamed");
    if tracing::enabled!(tracing::Level::ERROR) {
        error!(thread, place, "panic: {text}");
    } else {
        let place = place.unwrap_or_default();
        standard_error::write_line(&format!("thread '{thread}' panicked at {place}: {text}"));
    }
}

/// Text of a panic.
#[must_use]
pub fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
