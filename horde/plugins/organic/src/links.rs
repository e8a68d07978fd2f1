//! The links that this extension wants, and whether they are up: pure.
//!
//! A list of wanted links replaces the one before. It is sent at once, but not more often than every [`LINKS_INTERVAL_MS`], so
//! that a burst of jobs has one list. It is answered by an event for each link that is not up as far as is known here.

use std::collections::BTreeMap;

use horde_events::MinerAddress;
use serde::{Deserialize, Serialize};

use crate::limits::{LINK_IDLE_MS, LINKS_INTERVAL_MS};

/// A link that is wanted.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Link {
    address: MinerAddress,
    /// The miner has shown its manifest on it.
    is_up: bool,
    /// Until when it is wanted, in Unix milliseconds; `None` while a job needs it.
    until_ms: Option<u64>,
}

/// The links that are wanted.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Links {
    links: BTreeMap<String, Link>,
    /// The list has changed since it was sent.
    is_changed: bool,
    /// When it was sent last, in Unix milliseconds.
    sent_ms: u64,
}

impl Links {
    /// A job needs a link. Returns whether it is up.
    pub(crate) fn want(&mut self, address: &MinerAddress) -> bool {
        if let Some(link) = self.links.get_mut(&address.hotkey)
            && link.address == *address
        {
            link.until_ms = None;
            return link.is_up;
        }
        let link = Link {
            address: address.clone(),
            is_up: false,
            until_ms: None,
        };
        self.links.insert(address.hotkey.clone(), link);
        self.is_changed = true;
        false
    }

    /// No job needs a link any more; it is kept for a while.
    pub(crate) fn release(&mut self, hotkey: &str, now_ms: u64) {
        if let Some(link) = self.links.get_mut(hotkey) {
            link.until_ms = Some(now_ms + LINK_IDLE_MS);
        }
    }

    /// A link is up.
    pub(crate) fn note_up(&mut self, hotkey: &str) {
        if let Some(link) = self.links.get_mut(hotkey) {
            link.is_up = true;
        }
    }

    /// A link is down, and no attempt is made until it is wanted anew. Returns whether it was wanted.
    pub(crate) fn note_down(&mut self, hotkey: &str) -> bool {
        let was_wanted = self.links.remove(hotkey).is_some();
        // `horde_miners` keeps the miner until a list comes without it.
        self.is_changed |= was_wanted;
        was_wanted
    }

    /// The list is to be sent, whatever was sent before.
    pub(crate) fn repeat(&mut self) {
        self.is_changed = true;
        self.sent_ms = 0;
    }

    /// The list, if it is to be sent now, and the hotkeys of those that are not up.
    pub(crate) fn take_list(&mut self, now_ms: u64) -> Option<(Vec<MinerAddress>, Vec<String>)> {
        let count = self.links.len();
        self.links
            .retain(|_, link| link.until_ms.is_none_or(|until_ms| until_ms > now_ms));
        self.is_changed |= self.links.len() < count;
        if !self.is_changed || now_ms.saturating_sub(self.sent_ms) < LINKS_INTERVAL_MS {
            return None;
        }
        self.is_changed = false;
        self.sent_ms = now_ms;
        let links = self.links.values();
        let list = links.map(|link| link.address.clone()).collect();
        let unknown = self.links.iter().filter(|(_, link)| !link.is_up);
        let unknown = unknown.map(|(hotkey, _)| hotkey.clone()).collect();
        Some((list, unknown))
    }

    /// When the list is to be looked at again, in Unix milliseconds.
    pub(crate) fn due_ms(&self) -> Option<u64> {
        let idle = self.links.values().filter_map(|link| link.until_ms).min();
        let change = self.is_changed.then_some(self.sent_ms + LINKS_INTERVAL_MS);
        idle.into_iter().chain(change).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> MinerAddress {
        MinerAddress {
            hotkey: "a".to_owned(),
            host: "h".to_owned(),
            port,
        }
    }

    #[test]
    fn link_that_is_up_is_used_at_once() {
        let mut links = Links::default();
        assert!(!links.want(&address(1)));
        assert_eq!(links.take_list(1_000).unwrap().0, [address(1)]);
        links.note_up("a");
        assert!(links.want(&address(1)));
        assert_eq!(links.take_list(2_000), None);
        assert!(!links.want(&address(2)), "it has moved");
        assert_eq!(links.take_list(2_000).unwrap().0, [address(2)]);
    }

    #[test]
    fn lists_have_a_pause_between_them() {
        let mut links = Links::default();
        links.want(&address(1));
        links.take_list(1_000).unwrap();
        links.want(&address(2));
        assert_eq!(links.take_list(1_009), None);
        assert_eq!(links.due_ms(), Some(1_010));
        assert_eq!(links.take_list(1_010).unwrap().0, [address(2)]);
        assert_eq!(links.due_ms(), None);
    }

    #[test]
    fn link_that_is_up_is_not_asked_about() {
        let mut links = Links::default();
        let other = MinerAddress {
            hotkey: "b".to_owned(),
            ..address(2)
        };
        links.want(&address(1));
        links.note_up("a");
        links.want(&other);
        let (list, unknown) = links.take_list(1_000).unwrap();
        assert_eq!(list, [address(1), other]);
        assert_eq!(unknown, ["b"]);
    }

    #[test]
    fn idle_link_is_let_go_later() {
        let mut links = Links::default();
        links.want(&address(1));
        links.take_list(1_000).unwrap();
        links.release("a", 1_000);
        assert_eq!(links.due_ms(), Some(1_000 + LINK_IDLE_MS));
        assert_eq!(links.take_list(999 + LINK_IDLE_MS), None);
        assert_eq!(links.take_list(1_000 + LINK_IDLE_MS).unwrap().0, []);
    }

    #[test]
    fn link_that_is_down_leaves_the_list() {
        let mut links = Links::default();
        links.want(&address(1));
        links.take_list(1_000).unwrap();
        links.note_down("other");
        assert_eq!(links.take_list(2_000), None, "it was not wanted");
        links.note_down("a");
        assert_eq!(links.due_ms(), Some(1_010));
        assert_eq!(links.take_list(2_000).unwrap(), (vec![], vec![]));
        assert_eq!(links.take_list(3_000), None);
    }

    #[test]
    fn link_that_is_down_is_wanted_anew() {
        let mut links = Links::default();
        links.want(&address(1));
        links.take_list(1_000).unwrap();
        links.note_up("a");
        assert!(links.note_down("a"));
        assert!(!links.note_down("a"));
        assert!(!links.want(&address(1)));
        assert_eq!(links.take_list(2_000).unwrap().0, [address(1)]);
    }
}
