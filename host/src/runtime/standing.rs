//! What stands when an instance begins that follows conditions: their beginnings were published before it was there.
//!
//! Invariant: at most one item for each condition waits, and a condition that the follower fails to handle is delivered to
//! it once: neither holds it up for ever.

use std::sync::Arc;

use serde::Deserialize;

use crate::runtime::conditions::{Conditions, payload_of};
use crate::runtime::event::{CONDITION_RAISED, Event};
use crate::runtime::extension::Extension;
use crate::runtime::item::{Delivery, Item};
use crate::runtime::shared::Shared;

/// Conditions that a version may fail to handle; after that, its instances are given no standing ones any more.
const REFUSED_COUNT_MAX: usize = 64;

/// What distinguishes one condition from another.
#[derive(Debug, Deserialize, Eq, PartialEq)]
struct Identity {
    extension: String,
    code: String,
    subject: String,
}

/// The delivered conditions that a version has failed to handle.
#[derive(Debug, Default)]
pub(crate) struct Refused(Vec<Identity>);

impl Refused {
    /// Takes note that the handler of `delivery` has failed.
    pub(crate) fn note(&mut self, delivery: &Delivery) {
        if is_standing(delivery)
            && self.0.len() < REFUSED_COUNT_MAX
            // Written by `of_owner`, so it always has these fields.
            && let Ok(identity) = serde_json::from_slice(&delivery.event.payload)
        {
            self.0.push(identity);
        }
    }

    fn contains(&self, owner: &str, code: &str, subject: &str) -> bool {
        let is_same =
            |it: &Identity| (&*it.extension, &*it.code, &*it.subject) == (owner, code, subject);
        self.0.iter().any(is_same)
    }
}

/// Whether `events` has that of a condition that begins.
#[must_use]
pub(crate) fn follows(events: &[String]) -> bool {
    events.iter().any(|event| event == CONDITION_RAISED)
}

/// Puts `condition_raised` of every condition that stands before all other items of an extension that follows conditions,
/// but for those that it has refused. Edges that wait in its mailbox come afterwards and lead to the same state once more.
/// Returns the number of items that now go before the one that `count` items went before.
#[must_use]
pub(crate) fn deliver(
    shared: &Shared,
    extension: &Extension,
    refused: &Refused,
    count: usize,
) -> usize {
    let items = if refused.0.len() < REFUSED_COUNT_MAX {
        let mut items = of_owner(&shared.conditions, refused);
        for owner in shared.services.bus.extensions() {
            items.extend(of_owner(&owner.conditions, refused));
        }
        items
    } else {
        Vec::new()
    };
    let is_outdated = |item: &Item| matches!(item, Item::Event(delivery) if is_standing(delivery));
    extension.mailbox.replace_first(is_outdated, items, count)
}

/// Whether [`deliver`] has put it: an event that was published has a number.
fn is_standing(delivery: &Delivery) -> bool {
    delivery.event.sequence == 0 && *delivery.event.name == *CONDITION_RAISED
}

fn of_owner(conditions: &Conditions, refused: &Refused) -> Vec<Item> {
    let owner = conditions.owner();
    // What is published later comes as an event, and its end too only if its beginning was published.
    let mut standing = conditions.announced();
    standing.retain(|it| !refused.contains(owner, &it.condition.code, &it.condition.subject));
    let item = |standing| {
        let payload = payload_of(owner, &standing).to_string();
        Item::Event(Delivery {
            event: Arc::new(Event {
                sequence: 0,
                name: CONDITION_RAISED.into(),
                payload: payload.into_bytes().into(),
                outbox_id: None,
                latest: false,
            }),
            redelivered: true,
        })
    };
    standing.into_iter().map(item).collect()
}
