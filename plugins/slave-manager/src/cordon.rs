//! Slaves that the operator has cordoned: they get no new batches, and may bring what they have.
//!
//! Invariant: a cordon is stored before it takes effect, so that neither a restart nor a reload lifts it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use crate::slaves::Name;

/// Stored under this and the slave's name.
const KEY: &str = "cordon/";

/// Slaves cordoned at a time.
const CORDONED_COUNT_MAX: usize = 1_000;

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Record {
    since_ms: u64,
}

/// The cordoned slaves, by name.
#[derive(Debug, Default)]
pub(crate) struct Cordon(BTreeMap<Name, Record>);

impl Cordon {
    pub(crate) fn restore(ctx: &mut Context<'_>) -> Result<Self> {
        let stored = ctx.scan_sound::<Record>(KEY)?.into_iter();
        Ok(Self(
            stored
                .map(|(key, record)| (Name::from(&key[KEY.len()..]), record))
                .collect(),
        ))
    }

    pub(crate) fn contains(&self, slave: &str) -> bool {
        self.0.contains_key(slave)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Names with the Unix milliseconds since when.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Name, u64)> {
        self.0.iter().map(|(name, record)| (name, record.since_ms))
    }

    /// Unix milliseconds since when the slave is cordoned.
    pub(crate) fn since_ms(&self, slave: &str) -> Option<u64> {
        self.0.get(slave).map(|record| record.since_ms)
    }

    /// Cordons a slave; `false` if it was already.
    pub(crate) fn add(&mut self, ctx: &mut Context<'_>, slave: &Name) -> Result<bool> {
        if self.contains(slave) {
            return Ok(false);
        }
        if self.len() >= CORDONED_COUNT_MAX {
            bail!("{CORDONED_COUNT_MAX} slaves are cordoned already; uncordon those that are gone");
        }
        let since_ms = ctx.now_ms();
        let record = Record { since_ms };
        ctx.put(&format!("{KEY}{slave}"), &record)?;
        self.0.insert(slave.clone(), record);
        Ok(true)
    }

    /// Lifts a slave's cordon; `false` if there was none.
    pub(crate) fn remove(&mut self, ctx: &mut Context<'_>, slave: &str) -> Result<bool> {
        if !self.contains(slave) {
            return Ok(false);
        }
        ctx.delete(&format!("{KEY}{slave}"))?;
        self.0.remove(slave);
        Ok(true)
    }
}
