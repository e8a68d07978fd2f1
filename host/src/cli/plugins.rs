//! `tig-host plugin list|info|seal`: shows the manifests of plugin files without loading them, and seals files.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::output;
use crate::config::{Config, Overrides, folder_of_executable};
use crate::error::HostError;
use crate::plugin::{self, PluginError, PluginFile, short_hash};

/// Shows the plugin files in the folder of `config`, or in the program's own.
pub(super) fn list(config: Option<&Path>, as_json: bool) -> Result<(), HostError> {
    let folder = match config {
        Some(path) => Config::load(path, Overrides::default())?.plugin_folder,
        None => folder_of_executable(),
    };
    let files = plugin_files(&folder).map_err(HostError::system("read the plugin folder"))?;
    let read: Vec<Read> = files
        .into_iter()
        .map(|path| (path.clone(), PluginFile::read(&path)))
        .collect();
    if as_json {
        output::json(&read.iter().map(listed).collect::<Vec<_>>());
    } else {
        let head = ["NAME", "VERSION", "API", "HASH", "FILE"].map(str::to_owned);
        let rows = read.iter().map(row);
        output::table(
            &std::iter::once(head.to_vec())
                .chain(rows)
                .collect::<Vec<_>>(),
        );
    }
    Ok(())
}

/// A file, and the result of reading it.
type Read = (PathBuf, Result<PluginFile, PluginError>);

/// What a file states of itself, or why it is not a plugin.
pub(super) fn describe_file(path: &Path) -> Value {
    listed(&(path.to_owned(), PluginFile::read(path)))
}

fn listed((path, candidate): &Read) -> Value {
    match candidate {
        Ok(candidate) => described(candidate),
        Err(error) => json!({ "file": path, "error": error.to_string() }),
    }
}

fn row((path, candidate): &Read) -> Vec<String> {
    match candidate {
        Ok(PluginFile { manifest, hash, .. }) => vec![
            manifest.name.clone(),
            manifest.version.clone(),
            manifest.api_version.to_string(),
            short_hash(hash).to_owned(),
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
        ],
        Err(error) => {
            let unknown = || "-".to_owned();
            vec![
                unknown(),
                unknown(),
                unknown(),
                unknown(),
                error.to_string(),
            ]
        }
    }
}

/// Shows one plugin file.
pub(super) fn info(file: &Path, as_json: bool) -> Result<(), HostError> {
    let candidate = PluginFile::read(file).map_err(|source| HostError::Plugin {
        name: file.display().to_string(),
        source,
    })?;
    if as_json {
        output::json(&described(&candidate));
    } else {
        output::table(&info_rows(&candidate));
    }
    Ok(())
}

/// Seals plugin files, and prints a line for each.
pub(super) fn seal(files: &[PathBuf]) -> Result<(), HostError> {
    for file in files {
        plugin::seal(file).map_err(|source| HostError::Plugin {
            name: file.display().to_string(),
            source,
        })?;
        output::line(&format!("{}: sealed", file.display()));
    }
    Ok(())
}

fn info_rows(candidate: &PluginFile) -> Vec<Vec<String>> {
    let manifest = &candidate.manifest;
    let list = |texts: &[String]| match texts {
        [] => "-".to_owned(),
        texts => texts.join(", "),
    };
    let commands = manifest.commands.iter();
    let command_names: Vec<String> = commands.map(|command| command.name.clone()).collect();
    let facts = [
        ("name", manifest.name.clone()),
        ("version", manifest.version.clone()),
        ("plugin API", manifest.api_version.to_string()),
        ("hash", candidate.hash.clone()),
        (
            "sealed",
            if candidate.is_sealed() { "yes" } else { "no" }.to_owned(),
        ),
        ("handles", list(&manifest.events)),
        ("emits", list(&manifest.emits)),
        ("routes", list(&manifest.routes)),
        ("commands", list(&command_names)),
        ("state version", manifest.state_version.to_string()),
    ];
    let keys = match &manifest.config {
        None => vec!["not described".to_owned()],
        Some(schema) => config_lines(schema, ""),
    };
    let heads = std::iter::once("config").chain(std::iter::repeat(""));
    let row = |(head, text): (&str, String)| vec![head.to_owned(), text];
    facts.into_iter().chain(heads.zip(keys)).map(row).collect()
}

fn described(candidate: &PluginFile) -> Value {
    let mut value = json!(candidate.manifest);
    value["file"] = json!(candidate.path);
    value["hash"] = json!(candidate.hash);
    value
}

/// A line for each key of a schema: path, type, whether it is required, description.
pub(super) fn config_lines(schema: &Value, path: &str) -> Vec<String> {
    let inner = match schema["anyOf"]
        .as_array()
        .and_then(|branches| branches.last())
    {
        Some(inner) => inner,
        None => schema,
    };
    let mut lines = Vec::new();
    if let Some(properties) = inner["properties"].as_object() {
        for (name, property) in properties {
            let required = inner["required"]
                .as_array()
                .is_some_and(|names| names.contains(&json!(name)));
            let path = format!("{path}{name}");
            lines.push(key_line(&path, property, required));
            lines.extend(config_lines(property, &format!("{path}.")));
        }
    }
    let values = &inner["additionalProperties"];
    if values.is_object() {
        lines.extend(config_lines(values, &format!("{path}<name>.")));
    }
    if inner["items"].is_object() {
        lines.extend(config_lines(
            &inner["items"],
            &format!("{}[].", path.trim_end_matches('.')),
        ));
    }
    if lines.is_empty() && path.is_empty() {
        lines.push("no keys".to_owned());
    }
    lines
}

/// A line for one key: path, type, whether it is required, description.
pub(super) fn key_line(path: &str, property: &Value, required: bool) -> String {
    let inner = property["anyOf"]
        .as_array()
        .and_then(|branches| branches.last());
    let kind = inner.unwrap_or(property)["type"].as_str().unwrap_or("any");
    let need = if required { "required" } else { "optional" };
    let about = property["description"].as_str().unwrap_or_default();
    format!("{path} ({kind}, {need}) {about}")
        .trim_end()
        .to_owned()
}

pub(super) fn plugin_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        if name.starts_with(prefix) && name.ends_with(suffix) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
