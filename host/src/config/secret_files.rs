//! Names the files with secrets that a config names, without reading them.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Ends of keys whose value is the path of a file with a secret.
const KEY_ENDS: [&str; 3] = ["key_file", "token_file", "password_file"];

/// Key and path of each file; sections of extensions are left out.
pub(super) fn named(config: &Value, folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for (key, value) in config.as_object().into_iter().flatten() {
        match key.as_str() {
            "config" => {}
            "keys" => {
                for (name, signing) in value.as_object().into_iter().flatten() {
                    let mut add = |part: &str| {
                        if let Some(path) = signing[part].as_str() {
                            found.push((format!("keys.{name}.{part}"), folder.join(path)));
                        }
                    };
                    add("file");
                    add("password_file");
                }
            }
            _ => visit(key, value, folder, &mut found),
        }
    }
    found
}

fn visit(path: &str, value: &Value, folder: &Path, found: &mut Vec<(String, PathBuf)>) {
    match value {
        Value::String(text) if KEY_ENDS.iter().any(|end| path.ends_with(end)) => {
            found.push((path.to_owned(), folder.join(text)));
        }
        Value::Object(object) => {
            for (key, value) in object {
                visit(&format!("{path}.{key}"), value, folder, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secret_files_are_named_by_their_keys() {
        let config = json!({
            "api_key_file": "key", "port": 1, "plugin_folder": "p",
            "access": { "token_file": "/t", "token_env": "T" },
            "keys": { "hot": { "file": "h", "password_file": "pw", "extensions": ["a"] } },
            "tls": { "cert_file": "c", "key_file": "k", "ca_file": null },
            "config": { "a": { "token_file": "x" } },
        });
        let named = named(&config, Path::new("/f"));
        let shown = |(key, path): &(String, PathBuf)| format!("{key} {}", path.display());
        assert_eq!(
            named.iter().map(shown).collect::<Vec<_>>(),
            [
                "api_key_file /f/key",
                "access.token_file /t",
                "keys.hot.file /f/h",
                "keys.hot.password_file /f/pw",
                "tls.key_file /f/k",
            ]
        );
    }
}
