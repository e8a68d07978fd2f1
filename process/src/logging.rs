//! The log of a program: on standard error, for people or as an object a line.
//!
//! Logging never stops the program, see [`standard_error`]. Fields whose names are known only at run time go into one
//! field, see [`FIELDS`].

mod json;
mod text;

use std::any::Any;
use std::io::{self, IsTerminal};
use std::panic::PanicHookInfo;

use serde_json::{Map, Value};
use tracing::field::Field;
use tracing::{error, warn};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::JsonFields;

use self::json::JsonLines;
use self::text::TextFields;
use crate::standard_error::{self, Flush};
use crate::threads::ThreadsError;

/// Variable that sets what is logged.
const FILTER_VARIABLE: &str = "RUST_LOG";

/// The library of websockets traces the requests of handshakes, whose headers may hold secrets.
const WITHOUT_SECRETS: &str = "tungstenite::handshake::client=info";

/// Field of an event that stands for others: its value is the text of a JSON object, whose members are written as fields
/// of the line. `tracing` itself knows only names that are in the program's source.
pub const FIELDS: &str = "fields";

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
    // Last, so that it goes before what the variable says.
    let filter = match WITHOUT_SECRETS.parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
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
        LogFormat::Text => subscriber.fmt_fields(TextFields).try_init(),
        LogFormat::Json => subscriber
            .fmt_fields(JsonFields::new())
            .event_format(JsonLines)
            .try_init(),
    };
    if let Some(cause) = unusable {
        warn!(%cause, "{FILTER_VARIABLE} is not a log filter, so it is ignored");
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok(flush)
}

/// The fields that `field` stands for, if it is [`FIELDS`].
fn member_fields(field: &Field, value: &str) -> Option<Map<String, Value>> {
    if field.name() == FIELDS {
        members(value)
    } else {
        None
    }
}

/// Members of an object; `None` if the text is not one.
fn members(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text).ok()
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::Registry;
    use tracing_subscriber::fmt::{FormatEvent, FormatFields, MakeWriter, SubscriberBuilder};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    /// What `log` logs, in the format of `subscriber`.
    pub(super) fn logged<N, E>(subscriber: SubscriberBuilder<N, E>, log: impl FnOnce()) -> String
    where
        N: for<'writer> FormatFields<'writer> + Send + Sync + 'static,
        E: FormatEvent<Registry, N> + Send + Sync + 'static,
    {
        let lines = Lines::default();
        let subscriber = subscriber.with_writer(lines.clone()).finish();
        tracing::subscriber::with_default(subscriber, log);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }
}
