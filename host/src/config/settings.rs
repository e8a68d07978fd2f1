//! The part of the config that one extension is made with.

use serde_json::Value;

/// What of an instance's settings is its own: a change elsewhere in the config is none of it.
#[must_use]
pub(crate) fn own_settings(settings: &[u8], name: &str) -> Value {
    let mut settings: Value = serde_json::from_slice(settings).unwrap_or_default();
    let section = settings["config"][name].take();
    settings["config"] = section;
    settings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_of_anothers_section_is_no_change() {
        let settings = |own: u64, other: u64| {
            let settings = json!({ "name": "a", "config": { "a": own, "b": other } });
            own_settings(settings.to_string().as_bytes(), "a")
        };
        assert_eq!(settings(1, 2), settings(1, 3));
        assert_ne!(settings(1, 2), settings(2, 2));
    }
}
