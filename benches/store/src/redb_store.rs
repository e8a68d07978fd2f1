//! redb with its default durability: a commit is on disk when it returns.

use std::path::Path;

use redb::{Database, TableDefinition};
use tig_bench_report::Result;

use crate::{Store, VALUE};

const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("values");

pub(crate) struct Redb(Database);

impl Store for Redb {
    const NAME: &'static str = "redb";

    fn open(folder: &Path) -> Result<Self> {
        Ok(Self(Database::create(folder.join("store.redb"))?))
    }

    fn commit(&mut self, puts: &[u64], deletes: &[u64]) -> Result<()> {
        let transaction = self.0.begin_write()?;
        {
            let mut table = transaction.open_table(TABLE)?;
            for key in puts {
                table.insert(key.to_be_bytes().as_slice(), VALUE.as_slice())?;
            }
            for key in deletes {
                table.remove(key.to_be_bytes().as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }
}
