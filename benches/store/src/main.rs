//! Durable commits of redb and SQLite on this disk: what the choice of the store rests on (docs/adr/0004-redb.md).
//!
//! `cargo xtask bench store [--json]`. A transaction writes three values of 200 bytes under new keys and deletes an older
//! one, which is what a handler with a durable event does. Both stores must have it on disk before they return.

mod redb_store;
mod sqlite_store;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use tig_bench_report::{Line, Report, Result, Target};

use crate::redb_store::Redb;
use crate::sqlite_store::Sqlite;

const VALUE: [u8; 200] = [7; 200];
/// Records that are there before: the cost must not depend on them.
const RECORDS: [u64; 2] = [10, 1_000_000];
/// Transactions that are joined into one commit.
const JOINED: [u64; 2] = [1, 64];
/// Records of one commit while the store is filled.
const FILL: u64 = 10_000;
const COMMITS: u64 = 300;

/// An ordered key-value store whose commits are on disk when they return.
trait Store: Sized {
    const NAME: &'static str;
    fn open(folder: &Path) -> Result<Self>;
    fn commit(&mut self, puts: &[u64], deletes: &[u64]) -> Result<()>;
}

fn main() -> ExitCode {
    tig_bench_report::main(|report| {
        for records in RECORDS {
            for joined in JOINED {
                let redb = rate::<Redb>(records, joined)?;
                let sqlite = rate::<Sqlite>(records, joined)?;
                add::<Redb>(report, records, joined, redb, None)?;
                let ratio = Some((Redb::NAME, sqlite / redb));
                add::<Sqlite>(report, records, joined, sqlite, ratio)?;
            }
        }
        Ok(())
    })
}

/// Transactions per second.
fn rate<S: Store>(records: u64, joined: u64) -> Result<f64> {
    // Beside the program, since a temporary folder may be in memory.
    let folder = tempfile::tempdir_in(tig_bench_report::target_folder()?)?;
    let mut store = S::open(folder.path())?;
    for first in (0..records).step_by(FILL as usize) {
        let keys: Vec<u64> = (first..records.min(first + FILL)).collect();
        store.commit(&keys, &[])?;
    }
    let begin = Instant::now();
    for commit in 0..COMMITS {
        let (mut puts, mut deletes) = (Vec::new(), Vec::new());
        for transaction in commit * joined..(commit + 1) * joined {
            let first = records + 3 * transaction;
            puts.extend(first..first + 3);
            deletes.push(first.saturating_sub(records.min(1000)));
        }
        store.commit(&puts, &deletes)?;
    }
    Ok((COMMITS * joined) as f64 / begin.elapsed().as_secs_f64())
}

fn add<S: Store>(
    report: &mut Report,
    records: u64,
    joined: u64,
    rate: f64,
    against: Option<(&str, f64)>,
) -> Result<()> {
    report.add(&Line {
        name: &format!("{}, {joined} joined, {records} records", S::NAME),
        value: rate,
        unit: "transactions/s",
        target: Target::None,
        against,
    })
}
