//! A disk in memory under the host's store: it outlives the host, and can lose power.
//!
//! Invariant: what was synced is never lost; of what was written since, a power cut keeps any part.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;
use serde::Serialize;

/// How a host ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The process is killed: the system still has what it wrote.
    Kill,
    /// The machine loses power: writes that were not synced are lost, or not, one by one.
    PowerCut,
}

/// A disk in memory; clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    /// Writes since the last sync.
    unsynced: Vec<Write>,
    /// Hosts that have ended; a handle of an earlier one writes nothing any more.
    ended: u64,
}

#[derive(Debug)]
struct Write {
    offset: usize,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Disk {
    /// The disk for a host that starts now.
    #[must_use]
    pub fn open(&self) -> Handle {
        let ended = self.lock().ended;
        Handle {
            disk: self.clone(),
            born: ended,
        }
    }

    /// The host ends, whatever it does until it is dropped.
    pub fn end(&self, end: End, rng: &mut fastrand::Rng) {
        let mut state = self.lock();
        state.ended += 1;
        let unsynced = std::mem::take(&mut state.unsynced);
        if end == End::Kill {
            return;
        }
        for write in unsynced.iter().rev() {
            put(&mut state.bytes, write.offset, &write.before);
        }
        for write in unsynced.iter().filter(|_| rng.bool()) {
            put(&mut state.bytes, write.offset, &write.after);
        }
    }

    /// No code panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes beyond the end are dropped: a file that was cut off has none.
fn put(bytes: &mut [u8], offset: usize, part: &[u8]) {
    let end = (offset + part.len()).min(bytes.len());
    if let Some(place) = bytes.get_mut(offset..end) {
        place.copy_from_slice(&part[..end - offset]);
    }
}

/// A disk as one host sees it.
#[derive(Debug)]
pub struct Handle {
    disk: Disk,
    born: u64,
}

impl Handle {
    /// The state, unless this host has ended.
    fn state(&self) -> Option<MutexGuard<'_, State>> {
        let state = self.disk.lock();
        (state.ended == self.born).then_some(state)
    }
}

fn beyond() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "beyond the end of the disk")
}

fn index(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| beyond())
}

impl StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.lock().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.disk.lock();
        let offset = index(offset)?;
        let part = state.bytes.get(offset..offset + out.len());
        out.copy_from_slice(part.ok_or_else(beyond)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let length = index(length)?;
        if let Some(mut state) = self.state() {
            state.bytes.resize(length, 0);
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        if let Some(mut state) = self.state() {
            state.unsynced.clear();
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let Some(mut state) = self.state() else {
            return Ok(());
        };
        let offset = index(offset)?;
        let place = state.bytes.get_mut(offset..offset + data.len());
        let place = place.ok_or_else(beyond)?;
        let before = place.to_vec();
        place.copy_from_slice(data);
        let after = data.to_vec();
        state.unsynced.push(Write {
            offset,
            before,
            after,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(disk: &Disk) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        disk.open().read(0, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_power_cut_loses_unsynced_writes_a_kill_none() {
        let mut lost = 0;
        for seed in 0..32 {
            let (disk, mut rng) = (Disk::default(), fastrand::Rng::with_seed(seed));
            let handle = disk.open();
            handle.set_len(4).unwrap();
            handle.write(0, &[1, 1]).unwrap();
            handle.sync_data().unwrap();
            handle.write(1, &[2, 2]).unwrap();
            disk.end(End::Kill, &mut rng);
            handle.write(0, &[9; 4]).unwrap();
            assert_eq!(read(&disk), [1, 2, 2, 0], "an ended host writes nothing");

            let handle = disk.open();
            handle.write(3, &[3]).unwrap();
            disk.end(End::PowerCut, &mut rng);
            let bytes = read(&disk);
            assert_eq!(bytes[..3], [1, 2, 2]);
            lost += u32::from(bytes[3] == 0);
        }
        assert!((1..32).contains(&lost), "{lost} of 32 writes lost");
    }
}
