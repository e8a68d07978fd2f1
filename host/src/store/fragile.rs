//! Storage for tests, which fails on demand.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::StorageBackend;
use redb::backends::InMemoryBackend;

/// What fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Writing, and instead of an error an assertion fails, as in redb over a file that others have written to.
    WritePanics,
}

#[derive(Debug)]
pub(crate) struct FragileBackend {
    memory: InMemoryBackend,
    fault: Fault,
    is_broken: Arc<AtomicBool>,
}

impl FragileBackend {
    /// Sound storage, and the switch that breaks it.
    pub(crate) fn new(fault: Fault) -> (Self, Arc<AtomicBool>) {
        let is_broken = Arc::<AtomicBool>::default();
        let backend = Self {
            memory: InMemoryBackend::new(),
            fault,
            is_broken: Arc::clone(&is_broken),
        };
        (backend, is_broken)
    }

    fn check(&self, faults: &[Fault]) -> io::Result<()> {
        if !self.is_broken.load(Ordering::Relaxed) || !faults.contains(&self.fault) {
            return Ok(());
        }
        match self.fault {
            Fault::Read => Err(io::Error::other("input/output error")),
            Fault::Write => Err(io::Error::other("no space left on device")),
            Fault::WritePanics => panic!("the file is not as it was written"),
        }
    }

    fn check_write(&self) -> io::Result<()> {
        self.check(&[Fault::Write, Fault::WritePanics])
    }
}

impl StorageBackend for FragileBackend {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.check(&[Fault::Read])?;
        self.memory.read(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.check_write()?;
        self.memory.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.check_write()?;
        self.memory.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check_write()?;
        self.memory.write(offset, data)
    }
}
