//! SQLite with a write-ahead log that is synced at every commit.

use std::path::Path;

use rusqlite::Connection;
use tig_bench_report::Result;

use crate::{Store, VALUE};

pub(crate) struct Sqlite(Connection);

impl Store for Sqlite {
    const NAME: &'static str = "SQLite";

    fn open(folder: &Path) -> Result<Self> {
        let connection = Connection::open(folder.join("store.sqlite"))?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             CREATE TABLE store (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID;",
        )?;
        Ok(Self(connection))
    }

    fn commit(&mut self, puts: &[u64], deletes: &[u64]) -> Result<()> {
        let transaction = self.0.transaction()?;
        {
            let mut put =
                transaction.prepare_cached("INSERT OR REPLACE INTO store VALUES (?, ?)")?;
            let mut delete = transaction.prepare_cached("DELETE FROM store WHERE key = ?")?;
            for key in puts {
                put.execute((key.to_be_bytes().as_slice(), VALUE.as_slice()))?;
            }
            for key in deletes {
                delete.execute((key.to_be_bytes().as_slice(),))?;
            }
        }
        Ok(transaction.commit()?)
    }
}
