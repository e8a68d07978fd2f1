//! Where calls into extensions are recorded, and how much of them is kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tig_plugin_api::ConfigSchema;
use tig_recording::series::Bounds;

use super::Fault;

/// Mebibytes of a recording, if the config does not say it: a night of a busy host.
const MIB_MAX_DEFAULT: u64 = 1_024;

/// Hours of a recording, if the config does not say it.
const HOURS_MAX_DEFAULT: u64 = 48;

/// A smaller recording would hold little but the state of the extensions at its begin.
const MIB_MIN: u64 = 8;

/// Longest time that can be asked for, in hours: ten years.
const HOURS_LIMIT: u64 = 87_600;

/// Recording of all that goes into extensions. It can be switched while the host runs.
#[derive(ConfigSchema, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RecordFile {
    /// File of the recording; earlier parts are beside it, as `FILE.1` and so on. Without one, nothing is recorded.
    file: Option<PathBuf>,
    /// Mebibytes of all parts, at least 8; 1024 if absent. The oldest part goes first.
    mib_max: Option<u64>,
    /// Hours after which a part goes; 48 if absent.
    hours_max: Option<u64>,
}

/// A recording as the config wants it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct RecordSettings {
    /// The file.
    pub file: PathBuf,
    /// How much is kept.
    pub bounds: Bounds,
}

impl RecordFile {
    /// What the file says; a file of the command line goes first.
    pub(super) fn read(
        &self,
        folder: &Path,
        given: Option<PathBuf>,
        faults: &mut Vec<Fault>,
    ) -> Option<RecordSettings> {
        let mib_max = self.mib_max.unwrap_or(MIB_MAX_DEFAULT);
        if mib_max < MIB_MIN {
            let text = format!("{mib_max} MiB is too little; give at least {MIB_MIN}");
            faults.push(Fault::new("record.mib_max", text));
        }
        let hours_max = self.hours_max.unwrap_or(HOURS_MAX_DEFAULT);
        if !(1..=HOURS_LIMIT).contains(&hours_max) {
            let text = format!("{hours_max} is not a number of hours from 1 to {HOURS_LIMIT}");
            faults.push(Fault::new("record.hours_max", text));
        }
        let named = self.file.as_ref().map(|file| folder.join(file));
        Some(RecordSettings {
            file: given.or(named)?,
            bounds: Bounds {
                bytes_max: mib_max.saturating_mul(1 << 20),
                age_max: Duration::from_secs(hours_max.saturating_mul(3_600)),
            },
        })
    }
}
