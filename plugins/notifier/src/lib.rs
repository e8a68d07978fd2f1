//! `notifier`: sends alerts to webhooks. An alert is a condition of severity `warning` or `critical`.
//!
//! | | |
//! |---|---|
//! | handles | `condition_raised`, `condition_cleared`, timers, answers to its requests |
//! | commands | `test` |
//! | conditions | `webhook_failing`, about the webhook |
//! | config | `webhooks` (`url`, `severity`, `key`), `name`, `group_ms`, `repeat_ms`, `flap_ms` |
//! | stores | `alert/<extension>/<code>/<subject>`, `webhook/<name>`, `message/<webhook>/<number>` |
//!
//! An alert that begins and ends before its message goes out is not sent. What is sent is stored until a webhook has taken it: a
//! message may come twice, with the same `id`, and none is lost without being counted.

mod alert;
mod alerts;
mod channel;
mod config;
mod delivery;
mod limits;
mod message;
mod test_run;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::alert::{Alert, Edge};
use crate::alerts::Alerts;
use crate::channel::{Channel, InFlight};
use crate::config::Config;
use crate::delivery::classify;
use crate::message::Message;
use crate::test_run::{TestArguments, TestRun};

/// Code of the extension's condition.
const WEBHOOK_FAILING: &str = "webhook_failing";

/// Tag of the only timer.
const WAKE: &str = "wake";

struct Notifier {
    /// Name of this extension.
    name: String,
    config: Config,
    alerts: Alerts,
    /// By name of the webhook.
    channels: BTreeMap<String, Channel>,
    tests: Vec<TestRun>,
    conditions: ReportedConditions,
}

/// What a reload hands over.
#[derive(Deserialize, Serialize)]
struct Handover {
    unconfirmed: (Vec<String>, Option<u64>),
    in_flight: BTreeMap<String, InFlight>,
    tests: Vec<TestRun>,
}

#[extension]
impl Notifier {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check(ctx)?;
        Channel::forget_others(ctx, |name| config.webhooks.contains_key(name))?;
        let mut channels = BTreeMap::new();
        for name in config.webhooks.keys() {
            channels.insert(name.clone(), Channel::restore(ctx, name)?);
        }
        let notifier = Self {
            name: ctx.settings().name.clone(),
            alerts: Alerts::restore(ctx)?,
            config,
            channels,
            tests: Vec::new(),
            conditions: ReportedConditions::default(),
        };
        // What waits is sent by the first timer: `new` also runs in `tig-host check`, which sends nothing.
        let now_ms = ctx.now_ms();
        ctx.at(WAKE, now_ms)?;
        Ok(notifier)
    }

    fn on_condition_raised(&mut self, ctx: &mut Context<'_>, edge: Edge) -> Result<()> {
        self.alerts.raise(ctx, edge, &self.config)?;
        self.work(ctx)
    }

    fn on_condition_cleared(&mut self, ctx: &mut Context<'_>, edge: Edge) -> Result<()> {
        self.alerts.clear(ctx, &edge, &self.config)?;
        self.work(ctx)
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, _tag: String) -> Result<()> {
        self.work(ctx)
    }

    fn on_http_response(&mut self, ctx: &mut Context<'_>, response: HttpResponse) -> Result<()> {
        let outcome = classify(&response.result);
        if let Some(test) = self
            .tests
            .iter_mut()
            .find(|test| test.awaits(&response.tag))
        {
            test.settle(ctx, &response.tag, &outcome)?;
            self.tests.retain(|test| !test.is_over());
            return Ok(());
        }
        let mut channels = self.channels.values_mut();
        if let Some(channel) = channels.find(|channel| channel.awaits(&response.tag)) {
            channel.settle(ctx, outcome)?;
        }
        self.work(ctx)
    }

    /// Sends a test message to all webhooks, or to one. Ends with 20 if one of them does not take it.
    #[command]
    fn test(&mut self, ctx: &mut Context<'_>, arguments: TestArguments) -> Result<Started> {
        let test = TestRun::start(ctx, &self.config, &arguments)?;
        self.tests.push(test);
        Ok(Started)
    }

    fn snapshot(&mut self) -> Result<Handover> {
        let channels = self.channels.iter();
        let in_flight = channels.filter_map(|(name, channel)| {
            let sent = channel.in_flight.clone()?;
            Some((name.clone(), sent))
        });
        Ok(Handover {
            unconfirmed: self.alerts.unconfirmed(),
            in_flight: in_flight.collect(),
            tests: self.tests.clone(),
        })
    }

    fn restore(&mut self, _ctx: &mut Context<'_>, state: Handover) -> Result<()> {
        self.alerts.set_unconfirmed(state.unconfirmed);
        for (name, in_flight) in state.in_flight {
            if let Some(channel) = self.channels.get_mut(&name) {
                channel.in_flight = Some(in_flight);
            }
        }
        self.tests = state.tests;
        Ok(())
    }
}

impl Notifier {
    /// Does all that is due, and sets the timer for what is due next.
    fn work(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let news = self.alerts.take_news(ctx, &self.config)?;
        for (name, channel) in &mut self.channels {
            let Some(webhook) = self.config.webhooks.get(name) else {
                continue;
            };
            let own = news.iter().filter(|(_, alert)| {
                webhook.severity.admits(alert.severity()) && !is_about(alert, &self.name, name)
            });
            if let Some(message) = Message::new(own, now_ms) {
                channel.push(ctx, message)?;
            }
            channel.send(ctx, webhook, &self.config.name)?;
        }
        self.set_timer(ctx, now_ms)?;
        self.report(ctx);
        Ok(())
    }

    fn set_timer(&self, ctx: &mut Context<'_>, now_ms: u64) -> Result<()> {
        let channels = self.channels.values().filter_map(Channel::next_ms);
        let alerts = self.alerts.next_ms(now_ms, &self.config);
        match channels.chain(alerts).min() {
            Some(next_ms) => ctx.at(WAKE, next_ms.max(now_ms)),
            None => ctx.cancel(WAKE),
        }
    }

    fn report(&mut self, ctx: &mut Context<'_>) {
        let standing = self.alerts.standing();
        ctx.gauge("alerts", &[], standing as f64);
        for (name, channel) in &self.channels {
            let labels = [("webhook", name.as_str())];
            ctx.gauge("notifications_waiting", &labels, channel.waiting() as f64);
        }
        let channels = self.channels.values();
        let failing = channels.filter_map(Channel::condition).collect();
        self.conditions.report(ctx, failing);
    }
}

/// Whether an alert says that this webhook fails: it need not hear of it.
fn is_about(alert: &Alert, extension: &str, webhook: &str) -> bool {
    let edge = &alert.edge;
    edge.extension == extension && edge.code == WEBHOOK_FAILING && edge.subject == webhook
}
