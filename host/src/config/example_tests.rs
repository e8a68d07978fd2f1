//! `config.example.json` states what a host does without its optional keys.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{BACKUP_FOLDER_DEFAULT, Config, Overrides};

fn load(file: &Value) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    fs::write(&path, file.to_string()).unwrap();
    let mut config = Config::load(&path, Overrides::default()).unwrap();
    // Relative to the file only where the file names it.
    assert!(config.backup_folder.ends_with(BACKUP_FOLDER_DEFAULT));
    config.backup_folder = BACKUP_FOLDER_DEFAULT.into();
    config.path = "config.json".into();
    config
}

#[test]
fn example_config_states_the_defaults() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config.example.json");
    let example: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let needed = ["extensions", "config", "player_id"];
    let short: Value = needed
        .map(|key| (key, example[key].clone()))
        .into_iter()
        .collect();
    assert_eq!(
        format!("{:?}", load(&example)),
        format!("{:?}", load(&short))
    );

    let mut other = example;
    other["drain_seconds"] = json!(11);
    assert_ne!(format!("{:?}", load(&other)), format!("{:?}", load(&short)));
}
