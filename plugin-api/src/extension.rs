//! The trait that `#[extension]` implements: handlers found by name.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Context, Error, HttpReply, HttpRequest, Result, Settings, Started, bail, frame};

/// An extension as the glue and the test harness drive it. Written by `#[extension]`, not by hand.
pub trait Extension: Sized + Send + 'static {
    /// Names of the events that [`Extension::handle`] knows.
    const EVENTS: &'static [&'static str];

    /// Creates an instance.
    ///
    /// # Errors
    ///
    /// The config section is wrong, or `new` refuses.
    fn create(settings: &Settings, ctx: &mut Context<'_>) -> Result<Self>;

    /// Handles event `name` with its payload; unknown events are ignored.
    ///
    /// # Errors
    ///
    /// The payload does not decode, or the handler fails.
    fn handle(&mut self, ctx: &mut Context<'_>, name: &str, payload: &[u8]) -> Result<()>;

    /// Answers a request to a route.
    ///
    /// # Errors
    ///
    /// The handler fails.
    fn request(&mut self, _ctx: &mut Context<'_>, request: HttpRequest) -> Result<HttpReply> {
        bail!("no handler for {} {}", request.method, request.path)
    }

    /// Starts the command `name` with the JSON of its arguments.
    ///
    /// # Errors
    ///
    /// There is no such command, its arguments do not decode, or the handler fails.
    fn command(
        &mut self,
        _ctx: &mut Context<'_>,
        name: &str,
        _arguments: &[u8],
    ) -> Result<Started> {
        bail!("no command `{name}`")
    }

    /// State for a successor, if there is any.
    ///
    /// # Errors
    ///
    /// The handler fails.
    fn snapshot(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    /// Takes over the state of a predecessor.
    ///
    /// # Errors
    ///
    /// The state does not decode, or the handler refuses it.
    fn restore(&mut self, _ctx: &mut Context<'_>, _state: &[u8]) -> Result<()> {
        Ok(())
    }
}

/// Decodes the arguments of event `name`.
///
/// # Errors
///
/// The text has the event's name and the path of the first misfit.
pub fn decode_event<T: DeserializeOwned>(name: &str, payload: &[u8]) -> Result<T> {
    decode(payload).map_err(|error| error.context(format_args!("event `{name}`")))
}

/// Decodes the arguments of command `name`.
///
/// # Errors
///
/// The text has the command's name and the path of the first misfit.
pub fn decode_arguments<T: DeserializeOwned>(name: &str, arguments: &[u8]) -> Result<T> {
    decode(arguments).map_err(|error| error.context(format_args!("command `{name}`")))
}

/// Decodes the tag of a timer that is due.
///
/// # Errors
///
/// It is not UTF-8.
pub fn decode_timer(payload: &[u8]) -> Result<String> {
    Ok(std::str::from_utf8(payload)?.to_owned())
}

/// Converts a state of an earlier version.
pub type Migrate<T> = fn(u32, serde_json::Value) -> Result<T>;

/// Decodes a predecessor's state, which is of this `version` or can be migrated to it.
///
/// # Errors
///
/// It is of another version and cannot be migrated; or the text has the path of the first misfit.
pub fn decode_state<T: DeserializeOwned>(
    state: &[u8],
    version: u32,
    migrate: Option<Migrate<T>>,
) -> Result<T> {
    let (given, state): (u32, &[u8]) = frame::decode(state)?;
    let named = |error: Error| error.context("state of the predecessor");
    if given == version {
        return decode(state).map_err(named);
    }
    match migrate {
        Some(migrate) => migrate(given, decode(state).map_err(named)?).map_err(named),
        None => bail!(
            "the predecessor's state has version {given}, this plugin takes version {version} and has no `migrate`"
        ),
    }
}

/// Encodes state of `version` for a successor.
///
/// # Errors
///
/// The state has no JSON form.
pub fn encode_state<T: Serialize>(version: u32, state: &T) -> Result<Option<Vec<u8>>> {
    frame::encode(&version, &serde_json::to_vec(state)?).map(Some)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    // One check that all is UTF-8 costs less than one for each string. Tracking the path costs more than the decoding
    // itself, so only a misfit is decoded again for it.
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(value) = serde_json::from_str(text)
    {
        return Ok(value);
    }
    let mut decoder = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut decoder)
        .map_err(|error| Error::msg(format_args!("{}: {}", error.path(), error.inner())))
}
