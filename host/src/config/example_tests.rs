//! `config.example.json` states the defaults of all optional keys.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{BACKUP_FOLDER_DEFAULT, Config, Overrides, schema};

fn load(file: &Value) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    fs::write(&path, file.to_string()).unwrap();
    let mut config = Config::load(&path, Overrides::default()).unwrap();
    config.path = "config.json".into();
    config
}

#[test]
fn example_config_states_the_defaults() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config.example.json");
    let mut example: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    // The default is relative to the working directory, a named folder to the file.
    let backup_folder = example.as_object_mut().unwrap().remove("backup_folder");
    assert_eq!(backup_folder, Some(json!(BACKUP_FOLDER_DEFAULT)));
    // The example shows what an entry looks like; `API_RATES` of the extensions are its numbers.
    let hosts = example["http"].as_object_mut().unwrap().remove("hosts");
    assert!(hosts.is_some_and(|hosts| hosts.is_object()));
    // Keys that are not the host's are those of extensions, which have their own defaults.
    let own = schema();
    let is_optional = |key: &String| {
        let is_needed = key == "extensions" || key == "config";
        own["properties"].get(key).is_some() && !is_needed
    };
    let mut short = example.clone();
    short
        .as_object_mut()
        .unwrap()
        .retain(|key, _| !is_optional(key));
    assert_eq!(
        format!("{:?}", load(&example)),
        format!("{:?}", load(&short))
    );

    let mut other = example;
    other["drain_seconds"] = json!(11);
    assert_ne!(format!("{:?}", load(&other)), format!("{:?}", load(&short)));
}
