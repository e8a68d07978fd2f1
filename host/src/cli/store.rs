//! `tig-host store`: shows the store of a stopped host, and fills an empty one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use tig_process::progress::{Counted, Progress};

use super::output;
use crate::error::HostError;
use crate::store::{Archive, ArchiveError};

/// Lists values and undelivered events by extension, or the keys of one extension.
pub(super) fn ls(
    folder: &Path,
    extension: Option<&str>,
    prefix: &str,
    as_json: bool,
) -> Result<(), HostError> {
    let archive = Archive::open(folder)?;
    let rows = match extension {
        Some(extension) => keys(&archive, extension, prefix)?,
        None => summary(&archive)?,
    };
    if as_json {
        output::json(&rows);
        return Ok(());
    }
    let head: &[&str] = match extension {
        Some(_) => &["KEY", "BYTES"],
        None => &["EXTENSION", "KEYS", "BYTES", "UNDELIVERED EVENTS"],
    };
    let columns: &[&str] = match extension {
        Some(_) => &["key", "bytes"],
        None => &["extension", "keys", "bytes", "undelivered"],
    };
    let cell = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
    let cells = |row: &Value| columns.iter().map(|column| cell(&row[*column])).collect();
    let mut table: Vec<Vec<String>> = vec![head.iter().map(|&name| name.to_owned()).collect()];
    table.extend(rows.iter().map(cells));
    output::table(&table);
    Ok(())
}

fn keys(archive: &Archive, extension: &str, prefix: &str) -> Result<Vec<Value>, ArchiveError> {
    let mut rows = Vec::new();
    archive.values(|owner, key, value| {
        if owner == extension && key.starts_with(prefix) {
            rows.push(json!({ "key": key, "bytes": value.len() }));
        }
        Ok(())
    })?;
    Ok(rows)
}

pub(super) fn summary(archive: &Archive) -> Result<Vec<Value>, ArchiveError> {
    #[derive(Default)]
    struct Sum {
        keys: u64,
        bytes: usize,
        undelivered: u64,
    }
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    archive.values(|extension, key, value| {
        let sum = sums.entry(extension.to_owned()).or_default();
        sum.keys += 1;
        sum.bytes += key.len() + value.len();
        Ok(())
    })?;
    archive.events(|extension, _, _, _| {
        sums.entry(extension.to_owned()).or_default().undelivered += 1;
        Ok(())
    })?;
    let row = |(extension, sum): (&String, &Sum)| json!({ "extension": extension, "keys": sum.keys, "bytes": sum.bytes, "undelivered": sum.undelivered });
    Ok(sums.iter().map(row).collect())
}

/// Shows one value: JSON as it is, anything else as hex.
pub(super) fn get(folder: &Path, extension: &str, key: &str) -> Result<(), HostError> {
    let Some(bytes) = Archive::open(folder)?.get(extension, key)? else {
        return Err(HostError::System {
            what: "find the value",
            source: std::io::Error::other(format!(
                "`{extension}` has no key `{key}`; `tig-host store ls {extension}` lists them"
            )),
        });
    };
    match serde_json::from_slice::<&RawValue>(&bytes) {
        Ok(json) => output::line(json.get()),
        Err(_) => output::json(&json!({ "hex": hex::encode(bytes) })),
    }
    Ok(())
}

/// Fills an empty store from an export.
pub(super) fn import(folder: &Path, file: &Path, as_json: bool) -> Result<(), HostError> {
    let opened = File::open(file).map_err(HostError::system("open the export"))?;
    let bytes = opened.metadata().map(|metadata| metadata.len()).ok();
    let progress = Progress::new("importing", "bytes", bytes);
    let count = Archive::import(folder, Counted::new(BufReader::new(opened), progress))?;
    if as_json {
        output::json(&json!({ "imported": count }));
    } else {
        output::line(&format!(
            "{count} values and events imported into {}",
            folder.display()
        ));
    }
    Ok(())
}
