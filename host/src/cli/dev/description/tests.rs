//! Descriptions with and without faults.

use super::*;

fn fault(text: &str) -> String {
    match Description::parse(text) {
        Err(ParseError::Fault(place, text)) => format!("{place}: {text}"),
        Err(ParseError::Json(error)) => error.to_string(),
        Ok(parsed) => panic!("{parsed:?}"),
    }
}

#[test]
fn fault_has_its_place() {
    let companion = r#"{"companions": [{"name": "a", "program": "b", "ready": {"lime": ""}}]}"#;
    let text = fault(companion);
    assert!(text.starts_with("companions[0].ready"), "{text}");
    assert!(text.contains("unknown variant `lime`"), "{text}");
    let twice = r#"{"companions": [{"name": "host", "program": "b"}]}"#;
    assert_eq!(
        fault(twice),
        "companions[0].name: `host` is taken; choose another"
    );
    let own = fault(r#"{"config": {"backup_folder": "x"}}"#);
    assert!(own.starts_with("config.backup_folder: "), "{own}");
    let key = fault(r#"{"keys": ["../x"]}"#);
    assert!(key.contains("\"../x\" is not a valid name"), "{key}");
    for taken in [
        r#"{"keys": ["plugins"]}"#,
        r#"{"keys": ["backup"]}"#,
        r#"{"keys": ["a", "a"]}"#,
        r#"{"keys": ["a"], "documents": {"a": 1}}"#,
    ] {
        let text = fault(taken);
        assert!(text.ends_with("is taken; choose another"), "{text}");
    }
    assert!(fault("[]").contains("is not an object"));
    assert_eq!(
        fault(r#"{"config": {"extensions": ["a", "b", "a"]}}"#),
        "config.extensions: `a` is listed twice; remove one"
    );
}

#[test]
fn config_must_list_the_plugin() {
    let parsed = Description::parse(r#"{"config": {"extensions": ["a", "counters"]}}"#);
    let parsed = parsed.ok().unwrap();
    let error = parsed.check_listed("counter").unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("dev.json: config.extensions: "), "{text}");
    assert!(text.contains("`counters`"), "{text}");
    assert!(parsed.check_listed("a").is_ok());
}

#[test]
fn section_of_the_config_goes_first() {
    let mut parsed = Description::parse(
        r#"{"config": {"extensions": ["{{plugin}}"], "config": {"{{plugin}}": 1}}}"#,
    )
    .ok()
    .unwrap();
    parsed.sections.insert("a".to_owned(), json!(2));
    let values = Values::from([(PLUGIN.to_owned(), "a".to_owned())]);
    let config = parsed.config("a", &values).unwrap();
    assert_eq!(config["config"], json!({ "a": 1 }));
}

#[test]
fn plugin_without_description_is_alone() {
    let folder = tempfile::tempdir().unwrap();
    let read = Description::read(folder.path(), "a").unwrap();
    let config = read.config("a", &Values::new()).unwrap();
    assert_eq!(config["extensions"], json!(["a"]));

    let section = folder.path().join(SECTION_FILE_NAME);
    std::fs::write(&section, r#"{"a": {"n": 1}}"#).unwrap();
    let read = Description::read(folder.path(), "a").unwrap();
    let config = read.config("a", &Values::new()).unwrap();
    let expected = json!({ "extensions": ["a"], "config": { "a": { "n": 1 } } });
    assert_eq!(Value::from(config), expected);
    std::fs::write(&section, r#"{"b": {"n": 1}}"#).unwrap();
    let error = Description::read(folder.path(), "a").unwrap_err();
    assert!(error.to_string().contains("rename it to `a`"), "{error}");
    std::fs::write(section, "[]").unwrap();
    let error = Description::read(folder.path(), "a").unwrap_err();
    assert!(matches!(error, DescriptionError::NoSections { .. }));
}

#[test]
fn plugin_takes_the_place_of_its_name() {
    let text = r#"{"config": {"extensions": ["b", "a", "{{plugin}}"]}}"#;
    let parsed = Description::parse(text).ok().unwrap();
    let listed = |plugin: &str| {
        let values = Values::from([(PLUGIN.to_owned(), plugin.to_owned())]);
        parsed.config(plugin, &values).unwrap()["extensions"].clone()
    };
    assert_eq!(listed("b"), json!(["b", "a"]));
    assert_eq!(listed("c"), json!(["b", "a", "c"]));
}
