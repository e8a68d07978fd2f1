//! Events as documents show them.

use serde::de::DeserializeOwned;

use crate::Event;
use crate::frame::EventKind;

/// An event with its arguments as JSON, made from a value of its type, so that documents cannot show what is not so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EventExample {
    /// Name of the event.
    pub name: &'static str,
    /// How it is kept for its handlers.
    pub kind: EventKind,
    /// Name of its type, without the path.
    pub type_name: &'static str,
    /// Its arguments.
    pub json: String,
}

impl EventExample {
    /// The event `value`.
    ///
    /// # Panics
    ///
    /// The value has no JSON form, or its JSON does not decode to the same value: a handler would not get what was emitted.
    #[must_use]
    pub fn of<E: Event + DeserializeOwned>(value: &E) -> Self {
        let encode = |value: &E| {
            serde_json::to_string(value)
                .unwrap_or_else(|error| panic!("{} has no JSON form: {error}", E::NAME))
        };
        let json = encode(value);
        let decoded: E = serde_json::from_str(&json)
            .unwrap_or_else(|error| panic!("{} does not decode from {json}: {error}", E::NAME));
        assert_eq!(encode(&decoded), json, "{} loses something", E::NAME);
        let path = std::any::type_name::<E>();
        Self {
            name: E::NAME,
            kind: match (E::DURABLE, E::LATEST) {
                (true, _) => EventKind::Durable,
                (false, true) => EventKind::Latest,
                (false, false) => EventKind::Plain,
            },
            type_name: path.rsplit("::").next().unwrap_or(path),
            json,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Deserialize, Serialize)]
    struct Counted {
        count: u8,
        #[serde(skip_deserializing)]
        forgotten: u8,
    }

    impl Event for Counted {
        const NAME: &'static str = "counted";
        const LATEST: bool = true;
    }

    fn counted(forgotten: u8) -> Counted {
        Counted {
            count: 7,
            forgotten,
        }
    }

    #[test]
    fn example_states_what_the_type_says() {
        let example = EventExample::of(&counted(0));
        assert_eq!((example.name, example.type_name), ("counted", "Counted"));
        assert_eq!(example.kind, EventKind::Latest);
        assert_eq!(example.json, r#"{"count":7,"forgotten":0}"#);
    }

    #[test]
    #[should_panic(expected = "counted loses something")]
    fn value_that_does_not_come_back_is_refused() {
        let _ = EventExample::of(&counted(1));
    }
}
