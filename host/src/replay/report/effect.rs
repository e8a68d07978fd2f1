//! Words for what an extension asks of the host.

use std::borrow::Cow;

use serde_json::Value;
use tig_plugin_api::Sample;
use tig_plugin_api::frame::{EventKind, HostCall, MetricKind};

use super::compared::Effect;
use super::shown::{body, number, text, time};

/// An effect in the present tense of a sentence whose subject is the extension.
#[derive(Debug)]
pub(super) struct Words<'a> {
    /// Names the effect: "emits `x`".
    pub head: String,
    /// With what: the start of a body, a time; `None` if the head says all.
    pub rest: Option<String>,
    /// The whole body, which may be JSON.
    pub body: Cow<'a, [u8]>,
}

impl Words<'_> {
    /// Both parts.
    pub(super) fn phrase(&self) -> String {
        match &self.rest {
            Some(rest) => format!("{} {rest}", self.head),
            None => self.head.clone(),
        }
    }
}

/// The words for an effect, of an unknown service too.
pub(super) fn words(effect: Effect<'_>) -> Words<'_> {
    let Effect {
        service,
        name,
        body: whole,
    } = effect;
    let Ok(call) = HostCall::decode(service, name, whole) else {
        return Words {
            head: format!(
                "asks service {service} for `{}` in a form unknown here",
                text(name)
            ),
            rest: Some(body(whole)),
            body: whole.into(),
        };
    };
    Words {
        head: head(&call, &text(name)),
        rest: rest(&call, whole),
        body: match call {
            HostCall::Http { call, .. } => call.body.into(),
            HostCall::Finish(_, value) => value.into(),
            HostCall::WsSend { text, .. } => text.as_bytes().into(),
            _ => whole.into(),
        },
    }
}

fn head(call: &HostCall<'_>, name: &str) -> String {
    match call {
        HostCall::Emit { kind, .. } => format!("emits{} `{name}`", kind_word(*kind)),
        HostCall::Write(_, Some(_)) => format!("writes `{name}`"),
        HostCall::Write(_, None) => format!("deletes `{name}`"),
        HostCall::Http { call, .. } => format!("sends {} {}", call.method.name(), text(&call.url)),
        HostCall::Log(level, _) => format!("logs at level {}", level.name()),
        HostCall::Wake(_) => "wakes requests".to_owned(),
        HostCall::Unfinished(_) => "reports unfinished work".to_owned(),
        HostCall::Measure(MetricKind::Counter, ..) => format!("counts `{name}`"),
        HostCall::Measure(MetricKind::Gauge, ..) => format!("sets gauge `{name}`"),
        HostCall::At(..) => format!("sets timer `{name}`"),
        HostCall::Cancel(_) => format!("cancels timer `{name}`"),
        HostCall::WsOpen(_) => format!("opens connection `{name}`"),
        HostCall::WsSend { .. } => format!("sends a frame on connection `{name}`"),
        HostCall::WsClose(..) => format!("closes connection `{name}`"),
        HostCall::Progress(..) => "shows progress of a command".to_owned(),
        HostCall::Finish(finish, _) => format!("ends a command with code {}", finish.code),
        HostCall::Conditions(_) => "sets its conditions".to_owned(),
        HostCall::Get(_) | HostCall::Scan(_) => format!("reads `{name}`"),
        HostCall::Now => "reads the clock".to_owned(),
        HostCall::Random => "draws a random number".to_owned(),
        HostCall::PublicKey(_) => format!("reads the public key `{name}`"),
        HostCall::Sign(..) => format!("signs with the key `{name}`"),
    }
}

fn rest(call: &HostCall<'_>, whole: &[u8]) -> Option<String> {
    Some(match call {
        HostCall::Emit { payload, .. } => body(payload),
        HostCall::Write(_, Some(value)) => body(value),
        HostCall::Http { call, .. } if !call.body.is_empty() => {
            format!("with {}", body(&call.body))
        }
        HostCall::Log(_, line) => line_text(&line.message, &line.fields),
        HostCall::Wake(number) | HostCall::Unfinished(number) => number.to_string(),
        HostCall::Measure(_, _, sample) => sample_text(sample),
        HostCall::At(_, unix_ms) => format!("to {}", time(*unix_ms)),
        HostCall::WsOpen(open) => format!("to {}", text(&open.url)),
        HostCall::WsSend { text: frame, .. } => text(frame),
        HostCall::WsClose(_, close) => format!("{} {}", close.code, text(&close.reason)),
        HostCall::Progress(_, line) => text(line),
        HostCall::Finish(_, value) => body(value),
        HostCall::Conditions(_) | HostCall::Sign(..) => body(whole),
        HostCall::Http { .. } | HostCall::Write(_, None) | HostCall::Cancel(_) => return None,
        HostCall::Get(_) | HostCall::Scan(_) | HostCall::Now | HostCall::Random => return None,
        HostCall::PublicKey(_) => return None,
    })
}

fn kind_word(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Plain => "",
        EventKind::Durable => " durable",
        EventKind::Latest => " latest",
    }
}

fn line_text(message: &str, fields: &[(String, Value)]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    match fields.is_empty() {
        true => text(message),
        false => format!("{} {}", text(message), text(&fields.join(" "))),
    }
}

fn sample_text(sample: &Sample) -> String {
    let labels: Vec<String> = sample
        .labels
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    match labels.is_empty() {
        true => number(sample.value),
        false => format!("{} for {}", number(sample.value), text(&labels.join(" "))),
    }
}
