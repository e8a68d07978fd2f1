//! Calls extensions with what a recording holds, and compares what they ask for with what they asked for then.
//!
//! The same code asks for the same, bit for bit. A candidate in its place gets the same inputs, and keeps its own state and storage from
//! where it begins; what it would have changed outside, such as the answers to requests that it alone sends, is not in the recording.

mod call;
mod extension;
mod instance;
mod plugins;
pub(crate) mod report;
mod storage;
mod window;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tig_recording::{BlockKind, Mask, MaskError, ReadError, Reader, Record};

use self::extension::{ReplayedExtension, Tools};
pub(crate) use self::plugins::Candidate;
use self::plugins::Plugins;
use self::report::{Report, ReportSettings};
pub(crate) use self::window::Window;

/// What is replayed.
pub(crate) struct ReplaySettings {
    /// Files of the recording, the oldest first.
    pub files: Vec<PathBuf>,
    /// Folders with plugin files.
    pub plugin_folders: Vec<PathBuf>,
    /// Where copies of plugin files go.
    pub cache_folder: PathBuf,
    /// The program that tries plugin files.
    pub probe_program: Option<PathBuf>,
    /// The candidate, if there is one: then only its extension is replayed.
    pub candidate: Option<Candidate>,
    /// The only extension that is replayed.
    pub extension: Option<String>,
    /// What is compared.
    pub window: Window,
    /// What the report holds.
    pub report: ReportSettings,
}

/// Why nothing is replayed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    /// A file.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Secrets could not be covered.
    #[error(transparent)]
    Mask(#[from] MaskError),
}

/// How far a replay has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    /// Files that are done.
    pub files: usize,
    /// Unix milliseconds of the last block.
    pub at_ms: u64,
}

/// Replays a recording; `progress` is called for each block.
///
/// # Errors
///
/// No file can be read. What cannot be read of a file that can is in the report.
pub(crate) fn replay(
    settings: ReplaySettings,
    mut progress: impl FnMut(Progress),
) -> Result<Report, ReplayError> {
    // Known secrets are covered in the recording already, so those with a name remain.
    let mask = Mask::new::<&[u8]>([])?;
    let only = settings.candidate.as_ref().map(|it| it.extension.clone());
    let mut replay = Replay {
        plugins: Plugins::new(
            settings.plugin_folders,
            settings.candidate,
            &settings.cache_folder,
            settings.probe_program,
        ),
        mask,
        report: Report::new(settings.report),
        window: settings.window,
        only: only.or(settings.extension),
        extensions: BTreeMap::new(),
        last_part: None,
    };
    let mut unread = None;
    for (index, file) in settings.files.iter().enumerate() {
        let read = replay.read_file(file, |at_ms| {
            let files = index;
            progress(Progress { files, at_ms });
        });
        if let Err(error) = read {
            // Other parts may still be replayed.
            replay.report.add_damage(&error.to_string());
            unread.get_or_insert(error);
        }
    }
    if let (None, Some(error)) = (replay.last_part, unread) {
        return Err(error);
    }
    replay.note_skipped();
    Ok(replay.report)
}

struct Replay {
    plugins: Plugins,
    mask: Mask,
    report: Report,
    window: Window,
    only: Option<String>,
    extensions: BTreeMap<String, ReplayedExtension>,
    /// Run and part of the file before.
    last_part: Option<(u64, u64)>,
}

impl Replay {
    fn read_file(&mut self, path: &Path, mut progress: impl FnMut(u64)) -> Result<(), ReplayError> {
        let mut reader = Reader::open(path)?;
        let (run, part) = (reader.head().run, reader.head().part);
        let goes_on = self.last_part == part.checked_sub(1).map(|before| (run, before));
        if !goes_on {
            self.extensions
                .values_mut()
                .for_each(ReplayedExtension::interrupt);
        }
        self.last_part = Some((run, part));
        let mut sequences: BTreeMap<String, u32> = BTreeMap::new();
        while let Some(read) = reader.next_block()? {
            let block = match read {
                Ok(block) => block,
                Err(damage) => {
                    let (at, bytes, reason) = (damage.at, damage.bytes, damage.reason);
                    let path = path.display();
                    self.report.add_damage(&format!(
                        "{path}: {bytes} bytes from byte {at} on cannot be read: {reason}"
                    ));
                    continue;
                }
            };
            progress(block.last_ms);
            let is_wanted = self
                .only
                .as_ref()
                .is_none_or(|only| *only == block.extension);
            if block.kind != BlockKind::Records || !is_wanted {
                continue;
            }
            let expected = sequences.entry(block.extension.clone()).or_default();
            let is_next = block.sequence == *expected;
            *expected = block.sequence.saturating_add(1);
            self.replay_block(&block.extension, &block.content, is_next);
        }
        Ok(())
    }

    fn replay_block(&mut self, name: &str, content: &[u8], is_next: bool) {
        let extension = self
            .extensions
            .entry(name.to_owned())
            .or_insert_with(|| ReplayedExtension::new(name));
        if !is_next {
            extension.interrupt();
            self.report.add_skipped(&format!(
                "{name}: a part is lost; what follows is replayed from the next begin of its recording on"
            ));
        }
        let mut tools = Tools {
            plugins: &mut self.plugins,
            mask: &self.mask,
            report: &mut self.report,
            window: self.window,
        };
        let mut records = content;
        loop {
            match Record::take_from(&mut records) {
                Ok(Some(record)) => extension.replay(record, &mut tools),
                Ok(None) => return,
                Err(error) => {
                    extension.interrupt();
                    tools.report.add_damage(&format!("{name}: {error}"));
                    return;
                }
            }
        }
    }

    fn note_skipped(&mut self) {
        for (name, extension) in &self.extensions {
            let skipped = extension.skipped();
            if skipped > 0 && !extension.has_no_plugin() {
                self.report.add_skipped(&format!(
                    "{name}: {skipped} calls are not replayed, since what they follow from is not in these files"
                ));
            }
        }
    }
}
