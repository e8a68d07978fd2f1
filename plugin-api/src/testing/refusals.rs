//! Calls to the host that fail because the test wants them to.

use std::collections::BTreeSet;

use super::Harness;
#[cfg(doc)]
use super::check_failed_handlers;
#[cfg(doc)]
use crate::Context;
use crate::frame::{HostCall, MetricKind};
use crate::{Extension, Result, bail};

/// What an extension asks of its host, for [`Harness::fail_next`]: every call but the log, the clock and random numbers,
/// which cannot fail.
///
/// A refused metric, condition or count of unfinished work fails no handler, as under a host.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CallKind {
    /// [`Context::emit`]; named by the event. A host refuses it if an extension that handles the event has no room.
    Emit,
    /// [`Context::get`] and [`Context::has`]; named by the key.
    Get,
    /// [`Context::put`]; named by the key.
    Put,
    /// [`Context::delete`]; named by the key.
    Delete,
    /// [`Context::scan`]; named by the prefix.
    Scan,
    /// [`Context::http`]; named by the tag. A host refuses it if too many requests of the extension are open.
    Http,
    /// [`Context::wake`] and [`Context::mark_fields_changed`]; the name is empty.
    Wake,
    /// [`Context::at`]; named by the tag.
    At,
    /// [`Context::cancel`]; named by the tag.
    Cancel,
    /// [`Context::public_key`]; named by the key.
    PublicKey,
    /// [`Context::sign`]; named by the key.
    Sign,
    /// [`Context::ws_open`]; named by the tag.
    WsOpen,
    /// [`Context::ws_send`]; named by the tag. A host refuses it if too much waits to be sent.
    WsSend,
    /// [`Context::ws_close`]; named by the tag.
    WsClose,
    /// [`Context::progress`]; the name is empty.
    Progress,
    /// [`Context::finish`]; the name is empty.
    Finish,
    /// [`Context::count`]; named by the metric.
    Count,
    /// [`Context::gauge`]; named by the metric.
    Gauge,
    /// [`Context::set_conditions`]; the name is empty.
    Conditions,
    /// [`Context::unfinished`]; the name is empty.
    Unfinished,
}

impl CallKind {
    /// Kind and name of a call; `None` if it cannot fail.
    fn of_call<'a>(call: &'a HostCall<'_>) -> Option<(Self, &'a str)> {
        Some(match call {
            HostCall::Emit { name, .. } => (Self::Emit, *name),
            HostCall::Get(key) => (Self::Get, *key),
            HostCall::Write(key, Some(_)) => (Self::Put, *key),
            HostCall::Write(key, None) => (Self::Delete, *key),
            HostCall::Scan(prefix) => (Self::Scan, *prefix),
            HostCall::Http { call, .. } => (Self::Http, call.tag.as_str()),
            HostCall::Wake(_) => (Self::Wake, ""),
            HostCall::At(tag, _) => (Self::At, *tag),
            HostCall::Cancel(tag) => (Self::Cancel, *tag),
            HostCall::PublicKey(key) => (Self::PublicKey, *key),
            HostCall::Sign(key, _) => (Self::Sign, *key),
            HostCall::WsOpen(open) => (Self::WsOpen, open.tag.as_str()),
            HostCall::WsSend { tag, .. } => (Self::WsSend, *tag),
            HostCall::WsClose(tag, _) => (Self::WsClose, *tag),
            HostCall::Progress(..) => (Self::Progress, ""),
            HostCall::Finish(..) => (Self::Finish, ""),
            HostCall::Measure(MetricKind::Counter, name, _) => (Self::Count, *name),
            HostCall::Measure(MetricKind::Gauge, name, _) => (Self::Gauge, *name),
            HostCall::Conditions(_) => (Self::Conditions, ""),
            HostCall::Unfinished(_) => (Self::Unfinished, ""),
            HostCall::Log(..) | HostCall::Now | HostCall::Random => return None,
        })
    }
}

/// The calls that are to fail.
#[derive(Default)]
pub(super) struct Refusals {
    /// Calls until one fails, that one included.
    pub(super) calls_left: Option<u64>,
    /// Calls that have failed so.
    pub(super) counted: u64,
    /// Calls that fail once.
    next: Vec<(CallKind, String)>,
    /// Every call of these kinds fails.
    every: BTreeSet<CallKind>,
    /// The next commit fails.
    commit: bool,
}

impl Refusals {
    /// Whether a call may be made.
    pub(super) fn check(&mut self, call: &HostCall<'_>) -> Result<()> {
        self.check_count(call)?;
        let Some((kind, name)) = CallKind::of_call(call) else {
            return Ok(());
        };
        let named = |(it, its_name): &(CallKind, String)| *it == kind && its_name == name;
        let once = self.next.iter().position(named);
        if let Some(place) = once {
            self.next.remove(place);
        }
        if once.is_some() || self.every.contains(&kind) {
            bail!("refused by the test: {kind:?} `{name}`");
        }
        Ok(())
    }

    /// Whether the effects of a handler that has succeeded can be stored.
    pub(super) fn check_commit(&mut self) -> Result<()> {
        if std::mem::take(&mut self.commit) {
            bail!("refused by the test: the store cannot be written");
        }
        Ok(())
    }

    fn check_count(&mut self, call: &HostCall<'_>) -> Result<()> {
        let can_fail = call.is_effect() || matches!(call, HostCall::Get(_) | HostCall::Scan(_));
        let Some(calls) = self.calls_left.filter(|_| can_fail) else {
            return Ok(());
        };
        self.calls_left = calls.checked_sub(1).filter(|calls| *calls > 0);
        if self.calls_left.is_some() {
            return Ok(());
        }
        self.counted += 1;
        bail!("refused by the test")
    }
}

impl<E: Extension> Harness<E> {
    /// Fails the `k`-th of the calls from now on that [`check_failed_handlers`] counts: events, HTTP requests, wakes, timers,
    /// connections, commands, and all that concerns the storage. `k` counts from 1, across handlers; 0 fails none.
    pub fn fail_call(&mut self, k: u64) {
        self.host.refusals.calls_left = Some(k).filter(|k| *k > 0);
    }

    /// Fails the next call of this kind and name; each call of this function fails one. See [`CallKind`] for the names.
    ///
    /// ```
    /// # use tig_plugin_api::{prelude::*, testing::{CallKind, Harness}};
    /// # struct Log;
    /// # #[extension]
    /// # impl Log {
    /// #     fn new(_config: serde_json::Value, _ctx: &mut Context<'_>) -> Result<Self> { Ok(Self) }
    /// #     fn on_line(&mut self, ctx: &mut Context<'_>, line: String) -> Result<()> { ctx.put("line", &line) }
    /// # }
    /// # fn main() {
    /// let mut log = Harness::<Log>::start(serde_json::json!({ "name": "log" }));
    /// log.fail_next(CallKind::Put, "line");
    /// assert!(log.try_event("line", "a".into()).is_err());
    /// assert!(log.stored().is_empty());
    /// log.event("line", "b".into());
    /// assert_eq!(log.stored()["line"], "b");
    /// # }
    /// ```
    pub fn fail_next(&mut self, kind: CallKind, name: &str) {
        self.host.refusals.next.push((kind, name.to_owned()));
    }

    /// Fails the next emission of the event `name`, as if an extension that handles it had no room.
    pub fn fail_emit(&mut self, name: &str) {
        self.fail_next(CallKind::Emit, name);
    }

    /// Fails every call of this kind, until [`Harness::stop_failing`].
    ///
    /// An instance whose handler fails is restored by `new`: if that makes such a call and does not go on without it, the function
    /// of the harness panics, where a host would stop the extension.
    pub fn fail_every(&mut self, kind: CallKind) {
        self.host.refusals.every.insert(kind);
    }

    /// Fails the commit of the next handler that returns `Ok`, as when the disk is full: none of its effects is kept, the
    /// harness's function returns an error, and the host starts again as by [`Harness::kill`].
    pub fn fail_commit(&mut self) {
        self.host.refusals.commit = true;
    }

    /// Fails nothing any more of what the functions before have ordered.
    pub fn stop_failing(&mut self) {
        let counted = self.host.refusals.counted;
        self.host.refusals = Refusals {
            counted,
            ..Refusals::default()
        };
    }
}
