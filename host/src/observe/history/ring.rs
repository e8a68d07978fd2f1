//! A ring file: values of all series at a fixed number of times, the oldest of which are replaced.
//!
//! Invariant: the file never has more than its blocks, whatever the clock does.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::block::{self, BLOCK_BYTES, Block, COLUMN_BYTES, HEAD_BYTES, Head, ROWS};

/// Blocks with the newest rows whose checksums are compared when a ring is opened: those that the system may not have
/// written whole when its power failed.
const CHECKED_BLOCKS: usize = 8;

/// Step and length of a ring.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Geometry {
    /// Milliseconds between two times.
    pub step_ms: u64,
    /// Blocks of the file.
    pub blocks: u64,
}

impl Geometry {
    /// Milliseconds that the ring covers.
    pub(crate) const fn span_ms(self) -> u64 {
        self.blocks * ROWS as u64 * self.step_ms
    }
}

/// An open ring file.
pub(super) struct Ring {
    file: File,
    geometry: Geometry,
    /// The block that was written last, and its number since 1970.
    current: (u64, Block),
}

impl Ring {
    /// Opens or creates the file, and clears what a crash has left torn.
    pub(super) fn open(path: &Path, geometry: Geometry) -> io::Result<Self> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let ring = Self {
            file,
            geometry,
            current: (0, Block::empty()),
        };
        ring.clear_torn_rows()?;
        Ok(ring)
    }

    /// Step and length.
    pub(super) fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// The time in steps since 1970.
    pub(super) fn slot(&self, at_ms: u64) -> u64 {
        at_ms / self.geometry.step_ms
    }

    /// Writes the values of a time, in place of those that were there.
    pub(super) fn put(&mut self, slot: u64, values: &[(usize, f64)]) -> io::Result<()> {
        let number = slot / ROWS as u64;
        if number != self.current.0 {
            self.current = (number, self.load(number)?);
        }
        self.current.1.put(slot, values);
        self.write(number, &self.current.1)
    }

    /// The newest time that has values.
    pub(super) fn newest(&self) -> io::Result<Option<u64>> {
        Ok(self
            .newest_of_blocks()?
            .into_iter()
            .map(|(slot, _)| slot)
            .max())
    }

    /// Passes the rows from `first` to `last` to `visit`, with the values of `columns` in it.
    pub(super) fn read(
        &self,
        columns: std::ops::Range<usize>,
        (first, last): (u64, u64),
        mut visit: impl FnMut(u64, &dyn Fn(usize) -> Option<f64>),
    ) -> io::Result<()> {
        let rows = ROWS as u64;
        // An interval longer than the ring would read each block more than once.
        let first = first.max(last.saturating_sub(self.geometry.blocks * rows));
        let mut bytes = Vec::new();
        for number in first / rows..=last / rows {
            let head = self.read_head(number)?;
            let head = Head(&head);
            let wanted = |slot: &u64| slot / rows == number && (first..=last).contains(slot);
            let slots: Vec<u64> = (0..ROWS)
                .filter_map(|row| head.slot(row))
                .filter(wanted)
                .collect();
            if slots.is_empty() {
                continue;
            }
            let end = columns.end.min(head.columns()).max(columns.start);
            bytes.resize((end - columns.start) * COLUMN_BYTES, 0);
            let offset = HEAD_BYTES + columns.start * COLUMN_BYTES;
            read_up_to(&self.file, &mut bytes, self.offset(number) + offset as u64)?;
            for slot in slots {
                visit(slot, &|column| {
                    let index = column.checked_sub(columns.start)?;
                    let bytes = bytes.get(index * COLUMN_BYTES..)?.get(..COLUMN_BYTES)?;
                    block::value(bytes, block::row_of(slot))
                });
            }
        }
        Ok(())
    }

    fn clear_torn_rows(&self) -> io::Result<()> {
        let mut newest = self.newest_of_blocks()?;
        newest.sort_unstable_by(|a, b| b.cmp(a));
        for (slot, _) in newest.into_iter().take(CHECKED_BLOCKS) {
            let number = slot / ROWS as u64;
            let block = self.load(number)?;
            if *block.head().0 != self.read_head(number)? {
                self.write(number, &block)?;
            }
        }
        Ok(())
    }

    /// The newest time of each block that has any, with the place of the block.
    fn newest_of_blocks(&self) -> io::Result<Vec<(u64, u64)>> {
        let mut found = Vec::new();
        for place in 0..self.geometry.blocks {
            let head = self.read_head(place)?;
            found.extend(Head(&head).newest().map(|slot| (slot, place)));
        }
        Ok(found)
    }

    /// The block of this number, without what is left of earlier rounds.
    fn load(&self, number: u64) -> io::Result<Block> {
        let head = self.read_head(number)?;
        let mut bytes = vec![0; HEAD_BYTES + Head(&head).columns() * COLUMN_BYTES];
        read_up_to(&self.file, &mut bytes, self.offset(number))?;
        Ok(Block::from_bytes(&bytes, |slot| {
            slot / ROWS as u64 == number
        }))
    }

    fn write(&self, number: u64, block: &Block) -> io::Result<()> {
        self.file.write_all_at(block.bytes(), self.offset(number))
    }

    fn read_head(&self, number: u64) -> io::Result<[u8; HEAD_BYTES]> {
        let mut head = [0; HEAD_BYTES];
        read_up_to(&self.file, &mut head, self.offset(number))?;
        Ok(head)
    }

    fn offset(&self, number: u64) -> u64 {
        (number % self.geometry.blocks) * BLOCK_BYTES as u64
    }
}

/// What lies beyond the end of the file stays zero.
fn read_up_to(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        match file.read_at(&mut bytes[done..], offset + done as u64) {
            Ok(0) => {
                bytes[done..].fill(0);
                return Ok(());
            }
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Geometry = Geometry {
        step_ms: 10,
        blocks: 3,
    };

    fn rows(ring: &Ring, first: u64, last: u64) -> Vec<(u64, Option<f64>)> {
        let mut rows = Vec::new();
        ring.read(0..1, (first, last), |slot, value| {
            rows.push((slot, value(0)));
        })
        .unwrap();
        rows
    }

    #[test]
    fn newest_times_replace_the_oldest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ring");
        let mut ring = Ring::open(&path, SMALL).unwrap();
        for slot in 1_000..1_200 {
            ring.put(slot, &[(0, slot as f64)]).unwrap();
        }
        let kept = rows(&ring, 1_000, 1_199);
        assert!((64..=96).contains(&kept.len()), "{}", kept.len());
        assert_eq!(kept.last(), Some(&(1_199, Some(1_199.0))));
        assert!(std::fs::metadata(&path).unwrap().len() <= 3 * BLOCK_BYTES as u64);
        assert_eq!(ring.newest().unwrap(), Some(1_199));
    }

    #[test]
    fn reopened_ring_goes_on_in_its_block() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ring");
        let mut ring = Ring::open(&path, SMALL).unwrap();
        ring.put(64, &[(0, 1.0)]).unwrap();
        drop(ring);
        let mut ring = Ring::open(&path, SMALL).unwrap();
        ring.put(66, &[(0, 3.0)]).unwrap();
        assert_eq!(rows(&ring, 60, 70), [(64, Some(1.0)), (66, Some(3.0))]);
    }

    #[test]
    fn clock_that_jumps_back_overwrites_its_times() {
        let folder = tempfile::tempdir().unwrap();
        let mut ring = Ring::open(&folder.path().join("ring"), SMALL).unwrap();
        ring.put(5_000, &[(0, 9.0)]).unwrap();
        for slot in [64, 65] {
            ring.put(slot, &[(0, 1.0)]).unwrap();
        }
        ring.put(64, &[(0, 2.0)]).unwrap();
        assert_eq!(rows(&ring, 0, 100), [(64, Some(2.0)), (65, Some(1.0))]);
    }

    #[test]
    fn torn_end_of_a_file_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ring");
        let mut ring = Ring::open(&path, SMALL).unwrap();
        ring.put(32, &[(0, 1.0), (400, 2.0)]).unwrap();
        drop(ring);
        let file = File::options().write(true).open(&path).unwrap();
        // The last column's values are gone, so the checksum of the row does not fit.
        file.set_len((HEAD_BYTES + 399 * COLUMN_BYTES) as u64)
            .unwrap();
        let ring = Ring::open(&path, SMALL).unwrap();
        assert_eq!(rows(&ring, 0, 100), []);
    }
}
