//! An event in the form of the wire.

use horde_proto::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

/// The last millisecond that a timestamp can write: the end of the year 9999.
const LAST_MS: u64 = 253_402_300_799_999;

/// A system event. Types and subtypes are those of the earlier validator where it has them; collectors take any.
#[derive(Debug, Serialize)]
pub(crate) struct SystemEvent {
    #[serde(rename = "type")]
    kind: &'static str,
    subtype: &'static str,
    timestamp: String,
    data: Map<String, Value>,
}

impl SystemEvent {
    pub(crate) fn new(
        kind: &'static str,
        subtype: &'static str,
        at_ms: u64,
        description: String,
    ) -> Self {
        let micros = i64::try_from(at_ms.min(LAST_MS) * 1_000).ok();
        let timestamp = micros.and_then(Timestamp::from_unix_micros);
        let mut data = Map::new();
        data.insert("description".to_owned(), Value::String(description));
        Self {
            kind,
            subtype,
            timestamp: timestamp.map_or_else(String::new, |it| it.to_string()),
            data,
        }
    }

    /// The event with one more field of its data.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.data.insert(name.to_owned(), value.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn event_has_the_form_of_the_wire() {
        let event = SystemEvent::new("T", "S", 1_732_806_192_345, "d".to_owned()).with("n", 1);
        assert_eq!(
            json!(event),
            json!({
                "type": "T", "subtype": "S", "timestamp": "2024-11-28T15:03:12.345000Z",
                "data": { "description": "d", "n": 1 },
            })
        );
    }

    #[test]
    fn time_beyond_the_calendar_is_its_end() {
        let event = SystemEvent::new("T", "S", u64::MAX, String::new());
        assert_eq!(event.timestamp, "9999-12-31T23:59:59.999000Z");
    }
}
