//! Records of one extension on their way from its runner to the file.
//!
//! Invariant: a runner never waits for the file. When the file cannot keep up, the recording ends.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tig_recording::RecordError;
use tig_recording::block::BLOCK_BYTES_FULL;

use crate::store::View;

/// Bytes of an extension that may wait for the file.
pub(crate) const TAPE_BYTES_MAX: usize = 64 << 20;

/// Bytes of an extension that are written without waiting for others.
const WAITING_BYTES_DUE: usize = BLOCK_BYTES_FULL;

/// Memory of an extension that is kept for other records.
const SPARE_BYTES_MAX: usize = 4 * BLOCK_BYTES_FULL;

/// What goes to the file, in order.
pub(crate) enum Chunk {
    /// The values that the extension had stored when its recording began.
    Storage {
        /// The storage.
        view: View,
        /// Unix milliseconds.
        at_ms: u64,
    },
    /// Records.
    Records(Records),
}

/// Records, one after another.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// As [`tig_recording::Record::append_to`] writes them.
    pub content: Vec<u8>,
    /// Their number.
    pub count: u32,
    /// Unix milliseconds of the first.
    pub first_ms: u64,
    /// Unix milliseconds of the last.
    pub last_ms: u64,
    /// Whether the state of an instance with which the extension begins is among them.
    pub holds_state: bool,
}

/// Whether more records can follow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Room {
    /// They can.
    Left,
    /// They can, and the file should be written to.
    Due,
    /// The file cannot keep up.
    Full,
}

#[derive(Default)]
struct Waiting {
    chunks: Vec<Chunk>,
    bytes: usize,
    /// Memory for the next records: the system takes long to give some.
    spare: Vec<u8>,
}

pub(crate) struct Tape {
    /// The generation of the recording that the extension has begun in.
    generation: AtomicU64,
    waiting: Mutex<Waiting>,
}

impl Tape {
    /// A tape without records.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self {
            generation: AtomicU64::new(0),
            waiting: Mutex::default(),
        }
    }

    /// See the field.
    #[must_use]
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Begins with the storage as it is in `view`.
    pub(crate) fn begin(&self, generation: u64, view: View, at_ms: u64) {
        let mut waiting = self.lock();
        waiting.chunks.push(Chunk::Storage { view, at_ms });
        self.generation.store(generation, Ordering::Release);
    }

    /// Appends a record, if `is_present` says that its runner was not replaced.
    ///
    /// # Errors
    ///
    /// The record cannot be written.
    pub(crate) fn append(
        &self,
        at_ms: u64,
        is_present: impl FnOnce() -> bool,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), RecordError>,
    ) -> Result<Room, RecordError> {
        let mut waiting = self.lock();
        // Within the lock, so that nothing of a replaced runner comes after the first record of its successor.
        if !is_present() {
            return Ok(Room::Left);
        }
        let records = waiting.open_records(at_ms);
        let before = records.content.len();
        write(&mut records.content)?;
        records.count += 1;
        records.last_ms = at_ms;
        let added = records.content.len() - before;
        let earlier = waiting.bytes;
        waiting.bytes += added;
        Ok(match waiting.bytes {
            bytes if bytes > TAPE_BYTES_MAX => Room::Full,
            bytes if bytes > WAITING_BYTES_DUE && earlier <= WAITING_BYTES_DUE => Room::Due,
            _ => Room::Left,
        })
    }

    /// Notes that the last record holds the state of an instance.
    pub(crate) fn note_state(&self) {
        // What has been taken meanwhile counts as calls, so at worst a file is full too early.
        if let Some(Chunk::Records(records)) = self.lock().chunks.last_mut() {
            records.holds_state = true;
        }
    }

    /// Takes what waits for the file.
    #[must_use]
    pub(crate) fn take(&self) -> Vec<Chunk> {
        let mut waiting = self.lock();
        waiting.bytes = 0;
        std::mem::take(&mut waiting.chunks)
    }

    /// Takes memory back for other records.
    pub(crate) fn reuse(&self, mut memory: Vec<u8>) {
        memory.clear();
        let mut waiting = self.lock();
        if (waiting.spare.capacity()..=SPARE_BYTES_MAX).contains(&memory.capacity()) {
            waiting.spare = memory;
        }
    }

    /// No code panics while it holds the lock, so what waits is still whole.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// The records to which the next one is appended.
    fn open_records(&mut self, at_ms: u64) -> &mut Records {
        let is_open = matches!(self.chunks.last(), Some(Chunk::Records(records))
            if records.content.len() < BLOCK_BYTES_FULL);
        if !is_open {
            self.chunks.push(Chunk::Records(Records {
                content: std::mem::take(&mut self.spare),
                first_ms: at_ms,
                ..Records::default()
            }));
        }
        match self.chunks.last_mut() {
            Some(Chunk::Records(records)) => records,
            // The branch above has just pushed one.
            _ => unreachable!("the last chunk holds records"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(tape: &Tape, bytes: usize) -> Room {
        let write = |records: &mut Vec<u8>| {
            records.resize(records.len() + bytes, 0);
            Ok(())
        };
        tape.append(1, || true, write).unwrap()
    }

    #[test]
    fn tape_that_is_not_taken_is_full() {
        let tape = Tape::new();
        let piece = TAPE_BYTES_MAX / 16;
        let rooms: Vec<Room> = (0..17).map(|_| append(&tape, piece)).collect();
        assert_eq!(rooms[0], Room::Due);
        assert_eq!(rooms[1..16], [Room::Left; 15]);
        assert_eq!(rooms[16], Room::Full);
        assert_eq!(tape.take().len(), 17, "each is a block of its own");
        assert_eq!(append(&tape, 1), Room::Left);
    }

    #[test]
    fn replaced_runner_appends_nothing() {
        let tape = Tape::new();
        let appended = tape.append(1, || false, |_| Err(RecordError::CutShort));
        assert_eq!(appended.unwrap(), Room::Left);
        assert!(tape.take().is_empty());
    }
}
