//! One alert: whether it stands, what was sent of it, and what is to be sent. Pure.

use serde::{Deserialize, Serialize};
use tig_plugin_api::Severity;

use crate::config::Config;
use crate::limits::FLAP_EDGES_COUNT;

/// The payload of `condition_raised` and `condition_cleared`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Edge {
    /// Who has reported it.
    pub(crate) extension: String,
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) subject: String,
    pub(crate) severity: Severity,
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) remedy: String,
    /// Unix milliseconds.
    pub(crate) since_ms: u64,
}

/// What was sent last while the alert stood.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Sent {
    severity: Severity,
    at_ms: u64,
}

/// An alert, as it is stored.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Alert {
    pub(crate) edge: Edge,
    pub(crate) stands: bool,
    /// When it began or ended last.
    pub(crate) changed_ms: u64,
    sent: Option<Sent>,
    /// The worst severity that was sent, until its end is sent.
    #[serde(default)]
    worst_sent: Option<Severity>,
    /// Times within the window at which it began or ended.
    edges_ms: Vec<u64>,
    is_flapping: bool,
    /// That it flaps was sent.
    is_flapping_sent: bool,
    /// No extension has reported it since the host started.
    #[serde(skip)]
    pub(crate) is_unconfirmed: bool,
}

/// What is to be sent of an alert.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum News {
    /// It began, or has another severity.
    Raised,
    /// It ended.
    Cleared,
    /// It begins and ends again and again; more is sent when it is quiet.
    Flapping,
    /// It lasts.
    Lasting,
}

impl Alert {
    /// An alert of which nothing was sent.
    pub(crate) fn new(edge: Edge, now_ms: u64) -> Self {
        Self {
            edge,
            stands: false,
            changed_ms: now_ms,
            sent: None,
            worst_sent: None,
            edges_ms: Vec::new(),
            is_flapping: false,
            is_flapping_sent: false,
            is_unconfirmed: false,
        }
    }

    /// The alert began, or goes on with another severity or after a restart.
    pub(crate) fn raise(&mut self, edge: Edge, now_ms: u64, flap_ms: u64) {
        self.is_unconfirmed = false;
        let since_ms = self.edge.since_ms;
        let is_new = !self.stands;
        let is_other = self.edge.severity != edge.severity;
        self.edge = edge;
        if is_new {
            self.turn(now_ms, flap_ms);
        } else {
            // What an extension reports again after a restart has lasted since before.
            self.edge.since_ms = self.edge.since_ms.min(since_ms);
            if is_other {
                self.changed_ms = now_ms;
            }
        }
    }

    /// The alert ended.
    pub(crate) fn clear(&mut self, now_ms: u64, flap_ms: u64) {
        self.is_unconfirmed = false;
        if self.stands {
            self.turn(now_ms, flap_ms);
        }
    }

    fn turn(&mut self, now_ms: u64, flap_ms: u64) {
        self.stands = !self.stands;
        self.changed_ms = now_ms;
        self.edges_ms
            .retain(|at_ms| now_ms.abs_diff(*at_ms) < flap_ms);
        self.edges_ms.push(now_ms);
        if self.edges_ms.len() > FLAP_EDGES_COUNT {
            self.edges_ms.remove(0);
        }
        self.is_flapping |= self.edges_ms.len() >= FLAP_EDGES_COUNT;
    }

    /// What is to be sent now or soon; a change waits for others that come with it.
    pub(crate) fn change(&self, now_ms: u64, config: &Config) -> Option<News> {
        if self.is_flapping && !self.is_flapping_sent {
            return Some(News::Flapping);
        }
        let state = if self.stands {
            News::Raised
        } else {
            News::Cleared
        };
        if self.is_flapping {
            let is_calm = !self.is_restless(now_ms, config.flap_ms);
            return is_calm.then_some(state);
        }
        let severity = self.stands.then_some(self.edge.severity);
        let is_known = self.sent.map(|sent| sent.severity) == severity;
        (!is_known).then_some(state)
    }

    /// Whether the alert has lasted long enough to be sent once more.
    pub(crate) fn is_due_again(&self, now_ms: u64, config: &Config) -> bool {
        self.repeat_ms(config).is_some_and(|at_ms| at_ms <= now_ms)
    }

    fn repeat_ms(&self, config: &Config) -> Option<u64> {
        let repeats = self.stands && !self.is_flapping && config.repeat_ms > 0;
        let sent = self.sent.filter(|_| repeats)?;
        Some(sent.at_ms.saturating_add(config.repeat_ms))
    }

    /// Whether a change has waited long enough for others.
    pub(crate) fn is_ripe(&self, now_ms: u64, config: &Config) -> bool {
        now_ms >= self.changed_ms.saturating_add(config.group_ms)
    }

    /// Moves times from the future, of a clock that was ahead in an earlier run, to now.
    pub(crate) fn limit_times(&mut self, now_ms: u64) {
        self.changed_ms = self.changed_ms.min(now_ms);
        self.edge.since_ms = self.edge.since_ms.min(now_ms);
        self.edges_ms.retain(|at_ms| *at_ms <= now_ms);
        if let Some(sent) = &mut self.sent {
            sent.at_ms = sent.at_ms.min(now_ms);
        }
    }

    /// Notes what was sent.
    pub(crate) fn note_sent(&mut self, news: News, now_ms: u64) {
        self.worst_sent = (news != News::Cleared).then(|| self.severity());
        match news {
            News::Flapping => self.is_flapping_sent = true,
            News::Raised | News::Cleared | News::Lasting => {
                (self.is_flapping, self.is_flapping_sent) = (false, false);
            }
        }
        self.sent = self.stands.then_some(Sent {
            severity: self.edge.severity,
            at_ms: now_ms,
        });
    }

    /// The severity by which webhooks are chosen: the worst that was sent, if it is worse. Who has heard of an alert hears of its
    /// end, also if it became milder meanwhile.
    pub(crate) fn severity(&self) -> Severity {
        // Earlier versions have stored only what was sent last.
        let sent = self.worst_sent.max(self.sent.map(|sent| sent.severity));
        sent.map_or(self.edge.severity, |sent| sent.max(self.edge.severity))
    }

    /// Whether nothing is left to be known of the alert.
    pub(crate) fn is_over(&self, now_ms: u64, config: &Config) -> bool {
        !self.stands && self.sent.is_none() && !self.is_restless(now_ms, config.flap_ms)
    }

    /// When something may be due of the alert, if nothing happens to it.
    pub(crate) fn next_ms(&self, now_ms: u64, config: &Config) -> Option<u64> {
        if self.change(now_ms, config).is_some() {
            return Some(self.changed_ms.saturating_add(config.group_ms));
        }
        let calm_ms = self.changed_ms.saturating_add(config.flap_ms);
        let is_calm = calm_ms <= now_ms;
        let quiet = (!is_calm && (self.is_flapping || !self.stands)).then_some(calm_ms);
        quiet.into_iter().chain(self.repeat_ms(config)).min()
    }

    /// Whether it has changed so lately that it may flap.
    fn is_restless(&self, now_ms: u64, flap_ms: u64) -> bool {
        now_ms < self.changed_ms.saturating_add(flap_ms)
    }
}
