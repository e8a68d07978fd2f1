//! What stands when an instance begins that follows conditions: their beginnings were published before it was there.

use std::sync::Arc;

use crate::runtime::conditions::{Conditions, payload_of};
use crate::runtime::event::{CONDITION_RAISED, Event};
use crate::runtime::extension::Extension;
use crate::runtime::item::{Delivery, Item};
use crate::runtime::shared::Shared;

/// Puts `condition_raised` of every condition that stands before all other items of an extension that handles `events`.
/// Edges that wait in its mailbox come afterwards and lead to the same state once more.
pub(crate) fn deliver(shared: &Shared, extension: &Extension, events: &[String]) {
    if !events.iter().any(|event| event == CONDITION_RAISED) {
        return;
    }
    let mut items = of_owner(&shared.conditions);
    for owner in shared.services.bus.extensions() {
        items.extend(of_owner(&owner.conditions));
    }
    extension.mailbox.put_first(items);
}

fn of_owner(conditions: &Conditions) -> Vec<Item> {
    let item = |standing| {
        let payload = payload_of(conditions.owner(), &standing).to_string();
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
    conditions.get().into_iter().map(item).collect()
}
