//! Writes what waits in the tapes to the files of a recording.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use tig_recording::record::StoredValue;
use tig_recording::series::{Head, Series};
use tig_recording::{Begin, Mask, Record, RecordError};

use crate::config::RecordSettings;
use crate::runtime::recorder::{Chunk, Recorder, Records};
use crate::store::{StoreError, View};

/// A recording cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The system refuses.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The storage of an extension cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record has a form that it cannot have.
    #[error(transparent)]
    Record(#[from] RecordError),
}

pub(crate) struct RecordingFile {
    recorder: Arc<Recorder>,
    series: Series,
    /// Extensions that have begun.
    begun: BTreeSet<String>,
    mask: Arc<Mask>,
}

impl RecordingFile {
    /// Begins a file, and has the extensions record from now on.
    ///
    /// # Errors
    ///
    /// The system refuses.
    pub(crate) fn begin(
        recorder: &Arc<Recorder>,
        settings: &RecordSettings,
        head: Head,
        mask: Arc<Mask>,
    ) -> io::Result<Self> {
        let mut head = head;
        for text in head.identity.values_mut() {
            *text = cover_text(&mask, std::mem::take(text));
        }
        let series = Series::begin(&settings.file, settings.bounds, head)?;
        recorder.begin(Arc::clone(&mask));
        Ok(Self {
            recorder: Arc::clone(recorder),
            series,
            begun: BTreeSet::new(),
            mask,
        })
    }

    /// Covers other secrets in what is written from now on.
    pub(crate) fn set_mask(&mut self, mask: Arc<Mask>) {
        self.recorder.set_mask(Arc::clone(&mask));
        self.mask = mask;
    }

    /// Writes what waits, and begins the next file if the present one is full.
    ///
    /// # Errors
    ///
    /// See [`WriteError`].
    pub(crate) fn write_waiting(&mut self, now_ms: u64) -> Result<(), WriteError> {
        self.write_tapes()?;
        if self.series.is_full(now_ms) {
            self.series.roll(now_ms)?;
            self.recorder.begin(Arc::clone(&self.mask));
        }
        Ok(())
    }

    /// Ends the recording with what waits.
    ///
    /// # Errors
    ///
    /// See [`WriteError`].
    pub(crate) fn end(mut self, now_ms: u64, reason: &str) -> Result<(), WriteError> {
        self.recorder.end();
        self.write_tapes()?;
        let reason = cover_text(&self.mask, reason.to_owned());
        Ok(self.series.end(now_ms, &reason)?)
    }

    fn write_tapes(&mut self) -> Result<(), WriteError> {
        for (extension, tape) in self.recorder.tapes() {
            for chunk in tape.take() {
                match chunk {
                    Chunk::Storage { view, at_ms } => {
                        self.begun.insert(extension.clone());
                        self.write_storage(&extension, &view, at_ms)?;
                    }
                    // A call that came too late for an earlier recording is not part of this one.
                    Chunk::Records(_) if !self.begun.contains(&extension) => {}
                    Chunk::Records(records) => {
                        tape.reuse(self.write(&extension, records)?);
                    }
                }
            }
        }
        Ok(())
    }

    fn write_storage(
        &mut self,
        extension: &str,
        view: &View,
        at_ms: u64,
    ) -> Result<(), WriteError> {
        let empty = || Records {
            first_ms: at_ms,
            last_ms: at_ms,
            holds_state: true,
            ..Records::default()
        };
        let mut records = empty();
        push(&mut records, &Record::Begin(Begin { at_ms }))?;
        view.visit(extension, |key, value| {
            let stored = StoredValue {
                key: key.into(),
                value: value.into(),
            };
            push(&mut records, &Record::Stored(stored))?;
            if records.content.len() < tig_recording::block::BLOCK_BYTES_FULL {
                return Ok(());
            }
            let full = std::mem::replace(&mut records, empty());
            self.write(extension, full).map(drop)
        })?;
        self.write(extension, records).map(drop)
    }

    /// Writes records, and returns their memory.
    fn write(&mut self, extension: &str, records: Records) -> Result<Vec<u8>, WriteError> {
        let mut content = records.content;
        if content.is_empty() {
            return Ok(content);
        }
        self.mask.cover_records(&mut content)?;
        let Records {
            count,
            first_ms,
            last_ms,
            holds_state,
            ..
        } = records;
        let extent = (count, first_ms, last_ms);
        Ok(match holds_state {
            true => self.series.write_state(extension, extent, content),
            false => self.series.write_records(extension, extent, content),
        }?)
    }
}

fn push(records: &mut Records, record: &Record<'_>) -> Result<(), RecordError> {
    record.append_to(&mut records.content)?;
    records.count += 1;
    Ok(())
}

fn cover_text(mask: &Mask, text: String) -> String {
    let mut bytes = text.into_bytes();
    mask.cover(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
