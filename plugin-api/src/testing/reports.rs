//! What an extension reports to its operator: logs, metrics, conditions, unfinished work.

use serde::Serialize;

use super::Harness;
#[cfg(doc)]
use crate::Context;
use crate::frame::LogLevel;
use crate::{Condition, Extension, LogLine, Sample};

/// The state of a counter or gauge.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    /// Name of the metric.
    pub name: String,
    /// Names and values, in the extension's order.
    pub labels: Vec<(String, String)>,
    /// Sum of a counter, last value of a gauge.
    pub value: f64,
}

impl<E: Extension> Harness<E> {
    /// Value of the counter or gauge of this name and these labels, if there is one.
    #[must_use]
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let key = (name.to_owned(), Sample::new(labels, 0.0).labels);
        self.host.metrics.get(&key).copied()
    }

    /// All counters and gauges, by name and labels.
    #[must_use]
    pub fn metrics(&self) -> Vec<Series> {
        let metrics = self.host.metrics.iter();
        let series = metrics.map(|((name, labels), value)| Series {
            name: name.clone(),
            labels: labels.clone(),
            value: *value,
        });
        series.collect()
    }

    /// What the extension has reported of its state ([`Context::set_conditions`]).
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.host.conditions
    }

    /// Number of unfinished pieces of work that the extension has reported ([`Context::unfinished`]).
    #[must_use]
    pub fn unfinished(&self) -> u64 {
        self.host.unfinished
    }

    /// Level and text of what was logged since the last call, with fields as `name=value` behind the message, values as JSON.
    pub fn logs(&mut self) -> Vec<(String, String)> {
        let lines = self.log_lines().into_iter();
        let texts = lines.map(|(level, line)| (level.name().to_owned(), line.to_text()));
        texts.collect()
    }

    /// Like [`Harness::logs`], with message and fields apart. Each of the two returns what neither has returned before.
    ///
    /// ```
    /// # use tig_plugin_api::{frame::LogLevel, prelude::*, testing::Harness};
    /// # struct Scribe;
    /// # #[extension]
    /// # impl Scribe {
    /// #     fn new(_config: serde_json::Value, _ctx: &mut Context<'_>) -> Result<Self> { Ok(Self) }
    /// #     fn on_word(&mut self, ctx: &mut Context<'_>, word: String) -> Result<()> {
    /// #         ctx.info_with("word written", &[("word", &word)]);
    /// #         ctx.count("words", &[], 1);
    /// #         Ok(())
    /// #     }
    /// # }
    /// # fn main() {
    /// let mut scribe = Harness::<Scribe>::start(serde_json::json!({ "name": "scribe" }));
    /// scribe.event("word", "ink".into());
    /// let (level, line) = scribe.log_lines().remove(0);
    /// assert_eq!((level, line.message.as_str()), (LogLevel::Info, "word written"));
    /// assert_eq!(line.fields, [("word".to_owned(), "ink".into())]);
    /// assert_eq!(scribe.metric("words", &[]), Some(1.0));
    /// # }
    /// ```
    pub fn log_lines(&mut self) -> Vec<(LogLevel, LogLine)> {
        std::mem::take(&mut self.host.logs)
    }
}
