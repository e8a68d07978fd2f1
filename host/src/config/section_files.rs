//! Files that the sections of extensions name: `{"$file": "values.json"}` stands for the JSON in that file.
//!
//! Invariant: what is read is bounded, whatever lies in the place of a file, and a fault holds nothing of its content.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tig_process::{json_text, text_file};

use super::Fault;
use super::schema::join;

/// Key of the object that names a file.
pub(crate) const FILE_KEY: &str = "$file";

/// Key of the config under which the sections are.
const SECTIONS_KEY: &str = "config";

/// A longer file is refused.
const SECTION_FILE_BYTES_MAX: u64 = 1 << 20;

/// Files that one config may name: together they are no longer than a config may be.
const SECTION_FILES_COUNT_MAX: usize = 16;

/// Lists and objects in each other, with those of the config around them: a parser of JSON takes 127.
const FILE_DEPTH_MAX: usize = 100;

/// Puts the content of each named file in the place of its name, and returns the faults. Relative paths start from `folder`.
pub(super) fn insert(config: &mut Value, folder: &Path) -> Vec<Fault> {
    let (mut faults, mut count) = (Vec::new(), 0);
    for_each(config, |value, path, depth| {
        count += 1;
        let content = match count > SECTION_FILES_COUNT_MAX {
            true => Err(FileFault::Count),
            false => read(value, folder, depth),
        };
        match content {
            Ok(content) => *value = content,
            Err(fault) => faults.push(Fault::new(path, fault.to_string())),
        }
    });
    faults
}

/// Paths of the named files.
pub(super) fn paths(mut config: Value, folder: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for_each(&mut config, |value, _, _| {
        paths.extend(parse(value).map(|name| folder.join(name)));
    });
    paths.truncate(SECTION_FILES_COUNT_MAX);
    paths
}

/// Lets every value in the section of schema `section` also be the name of a file.
pub(crate) fn allow_in(section: &mut Value) {
    allow_inside(section);
    let by_name = json!({
        "type": "object",
        "properties": { FILE_KEY: {
            "type": "string",
            "description": "JSON file with this value; its path starts from the folder of the config.",
        } },
        "required": [FILE_KEY],
        "additionalProperties": false,
    });
    // The last branch is the one that describes the value.
    match section.get_mut("anyOf").and_then(Value::as_array_mut) {
        Some(branches) => branches.insert(0, by_name),
        None => {
            let description = section.get("description").cloned();
            *section = json!({ "anyOf": [by_name, section.take()] });
            if let Some(description) = description {
                section["description"] = description;
            }
        }
    }
}

fn allow_inside(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    for (keyword, inner) in schema {
        match (keyword.as_str(), inner) {
            ("properties", Value::Object(properties)) => {
                properties.values_mut().for_each(allow_in);
            }
            ("anyOf", Value::Array(branches)) => branches.iter_mut().for_each(allow_inside),
            ("items" | "additionalProperties", inner @ Value::Object(_)) => allow_in(inner),
            _ => {}
        }
    }
}

/// Why a file cannot stand for a value.
#[derive(Debug, thiserror::Error)]
enum FileFault {
    #[error(
        "other keys stand beside `{FILE_KEY}`, which stands for the whole value; remove one or the other"
    )]
    Beside,
    #[error("the value of `{FILE_KEY}` is not a text: give the path of a JSON file")]
    NotAPath,
    #[error("cannot read {}: {source}", path.display())]
    Read {
        path: PathBuf,
        source: text_file::TextError,
    },
    #[error("{} is not JSON: {source}", path.display())]
    Json {
        path: PathBuf,
        source: json_text::JsonError,
    },
    #[error("{} names a file by `{FILE_KEY}` itself; put the content of that file in its place", .0.display())]
    Nested(PathBuf),
    #[error("{} has lists and objects more than {FILE_DEPTH_MAX} deep in each other; flatten them", .0.display())]
    Deep(PathBuf),
    #[error(
        "more than {SECTION_FILES_COUNT_MAX} files are named by `{FILE_KEY}`; put some of them together"
    )]
    Count,
}

/// The content of the file that `value` names, at `depth` in the config.
fn read(value: &Value, folder: &Path, depth: usize) -> Result<Value, FileFault> {
    let path = folder.join(parse(value)?);
    let text = match text_file::read(&path, SECTION_FILE_BYTES_MAX) {
        Ok(text) => text,
        Err(source) => return Err(FileFault::Read { path, source }),
    };
    let mut content = match json_text::parse(&text) {
        Ok(content) => content,
        Err(source) => return Err(FileFault::Json { path, source }),
    };
    let (mut is_nested, mut deepest) = (false, depth);
    walk(&mut content, "", depth, &mut |value, _, depth| {
        is_nested |= is_name(value);
        deepest = deepest.max(depth);
    });
    match (is_nested, deepest > FILE_DEPTH_MAX) {
        (true, _) => Err(FileFault::Nested(path)),
        (false, true) => Err(FileFault::Deep(path)),
        (false, false) => Ok(content),
    }
}

/// The path in `value`, which has the key of names.
fn parse(value: &Value) -> Result<&str, FileFault> {
    if value.as_object().map_or(0, Map::len) > 1 {
        return Err(FileFault::Beside);
    }
    value[FILE_KEY].as_str().ok_or(FileFault::NotAPath)
}

fn is_name(value: &Value) -> bool {
    value.get(FILE_KEY).is_some()
}

/// Calls `act` with each name of a file in the sections of `config`, its keys from the root, and its depth.
fn for_each(config: &mut Value, mut act: impl FnMut(&mut Value, &str, usize)) {
    let sections = config.get_mut(SECTIONS_KEY).and_then(Value::as_object_mut);
    for (name, section) in sections.into_iter().flatten() {
        let path = join(SECTIONS_KEY, name);
        // The config is the first object, and that of the sections the second.
        walk(section, &path, 3, &mut |value, path, depth| {
            if is_name(value) {
                act(value, path, depth);
            }
        });
    }
}

/// Calls `act` with `value` and, unless it names a file, with every value in it.
fn walk(
    value: &mut Value,
    path: &str,
    depth: usize,
    act: &mut impl FnMut(&mut Value, &str, usize),
) {
    let is_file = is_name(value);
    act(value, path, depth);
    if is_file {
        return;
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                walk(item, &format!("{path}[{index}]"), depth + 1, act);
            }
        }
        Value::Object(object) => {
            for (key, value) in object {
                walk(value, &join(path, key), depth + 1, act);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rustix::fs::{CWD, mkfifoat};
    use tempfile::TempDir;

    use super::*;

    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn inserted(sections: Value, folder: &TempDir) -> (Value, Vec<String>) {
        let mut config = json!({ "config": sections });
        let faults = insert(&mut config, folder.path());
        let place = format!("{}/", folder.path().display());
        let texts = faults.iter().map(|it| it.to_string().replace(&place, ""));
        (config["config"].take(), texts.collect())
    }

    fn fault(section: Value, folder: &TempDir) -> String {
        let (_, mut faults) = inserted(json!({ "a": section }), folder);
        assert_eq!(faults.len(), 1, "{faults:?}");
        faults.remove(0)
    }

    #[test]
    fn content_stands_where_its_file_is_named() {
        let folder = folder(&[("a.json", "\u{feff}{\"x\": 2.0}"), ("b.json", "[1, null]")]);
        let sections = json!({
            "whole": { "$file": "a.json" },
            "part": { "deep": [{ "$file": folder.path().join("b.json") }], "plain": "$file" },
        });
        let expected =
            json!({ "whole": { "x": 2 }, "part": { "deep": [[1, null]], "plain": "$file" } });
        assert_eq!(inserted(sections, &folder), (expected, Vec::new()));
    }

    #[test]
    fn files_are_named_in_sections_only() {
        let folder = folder(&[]);
        let mut config =
            json!({ "keys": { "$file": "missing" }, "config": [{ "$file": "missing" }] });
        assert_eq!(insert(&mut config, folder.path()), []);
        assert!(paths(config, folder.path()).is_empty());
    }

    #[test]
    fn unusable_file_is_named_with_its_place() {
        let folder = folder(&[("torn.json", "{\"secret\": \"s3cr"), ("empty.json", "")]);
        mkfifoat(CWD, folder.path().join("pipe"), 0o600.into()).unwrap();
        let file = fs::File::create(folder.path().join("long.json")).unwrap();
        file.set_len(SECTION_FILE_BYTES_MAX + 1).unwrap();
        for (name, expected) in [
            (
                "none.json",
                "config.a.x[0]: cannot read none.json: No such file",
            ),
            ("pipe", "config.a.x[0]: cannot read pipe: it is a pipe"),
            (
                "/dev/zero",
                "config.a.x[0]: cannot read /dev/zero: it is a device",
            ),
            (".", "config.a.x[0]: cannot read .: it is a folder"),
            (
                "long.json",
                "config.a.x[0]: cannot read long.json: it is longer than 1048576",
            ),
            (
                "torn.json",
                "config.a.x[0]: torn.json is not JSON: EOF while parsing",
            ),
            (
                "empty.json",
                "config.a.x[0]: empty.json is not JSON: it is empty",
            ),
        ] {
            let text = fault(json!({ "x": [{ "$file": name }] }), &folder);
            assert!(text.starts_with(expected), "{text}");
            assert!(!text.contains("s3cr"), "{text}");
        }
    }

    #[test]
    fn malformed_name_of_a_file_is_a_fault() {
        let folder = folder(&[
            ("a.json", "{}"),
            ("b.json", "{\"x\": {\"$file\": \"a.json\"}}"),
        ]);
        let text = fault(json!({ "$file": "a.json", "x": 1 }), &folder);
        assert!(
            text.starts_with("config.a: other keys stand beside"),
            "{text}"
        );
        let text = fault(json!({ "x": { "$file": 7 } }), &folder);
        assert!(
            text.starts_with("config.a.x: the value of `$file` is not a text"),
            "{text}"
        );
        let text = fault(json!({ "$file": "b.json" }), &folder);
        assert!(
            text.starts_with("config.a: b.json names a file by `$file` itself"),
            "{text}"
        );
    }

    #[test]
    fn depth_and_number_of_files_are_bounded() {
        // The config and its section lie around it.
        let (ok, deep) = (FILE_DEPTH_MAX - 2, FILE_DEPTH_MAX - 1);
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        let files = [
            ("ok.json", nested(ok)),
            ("deep.json", nested(deep)),
            ("flat.json", nested(1)),
        ];
        let folder = folder(&files.each_ref().map(|(name, text)| (*name, text.as_str())));
        let (section, faults) = inserted(json!({ "a": { "$file": "ok.json" } }), &folder);
        assert_eq!(faults, [""; 0]);
        let text = section.to_string();
        assert!(serde_json::from_str::<Value>(&text).is_ok());
        let text = fault(json!({ "$file": "deep.json" }), &folder);
        assert!(text.contains("more than 100 deep"), "{text}");

        let many = vec![json!({ "$file": "flat.json" }); SECTION_FILES_COUNT_MAX + 1];
        let text = fault(json!(many), &folder);
        assert!(
            text.starts_with("config.a[16]: more than 16 files"),
            "{text}"
        );
    }

    #[test]
    fn schema_takes_the_name_of_a_file_for_each_value() {
        let mut schema = json!({ "type": "object", "properties": {
            "list": { "type": "array", "items": { "type": "integer" }, "description": "Numbers." },
            "by_name": { "anyOf": [{ "type": "null" }, { "type": "object", "additionalProperties": { "type": "string" } }] },
        }, "additionalProperties": false });
        let faults =
            |schema: &Value, value: Value| crate::config::schema::faults(schema, &value, "x");
        let named = json!({ "$file": "a.json" });
        assert_ne!(faults(&schema, named.clone()), []);
        allow_in(&mut schema);
        for value in [
            named.clone(),
            json!({ "list": named, "by_name": named }),
            json!({ "list": [1, named], "by_name": { "x": named } }),
            json!({ "list": [1], "by_name": null }),
        ] {
            assert_eq!(faults(&schema, value.clone()), [], "{value}");
        }
        assert_ne!(faults(&schema, json!({ "list": { "$file": 7 } })), []);
        let list = &schema["anyOf"][1]["properties"]["list"];
        assert_eq!(list["description"], "Numbers.");
    }
}
