//! Fields for people: `name=value` behind the message.
//!
//! Invariant: a field stays on its line, and its value cannot pass for another field.

use std::fmt;

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing_subscriber::field::{MakeVisitor, RecordFields, VisitFmt, VisitOutput};
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultFields, DefaultVisitor, Writer};

#[cfg(doc)]
use super::FIELDS;
use super::member_fields;

/// The default format of fields, which knows [`FIELDS`] too.
pub(super) struct TextFields;

impl<'writer> FormatFields<'writer> for TextFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let is_styled = writer.has_ansi_escapes();
        let mut visitor = Members {
            others: DefaultFields::new().make_visitor(writer),
            is_styled,
            result: Ok(()),
        };
        fields.record(&mut visitor);
        visitor.others.finish()?;
        visitor.result
    }
}

/// Writes the members of [`FIELDS`], and leaves the other fields to the default.
struct Members<'a> {
    others: DefaultVisitor<'a>,
    is_styled: bool,
    result: fmt::Result,
}

impl Members<'_> {
    fn write(&mut self, name: &str, value: &Value) -> fmt::Result {
        let is_styled = self.is_styled;
        let writer = self.others.writer();
        // As the default has them: names are italic, the sign is dim.
        match is_styled {
            true => write!(writer, " \x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m")?,
            false => write!(writer, " {name}=")?,
        }
        match value {
            // Escapes more than JSON does: all that a terminal could obey.
            Value::String(text) => write!(writer, "{text:?}"),
            other => write!(writer, "{other}"),
        }
    }
}

impl Visit for Members<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let Some(members) = member_fields(field, value) else {
            return self.others.record_str(field, value);
        };
        for (name, value) in &members {
            let written = self.write(name, value);
            self.result = self.result.and(written);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.others.record_error(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.others.record_debug(field, value);
    }
}

#[cfg(test)]
mod tests {
    use tracing::info;

    use super::*;
    use crate::logging::tests::logged;

    fn line(log: impl FnOnce()) -> String {
        let subscriber = tracing_subscriber::fmt()
            .with_target(false)
            .with_ansi(false)
            .without_time()
            .fmt_fields(TextFields);
        logged(subscriber, log)
    }

    #[test]
    fn members_stand_behind_the_message() {
        let fields = r#"{"slave":"a","count":3}"#;
        let line = line(|| info!(extension = "x", fields, "batch released"));
        assert_eq!(
            line,
            " INFO batch released extension=\"x\" slave=\"a\" count=3\n"
        );
    }

    #[test]
    fn a_value_cannot_forge_a_line_or_field() {
        let fields = r#"{"slave":"a\" level=\"b\n\u001b[31m\u009b1m"}"#;
        let line = line(|| info!(fields, "text"));
        assert_eq!(
            line,
            " INFO text slave=\"a\\\" level=\\\"b\\n\\u{1b}[31m\\u{9b}1m\"\n"
        );
    }
}
