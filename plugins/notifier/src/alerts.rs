//! All alerts, stored one by one.

use std::collections::BTreeMap;

use tig_plugin_api::prelude::*;

use crate::alert::{Alert, Edge, News};
use crate::config::Config;
use crate::limits::{ALERTS_COUNT_MAX, RESTART_MS};

/// Beginning of the keys.
const PREFIX: &str = "alert/";

/// The alerts that stand, and those that are over and not yet reported or forgotten.
pub(crate) struct Alerts {
    by_key: BTreeMap<String, Alert>,
    /// When those that no extension has reported since the start are over.
    restart_ms: Option<u64>,
}

impl Alerts {
    /// The stored alerts. Extensions report theirs again after a restart of the host.
    pub(crate) fn restore(ctx: &mut Context<'_>) -> Result<Self> {
        let now_ms = ctx.now_ms();
        let mut by_key: BTreeMap<String, Alert> = ctx.scan_sound(PREFIX)?.into_iter().collect();
        for alert in by_key.values_mut() {
            alert.limit_times(now_ms);
            alert.is_unconfirmed = alert.stands;
        }
        let is_any = by_key.values().any(|alert| alert.is_unconfirmed);
        Ok(Self {
            by_key,
            restart_ms: is_any.then_some(now_ms + RESTART_MS),
        })
    }

    /// Keys of the alerts that no extension has reported since the start, and until when they may.
    pub(crate) fn unconfirmed(&self) -> (Vec<String>, Option<u64>) {
        let alerts = self.by_key.iter();
        let keys = alerts.filter(|(_, alert)| alert.is_unconfirmed);
        (keys.map(|(key, _)| key.clone()).collect(), self.restart_ms)
    }

    /// A reload hands over what [`Alerts::unconfirmed`] has returned.
    pub(crate) fn set_unconfirmed(&mut self, (keys, restart_ms): (Vec<String>, Option<u64>)) {
        for (key, alert) in &mut self.by_key {
            alert.is_unconfirmed = keys.contains(key);
        }
        self.restart_ms = restart_ms;
    }

    /// An alert began.
    pub(crate) fn raise(
        &mut self,
        ctx: &mut Context<'_>,
        edge: Edge,
        config: &Config,
    ) -> Result<()> {
        let key = key(&edge);
        let now_ms = ctx.now_ms();
        let known = self.by_key.get(&key).cloned();
        if known.is_none() && !config.admits(edge.severity) {
            return Ok(());
        }
        if known.is_none() && self.by_key.len() >= ALERTS_COUNT_MAX {
            ctx.count("alerts_left_out", &[], 1);
            return Ok(());
        }
        let mut alert = known.unwrap_or_else(|| Alert::new(edge.clone(), now_ms));
        alert.raise(edge, now_ms, config.flap_ms);
        self.put(ctx, key, alert)
    }

    /// An alert ended.
    pub(crate) fn clear(
        &mut self,
        ctx: &mut Context<'_>,
        edge: &Edge,
        config: &Config,
    ) -> Result<()> {
        let key = key(edge);
        let now_ms = ctx.now_ms();
        let Some(mut alert) = self.by_key.get(&key).cloned() else {
            return Ok(());
        };
        alert.clear(now_ms, config.flap_ms);
        self.put(ctx, key, alert)
    }

    /// What is to be sent now, with the alerts as they were before they were noted as sent.
    pub(crate) fn take_news(
        &mut self,
        ctx: &mut Context<'_>,
        config: &Config,
    ) -> Result<Vec<(News, Alert)>> {
        let now_ms = ctx.now_ms();
        self.end_unconfirmed(ctx, config)?;
        let changed = |alert: &Alert| alert.change(now_ms, config).is_some();
        let mut alerts = self.by_key.values();
        let is_ripe = alerts.any(|alert| changed(alert) && alert.is_ripe(now_ms, config));
        let mut news = Vec::new();
        for (key, alert) in &self.by_key {
            let change = alert.change(now_ms, config);
            if let Some(change) = change.filter(|_| is_ripe) {
                news.push((change, key.clone(), alert.clone()));
            } else if change.is_none() && alert.is_due_again(now_ms, config) {
                news.push((News::Lasting, key.clone(), alert.clone()));
            }
        }
        for (news, key, alert) in &news {
            let mut sent = alert.clone();
            sent.note_sent(*news, now_ms);
            self.put(ctx, key.clone(), sent)?;
        }
        self.forget(ctx, config)?;
        Ok(news
            .into_iter()
            .map(|(news, _, alert)| (news, alert))
            .collect())
    }

    /// What no extension has reported since the start is over.
    fn end_unconfirmed(&mut self, ctx: &mut Context<'_>, config: &Config) -> Result<()> {
        let now_ms = ctx.now_ms();
        if self.restart_ms.is_none_or(|restart_ms| now_ms < restart_ms) {
            return Ok(());
        }
        let (keys, _) = self.unconfirmed();
        for key in keys {
            if let Some(mut alert) = self.by_key.get(&key).cloned() {
                alert.clear(now_ms, config.flap_ms);
                self.put(ctx, key, alert)?;
            }
        }
        self.restart_ms = None;
        Ok(())
    }

    fn forget(&mut self, ctx: &mut Context<'_>, config: &Config) -> Result<()> {
        let now_ms = ctx.now_ms();
        let alerts = self.by_key.iter();
        let over = alerts.filter(|(_, alert)| alert.is_over(now_ms, config));
        let over: Vec<String> = over.map(|(key, _)| key.clone()).collect();
        for key in over {
            ctx.delete(&key)?;
            self.by_key.remove(&key);
        }
        Ok(())
    }

    /// When something is due next.
    pub(crate) fn next_ms(&self, now_ms: u64, config: &Config) -> Option<u64> {
        let alerts = self.by_key.values();
        let alerts = alerts.filter_map(|alert| alert.next_ms(now_ms, config));
        alerts.chain(self.restart_ms).min()
    }

    /// Number of alerts that stand.
    pub(crate) fn standing(&self) -> usize {
        let alerts = self.by_key.values();
        alerts.filter(|alert| alert.stands).count()
    }

    fn put(&mut self, ctx: &mut Context<'_>, key: String, alert: Alert) -> Result<()> {
        ctx.put(&key, &alert)?;
        self.by_key.insert(key, alert);
        Ok(())
    }
}

fn key(edge: &Edge) -> String {
    let Edge {
        extension,
        code,
        subject,
        ..
    } = edge;
    format!("{PREFIX}{extension}/{code}/{subject}")
}
