//! The clock of a harness, and the timers of an extension.

use std::collections::BTreeMap;

use super::Harness;
#[cfg(doc)]
use super::check_failed_handlers;
use crate::abi::event;
use crate::{Extension, Result};

/// Timers that are handled at one time of the clock, one after the other. A handler that sets its timer at or before the present
/// time would never come to an end.
const TIMERS_AT_ONCE_COUNT_MAX: usize = 10_000;

impl<E: Extension> Harness<E> {
    /// The time by the harness's clock, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.host.now_ms
    }

    /// Puts the clock forward. Timers that become due meanwhile are handled, each at its time.
    ///
    /// ```
    /// # use tig_plugin_api::{prelude::*, testing::Harness};
    /// # struct Clock;
    /// # #[extension]
    /// # impl Clock {
    /// #     fn new(_config: serde_json::Value, ctx: &mut Context<'_>) -> Result<Self> {
    /// #         let now_ms = ctx.now_ms();
    /// #         ctx.at("second", now_ms + 1_000)?;
    /// #         Ok(Self)
    /// #     }
    /// #     fn on_timer(&mut self, ctx: &mut Context<'_>, tag: String) -> Result<()> {
    /// #         let now_ms = ctx.now_ms();
    /// #         ctx.emit_json(&tag, &now_ms)?;
    /// #         ctx.at(&tag, now_ms + 1_000)
    /// #     }
    /// # }
    /// # fn main() {
    /// // Sets the timer `second` in `new`, and again whenever it is due.
    /// let mut clock = Harness::<Clock>::start(serde_json::json!({ "name": "clock" }));
    /// clock.advance_ms(2_500);
    /// assert_eq!(clock.emitted().len(), 2);
    /// let due_in_ms = clock.timers()["second"] - clock.now_ms();
    /// assert_eq!(due_in_ms, 500);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// A handler of a timer fails, or more than 10,000 timers are due at one time, as when a handler sets its timer at a time that
    /// is not after the present one.
    pub fn advance_ms(&mut self, milliseconds: u64) {
        self.try_advance_ms(milliseconds)
            .unwrap_or_else(|error| panic!("on_timer: {error}"));
    }

    /// Puts the clock forward. Timers that become due meanwhile are handled, each at its time.
    ///
    /// # Errors
    ///
    /// A handler of a timer fails; then its timer is gone, the clock stands at its time, and later timers are not handled yet.
    ///
    /// # Panics
    ///
    /// More than 10,000 timers are due at one time, as for [`Harness::advance_ms`].
    pub fn try_advance_ms(&mut self, milliseconds: u64) -> Result<()> {
        let end = self.host.now_ms.saturating_add(milliseconds);
        let mut at_once = 0;
        while let Some((at, tag)) = self.next_timer().filter(|(at, _)| *at <= end) {
            at_once = if at > self.host.now_ms {
                0
            } else {
                at_once + 1
            };
            assert!(
                at_once <= TIMERS_AT_ONCE_COUNT_MAX,
                "timer `{tag}` is due again after {TIMERS_AT_ONCE_COUNT_MAX} timers at one time: set it later than `now_ms`"
            );
            self.try_next_timer()?;
        }
        self.host.now_ms = end;
        Ok(())
    }

    /// Puts the clock forward to the next timer, if one is set, and handles that one alone: for steps of one handler each, as
    /// [`check_failed_handlers`] needs them.
    ///
    /// # Errors
    ///
    /// Its handler fails; then the timer is gone.
    pub fn try_next_timer(&mut self) -> Result<()> {
        let Some((at, tag)) = self.next_timer() else {
            return Ok(());
        };
        self.host.timers.remove(&tag);
        self.host.now_ms = self.host.now_ms.max(at);
        self.handle(event::TIMER, tag.as_bytes())
    }

    fn next_timer(&self) -> Option<(u64, String)> {
        let timers = self.host.timers.iter();
        timers.map(|(tag, at)| (*at, tag.clone())).min()
    }

    /// Sets the clock back, as may have happened between two runs of a host.
    pub fn set_back_ms(&mut self, milliseconds: u64) {
        self.host.now_ms = self.host.now_ms.saturating_sub(milliseconds);
    }

    /// The timers that are set: Unix milliseconds by tag.
    #[must_use]
    pub fn timers(&self) -> &BTreeMap<String, u64> {
        &self.host.timers
    }
}
