//! A config file: `{KEY: {description, items: [{value, effective_from?, reason?}]}}` (section 2.8).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use horde_proto::Timestamp;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::field::{ValueFault, cut};
use crate::key::{Key, SERVING, find_unused};
use crate::values::DynamicConfig;

/// Items of one key.
const ITEMS_COUNT_MAX: usize = 256;

/// Why a file is refused, as a whole.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// It is not a JSON object.
    #[error("the file is not a JSON object: {0}")]
    Json(serde_json::Error),
    /// A key comes twice, so that it is unclear which one counts.
    #[error("{key:?} comes twice")]
    Repeated {
        /// The key, cut.
        key: String,
    },
    /// What stands under a key does not have the shape of a parameter.
    #[error("{key:?}: {fault}")]
    Shape {
        /// The key, cut.
        key: String,
        /// What is wrong.
        fault: serde_json::Error,
    },
    /// A key has more items than anybody reads.
    #[error("{key:?} has {count} items, and {ITEMS_COUNT_MAX} are allowed")]
    Items {
        /// The key, cut.
        key: String,
        /// Number of its items.
        count: usize,
    },
    /// An item's value has a fault.
    #[error("{key}: item {item}: {fault}")]
    Value {
        /// The key.
        key: &'static str,
        /// Its place, from 1.
        item: usize,
        /// What is wrong.
        fault: ValueFault,
    },
    /// An item's `effective_from` is not a time.
    #[error("{key:?}: item {item}: effective_from: {text:?} is not a time")]
    Time {
        /// The key, cut.
        key: String,
        /// Its place, from 1.
        item: usize,
        /// What stands there, cut.
        text: String,
    },
}

/// A file without a fault.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParamFile {
    /// The items of each key that is used, ordered by time.
    params: BTreeMap<&'static str, Vec<Item>>,
    /// Keys that nobody knows, cut: they change nothing, and the other keys count.
    pub unknown: Vec<String>,
    /// Keys that are known and have no effect from a file: unused ones and `SERVING`.
    pub ignored: Vec<&'static str>,
}

/// A value that counts from a moment on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) value: Value,
    /// Unix milliseconds; `None` for a value that always counted.
    pub(crate) since_ms: Option<i64>,
    pub(crate) reason: Option<String>,
}

#[derive(Deserialize)]
struct WireParam {
    #[serde(rename = "description")]
    _description: String,
    items: Vec<WireItem>,
}

/// Unknown fields are refused: with a misspelt `effective_from` the value would count at once.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireItem {
    value: Value,
    #[serde(default)]
    effective_from: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

impl ParamFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// The first fault of the file: then nothing of it counts (section 10.9).
    pub fn parse(text: &[u8]) -> Result<Self, FileFault> {
        let Entries(entries) = serde_json::from_slice(text).map_err(FileFault::Json)?;
        let mut file = Self::default();
        let mut seen = BTreeSet::new();
        for (name, param) in entries {
            let param: WireParam =
                serde_json::from_str(param.get()).map_err(|fault| FileFault::Shape {
                    key: cut(&name),
                    fault,
                })?;
            if seen.contains(&name) {
                return Err(FileFault::Repeated { key: cut(&name) });
            }
            let items = read_items(&name, param.items)?;
            file.add(&name, items)?;
            seen.insert(name);
        }
        Ok(file)
    }

    fn add(&mut self, name: &str, items: Vec<Item>) -> Result<(), FileFault> {
        match (Key::find(name), find_unused(name)) {
            (Some(key), _) if key.name == SERVING => self.ignored.push(SERVING),
            (Some(key), _) => {
                let mut scratch = DynamicConfig::default();
                for (index, item) in items.iter().enumerate() {
                    key.set(&mut scratch, &item.value)
                        .map_err(|fault| FileFault::Value {
                            key: key.name,
                            item: index + 1,
                            fault,
                        })?;
                }
                let mut items = items;
                // Of two items of one moment the later in the file counts.
                items.sort_by_key(|item| item.since_ms);
                self.params.insert(key.name, items);
            }
            (None, Some(unused)) => self.ignored.push(unused),
            (None, None) => self.unknown.push(cut(name)),
        }
        Ok(())
    }

    /// The item of a key that counts at a moment, in Unix milliseconds.
    pub(crate) fn item(&self, key: &str, at_ms: i64) -> Option<&Item> {
        let items = self.params.get(key)?;
        let counting = items.partition_point(|item| item.since_ms.is_none_or(|it| it <= at_ms));
        items.get(counting.checked_sub(1)?)
    }

    /// The moments at which a value changes, in no order.
    pub(crate) fn moments(&self) -> impl Iterator<Item = i64> {
        let items = self.params.values().flatten();
        items.filter_map(|item| item.since_ms)
    }
}

fn read_items(key: &str, items: Vec<WireItem>) -> Result<Vec<Item>, FileFault> {
    if items.len() > ITEMS_COUNT_MAX {
        return Err(FileFault::Items {
            key: cut(key),
            count: items.len(),
        });
    }
    let numbered = items.into_iter().enumerate();
    let read = numbered.map(|(index, item)| {
        let since_ms = match item.effective_from {
            None => None,
            Some(text) => Some(parse_ms(&text).ok_or_else(|| FileFault::Time {
                key: cut(key),
                item: index + 1,
                text: cut(&text),
            })?),
        };
        Ok(Item {
            value: item.value,
            since_ms,
            reason: item.reason,
        })
    });
    read.collect()
}

/// Unix milliseconds, rounded up: a value never counts before its time.
fn parse_ms(text: &str) -> Option<i64> {
    let micros = text.parse::<Timestamp>().ok()?.unix_micros();
    Some(micros.div_euclid(1_000) + i64::from(micros.rem_euclid(1_000) > 0))
}

/// All keys of an object, also those that come twice.
struct Entries(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
