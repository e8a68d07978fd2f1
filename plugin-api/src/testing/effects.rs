//! All that an extension has asked for, as one value.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{EmittedEvent, Harness, Series, SocketCall};
use crate::{Condition, Extension, HttpCall, Ticket, Turn};

/// What an extension has asked of its host ([`Harness::effects`]): in a fixed order, and the same for the same steps, so that it
/// can be compared with a stored one. Parts that are empty are left out of its serialized form.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Effects {
    /// Events emitted since the last look, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EmittedEvent>,
    /// HTTP requests that wait for an answer, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<OpenRequest>,
    /// Timers that are set: Unix milliseconds by tag.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub timers: BTreeMap<String, u64>,
    /// What was asked of websocket connections since the last look, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sockets: Vec<SocketCall>,
    /// Parked requests that were woken since the last look.
    #[serde(skip_serializing_if = "is_zero")]
    pub woken: u64,
    /// Lines of progress since the last look, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub progress: Vec<(Ticket, String)>,
    /// Commands that have ended, with code and value, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub finished: Vec<(Ticket, u8, Value)>,
    /// The storage, by key. A value that is not JSON is shown as text.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stored: BTreeMap<String, Value>,
    /// Counters and gauges, by name and labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Series>,
    /// The last report of conditions, in the extension's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The last report of unfinished work.
    #[serde(skip_serializing_if = "is_zero")]
    pub unfinished: u64,
    /// Log lines since the last look, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<LoggedLine>,
}

/// An HTTP request that waits for an answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpenRequest {
    /// See [`HttpCall::tag`].
    pub tag: String,
    /// Method in upper case.
    pub method: &'static str,
    /// Absolute URL.
    pub url: String,
    /// Names and values, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The body as JSON, as text if it is not JSON, or null if there is none.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub body: Value,
    /// See [`HttpCall::timeout_ms`].
    pub timeout_ms: u64,
    /// See [`HttpCall::max_body_bytes`].
    pub max_body_bytes: u64,
    /// How it waits for its turn.
    #[serde(skip_serializing_if = "is_default")]
    pub turn: Turn,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoggedLine {
    /// `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// The text, without fields.
    pub message: String,
    /// Names and values, in the extension's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<(String, Value)>,
}

impl<E: Extension> Harness<E> {
    /// All that the extension has asked for. Events, calls of connections, wakes, progress and logs are those since the last look
    /// by this function or one of their own, such as [`Harness::emitted`]; the rest is the present state.
    ///
    /// ```
    /// # use tig_plugin_api::{prelude::*, testing::Harness};
    /// # struct Echo;
    /// # #[extension]
    /// # impl Echo {
    /// #     fn new(_config: serde_json::Value, _ctx: &mut Context<'_>) -> Result<Self> { Ok(Self) }
    /// #     fn on_ping(&mut self, ctx: &mut Context<'_>, n: u64) -> Result<()> {
    /// #         ctx.put("last", &n)?;
    /// #         ctx.emit_json("pong", &n)
    /// #     }
    /// # }
    /// # fn main() {
    /// use serde_json::json;
    ///
    /// let mut echo = Harness::<Echo>::start(json!({ "name": "echo" }));
    /// echo.event("ping", json!(7));
    /// let effects = serde_json::to_value(echo.effects()).unwrap();
    /// assert_eq!(effects, json!({
    ///     "events": [{ "name": "pong", "kind": "plain", "arguments": 7 }],
    ///     "stored": { "last": 7 },
    /// }));
    /// assert!(echo.effects().events.is_empty(), "each event is shown once");
    /// # }
    /// ```
    pub fn effects(&mut self) -> Effects {
        let requests = self.http_calls().iter().zip(self.turns());
        let http = requests.map(|(call, turn)| open_request(call, *turn));
        let http = http.collect();
        let stored = self.host.stored.iter();
        let stored = stored.map(|(key, bytes)| (key.clone(), json_or_text(bytes)));
        let stored = stored.collect();
        let lines = self.log_lines().into_iter();
        let logs = lines.map(|(level, line)| LoggedLine {
            level: level.name(),
            message: line.message,
            fields: line.fields.into_iter().map(sorted_field).collect(),
        });
        let logs = logs.collect();
        let finished = self.host.commands.finished.iter();
        let finished =
            finished.map(|(ticket, code, value)| (*ticket, *code, sorted(value.clone())));
        Effects {
            http,
            timers: self.timers().clone(),
            finished: finished.collect(),
            stored,
            metrics: self.metrics(),
            conditions: self.conditions().to_vec(),
            unfinished: self.unfinished(),
            logs,
            sockets: self.host.sockets.take_all(),
            woken: self.woken(),
            progress: self.progress(),
            events: self
                .emitted_events()
                .into_iter()
                .map(sorted_event)
                .collect(),
        }
    }
}

fn open_request(call: &HttpCall, turn: Turn) -> OpenRequest {
    let body = match call.body.as_slice() {
        [] => Value::Null,
        body => json_or_text(body),
    };
    OpenRequest {
        tag: call.tag.clone(),
        method: call.method.name(),
        url: call.url.clone(),
        headers: call.headers.clone(),
        body,
        timeout_ms: call.timeout_ms,
        max_body_bytes: call.max_body_bytes,
        turn,
    }
}

fn json_or_text(bytes: &[u8]) -> Value {
    match serde_json::from_slice(bytes) {
        Ok(value) => sorted(value),
        Err(_) => String::from_utf8_lossy(bytes).into(),
    }
}

fn sorted_event(event: EmittedEvent) -> EmittedEvent {
    let arguments = sorted(event.arguments);
    EmittedEvent { arguments, ..event }
}

fn sorted_field((name, value): (String, Value)) -> (String, Value) {
    (name, sorted(value))
}

/// The value with the keys of its objects in order: those of a hash map have another one in each run.
fn sorted(mut value: Value) -> Value {
    value.sort_all_objects();
    value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
