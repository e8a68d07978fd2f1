//! What a test cannot ask of a harness.
//! A binary of its own: a file exports one extension.

#![cfg(test)]

use serde_json::{Value, json};
use tig_plugin_api::prelude::*;
use tig_plugin_api::testing::Harness;

/// Sets its timer `delay_ms` after the present time, again and again.
struct Alarm {
    delay_ms: u64,
}

#[extension]
impl Alarm {
    fn new(_config: Value, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self { delay_ms: 0 })
    }

    fn on_set(&mut self, ctx: &mut Context<'_>, delay_ms: u64) -> Result<()> {
        self.delay_ms = delay_ms;
        let now_ms = ctx.now_ms();
        ctx.at("again", now_ms + delay_ms)
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, tag: String) -> Result<()> {
        let now_ms = ctx.now_ms();
        ctx.at(&tag, now_ms + self.delay_ms)
    }
}

fn alarm(delay_ms: u64) -> Harness<Alarm> {
    let mut alarm = Harness::start(json!({ "name": "alarm" }));
    alarm.event("set", json!(delay_ms));
    alarm
}

#[test]
#[should_panic(expected = "timer `again` is due again after 10000 timers at one time")]
fn timer_that_is_set_for_now_is_named() {
    alarm(0).advance_ms(1);
}

#[test]
fn timer_that_moves_on_is_handled_for_days() {
    let mut alarm = alarm(1_000);
    alarm.advance_ms(2 * 86_400_000);
    assert_eq!(alarm.timers()["again"] - alarm.now_ms(), 1_000);
}

#[test]
fn clock_stops_at_its_last_moment() {
    let mut alarm = Harness::<Alarm>::start(json!({ "name": "alarm" }));
    alarm.advance_ms(u64::MAX);
    assert_eq!(alarm.now_ms(), u64::MAX);
}

#[test]
fn event_without_a_handler_is_an_error() {
    let mut alarm = alarm(7);
    let refused = alarm.try_event("sett", json!(5)).unwrap_err().to_string();
    let text = "the extension has no handler of event `sett`; it handles: set, host.timer";
    assert_eq!(refused, text);
    assert_eq!(alarm.extension().delay_ms, 7);
}

#[test]
#[should_panic(expected = "no handler of event `update`")]
fn update_without_a_handler_fails_its_test() {
    alarm(7).update();
}
