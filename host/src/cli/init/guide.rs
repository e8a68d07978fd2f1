//! The text beside a config that says what each key means.

use std::path::Path;

use serde_json::{Map, Value};

use crate::cli::{plugins, schema};

/// Markdown with the keys of the host and of the plugins in `folder`; those that `config` sets come with a mark.
pub(super) fn text(folder: &Path, config: &Map<String, Value>) -> String {
    let schema = schema::with_plugins(folder);
    let mut text = String::from(
        "# config.json, key by key\n\n\
         `tig-host init` has written this file beside the config. A path starts from the folder of the config. Keys with a `*` are \
         set there; the others have their defaults. `tig-host check` finds what is wrong with a changed config, `tig-host doctor` \
         what keeps a host from its work, and a running host applies a changed config by itself.\n\n",
    );
    for line in plugins::config_lines(&schema, "") {
        let (path, about) = line.split_once(' ').unwrap_or((&line, ""));
        let mark = if is_set(config, path) { " *" } else { "" };
        text.push_str(&format!("- `{path}`{mark} {about}\n"));
    }
    text
}

/// Whether the config has the key at `path`.
fn is_set(config: &Map<String, Value>, path: &str) -> bool {
    let mut keys = path.split('.');
    let first = keys.next().and_then(|key| config.get(key));
    let last = keys.try_fold(first, |value, key| Some(value?.get(key)));
    last.flatten().is_some()
}
