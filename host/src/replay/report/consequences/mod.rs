//! What follows from all decisions together: how many events of each name, the sums of their numbers, how often they choose each
//! value, and requests by address. Knows nothing of what events mean. Pure.
//!
//! Invariant: memory is bounded, whatever the calls hold. What is beyond a bound is counted, and said to be left out.

pub(super) mod leaf;
pub(super) mod numbers;
pub(super) mod series;
pub(super) mod values;

use std::collections::BTreeMap;

use serde_json::Value;
use tig_plugin_api::frame::HostCall;

use self::leaf::{Leaf, visit_leaves};
use self::numbers::Numbers;
use self::series::Series;
use self::values::Values;
use super::compared::{Compared, Effect};
use super::sides::{Side, Sides};

/// Names of events of an extension.
const EVENT_NAMES_COUNT_MAX: usize = 64;

/// Fields of an event.
const EVENT_FIELDS_COUNT_MAX: usize = 64;

/// Fields of all events of an extension.
const FIELDS_COUNT_MAX: usize = 512;

/// Addresses that an extension sends requests to.
const ADDRESSES_COUNT_MAX: usize = 64;

/// Bytes of an event's body that is looked into.
const PAYLOAD_BYTES_MAX: usize = 256 << 10;

/// Characters of an event's name or an address.
const NAME_CHARS_MAX: usize = 160;

/// A pair of numbers by their bits, which can be counted.
pub(crate) type PairBits = [u64; 2];

/// Values of a field on both sides. One field may have values of several forms.
#[derive(Debug, Default)]
pub(crate) struct Field {
    /// Those that are numbers.
    pub numbers: Option<Box<Numbers>>,
    /// Texts, truth values and short lists.
    pub values: Option<Box<Values<String>>>,
    /// Lists of two numbers.
    pub pairs: Option<Box<Values<PairBits>>>,
}

impl Field {
    /// Whether the sides differ in all values together.
    #[must_use]
    pub(crate) fn differs(&self) -> bool {
        self.numbers.as_ref().is_some_and(|it| it.differ())
            || self.values.as_ref().is_some_and(|it| it.differ())
    }

    fn add(&mut self, since_begin_ms: u64, leaf: &Leaf<'_>, sides: &[Side]) {
        let text = match leaf {
            Leaf::Number(number) => {
                let numbers = self.numbers.get_or_insert_default();
                return numbers.add(since_begin_ms, *number, sides);
            }
            Leaf::Text(text) => text.as_ref(),
            Leaf::Pair(pair, text) => {
                let pairs = self.pairs.get_or_insert_default();
                let bits = pair.map(f64::to_bits);
                pairs.add(&bits, || bits, sides);
                text
            }
        };
        let values = self.values.get_or_insert_default();
        values.add(text, || text.to_owned(), sides);
    }
}

/// Events of one name.
#[derive(Debug, Default)]
pub(crate) struct EventTally {
    /// How many there were.
    pub count: Sides<u64>,
    /// The same over time.
    pub series: Series,
    /// Values by path.
    pub fields: BTreeMap<String, Field>,
    /// Whether there were further paths.
    pub has_further_fields: bool,
    /// Events whose body was too long to be looked into, or no JSON.
    pub unread: Sides<u64>,
}

impl EventTally {
    /// Whether the sides differ in anything that is counted.
    #[must_use]
    pub(crate) fn differs(&self) -> bool {
        self.count.differ() || self.unread.differ() || self.fields.values().any(Field::differs)
    }

    /// Counts an event, and returns the number of new fields.
    fn add(&mut self, since_begin_ms: u64, payload: &[u8], sides: &[Side], room: usize) -> usize {
        self.count.count(sides);
        self.series.add(since_begin_ms, 1.0, sides);
        let is_short = payload.len() <= PAYLOAD_BYTES_MAX;
        let value = is_short.then(|| serde_json::from_slice::<Value>(payload).ok());
        let Some(value) = value.flatten() else {
            self.unread.count(sides);
            return 0;
        };
        let before = self.fields.len();
        let fields_max = EVENT_FIELDS_COUNT_MAX.min(before + room);
        visit_leaves(&value, &mut |path, leaf| {
            if let Some(field) = self.fields.get_mut(path) {
                field.add(since_begin_ms, &leaf, sides);
            } else if self.fields.len() < fields_max {
                let field = self.fields.entry(path.to_owned()).or_default();
                field.add(since_begin_ms, &leaf, sides);
            } else {
                self.has_further_fields = true;
            }
        });
        self.fields.len() - before
    }
}

/// What follows from the decisions of one extension.
#[derive(Debug, Default)]
pub(crate) struct Consequences {
    /// When the first call was recorded, in Unix milliseconds.
    pub begin_ms: Option<u64>,
    /// Events by name.
    pub events: BTreeMap<String, EventTally>,
    /// Events of further names.
    pub further_events: Sides<u64>,
    /// Requests by method and address, without what follows `?`.
    pub requests: BTreeMap<String, Sides<u64>>,
    /// Requests to further addresses.
    pub further_requests: Sides<u64>,
    fields_count: usize,
}

impl Consequences {
    /// Takes a call in, whose two sides are the same bit for bit if `is_same`.
    pub(super) fn add(&mut self, compared: &Compared<'_>, is_same: bool) {
        let begin_ms = *self.begin_ms.get_or_insert(compared.at_ms);
        let since_begin_ms = compared.at_ms.saturating_sub(begin_ms);
        if is_same {
            for effect in compared.recorded.effects() {
                self.add_effect(since_begin_ms, effect, &Side::BOTH);
            }
            return;
        }
        for effect in compared.recorded.effects() {
            self.add_effect(since_begin_ms, effect, &[Side::Recorded]);
        }
        for effect in compared.replayed.effects() {
            self.add_effect(since_begin_ms, effect, &[Side::Replayed]);
        }
    }

    fn add_effect(&mut self, since_begin_ms: u64, effect: Effect<'_>, sides: &[Side]) {
        match HostCall::decode(effect.service, effect.name, effect.body) {
            Ok(HostCall::Emit { name, payload, .. }) => {
                self.add_event(since_begin_ms, name, payload, sides);
            }
            Ok(HostCall::Http { call, .. }) => {
                let address = address(call.method.name(), &call.url);
                count_name(
                    &mut self.requests,
                    &mut self.further_requests,
                    address,
                    sides,
                );
            }
            _ => {}
        }
    }

    fn add_event(&mut self, since_begin_ms: u64, name: &str, payload: &[u8], sides: &[Side]) {
        let room = FIELDS_COUNT_MAX - self.fields_count;
        let name = start(name);
        if !self.events.contains_key(name) {
            if self.events.len() >= EVENT_NAMES_COUNT_MAX {
                return self.further_events.count(sides);
            }
            self.events.insert(name.to_owned(), EventTally::default());
        }
        let Some(event) = self.events.get_mut(name) else {
            return;
        };
        self.fields_count += event.add(since_begin_ms, payload, sides, room);
    }

    /// Whether the sides differ in anything that is counted.
    #[must_use]
    pub(crate) fn differ(&self) -> bool {
        self.events.values().any(EventTally::differs)
            || self.further_events.differ()
            || self.requests.values().any(Sides::differ)
            || self.further_requests.differ()
    }
}

/// Counts a thing by its name, or together with others if there are too many names.
fn count_name(
    names: &mut BTreeMap<String, Sides<u64>>,
    further: &mut Sides<u64>,
    name: String,
    sides: &[Side],
) {
    if let Some(counts) = names.get_mut(&name) {
        counts.count(sides);
    } else if names.len() < ADDRESSES_COUNT_MAX {
        names.entry(name).or_default().count(sides);
    } else {
        further.count(sides);
    }
}

/// Method and address of a request. A query differs each time, and what is in front of `@` is a password.
fn address(method: &str, url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let separator = if scheme.is_empty() { "" } else { "://" };
    start(&format!("{method} {scheme}{separator}{host}{path}")).to_owned()
}

/// As much of a name as is kept.
fn start(name: &str) -> &str {
    match name.char_indices().nth(NAME_CHARS_MAX) {
        None => name,
        Some((end, _)) => &name[..end],
    }
}

#[cfg(test)]
mod tests;
