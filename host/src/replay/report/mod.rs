//! Compares a replay with its recording, and reports: for a terminal, as JSON, as a page.
//!
//! [`Report::add`] takes call after call. The reports are made of the whole. Nothing but [`html::write_page`] touches a file.

pub(crate) mod compared;
mod consequences;
mod difference;
mod effect;
pub(crate) mod html;
pub(crate) mod json;
mod rows;
#[cfg(test)]
mod samples;
mod shown;
pub(crate) mod sides;
pub(crate) mod text;

use std::collections::HashMap;

use tig_recording::PluginId;

use self::compared::{Compared, is_same};
use self::consequences::Consequences;
use self::difference::{Difference, difference};
use self::sides::{Side, Sides};

/// Extensions with a report of their own; calls of further ones are counted together.
const EXTENSIONS_REPORTED_COUNT_MAX: usize = 256;

/// Bytes of the name of an extension that has a report of its own.
const EXTENSION_NAME_BYTES_MAX: usize = 256;

/// Stands for further extensions.
const FURTHER_EXTENSIONS: &str = "(further extensions)";

/// Plugin files of an extension that are named.
const PLUGINS_COUNT_MAX: usize = 16;

/// Texts about damage or about skipped parts.
const NOTES_COUNT_MAX: usize = 100;

/// Characters of a name that are kept.
const CALL_NAME_CHARS_MAX: usize = 120;

/// Differences of an extension that are described behind the first one, if nothing else is asked for.
const DIFFERENCES_COUNT: usize = 20;

/// Differences of an extension that are described behind the first one, whatever is asked for.
const DIFFERENCES_COUNT_MAX: usize = 1_000;

/// What a report holds.
#[derive(Clone, Debug)]
pub(crate) struct ReportSettings {
    /// What is compared: the recording, and the candidate if there is one.
    pub title: String,
    /// Differences of an extension that are described behind the first one, a thousand at most.
    pub differences_max: usize,
    /// Whether to find out what follows from the decisions, which reads the body of each event.
    pub has_consequences: bool,
}

impl ReportSettings {
    /// The usual report of what `title` names.
    #[must_use]
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            differences_max: DIFFERENCES_COUNT,
            has_consequences: false,
        }
    }
}

/// Calls of an extension.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct CallCounts {
    /// All of them.
    pub all: u64,
    /// Calls whose decision is the same bit for bit.
    pub same: u64,
    /// Calls that fail or panic.
    pub failed: Sides<u64>,
}

impl CallCounts {
    /// Calls whose decision differs.
    #[must_use]
    pub(crate) fn different(self) -> u64 {
        self.all - self.same
    }
}

/// A difference and its call.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// When the call was recorded, in Unix milliseconds.
    pub at_ms: u64,
    /// Place among the calls of the extension, from 1.
    pub number: u64,
    /// What was called.
    pub what: String,
    /// What differs first.
    pub difference: Difference,
}

/// A plugin file that has answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Plugin {
    /// Name in its manifest.
    pub name: String,
    /// Version in its manifest.
    pub version: String,
    /// BLAKE3 of the file, in hex.
    pub hash: String,
}

/// What has become of one extension.
#[derive(Debug, Default)]
pub(crate) struct ExtensionReport {
    /// Its name.
    pub name: String,
    /// Its plugin files, in the order in which they came.
    pub plugins: Sides<Vec<Plugin>>,
    /// Its calls.
    pub calls: CallCounts,
    /// The first difference and some further ones, in order.
    pub differences: Vec<Found>,
    /// What follows, if the report holds it.
    pub consequences: Consequences,
}

/// Texts of which a bounded number is kept.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Those that are kept.
    pub texts: Vec<String>,
    /// Number of further ones.
    pub further: u64,
}

impl Notes {
    fn add(&mut self, text: &str) {
        if self.texts.len() < NOTES_COUNT_MAX {
            self.texts.push(shown::text(text));
        } else {
            self.further += 1;
        }
    }
}

/// A replay compared with its recording.
#[derive(Debug)]
pub(crate) struct Report {
    /// What it holds.
    pub settings: ReportSettings,
    /// Extensions in the order in which they came.
    pub extensions: Vec<ExtensionReport>,
    /// When the first and the last call that was compared were recorded, in Unix milliseconds.
    pub period_ms: Option<(u64, u64)>,
    /// Parts of the recording that could not be read.
    pub damage: Notes,
    /// Parts that could be read and were not replayed, with the reason.
    pub skipped: Notes,
    /// Places of extensions by name.
    places: HashMap<String, usize>,
}

impl Report {
    /// A report of nothing yet.
    #[must_use]
    pub(crate) fn new(settings: ReportSettings) -> Self {
        Self {
            settings,
            extensions: Vec::new(),
            period_ms: None,
            damage: Notes::default(),
            skipped: Notes::default(),
            places: HashMap::new(),
        }
    }

    /// Takes a call in.
    pub(crate) fn add(&mut self, compared: &Compared<'_>) {
        let (from, to) = self
            .period_ms
            .get_or_insert((compared.at_ms, compared.at_ms));
        *from = compared.at_ms.min(*from);
        *to = compared.at_ms.max(*to);
        let is_same = is_same(compared.recorded, compared.replayed);
        let has_consequences = self.settings.has_consequences;
        let differences_max = self.settings.differences_max.min(DIFFERENCES_COUNT_MAX);
        let extension = self.extension(compared.extension);
        extension.count(compared, is_same);
        if !is_same && extension.differences.len() <= differences_max {
            extension.describe(compared);
        }
        if has_consequences {
            extension.consequences.add(compared, is_same);
        }
    }

    /// Names the plugin file of an instance that answers from here on.
    pub(crate) fn add_plugin(&mut self, extension: &str, side: Side, plugin: &PluginId<'_>) {
        let plugin = Plugin {
            name: shown::cut(&plugin.name, CALL_NAME_CHARS_MAX),
            version: shown::cut(&plugin.version, CALL_NAME_CHARS_MAX),
            hash: shown::cut(&plugin.hash, CALL_NAME_CHARS_MAX),
        };
        let plugins = self.extension(extension).plugins.of(side);
        if plugins.len() < PLUGINS_COUNT_MAX && !plugins.contains(&plugin) {
            plugins.push(plugin);
        }
    }

    /// Notes a part of the recording that could not be read.
    pub(crate) fn add_damage(&mut self, text: &str) {
        self.damage.add(text);
    }

    /// Notes a part that was not replayed, with the reason.
    pub(crate) fn add_skipped(&mut self, text: &str) {
        self.skipped.add(text);
    }

    /// Whether any decision differs.
    #[must_use]
    pub(crate) fn has_differences(&self) -> bool {
        let mut extensions = self.extensions.iter();
        extensions.any(|extension| extension.calls.different() > 0)
    }

    /// Calls of all extensions.
    #[must_use]
    pub(crate) fn calls(&self) -> CallCounts {
        let extensions = self.extensions.iter();
        extensions.fold(CallCounts::default(), |sum, it| CallCounts {
            all: sum.all + it.calls.all,
            same: sum.same + it.calls.same,
            failed: Sides {
                recorded: sum.failed.recorded + it.calls.failed.recorded,
                replayed: sum.failed.replayed + it.calls.failed.replayed,
            },
        })
    }

    fn extension(&mut self, name: &str) -> &mut ExtensionReport {
        let index = match self.places.get(name) {
            Some(index) => *index,
            None => self.append(name),
        };
        &mut self.extensions[index]
    }

    /// Makes room for an extension, and returns its place.
    fn append(&mut self, name: &str) -> usize {
        let has_room = self.extensions.len() < EXTENSIONS_REPORTED_COUNT_MAX
            && name.len() <= EXTENSION_NAME_BYTES_MAX;
        let name = if has_room { name } else { FURTHER_EXTENSIONS };
        if let Some(index) = self.places.get(name) {
            return *index;
        }
        let index = self.extensions.len();
        self.places.insert(name.to_owned(), index);
        self.extensions.push(ExtensionReport {
            name: shown::text(name),
            ..ExtensionReport::default()
        });
        index
    }
}

impl ExtensionReport {
    fn count(&mut self, compared: &Compared<'_>, is_same: bool) {
        self.calls.all += 1;
        self.calls.same += u64::from(is_same);
        for (side, decision) in [
            (Side::Recorded, compared.recorded),
            (Side::Replayed, compared.replayed),
        ] {
            let is_failed = !decision.outcome.is_success();
            *self.calls.failed.of(side) += u64::from(is_failed);
        }
    }

    fn describe(&mut self, compared: &Compared<'_>) {
        let found = difference(compared.recorded, compared.replayed);
        self.differences.extend(found.map(|difference| Found {
            at_ms: compared.at_ms,
            number: compared.number,
            what: shown::cut(compared.what, CALL_NAME_CHARS_MAX),
            difference,
        }));
    }
}

#[cfg(test)]
mod tests;
