//! Fills an empty store from the lines of an export.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use redb::{Database, ReadableTableMetadata, Table, WriteTransaction};

use super::line::{Line, LineError, Owner, read};
use super::{Archive, ArchiveError, opened, store};
use crate::store::layout;
use crate::store::{FILE_NAME, OUTBOX, VALUES};

impl Archive {
    /// Creates a store in `folder` from the lines of an export, all of them or none; returns the number of values and
    /// events. An export of an earlier layout becomes a store of the present one.
    ///
    /// # Errors
    ///
    /// A line is invalid, a host has the store open, or it is not empty.
    pub(crate) fn import(folder: &Path, from: impl BufRead) -> Result<u64, ArchiveError> {
        let path = folder.join(FILE_NAME);
        std::fs::create_dir_all(folder)?;
        let database = Database::create(&path).map_err(|error| opened(&path, error))?;
        let transaction = database.begin_write().map_err(store)?;
        let (owner, count) = Filling::begin(&transaction, path)?.fill(from)?;
        layout::write_owner(&transaction, &owner.layout, &owner.identity)?;
        layout::bring_up(&transaction, layout::known(&owner.layout))?;
        transaction.commit().map_err(store)?;
        Ok(count)
    }
}

/// An empty store during an import.
struct Filling<'t> {
    values: Table<'t, (&'static str, &'static str), &'static [u8]>,
    outbox: Table<'t, (&'static str, u64), (&'static str, &'static [u8])>,
}

impl<'t> Filling<'t> {
    fn begin(transaction: &'t WriteTransaction, path: PathBuf) -> Result<Self, ArchiveError> {
        let filling = Self {
            values: transaction.open_table(VALUES).map_err(store)?,
            outbox: transaction.open_table(OUTBOX).map_err(store)?,
        };
        let is_empty = filling.values.is_empty().map_err(store)?
            && filling.outbox.is_empty().map_err(store)?;
        if is_empty {
            Ok(filling)
        } else {
            Err(ArchiveError::NotEmpty { path })
        }
    }

    /// Returns the owner and the number of values and events.
    fn fill(mut self, from: impl BufRead) -> Result<(Owner, u64), ArchiveError> {
        let mut owner = None;
        let mut count = 0;
        for (index, text) in from.lines().enumerate() {
            let number = index + 1;
            let fault = |source| ArchiveError::Line { number, source };
            let line =
                serde_json::from_str(&text?).map_err(|error| fault(LineError::Json(error)))?;
            match (number, line) {
                (1, Line::Store(given)) if layout::known(&given.layout).is_some() => {
                    owner = Some(given);
                    continue;
                }
                (1, _) => return Err(fault(LineError::Owner)),
                (_, Line::Store(_)) => return Err(fault(LineError::SecondOwner)),
                (_, Line::Value(line)) => {
                    let value = read(line.json, line.hex).map_err(fault)?;
                    let place = (line.extension.as_str(), line.key.as_str());
                    self.values.insert(place, value.as_slice()).map_err(store)?;
                }
                (_, Line::Event(line)) => {
                    let payload = read(line.json, line.hex).map_err(fault)?;
                    let place = (line.extension.as_str(), line.outbox_id);
                    let event = (line.name.as_str(), payload.as_slice());
                    self.outbox.insert(place, event).map_err(store)?;
                }
            }
            count += 1;
        }
        let source = LineError::Missing;
        let missing = ArchiveError::Line { number: 1, source };
        Ok((owner.ok_or(missing)?, count))
    }
}
