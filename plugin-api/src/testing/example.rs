//! Compares an extension's section of an example config with the extension's defaults.

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Checks that the section of `extension` in the config file `example` states each of its `optional` keys, with its
/// default: without them the section reads as the same `C`. In `a/*/b` the star stands for every key there is.
///
/// # Panics
///
/// The section is missing or not the JSON of a `C`; a key is not stated, or with another value than its default.
pub fn check_example_config<C: DeserializeOwned + Debug>(
    example: &str,
    extension: &str,
    optional: &[&str],
) {
    let example: Value = serde_json::from_str(example)
        .unwrap_or_else(|error| panic!("the example is not JSON: {error}"));
    let section = &example["config"][extension];
    assert!(
        section.is_object(),
        "the example has no section `{extension}`"
    );
    let mut short = section.clone();
    for key in optional {
        let removed = remove(&mut short, key);
        assert!(
            removed > 0,
            "the example does not state `{extension}/{key}`"
        );
    }
    let [stated, default] = [section, &short].map(|section| {
        let config = C::deserialize(section);
        config.unwrap_or_else(|error| panic!("section `{extension}`: {error}"))
    });
    assert_eq!(format!("{stated:?}"), format!("{default:?}"));
}

/// Removes the keys that `path` names, and returns their number.
fn remove(value: &mut Value, path: &str) -> usize {
    let Some(object) = value.as_object_mut() else {
        return 0;
    };
    match path.split_once('/') {
        None => usize::from(object.remove(path).is_some()),
        Some(("*", rest)) => object.values_mut().map(|value| remove(value, rest)).sum(),
        Some((key, rest)) => object.get_mut(key).map_or(0, |value| remove(value, rest)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "its `Debug` is compared")]
    struct Config {
        #[serde(default)]
        count: u32,
        #[serde(default)]
        parts: BTreeMap<String, Self>,
    }

    fn check(section: &str) {
        let example = format!(r#"{{ "config": {{ "x": {section} }} }}"#);
        check_example_config::<Config>(&example, "x", &["count", "parts/*/count"]);
    }

    #[test]
    fn stated_defaults_pass() {
        check(r#"{ "count": 0, "parts": { "a": { "count": 0 }, "b": { "count": 0 } } }"#);
    }

    #[test]
    #[should_panic(expected = "count: 7")]
    fn value_other_than_the_default_fails() {
        check(r#"{ "count": 0, "parts": { "a": { "count": 7 } } }"#);
    }

    #[test]
    #[should_panic(expected = "does not state `x/parts/*/count`")]
    fn optional_key_that_is_not_stated_fails() {
        check(r#"{ "count": 0, "parts": {} }"#);
    }

    #[test]
    #[should_panic(expected = "no section `x`")]
    fn missing_section_fails() {
        check("null");
    }
}
