//! Writing: any number of transactions, all of them or none.

use std::sync::{Arc, atomic::Ordering};

use redb::Table;

use super::{OUTBOX, Store, StoreError, VALUES};
use crate::runtime::{bus::Outgoing, event::Event, pending_writes::Writes};

/// What one handler's success puts on disk.
#[derive(Debug)]
pub struct Commit<'a> {
    /// The extension whose storage is written.
    pub extension: &'a str,
    /// Its writes.
    pub writes: &'a Writes,
    /// Its events; those that are durable are kept and given their outbox ids.
    pub durable: &'a mut [Outgoing],
    /// The outbox id of the event that was handled, if it was durable.
    pub handled: Option<u64>,
    /// Durable events of this extension that were handled and are to be handled again.
    pub given_back: &'a [Arc<Event>],
}

type Values<'t> = Table<'t, (&'static str, &'static str), &'static [u8]>;
type Outbox<'t> = Table<'t, (&'static str, u64), (&'static str, &'static [u8])>;

impl Store {
    /// Puts all of `commits` on disk, in their order and at once.
    ///
    /// # Errors
    ///
    /// The file cannot be written; then nothing of them is there.
    pub fn commit<'a>(
        &self,
        commits: impl IntoIterator<Item = Commit<'a>>,
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

    fn deliver(&self, outbox: &mut Outbox<'_>, commit: Commit<'_>) -> Result<(), StoreError> {
        let extension = commit.extension;
        if let Some(id) = commit.handled {
            outbox.remove((extension, id))?;
        }
        for event in commit.given_back {
            if let Some(id) = event.outbox_id {
                outbox.insert((extension, id), (&*event.name, &*event.payload))?;
            }
        }
        for event in commit.durable.iter_mut().filter(|event| event.is_durable()) {
            let id = self.next_outbox_id.fetch_add(1, Ordering::Relaxed);
            event.outbox_id = Some(id);
            for subscriber in event.subscribers() {
                outbox.insert((subscriber, id), (event.name(), event.payload()))?;
            }
        }
        Ok(())
    }
}

fn write(values: &mut Values<'_>, commit: &Commit<'_>) -> Result<(), StoreError> {
    for (key, value) in commit.writes {
        let place = (commit.extension, key.as_str());
        match value {
            Some(value) => values.insert(place, &**value)?,
            None => values.remove(place)?,
        };
    }
    Ok(())
}
