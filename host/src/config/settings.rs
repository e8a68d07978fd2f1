//! The settings of one extension.

use serde_json::Value;

/// The part of an instance's settings that concerns it: other sections are left out.
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
    fn section_of_another_extension_does_not_matter() {
        let settings = |own: u64, other: u64| {
            let settings = json!({ "name": "a", "config": { "a": own, "b": other } });
            own_settings(settings.to_string().as_bytes(), "a")
        };
        assert_eq!(settings(1, 2), settings(1, 3));
        assert_ne!(settings(1, 2), settings(2, 2));
    }
}
