//! Commits transactions: any number of them, all or none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use redb::Table;

use super::{OUTBOX, Store, StoreError, VALUES};

/// Writes of one or more transactions: a value, or `None` for a deleted key.
pub(crate) type Writes = BTreeMap<String, Option<Arc<[u8]>>>;

/// An event that a transaction emits.
pub(crate) trait Emitted {
    /// Name of the event.
    fn name(&self) -> &str;
    /// Arguments, as JSON.
    fn payload(&self) -> &[u8];
    /// Whether it stays in the outbox until each subscriber has handled it.
    fn is_durable(&self) -> bool;
    /// Names of the extensions that handle it.
    fn subscribers(&self) -> impl Iterator<Item = &str>;
    /// Sets its key in the outbox.
    fn set_outbox_id(&mut self, id: u64);
}

/// An entry of an extension's outbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutboxEntry<'a> {
    /// Its key.
    pub id: u64,
    /// Name of the event.
    pub name: &'a str,
    /// Arguments, as JSON.
    pub payload: &'a [u8],
}

/// The part of a handler's effects that is stored.
#[derive(Debug)]
pub(crate) struct Commit<'a, E> {
    /// The extension whose storage is written.
    pub extension: &'a str,
    /// Its writes.
    pub writes: &'a Writes,
    /// Its events; durable ones are stored and get their outbox ids.
    pub durable: &'a mut [E],
    /// Outbox id of the handled event, if it was durable.
    pub handled: Option<u64>,
    /// Durable events of this extension that were handled and return to the outbox.
    pub released: Vec<OutboxEntry<'a>>,
}

type Values<'t> = Table<'t, (&'static str, &'static str), &'static [u8]>;
type Outbox<'t> = Table<'t, (&'static str, u64), (&'static str, &'static [u8])>;

impl Store {
    /// Writes all of `commits`, in their order and at once.
    ///
    /// # Errors
    ///
    /// The file cannot be written; then none of them is stored.
    pub(crate) fn commit<'a, E: Emitted + 'a>(
        &self,
        commits: impl IntoIterator<Item = Commit<'a, E>>,
    ) -> Result<(), StoreError> {
        self.unless_damaged(|| self.commit_all(commits))
    }

    fn commit_all<'a, E: Emitted + 'a>(
        &self,
        commits: impl IntoIterator<Item = Commit<'a, E>>,
    ) -> Result<(), StoreError> {
        let transaction = self.database.begin_write()?;
        {
            let mut values = transaction.open_table(VALUES)?;
            let mut outbox = transaction.open_table(OUTBOX)?;
            for commit in commits {
                write(&mut values, &commit)?;
                self.deliver(&mut outbox, commit)?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    fn deliver<E: Emitted>(
        &self,
        outbox: &mut Outbox<'_>,
        commit: Commit<'_, E>,
    ) -> Result<(), StoreError> {
        let extension = commit.extension;
        if let Some(id) = commit.handled {
            outbox.remove((extension, id))?;
        }
        for entry in commit.released {
            outbox.insert((extension, entry.id), (entry.name, entry.payload))?;
        }
        for event in commit.durable.iter_mut().filter(|event| event.is_durable()) {
            let id = self.next_outbox_id.fetch_add(1, Ordering::Relaxed);
            event.set_outbox_id(id);
            for subscriber in event.subscribers() {
                outbox.insert((subscriber, id), (event.name(), event.payload()))?;
            }
        }
        Ok(())
    }
}

fn write<E>(values: &mut Values<'_>, commit: &Commit<'_, E>) -> Result<(), StoreError> {
    for (key, value) in commit.writes {
        let place = (commit.extension, key.as_str());
        match value {
            Some(value) => values.insert(place, &**value)?,
            None => values.remove(place)?,
        };
    }
    Ok(())
}
