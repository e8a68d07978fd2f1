//! A test of what the host promises of failed handlers, for any extension.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde_json::Value;

use super::{EmittedEvent, Harness};
use crate::{Extension, Result, Ticket};

/// Plays `steps` with the `k`-th call to the host failing ([`Harness::fail_call`]), beside a second harness that is given
/// only those steps whose handler has succeeded, and is restarted where the first one's instance was restored from
/// storage. Both must do the same all along: what is stored, what is asked for and what `play` returns.
///
/// So an extension passes if its handlers leave all fields as they were when they fail before they ask for an effect, and
/// report each refusal of the host as an error.
///
/// ```
/// # use tig_plugin_api::{prelude::*, testing::{Harness, check_failed_handlers}};
/// # struct Counter { n: u64 }
/// # #[extension]
/// # impl Counter {
/// #     fn new(_config: serde_json::Value, ctx: &mut Context<'_>) -> Result<Self> {
/// #         Ok(Self { n: ctx.get("n")?.unwrap_or(0) })
/// #     }
/// #     fn on_add(&mut self, ctx: &mut Context<'_>, amount: u64) -> Result<()> {
/// #         let n = self.n + amount;
/// #         ctx.put("n", &n)?;
/// #         ctx.emit_json("total", &n)?;
/// #         self.n = n;
/// #         Ok(())
/// #     }
/// # }
/// # fn main() {
/// let start = || Harness::<Counter>::start(serde_json::json!({ "name": "counter" }));
/// // Two calls to the host in each of three steps.
/// for k in 0..=6 {
///     check_failed_handlers(start, &[1, 2, 3], k, |counter, amount| {
///         counter.try_event("add", (*amount).into())
///     });
/// }
/// # }
/// ```
///
/// # Panics
///
/// The two differ, or a handler has returned `Ok` though the host had refused it something.
pub fn check_failed_handlers<E: Extension, S: Debug, T: Debug + PartialEq>(
    start: impl Fn() -> Harness<E>,
    steps: &[S],
    k: u64,
    play: impl Fn(&mut Harness<E>, &S) -> Result<T>,
) {
    let (mut going_on, mut restarting) = (start(), start());
    going_on.fail_call(k);
    for (number, step) in steps.iter().enumerate() {
        let (refused, restores) = (going_on.host.refusals.counted, going_on.restores());
        let outcome = play(&mut going_on, step);
        let at = format!("step {number}, {step:?}, with call {k} refused");
        match outcome {
            Ok(outcome) => {
                assert_eq!(
                    going_on.host.refusals.counted, refused,
                    "{at}: it has returned Ok"
                );
                let expected = play(&mut restarting, step).ok();
                assert_eq!(Some(outcome), expected, "{at}");
            }
            Err(_) => {
                if going_on.restores() > restores {
                    // A timer has put the clock forward before its handler failed.
                    restarting.host.now_ms = going_on.host.now_ms;
                    restarting.restart();
                }
                // An answer is given once, and a timer is due once, whatever becomes of it.
                assert!(going_on.host.calls.len() <= restarting.host.calls.len());
                assert!(going_on.host.timers.len() <= restarting.host.timers.len());
                restarting.host.see_what_happened(&going_on.host);
            }
        }
        assert_eq!(Seen::observe(&going_on), Seen::observe(&restarting), "{at}");
    }
}

/// What a host can observe of an extension, but for its log.
#[derive(Debug, PartialEq)]
struct Seen {
    stored: Vec<(String, String)>,
    emitted: Vec<EmittedEvent>,
    calls: Vec<String>,
    woken: u64,
    unfinished: u64,
    timers: BTreeMap<String, u64>,
    sockets: Vec<String>,
    progress: Vec<(Ticket, String)>,
    finished: Vec<(Ticket, u8, Value)>,
}

impl Seen {
    fn observe<E>(harness: &Harness<E>) -> Self {
        let host = &harness.host;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let stored = host.stored.iter();
        let calls = host.calls.iter();
        Self {
            stored: stored
                .map(|(key, value)| (key.clone(), text(value)))
                .collect(),
            emitted: host.emitted.clone(),
            calls: calls
                .map(|call| format!("{} {} {}", call.tag, call.url, text(&call.body)))
                .collect(),
            woken: host.woken,
            unfinished: host.unfinished,
            timers: host.timers.clone(),
            sockets: host.sockets.texts(),
            progress: host.commands.progress.clone(),
            finished: host.commands.finished.clone(),
        }
    }
}
