//! A run of the command `test`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use crate::config::Config;
use crate::delivery::{self, Outcome};
use crate::message::{Envelope, test_body};

/// Exit code if a webhook has not taken the message.
const FAILED: u8 = 20;

/// Arguments of `test`.
#[derive(ConfigSchema, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestArguments {
    /// Name of the webhook; all if none is given.
    #[serde(default)]
    webhook: Option<String>,
}

/// Test messages on their way.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct TestRun {
    ticket: Ticket,
    /// Names of webhooks by the tags of their requests.
    waiting: BTreeMap<String, String>,
    /// What became of the others, by their names.
    results: BTreeMap<String, String>,
    has_failed: bool,
}

impl TestRun {
    /// Sends the messages of the command that is handled.
    pub(crate) fn start(
        ctx: &mut Context<'_>,
        config: &Config,
        arguments: &TestArguments,
    ) -> Result<Self> {
        let is_wanted = |name: &String| arguments.webhook.as_ref().is_none_or(|it| it == name);
        let webhooks = config.webhooks.iter();
        let webhooks: Vec<_> = webhooks.filter(|(name, _)| is_wanted(name)).collect();
        if webhooks.is_empty() {
            bail!(
                "no such webhook: name one of config.{}.webhooks",
                ctx.settings().name
            );
        }
        let ticket = ctx.ticket();
        let id = format!("test-{:016x}", ctx.random_u64());
        let mut waiting = BTreeMap::new();
        for (name, webhook) in webhooks {
            let tag = format!("{id}/{name}");
            let envelope = Envelope {
                id: &id,
                host: &config.name,
                dropped: 0,
                now_ms: ctx.now_ms(),
            };
            let call = delivery::call(ctx, webhook, tag.clone(), &test_body(&envelope))?;
            ctx.http(&call)?;
            waiting.insert(tag, name.clone());
        }
        Ok(Self {
            ticket,
            waiting,
            results: BTreeMap::new(),
            has_failed: false,
        })
    }

    /// Whether an answer is for this run.
    pub(crate) fn awaits(&self, tag: &str) -> bool {
        self.waiting.contains_key(tag)
    }

    /// Whether all answers are there.
    pub(crate) fn is_over(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Reports what became of a message; with the last one the command ends.
    pub(crate) fn settle(
        &mut self,
        ctx: &mut Context<'_>,
        tag: &str,
        outcome: &Outcome,
    ) -> Result<()> {
        let Some(name) = self.waiting.remove(tag) else {
            return Ok(());
        };
        let text = match outcome {
            Outcome::Delivered => "delivered".to_owned(),
            Outcome::Failed { reason, .. } | Outcome::Rejected { reason } => {
                self.has_failed = true;
                format!("not delivered: {reason}")
            }
        };
        ctx.progress(self.ticket, &format!("{name}: {text}"))?;
        self.results.insert(name, text);
        if self.is_over() {
            let code = if self.has_failed { FAILED } else { 0 };
            ctx.finish(self.ticket, code, &self.results)?;
        }
        Ok(())
    }
}
