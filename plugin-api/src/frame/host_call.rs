//! Decodes host calls, for all hosts alike: the real one, its shadows and those of tests.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;

use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};
use serde::de::DeserializeOwned;

use crate::abi::service;
use crate::{
    Condition, Error, Finish, HttpCall, LogLine, Result, Sample, Ticket, Turn, WsClose, WsOpen,
    WsSend, frame,
};

/// What becomes of an event that cannot be handled at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EventKind {
    /// It waits in memory.
    Plain,
    /// Kept in the outbox until every handler has handled it.
    Durable,
    /// Only the latest of its name waits.
    Latest,
}

/// Level of a log line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogLevel {
    /// For developers; also for unknown levels.
    Debug,
    /// A step of the life cycle.
    Info,
    /// A degradation: work goes on.
    Warn,
    /// A fault that an operator must act on.
    Error,
}

impl LogLevel {
    /// As in [`service::LOG`].
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    fn from_name(name: &str) -> Self {
        let known = [Self::Info, Self::Warn, Self::Error];
        let level = known.into_iter().find(|level| level.name() == name);
        level.unwrap_or(Self::Debug)
    }
}

/// How a metric takes a sample.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MetricKind {
    /// Samples add up.
    Counter,
    /// A sample replaces the one before.
    Gauge,
}

/// A call of [`Host::call`](crate::abi::Host::call), with its arguments decoded. See [`service`] for each.
#[derive(Debug)]
pub enum HostCall<'a> {
    /// [`service::EMIT`], [`service::EMIT_DURABLE`] or [`service::EMIT_LATEST`].
    Emit {
        /// Name of the event.
        name: &'a str,
        /// Its arguments; the host checks that they are JSON.
        payload: &'a [u8],
        /// Which of the three.
        kind: EventKind,
    },
    /// [`service::STORAGE_GET`] of this key.
    Get(&'a str),
    /// [`service::STORAGE_PUT`] of a value under a key, or [`service::STORAGE_DELETE`] if the value is `None`.
    Write(&'a str, Option<&'a [u8]>),
    /// [`service::STORAGE_SCAN`] of keys with this prefix.
    Scan(&'a str),
    /// [`service::HTTP`].
    Http {
        /// The request.
        call: Box<HttpCall>,
        /// How it waits for its turn.
        turn: Turn,
        /// Its length as it crossed.
        encoded_bytes: usize,
    },
    /// [`service::LOG`] of a text, or [`service::LOG_FIELDS`].
    Log(LogLevel, LogLine),
    /// [`service::NOW`].
    Now,
    /// [`service::RANDOM`].
    Random,
    /// [`service::WAKE`] of so many parked requests.
    Wake(u64),
    /// [`service::UNFINISHED`]: so many pieces of work.
    Unfinished(u64),
    /// [`service::COUNT`] or [`service::GAUGE`] of the metric of this name.
    Measure(MetricKind, &'a str, Sample),
    /// [`service::AT`]: this timer, at these Unix milliseconds.
    At(&'a str, u64),
    /// [`service::CANCEL`] of this timer.
    Cancel(&'a str),
    /// [`service::PUBLIC_KEY`] of the key of this name.
    PublicKey(&'a str),
    /// [`service::SIGN`] with the key of this name.
    Sign(&'a str, &'a [u8]),
    /// [`service::WS_OPEN`].
    WsOpen(Box<WsOpen>),
    /// [`service::WS_SEND`].
    WsSend {
        /// Tag of the connection.
        tag: &'a str,
        /// The frame's text.
        text: &'a str,
        /// Number by which it is reported as written, if it is.
        frame: Option<u64>,
    },
    /// [`service::WS_CLOSE`] of the connection of this tag.
    WsClose(&'a str, WsClose),
    /// [`service::PROGRESS`] of a command, as text.
    Progress(Ticket, &'a str),
    /// [`service::FINISH`] of a command with the JSON of its value.
    Finish(Finish, &'a [u8]),
    /// [`service::CONDITIONS`]: all conditions of the extension.
    Conditions(Vec<Condition>),
}

/// Why a host call was not decoded.
#[derive(Debug, thiserror::Error)]
pub enum BadHostCall {
    /// The plugin is newer than its host.
    #[error("this host has no service {0}; upgrade the host")]
    UnknownService(u32),
    /// A number's body.
    #[error("the number does not have 8 bytes")]
    BadNumber,
    /// A structured body.
    #[error("{0}")]
    BadBody(Error),
    /// A tag in a body.
    #[error("the call is for tag {name:?} and its body for tag {tag:?}")]
    TwoTags {
        /// The call's.
        name: String,
        /// The body's.
        tag: String,
    },
}

impl<'a> HostCall<'a> {
    /// Decodes the arguments of [`Host::call`](crate::abi::Host::call).
    ///
    /// # Errors
    ///
    /// The service is unknown, or its arguments are malformed.
    #[inline]
    pub fn decode(
        service: u32,
        name: &'a str,
        body: &'a [u8],
    ) -> std::result::Result<Self, BadHostCall> {
        let emit = |kind| Self::Emit {
            name,
            payload: body,
            kind,
        };
        let measure = |kind| json(body).map(|sample| Self::Measure(kind, name, sample));
        Ok(match service {
            service::EMIT => emit(EventKind::Plain),
            service::EMIT_DURABLE => emit(EventKind::Durable),
            service::EMIT_LATEST => emit(EventKind::Latest),
            service::STORAGE_GET => Self::Get(name),
            service::STORAGE_PUT => Self::Write(name, Some(body)),
            service::STORAGE_DELETE => Self::Write(name, None),
            service::STORAGE_SCAN => Self::Scan(name),
            service::HTTP => Self::Http {
                call: Box::new(HttpCall::decode(body).map_err(BadHostCall::BadBody)?),
                turn: HttpCall::decode_turn(body).map_err(BadHostCall::BadBody)?,
                encoded_bytes: body.len(),
            },
            service::LOG => Self::Log(LogLevel::from_name(name), text_line(body)),
            service::LOG_FIELDS => Self::Log(LogLevel::from_name(name), json(body)?),
            service::NOW => Self::Now,
            service::RANDOM => Self::Random,
            service::WAKE => Self::Wake(number(body)?),
            service::UNFINISHED => Self::Unfinished(number(body)?),
            service::COUNT => measure(MetricKind::Counter)?,
            service::GAUGE => measure(MetricKind::Gauge)?,
            service::AT => Self::At(name, number(body)?),
            service::CANCEL => Self::Cancel(name),
            service::PUBLIC_KEY => Self::PublicKey(name),
            service::SIGN => Self::Sign(name, body),
            service::WS_OPEN => Self::WsOpen(ws_open(name, body)?),
            service::WS_SEND => {
                let (WsSend { frame }, text) = text_frame(body)?;
                Self::WsSend {
                    tag: name,
                    text,
                    frame,
                }
            }
            service::WS_CLOSE => Self::WsClose(name, json(body)?),
            service::PROGRESS => {
                let (ticket, text) = text_frame(body)?;
                Self::Progress(ticket, text)
            }
            service::FINISH => {
                let (finish, value) = frame::decode(body).map_err(BadHostCall::BadBody)?;
                Self::Finish(finish, value)
            }
            service::CONDITIONS => Self::Conditions(json(body)?),
            unknown => return Err(BadHostCall::UnknownService(unknown)),
        })
    }

    /// Whether the call asks for an effect that fields of the extension may rely on. If the handler fails after such a
    /// call, granted or not, its instance is restored from storage. Logs are written at once and readings rely on fields,
    /// not the other way round.
    #[must_use]
    #[inline]
    pub fn is_effect(&self) -> bool {
        match self {
            Self::Emit { .. } | Self::Write(..) | Self::Http { .. } | Self::Wake(_) => true,
            Self::At(..) | Self::Cancel(_) | Self::Progress(..) | Self::Finish(..) => true,
            Self::WsOpen(_) | Self::WsSend { .. } | Self::WsClose(..) => true,
            Self::Get(_) | Self::Scan(_) | Self::Log(..) | Self::Now | Self::Random => false,
            Self::Unfinished(_) | Self::Measure(..) | Self::Conditions(_) => false,
            Self::PublicKey(_) | Self::Sign(..) => false,
        }
    }
}

/// The answer of a host.
#[derive(Debug)]
pub enum HostAnswer<'a> {
    /// The call has taken effect, or will when the handler has returned `Ok`.
    Done,
    /// To [`HostCall::Get`].
    Value(Option<Cow<'a, [u8]>>),
    /// To [`HostCall::Scan`].
    Entries(BTreeMap<String, Vec<u8>>),
    /// To [`HostCall::Now`] and [`HostCall::Random`].
    Number(u64),
    /// To [`HostCall::PublicKey`] and [`HostCall::Sign`].
    Bytes(Vec<u8>),
}

impl HostAnswer<'_> {
    /// The bytes that cross.
    ///
    /// # Errors
    ///
    /// A key or value is longer than `u32::MAX` bytes.
    #[inline]
    pub fn encode(&self) -> Result<Vec<u8>> {
        match self {
            Self::Done => Ok(Vec::new()),
            Self::Value(value) => Ok(frame::encode_value(value.as_deref())),
            Self::Entries(entries) => {
                let entries = entries.iter();
                frame::encode_entries(entries.map(|(key, value)| (key.as_str(), value.as_slice())))
            }
            Self::Number(number) => Ok(number.to_le_bytes().to_vec()),
            Self::Bytes(bytes) => Ok(bytes.clone()),
        }
    }
}

/// What [`Host::call`](crate::abi::Host::call) returns: `answer` to the decoded call, or the reason that there is none.
pub fn answer_call<'a, 'b, E: Display>(
    (service, name, body): (u32, RStr<'a>, RSlice<'a, u8>),
    answer: impl FnOnce(HostCall<'a>) -> std::result::Result<HostAnswer<'b>, E>,
) -> RResult<RVec<u8>, RString> {
    let call = match HostCall::decode(service, name.as_str(), body.as_slice()) {
        Ok(call) => call,
        Err(error) => return RResult::RErr(error.to_string().into()),
    };
    let answer = match answer(call) {
        Ok(answer) => answer,
        Err(error) => return RResult::RErr(error.to_string().into()),
    };
    match answer.encode() {
        Ok(bytes) => RResult::ROk(bytes.into()),
        Err(error) => RResult::RErr(error.to_string().into()),
    }
}

fn number(body: &[u8]) -> std::result::Result<u64, BadHostCall> {
    let number = body.try_into().map(u64::from_le_bytes);
    number.map_err(|_| BadHostCall::BadNumber)
}

fn json<T: DeserializeOwned>(body: &[u8]) -> std::result::Result<T, BadHostCall> {
    serde_json::from_slice(body).map_err(|error| BadHostCall::BadBody(error.into()))
}

/// A JSON head with a text behind it.
fn text_frame<T: DeserializeOwned>(body: &[u8]) -> std::result::Result<(T, &str), BadHostCall> {
    let (head, text) = frame::decode(body).map_err(BadHostCall::BadBody)?;
    let text = std::str::from_utf8(text).map_err(|error| BadHostCall::BadBody(error.into()))?;
    Ok((head, text))
}

fn ws_open(name: &str, body: &[u8]) -> std::result::Result<Box<WsOpen>, BadHostCall> {
    let open: Box<WsOpen> = json(body)?;
    if open.tag == name {
        return Ok(open);
    }
    Err(BadHostCall::TwoTags {
        name: name.to_owned(),
        tag: open.tag,
    })
}

fn text_line(text: &[u8]) -> LogLine {
    LogLine {
        message: String::from_utf8_lossy(text).into_owned(),
        fields: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Services of API version 1 at the last change of this line; later ones are added, none is removed.
    const SERVICES: std::ops::RangeInclusive<u32> = 1..=26;

    #[test]
    fn every_service_decodes_and_no_other() {
        let sample = serde_json::to_vec(&Sample::new(&[], 1.0)).unwrap();
        let call = HttpCall {
            tag: "t".to_owned(),
            method: crate::Method::Get,
            url: String::new(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout_ms: 1,
            max_body_bytes: 1,
        };
        let line = serde_json::to_vec(&LogLine::default()).unwrap();
        let open = WsOpen {
            tag: "n".to_owned(),
            url: String::new(),
            headers: Vec::new(),
            frame_bytes_max: 1,
            ping_every_ms: 0,
            silent_ms_max: 0,
            connect_ms: 1,
        };
        let close = WsClose {
            code: 1000,
            reason: String::new(),
        };
        let finish = Finish {
            ticket: Ticket::NONE,
            code: 0,
        };
        let bodies = [
            vec![0; 8],
            sample,
            line,
            call.encode().unwrap(),
            serde_json::to_vec(&open).unwrap(),
            frame::encode(&WsSend::default(), b"text").unwrap(),
            serde_json::to_vec(&close).unwrap(),
            frame::encode(&Ticket::NONE, b"text").unwrap(),
            frame::encode(&finish, b"null").unwrap(),
            b"[]".to_vec(),
        ];
        let is_known = |service| {
            let mut bodies = bodies.iter();
            bodies.any(|body| HostCall::decode(service, "n", body).is_ok())
        };
        for service in 0..100 {
            assert_eq!(is_known(service), SERVICES.contains(&service), "{service}");
        }
    }

    #[test]
    fn malformed_arguments_are_errors() {
        for service in [service::WAKE, service::UNFINISHED, service::AT] {
            let error = HostCall::decode(service, "", b"7").unwrap_err();
            assert!(matches!(error, BadHostCall::BadNumber), "{error}");
        }
        for service in [
            service::HTTP,
            service::COUNT,
            service::GAUGE,
            service::LOG_FIELDS,
            service::WS_OPEN,
            service::WS_SEND,
            service::WS_CLOSE,
            service::PROGRESS,
            service::FINISH,
        ] {
            let error = HostCall::decode(service, "", b"{").unwrap_err();
            assert!(matches!(error, BadHostCall::BadBody(_)), "{error}");
        }
        let open = br#"{"tag":"b","url":"","headers":[],"frame_bytes_max":1,"ping_every_ms":0,"silent_ms_max":0,
            "connect_ms":1}"#;
        let error = HostCall::decode(service::WS_OPEN, "a", open).unwrap_err();
        assert!(matches!(error, BadHostCall::TwoTags { .. }), "{error}");
        let error = HostCall::decode(999, "", b"").unwrap_err();
        assert!(matches!(error, BadHostCall::UnknownService(999)), "{error}");
    }
}
