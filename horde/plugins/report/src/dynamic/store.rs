//! The stored form of dynamic config.

use std::collections::BTreeMap;

use horde_dynamic::{DynamicConfig, LocalValue, ParamFile};
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use super::file::{FileName, HeldFile};

const IN_FORCE: &str = "dynamic/in_force";
const LOCAL: &str = "dynamic/local";
const TICKETS: &str = "dynamic/tickets";

/// The last sound version of a file. Its text is read by the rules of the version that runs.
#[derive(Deserialize, Serialize)]
struct StoredFile {
    url: String,
    text: String,
    fetched_ms: u64,
}

pub(crate) fn in_force(ctx: &mut Context<'_>) -> Result<Option<DynamicConfig>> {
    ctx.get_sound(IN_FORCE)
}

pub(crate) fn put_in_force(ctx: &mut Context<'_>, config: &DynamicConfig) -> Result<()> {
    ctx.put(IN_FORCE, config)
}

/// The values that the operator has set, without those that are not allowed any more.
pub(crate) fn local(ctx: &mut Context<'_>) -> Result<BTreeMap<String, LocalValue>> {
    let stored: Option<BTreeMap<String, LocalValue>> = ctx.get_sound(LOCAL)?;
    let mut local = stored.unwrap_or_default();
    let count = local.len();
    local.retain(|key, value| {
        let set = DynamicConfig::default().set(key, &value.text);
        if let Err(error) = &set {
            let reason = error.to_string();
            ctx.warn_with(
                "a value that the operator has set is not allowed any more and is dropped",
                &[("reason", &reason)],
            );
        }
        set.is_ok()
    });
    if local.len() < count {
        put_local(ctx, &local)?;
    }
    Ok(local)
}

pub(crate) fn put_local(ctx: &mut Context<'_>, local: &BTreeMap<String, LocalValue>) -> Result<()> {
    ctx.put(LOCAL, local)
}

pub(crate) fn tickets(ctx: &mut Context<'_>) -> Result<Vec<Ticket>> {
    let tickets = ctx.get_sound(TICKETS)?;
    Ok(tickets.unwrap_or_default())
}

pub(crate) fn put_tickets(ctx: &mut Context<'_>, tickets: &[Ticket]) -> Result<()> {
    match tickets {
        [] => ctx.delete(TICKETS),
        tickets => ctx.put(TICKETS, tickets),
    }
}

/// The files of these URLs. A file of another URL is of another network, perhaps, and is dropped.
pub(crate) fn files(
    ctx: &mut Context<'_>,
    urls: &BTreeMap<FileName, String>,
) -> Result<BTreeMap<FileName, HeldFile>> {
    let mut files = BTreeMap::new();
    for name in FileName::ALL {
        let Some(stored) = ctx.get_sound::<StoredFile>(&file_key(name))? else {
            continue;
        };
        match (urls.get(&name), ParamFile::parse(stored.text.as_bytes())) {
            (Some(url), Ok(file)) if *url == stored.url => {
                let held = HeldFile {
                    text: stored.text,
                    file,
                    fetched_ms: stored.fetched_ms,
                };
                files.insert(name, held);
            }
            _ => {
                ctx.info_with(
                    "a stored file of dynamic config does not count any more",
                    &[("file", &name.name())],
                );
                ctx.delete(&file_key(name))?;
            }
        }
    }
    Ok(files)
}

pub(crate) fn put_file(
    ctx: &mut Context<'_>,
    name: FileName,
    url: &str,
    held: &HeldFile,
) -> Result<()> {
    let stored = StoredFile {
        url: url.to_owned(),
        text: held.text.clone(),
        fetched_ms: held.fetched_ms,
    };
    ctx.put(&file_key(name), &stored)
}

fn file_key(name: FileName) -> String {
    format!("dynamic/file/{}", name.name())
}
