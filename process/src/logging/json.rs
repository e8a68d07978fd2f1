//! Lines for programs: an object each, with the fields of the event at the top and those of its spans in `spans`.
//!
//! Invariant: an object has no name twice, whatever the fields are called.

use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::{member_fields, members};

/// The format of events.
pub(super) struct JsonLines;

impl<S> FormatEvent<S, JsonFields> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let mut line = Line::default();
        line.add("timestamp", timestamp.into());
        line.add("level", event.metadata().level().as_str().into());
        event.record(&mut line);
        let spans = context.event_scope().into_iter();
        let spans = spans.flat_map(|scope| scope.from_root());
        let spans: Vec<Value> = spans.map(|span| span_value(&span)).collect();
        if !spans.is_empty() {
            line.add("spans", spans.into());
        }
        writeln!(writer, "{}", Value::Object(line.0))
    }
}

fn span_value<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> Value {
    let mut line = Line::default();
    line.add("name", span.name().into());
    let extensions = span.extensions();
    let fields = extensions.get::<FormattedFields<JsonFields>>();
    line.extend(fields.and_then(|fields| members(&fields.fields)));
    Value::Object(line.0)
}

/// The members of an object, in order.
#[derive(Default)]
struct Line(Map<String, Value>);

impl Line {
    /// A name that is taken already gets an underscore.
    fn add(&mut self, name: &str, value: Value) {
        let mut name = name.strip_prefix("r#").unwrap_or(name).to_owned();
        while self.0.contains_key(&name) {
            name.push('_');
        }
        self.0.insert(name, value);
    }

    fn extend(&mut self, members: Option<Map<String, Value>>) {
        for (name, value) in members.into_iter().flatten() {
            self.add(&name, value);
        }
    }
}

impl Visit for Line {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match member_fields(field, value) {
            Some(members) => self.extend(Some(members)),
            None => self.add(field.name(), value.into()),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field.name(), format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tracing::{info, info_span};

    use super::*;
    use crate::logging::tests::logged;

    fn line(log: impl FnOnce()) -> Value {
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(JsonFields::new())
            .event_format(JsonLines);
        let text = logged(subscriber, log);
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        let mut line: Value = serde_json::from_str(&text).unwrap();
        assert!(line["timestamp"].take().is_string(), "{text}");
        line
    }

    #[test]
    fn members_become_fields_of_the_line() {
        let fields = r#"{"slave":"a\nb","count":3}"#;
        let line = line(|| info!(extension = "x", fields, "batch released"));
        let expected = json!({
            "timestamp": null, "level": "INFO", "message": "batch released", "extension": "x", "slave": "a\nb", "count": 3
        });
        assert_eq!(line, expected);
    }

    #[test]
    fn a_name_that_is_taken_gets_an_underscore() {
        let fields = r#"{"level":"low","extension":"y"}"#;
        let line = line(|| info!(extension = "x", fields, "text"));
        assert_eq!(
            (&line["level"], &line["level_"]),
            (&json!("INFO"), &json!("low"))
        );
        assert_eq!(
            (&line["extension"], &line["extension_"]),
            (&json!("x"), &json!("y"))
        );
    }

    #[test]
    fn a_text_that_is_not_an_object_stays() {
        let line = line(|| info!(fields = "{torn", "text"));
        assert_eq!(line["fields"], "{torn");
    }

    #[test]
    fn spans_are_listed_from_the_outermost() {
        let line = line(|| {
            let _connection = info_span!("connection", peer = "127.0.0.1:1").entered();
            let _request = info_span!("request", method = "GET").entered();
            info!("text");
        });
        let expected = json!([
            { "name": "connection", "peer": "127.0.0.1:1" },
            { "name": "request", "method": "GET" }
        ]);
        assert_eq!(line["spans"], expected);
    }
}
