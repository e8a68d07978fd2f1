//! What is in force: a profile, below files, below what the operator has set.

use std::collections::{BTreeMap, BTreeSet};

use horde_calc::weights::{CommitInterval, CommitSettings};
use horde_proto::ExecutorClass;
use serde::{Deserialize, Serialize};

use crate::file::ParamFile;
use crate::key::{Key, KeyError};
use crate::profile::Profile;
use crate::values::DynamicConfig;

/// Where a value comes from, the lowest first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The profile.
    Profile,
    /// The host's config, in place.
    Inline,
    /// A file that the host's config names.
    File,
    /// The file `validator-config-<env>.json`.
    Validator,
    /// The file `common-config-<env>.json`.
    Common,
    /// What an operator has set by `constance_set`.
    Local,
}

impl Source {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Inline => "inline",
            Self::File => "file",
            Self::Validator => "validator",
            Self::Common => "common",
            Self::Local => "local",
        }
    }
}

/// A value that an operator has set.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LocalValue {
    /// The value as text.
    pub text: String,
    /// When it was set, in Unix milliseconds.
    pub since_ms: u64,
}

/// Why values that are each right cannot be in force together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Conflict {
    /// No miner could earn anything.
    #[error(
        "every executor class is off: none has both a weight above 0 in DYNAMIC_EXECUTOR_CLASS_WEIGHTS and a limit above 0 in DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS"
    )]
    EveryClassOff,
    /// No block is left in which weights could be committed to or revealed.
    #[error(
        "DYNAMIC_COMMIT_REVEAL_*: with these offsets and buffers no block is left to {left_out} weights"
    )]
    EmptyWindow {
        /// `commit` or `reveal`.
        left_out: &'static str,
    },
    /// A value that an operator has set is not allowed, for instance by a later version.
    #[error("set by the operator: {0}")]
    Local(KeyError),
}

/// A value's origin.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Origin {
    /// Where it comes from.
    pub source: Source,
    /// Why, as a file says it.
    pub reason: Option<String>,
    /// From when on it counts, in Unix milliseconds, if that is known.
    pub since_ms: Option<i64>,
}

/// What is in force at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The values.
    pub config: DynamicConfig,
    /// Where those come from that are not the profile's, by key.
    pub origins: BTreeMap<&'static str, Origin>,
}

/// A value that has changed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Change {
    /// The key.
    pub key: &'static str,
    /// The value before, as text.
    pub from: String,
    /// The value now.
    pub to: String,
    /// Where the new value comes from.
    #[serde(flatten)]
    pub origin: Origin,
}

/// All that has a say.
#[derive(Clone, Copy, Debug)]
pub struct Layers<'a> {
    /// The lowest layer.
    pub profile: Profile,
    /// Files, a later one above an earlier one.
    pub files: &'a [(Source, &'a ParamFile)],
    /// The highest layer, by key.
    pub local: &'a BTreeMap<String, LocalValue>,
}

impl Layers<'_> {
    /// What is in force at a moment, in Unix milliseconds.
    ///
    /// # Errors
    ///
    /// [`Conflict`] between values that are each right.
    pub fn resolve(&self, at_ms: u64) -> Result<Resolved, Conflict> {
        let at_ms = i64::try_from(at_ms).unwrap_or(i64::MAX);
        let mut resolved = Resolved {
            config: self.profile.config(),
            origins: BTreeMap::new(),
        };
        for (source, file) in self.files {
            resolved.apply_file(*source, file, at_ms);
        }
        for (key, value) in self.local {
            resolved.apply_local(key, value)?;
        }
        check(&resolved.config)?;
        Ok(resolved)
    }

    /// Whether there is a conflict now or at any later moment at which a file changes a value.
    ///
    /// # Errors
    ///
    /// The first [`Conflict`].
    pub fn check_from(&self, at_ms: u64) -> Result<(), Conflict> {
        self.resolve(at_ms)?;
        for moment in self.later(at_ms) {
            self.resolve(moment)?;
        }
        Ok(())
    }

    /// The next moment at which a file changes a value.
    #[must_use]
    pub fn next_after(&self, at_ms: u64) -> Option<u64> {
        self.later(at_ms).into_iter().next()
    }

    fn later(&self, at_ms: u64) -> BTreeSet<u64> {
        let moments = self.files.iter().flat_map(|(_, file)| file.moments());
        let moments = moments.filter_map(|moment| u64::try_from(moment).ok());
        moments.filter(|moment| *moment > at_ms).collect()
    }
}

impl Resolved {
    fn apply_file(&mut self, source: Source, file: &ParamFile, at_ms: i64) {
        for key in Key::all() {
            let Some(item) = file.item(key.name, at_ms) else {
                continue;
            };
            // Every value of a file was read once when the file was.
            if key.set(&mut self.config, &item.value).is_ok() {
                let origin = Origin {
                    source,
                    reason: item.reason.clone(),
                    since_ms: item.since_ms,
                };
                self.origins.insert(key.name, origin);
            }
        }
    }

    fn apply_local(&mut self, key: &str, value: &LocalValue) -> Result<(), Conflict> {
        let set = self.config.set(key, &value.text);
        set.map_err(Conflict::Local)?;
        if let Some(key) = Key::find(key) {
            let origin = Origin {
                source: Source::Local,
                reason: None,
                since_ms: i64::try_from(value.since_ms).ok(),
            };
            self.origins.insert(key.name, origin);
        }
        Ok(())
    }

    /// Where the value of a key comes from.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        let known = self.origins.get(key).cloned();
        known.unwrap_or(Origin {
            source: Source::Profile,
            reason: None,
            since_ms: None,
        })
    }

    /// What is other than in `before`, in the order of the keys.
    #[must_use]
    pub fn changes(&self, before: &DynamicConfig) -> Vec<Change> {
        let changed = Key::all().filter_map(|key| {
            let (from, to) = (key.text(before), key.text(&self.config));
            (from != to).then(|| Change {
                key: key.name,
                from,
                to,
                origin: self.origin(key.name),
            })
        });
        changed.collect()
    }
}

fn check(config: &DynamicConfig) -> Result<(), Conflict> {
    let is_on = |class: &ExecutorClass| {
        let weight = config.executor_class_weights.get(class);
        let limit = config.miner_max_executors_per_class.get(class);
        weight.is_some_and(|weight| *weight > 0.0) && limit.is_none_or(|limit| *limit > 0)
    };
    if !ExecutorClass::ALL.iter().any(is_on) {
        return Err(Conflict::EveryClassOff);
    }
    let commit_reveal = config.commit_reveal;
    if !commit_reveal.enabled {
        return Ok(());
    }
    let settings = CommitSettings {
        interval_blocks: commit_reveal.interval,
        commit_offset_blocks: commit_reveal.commit_start_offset,
        commit_buffer_blocks: commit_reveal.commit_end_buffer,
        reveal_buffer_blocks: commit_reveal.reveal_end_buffer,
    };
    let interval = CommitInterval::containing(0, settings);
    for (left_out, window) in [("commit", interval.commit), ("reveal", interval.reveal)] {
        if window.start >= window.stop {
            return Err(Conflict::EmptyWindow { left_out });
        }
    }
    Ok(())
}
