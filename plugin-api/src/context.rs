//! What a handler may ask of the host.

use abi_stable::std_types::{RResult, RSlice, RStr};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::abi::{Host, service};
use crate::{
    Condition, Error, HttpCall, LogFields, LogLine, Result, Sample, Settings, Ticket, Turn, bail,
    frame,
};

/// Prefix of the keys of unreadable records.
pub const SET_ASIDE: &str = "damaged/";

/// An event that extensions emit by its type.
///
/// ```
/// use tig_plugin_api::prelude::*;
///
/// #[derive(serde::Serialize)]
/// struct Paid { cents: u64 }
///
/// impl Event for Paid {
///     const NAME: &'static str = "paid";
///     const DURABLE: bool = true;
/// }
///
/// fn pay(ctx: &mut Context<'_>) -> Result<()> {
///     ctx.emit(&Paid { cents: 500 })
/// }
/// ```
pub trait Event: Serialize {
    /// Name by which handlers find it: `on_<NAME>`.
    const NAME: &'static str;

    /// Stored from the emitting transaction until every handler has handled it, also across crashes: for events that no
    /// extension could emit again. Their handlers must be idempotent.
    const DURABLE: bool = false;

    /// Only the latest event of this name waits for a busy handler: it replaces an earlier one. For events that state
    /// all there is to know. A durable event cannot be replaced.
    const LATEST: bool = false;
}

/// The host's services, lent for the length of one call.
///
/// [`emit`](Self::emit), [`put`](Self::put), [`delete`](Self::delete), [`http`](Self::http), timers, what is sent on
/// websockets and what is said of commands take effect together, when the handler has returned `Ok`. Reads see the handler's
/// own writes. If it fails after it has asked for one of them, its instance is rebuilt from storage
/// ([more](crate#when-a-handler-fails)).
///
/// ```
/// use tig_plugin_api::prelude::*;
///
/// fn count_visit(ctx: &mut Context<'_>, guest: &str) -> Result<u64> {
///     let key = format!("visits/{guest}");
///     let visits = ctx.get(&key)?.unwrap_or(0_u64) + 1;
///     ctx.put(&key, &visits)?;
///     let now_ms = ctx.now_ms();
///     ctx.at("thank_you", now_ms + 60_000)?;
///     ctx.info_with("guest came", &[("guest", &guest), ("visits", &visits)]);
///     Ok(visits)
/// }
/// ```
///
/// # Limits
///
/// A call beyond one of these fails with a text that names it; a later host may take more.
///
/// | of | at most |
/// |---|---|
/// | events of a handler | 10,000 |
/// | events that wait for an extension, beyond which an emission fails | 100,000 |
/// | bytes of all effects of a handler | 256 MiB |
/// | bytes of a key of the storage, and of a tag | 1,024 |
/// | open HTTP requests of an extension | 64 |
/// | timers of an extension | 100,000 |
/// | websocket connections of an extension | 16,384 |
/// | bytes that wait to be sent on a connection | 128 MiB |
/// | lines of progress and results of commands of a handler | 10,000 |
/// | metrics that a handler counts or sets; series of an extension | 10,000; 1,000 |
pub struct Context<'a> {
    host: &'a mut (dyn Host + 'a),
    settings: &'a Settings,
    /// Of the command that is handled.
    ticket: Ticket,
}

impl<'a> Context<'a> {
    /// A context of `host`; the SDK's glue and the test harness create it.
    #[doc(hidden)]
    pub fn new(host: &'a mut (dyn Host + 'a), settings: &'a Settings) -> Self {
        Self {
            host,
            settings,
            ticket: Ticket::NONE,
        }
    }

    /// The context of the handler of a command.
    #[doc(hidden)]
    #[must_use]
    pub fn for_command(self, ticket: Ticket) -> Self {
        Self { ticket, ..self }
    }

    /// Ticket of the command that is handled, by which the extension reports on it later. In other handlers it is the ticket
    /// of no command.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Settings of the instance.
    #[must_use]
    pub fn settings(&self) -> &'a Settings {
        self.settings
    }

    /// Emits `event` to the extensions that handle it.
    ///
    /// # Errors
    ///
    /// The event has no JSON form, or a limit of the host is reached.
    pub fn emit<E: Event>(&mut self, event: &E) -> Result<()> {
        const {
            assert!(
                !(E::DURABLE && E::LATEST),
                "a durable event cannot be replaced by a later one"
            );
        }
        let service = match (E::DURABLE, E::LATEST) {
            (true, _) => service::EMIT_DURABLE,
            (false, true) => service::EMIT_LATEST,
            (false, false) => service::EMIT,
        };
        self.call(service, E::NAME, &serde_json::to_vec(event)?)?;
        Ok(())
    }

    /// Emits an event by name, for arguments that have no type of their own.
    ///
    /// # Errors
    ///
    /// As for [`Context::emit`].
    pub fn emit_json<T: Serialize>(&mut self, name: &str, arguments: &T) -> Result<()> {
        self.call(service::EMIT, name, &serde_json::to_vec(arguments)?)?;
        Ok(())
    }

    /// Reads the value under `key` of this extension's storage.
    ///
    /// # Errors
    ///
    /// The store cannot be read, or the value is not the JSON of a `T`.
    pub fn get<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>> {
        let answer = self.call(service::STORAGE_GET, key, &[])?;
        match answer.split_first() {
            None => Ok(None),
            Some((_, value)) => decode_value(key, value).map(Some),
        }
    }

    /// Like [`Context::get`], but a value that is not the JSON of a `T` is set aside and counts as absent, so that a
    /// damaged record does not keep an extension from starting.
    ///
    /// # Errors
    ///
    /// The store cannot be read, or a limit of the host is reached.
    pub fn get_sound<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>> {
        let answer = self.call(service::STORAGE_GET, key, &[])?;
        let Some((_, value)) = answer.split_first() else {
            return Ok(None);
        };
        match serde_json::from_slice(value) {
            Ok(value) => Ok(Some(value)),
            Err(error) => self.set_aside(key, &error.to_string()).map(|()| None),
        }
    }

    /// Whether anything is stored under `key`, be it readable or not.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn has(&mut self, key: &str) -> Result<bool> {
        let answer = self.call(service::STORAGE_GET, key, &[])?;
        Ok(!answer.is_empty())
    }

    /// Writes `value` under `key`.
    ///
    /// # Errors
    ///
    /// The value has no JSON form, or a limit of the host is reached.
    pub fn put<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<()> {
        self.call(service::STORAGE_PUT, key, &serde_json::to_vec(value)?)?;
        Ok(())
    }

    /// Deletes `key`; no error if it is absent.
    ///
    /// # Errors
    ///
    /// A limit of the host is reached.
    pub fn delete(&mut self, key: &str) -> Result<()> {
        self.call(service::STORAGE_DELETE, key, &[])?;
        Ok(())
    }

    /// Keys that begin with `prefix`, in ascending order of bytes, with their values.
    ///
    /// # Errors
    ///
    /// The store cannot be read, or a value is not the JSON of a `T`.
    pub fn scan<T: DeserializeOwned>(&mut self, prefix: &str) -> Result<Vec<(String, T)>> {
        let answer = self.call(service::STORAGE_SCAN, prefix, &[])?;
        frame::decode_entries(&answer)?
            .into_iter()
            .map(|(key, value)| decode_value(&key, value).map(|value| (key, value)))
            .collect()
    }

    /// Like [`Context::scan`], but a value that is not the JSON of a `T` is set aside, so that one damaged record does not
    /// keep an extension from starting.
    ///
    /// # Errors
    ///
    /// The store cannot be read, or a limit of the host is reached.
    pub fn scan_sound<T: DeserializeOwned>(&mut self, prefix: &str) -> Result<Vec<(String, T)>> {
        let answer = self.call(service::STORAGE_SCAN, prefix, &[])?;
        let mut sound = Vec::new();
        for (key, value) in frame::decode_entries(&answer)? {
            match serde_json::from_slice(value) {
                Ok(value) => sound.push((key, value)),
                Err(error) => self.set_aside(&key, &error.to_string())?,
            }
        }
        Ok(sound)
    }

    /// Moves the value under `key` to [`SET_ASIDE`]`<key>`, for an operator to inspect, and logs the reason.
    ///
    /// # Errors
    ///
    /// The store cannot be read, or a limit of the host is reached.
    pub fn set_aside(&mut self, key: &str, reason: &str) -> Result<()> {
        let answer = self.call(service::STORAGE_GET, key, &[])?;
        let Some((_, value)) = answer.split_first() else {
            return Ok(());
        };
        let aside = format!("{SET_ASIDE}{key}");
        self.error(&format!(
            "stored record `{key}` is unreadable, moved to `{aside}`: {reason}"
        ));
        self.call(service::STORAGE_PUT, &aside, value)?;
        self.delete(key)
    }

    /// Sends an HTTP request; the response comes to `on_http_response` with the same tag.
    ///
    /// # Errors
    ///
    /// A limit of the host is reached.
    pub fn http(&mut self, call: &HttpCall) -> Result<()> {
        self.http_with(call, Turn::default())
    }

    /// Like [`Context::http`], for a request that is more or less urgent than others, or that must not wait for its turn.
    /// A host too old to know turns sends it like any other.
    ///
    /// # Errors
    ///
    /// As for [`Context::http`].
    pub fn http_with(&mut self, call: &HttpCall, turn: Turn) -> Result<()> {
        self.call(service::HTTP, &call.tag, &call.encode_with(turn)?)?;
        Ok(())
    }

    /// Wakes up to `count` parked requests ([`crate::HttpReply::hold`]) when the handler has returned `Ok`, those
    /// parked longest first: their routes are called again.
    ///
    /// # Errors
    ///
    /// The host is too old to park requests.
    pub fn wake(&mut self, count: u64) -> Result<()> {
        if count > 0 {
            self.call(service::WAKE, "", &count.to_le_bytes())?;
        }
        Ok(())
    }

    /// Marks fields as changed: if the handler fails from here on, the instance is restored from storage even without
    /// an effect. For a handler that changes fields before it has checked all.
    ///
    /// # Errors
    ///
    /// As for [`Context::wake`].
    pub fn mark_fields_changed(&mut self) -> Result<()> {
        // Waking no request is an effect without a consequence, and every host knows it.
        self.call(service::WAKE, "", &0_u64.to_le_bytes())?;
        Ok(())
    }

    /// Reports the number of unfinished pieces of work: a host that drains waits until all extensions have reported 0.
    /// The report takes effect when the handler has returned `Ok`, and counts until the next one; a new instance begins
    /// at 0.
    pub fn unfinished(&mut self, count: u64) {
        // A host too old to drain does not wait.
        let _ = self.call(service::UNFINISHED, "", &count.to_le_bytes());
    }

    /// Adds to a counter among the host's metrics, when the handler has returned `Ok`. Names are `a-z0-9_`; each set of
    /// label values is a series of its own, of which the host takes a bounded number.
    pub fn count(&mut self, name: &str, labels: &[(&str, &str)], by: u64) {
        self.measure(service::COUNT, name, &Sample::new(labels, by as f64));
    }

    /// Sets a gauge among the host's metrics, as for [`Context::count`].
    pub fn gauge(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.measure(service::GAUGE, name, &Sample::new(labels, value));
    }

    /// Metrics never fail a handler.
    fn measure(&mut self, service: u32, name: &str, sample: &Sample) {
        let sent = serde_json::to_vec(sample)
            .map_err(Error::from)
            .and_then(|sample| self.call(service, name, &sample));
        if let Err(error) = sent {
            self.warn(&error.to_string());
        }
    }

    /// Replaces the extension's conditions, when the handler has returned `Ok`: why it does nothing, and what a person must
    /// look at. Report all of them each time; the host finds out what is new, and takes [`crate::CONDITIONS_COUNT_MAX`].
    pub fn set_conditions(&mut self, conditions: &[Condition]) {
        let sent = serde_json::to_vec(conditions)
            .map_err(Error::from)
            .and_then(|conditions| self.call(service::CONDITIONS, "", &conditions));
        // As metrics, conditions never fail a handler.
        if let Err(error) = sent {
            self.warn(&error.to_string());
        }
    }

    /// Milliseconds since the Unix epoch, by a clock that never goes back while the host runs. From one run to the next it
    /// may, if the system's clock was ahead: a stored time can lie in the future, further than anything the plugin waits for.
    pub fn now_ms(&mut self) -> u64 {
        self.number(service::NOW)
    }

    /// 64 random bits.
    pub fn random_u64(&mut self) -> u64 {
        self.number(service::RANDOM)
    }

    /// A random number in `[0, 1)`, all multiples of 2^-53 alike.
    pub fn random_unit(&mut self) -> f64 {
        (self.random_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Logs for developers. Logging takes effect at once, whatever becomes of the handler.
    pub fn debug(&mut self, text: &str) {
        self.log("debug", text);
    }

    /// Logs a step of the life cycle.
    pub fn info(&mut self, text: &str) {
        self.log("info", text);
    }

    /// Logs a degradation: work goes on.
    pub fn warn(&mut self, text: &str) {
        self.log("warn", text);
    }

    /// Logs what an operator must act on.
    pub fn error(&mut self, text: &str) {
        self.log("error", text);
    }

    fn log(&mut self, level: &str, text: &str) {
        // Where the host cannot log, an error has no reader.
        let _ = self.call(service::LOG, level, text.as_bytes());
    }

    /// Like [`Context::debug`], with fields: ids, counts and reasons stand beside the text, which is the same for every
    /// line of its kind.
    ///
    /// ```
    /// # use tig_plugin_api::Context;
    /// fn released(ctx: &mut Context<'_>, slave: &str, num_nonces: u64) {
    ///     ctx.debug_with("batch released", &[("slave", &slave), ("num_nonces", &num_nonces)]);
    /// }
    /// ```
    ///
    /// Names are `a-z0-9_`. The host writes a bounded number of fields, and cuts long ones. A host too old to know fields
    /// gets them as part of the text.
    pub fn debug_with(&mut self, message: &str, fields: &LogFields<'_>) {
        self.log_with("debug", message, fields);
    }

    /// Like [`Context::info`], with fields as for [`Context::debug_with`].
    pub fn info_with(&mut self, message: &str, fields: &LogFields<'_>) {
        self.log_with("info", message, fields);
    }

    /// Like [`Context::warn`], with fields as for [`Context::debug_with`].
    pub fn warn_with(&mut self, message: &str, fields: &LogFields<'_>) {
        self.log_with("warn", message, fields);
    }

    /// Like [`Context::error`], with fields as for [`Context::debug_with`].
    pub fn error_with(&mut self, message: &str, fields: &LogFields<'_>) {
        self.log_with("error", message, fields);
    }

    fn log_with(&mut self, level: &str, message: &str, fields: &LogFields<'_>) {
        let line = LogLine::new(message, fields);
        let logged = serde_json::to_vec(&line)
            .map_err(Error::from)
            .and_then(|line| self.call(service::LOG_FIELDS, level, &line));
        if logged.is_err() {
            // The host is older than fields.
            self.log(level, &line.to_text());
        }
    }

    /// Clock and randomness cannot fail in a host that knows them, and the first API version does.
    fn number(&mut self, service: u32) -> u64 {
        let answer = self.call(service, "", &[]).unwrap_or_default();
        answer
            .try_into()
            .map(u64::from_le_bytes)
            .unwrap_or_default()
    }

    pub(crate) fn call(&mut self, service: u32, name: &str, body: &[u8]) -> Result<Vec<u8>> {
        match self
            .host
            .call(service, RStr::from_str(name), RSlice::from_slice(body))
        {
            RResult::ROk(answer) => Ok(answer.into_vec()),
            RResult::RErr(text) => bail!("{text}"),
        }
    }
}

fn decode_value<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T> {
    serde_json::from_slice(value)
        .map_err(|error| Error::from(error).context(format_args!("stored value `{key}`")))
}
