//! `tig-host store`: shows and copies the store of a stopped host.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use serde_json::value::RawValue;
use serde_json::{Value, json};

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

fn summary(archive: &Archive) -> Result<Vec<Value>, ArchiveError> {
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

/// Writes everything to `file`, which must not exist, or to standard output.
pub(super) fn export(folder: &Path, file: Option<&Path>) -> Result<(), HostError> {
    let archive = Archive::open(folder)?;
    match file {
        Some(path) => {
            let file =
                File::create_new(path).map_err(HostError::system("make the export's file"))?;
            archive.export(&mut BufWriter::new(&file))?;
            file.sync_all()
                .map_err(HostError::system("write the export's file"))?;
        }
        None => match archive.export(&mut BufWriter::new(output::writer())) {
            // `main` decides whether a closed output is a failure.
            Err(_) if output::is_closed() => {}
            done => done?,
        },
    }
    Ok(())
}

/// Fills an empty store from an export.
pub(super) fn import(folder: &Path, file: &Path, as_json: bool) -> Result<(), HostError> {
    let lines = File::open(file).map_err(HostError::system("open the export"))?;
    let count = Archive::import(folder, BufReader::new(lines))?;
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
