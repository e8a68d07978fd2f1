//! What a webhook gets: alerts for programs, and a text for people.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tig_plugin_api::Severity;

use crate::alert::{Alert, News};
use crate::limits::{ITEMS_COUNT_MAX, LINES_COUNT_MAX};
use crate::text::{clean, duration, plain};

/// An alert in a message.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Item {
    extension: String,
    code: String,
    subject: String,
    severity: Severity,
    text: String,
    remedy: String,
    since_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cleared_ms: Option<u64>,
}

/// A message as it is stored until it is delivered.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Message {
    /// Unix milliseconds.
    pub(crate) at_ms: u64,
    #[serde(default)]
    raised: Vec<Item>,
    #[serde(default)]
    cleared: Vec<Item>,
    #[serde(default)]
    flapping: Vec<Item>,
    #[serde(default)]
    lasting: Vec<Item>,
    /// Alerts that found no room.
    #[serde(default)]
    left_out: u64,
}

/// What the extension adds to a message when it is sent.
pub(crate) struct Envelope<'a> {
    /// The same for each attempt.
    pub(crate) id: &'a str,
    /// Name of the host.
    pub(crate) host: &'a str,
    /// Messages before this one that were dropped.
    pub(crate) dropped: u64,
    pub(crate) now_ms: u64,
}

impl Item {
    fn new(news: News, alert: &Alert) -> Self {
        let edge = &alert.edge;
        Self {
            extension: clean(&edge.extension),
            code: clean(&edge.code),
            subject: clean(&edge.subject),
            severity: edge.severity,
            text: clean(&edge.text),
            remedy: clean(&edge.remedy),
            since_ms: edge.since_ms,
            cleared_ms: (news == News::Cleared).then_some(alert.changed_ms),
        }
    }

    /// `job_manager no_slaves west: no slave asks for batches`.
    fn line(&self) -> String {
        let subject = match self.subject.as_str() {
            "" => String::new(),
            subject => format!(" {}", plain(subject)),
        };
        let (extension, code) = (plain(&self.extension), plain(&self.code));
        format!("{extension} {code}{subject}: {}", plain(&self.text))
    }

    fn with_remedy(&self) -> String {
        match self.remedy.as_str() {
            "" => self.line(),
            remedy => format!("{} To do: {}", self.line(), plain(remedy)),
        }
    }
}

impl Message {
    /// A message of these alerts; `None` if there are none.
    pub(crate) fn new<'a>(
        news: impl IntoIterator<Item = &'a (News, Alert)>,
        at_ms: u64,
    ) -> Option<Self> {
        let mut message = Self {
            at_ms,
            ..Self::default()
        };
        let mut news: Vec<_> = news.into_iter().collect();
        if news.is_empty() {
            return None;
        }
        news.sort_by_key(|(_, alert)| (std::cmp::Reverse(alert.edge.severity), alert.changed_ms));
        for (news, alert) in news {
            let items = match news {
                News::Raised => &mut message.raised,
                News::Cleared => &mut message.cleared,
                News::Flapping => &mut message.flapping,
                News::Lasting => &mut message.lasting,
            };
            if items.len() < ITEMS_COUNT_MAX {
                items.push(Item::new(*news, alert));
            } else {
                message.left_out += 1;
            }
        }
        Some(message)
    }

    /// The body of a request.
    pub(crate) fn body(&self, envelope: &Envelope<'_>) -> Value {
        json!({
            "id": envelope.id,
            "host": clean(envelope.host),
            "test": false,
            "at_ms": self.at_ms,
            "sent_ms": envelope.now_ms,
            "text": self.text(envelope),
            "raised": self.raised,
            "cleared": self.cleared,
            "flapping": self.flapping,
            "lasting": self.lasting,
            "left_out": self.left_out,
            "dropped": envelope.dropped,
        })
    }

    fn text(&self, envelope: &Envelope<'_>) -> String {
        let mut lines = vec![self.headline(envelope.host)];
        for item in &self.raised {
            let word = match item.severity {
                Severity::Critical => "CRITICAL",
                Severity::Warning => "Warning",
                Severity::Info => "Info",
            };
            lines.push(format!("{word}: {}", item.with_remedy()));
        }
        for item in &self.cleared {
            let lasted_ms = item.cleared_ms.unwrap_or(self.at_ms);
            let lasted = duration(lasted_ms.saturating_sub(item.since_ms));
            lines.push(format!("Cleared after {lasted}: {}", item.line()));
        }
        for item in &self.flapping {
            let rest = "more when it is quiet";
            lines.push(format!("Comes and goes, {rest}: {}", item.line()));
        }
        for item in &self.lasting {
            let lasted = duration(self.at_ms.saturating_sub(item.since_ms));
            lines.push(format!("Lasts for {lasted}: {}", item.with_remedy()));
        }
        let count = lines.len();
        lines.truncate(LINES_COUNT_MAX);
        let more = (count - lines.len()) as u64 + self.left_out;
        if more > 0 {
            lines.push(format!("... and {more} more"));
        }
        if envelope.dropped > 0 {
            let dropped = envelope.dropped;
            lines.push(format!("{dropped} earlier messages could not be delivered"));
        }
        // Longer than a few minutes: the reader must know that this is not news.
        let late_ms = envelope.now_ms.saturating_sub(self.at_ms);
        if late_ms > 300_000 {
            lines.push(format!("delivered {} late", duration(late_ms)));
        }
        lines.join("\n")
    }

    fn headline(&self, host: &str) -> String {
        let counts = [
            (self.raised.len(), "raised"),
            (self.cleared.len(), "cleared"),
            (self.flapping.len(), "unsteady"),
            (self.lasting.len(), "lasting"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        format!("{}: {}", plain(host), counts.join(", "))
    }
}

/// The body of a message that shows whether a webhook works.
pub(crate) fn test_body(envelope: &Envelope<'_>) -> Value {
    let host = plain(envelope.host);
    json!({
        "id": envelope.id,
        "host": clean(envelope.host),
        "test": true,
        "at_ms": envelope.now_ms,
        "sent_ms": envelope.now_ms,
        "text": format!("{host}: this is a test of its alerts; there is nothing to do"),
        "raised": [],
        "cleared": [],
        "flapping": [],
        "lasting": [],
        "left_out": 0,
        "dropped": 0,
    })
}
