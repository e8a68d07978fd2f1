//! Failed handlers: what the harness makes of them, and what its property finds.
//! A binary of its own: a file exports one extension.

#![cfg(test)]

use serde_json::{Value, json};
use tig_plugin_api::prelude::*;
use tig_plugin_api::testing::{Harness, check_failed_handlers};

/// Changes its field before or after it asks for an effect, or takes no notice of a refusal.
struct Ledger {
    lines: u64,
}

#[extension]
impl Ledger {
    fn new(_config: Value, ctx: &mut Context<'_>) -> Result<Self> {
        let lines = ctx.get("lines")?.unwrap_or_default();
        Ok(Self { lines })
    }

    fn on_line(&mut self, ctx: &mut Context<'_>, _event: Value) -> Result<()> {
        self.lines += 1;
        ctx.put("lines", &self.lines)?;
        ctx.emit_json("lines", &self.lines)
    }

    /// Changes a field before it checks.
    fn on_hasty_line(&mut self, ctx: &mut Context<'_>, event: Value) -> Result<()> {
        self.lines += 1;
        if event.is_null() {
            bail!("a line without text");
        }
        ctx.put("lines", &self.lines)
    }

    /// As [`Ledger::on_hasty_line`], but marks the change.
    fn on_marked_line(&mut self, ctx: &mut Context<'_>, event: Value) -> Result<()> {
        ctx.mark_fields_changed()?;
        self.on_hasty_line(ctx, event)
    }

    /// Takes no notice of a refusal.
    fn on_careless_line(&mut self, ctx: &mut Context<'_>, _event: Value) -> Result<()> {
        self.lines += 1;
        let _ = ctx.put("lines", &self.lines);
        Ok(())
    }
}

fn ledger() -> Harness<Ledger> {
    Harness::start(json!({ "name": "ledger" }))
}

fn check(steps: &[(&str, Value)], k: u64) {
    check_failed_handlers(ledger, steps, k, |ledger, (name, arguments)| {
        ledger.try_event(name, arguments.clone())
    });
}

#[test]
fn refused_call_restores_from_storage() {
    for k in 1..=4 {
        let mut ledger = ledger();
        ledger.fail_call(k);
        let lines = [0, 1].map(|n| ledger.try_event("line", json!(n)));
        assert_eq!(lines.iter().filter(|line| line.is_err()).count(), 1);
        assert_eq!(ledger.restores(), 1);
        assert_eq!(ledger.extension().lines, 1);
        assert_eq!(ledger.emitted(), [("lines".to_owned(), json!(1))]);
        check(&[("line", json!(0)), ("line", json!(1))], k);
    }
}

#[test]
#[should_panic(expected = "step 1")]
fn field_changed_before_a_check_is_found() {
    check(&[("hasty_line", json!(null)), ("line", json!(0))], 0);
}

#[test]
fn field_change_that_is_marked_is_undone() {
    check(&[("marked_line", json!(null)), ("line", json!(0))], 0);
}

#[test]
#[should_panic(expected = "it has returned Ok")]
fn refusal_without_notice_is_found() {
    check(&[("careless_line", json!(0))], 1);
}
