//! The links that this extension wants, and whether they are up: pure.
//!
//! A list of wanted links replaces the one before. It is sent at once, but not more often than every [`LINKS_INTERVAL_MS`], so
//! that a burst of jobs has one list. It is answered by an event for each link that it asks about: once for those that wait for it, since
//! each question gives the miner its whole time for the manifest again.

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
    /// How far it is asked about.
    #[serde(default)]
    question: Question,
    /// Until when it is wanted, in Unix milliseconds; `None` while a job needs it.
    until_ms: Option<u64>,
}

/// How far `horde_miners` is asked about a link.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Question {
    /// The next list asks.
    #[default]
    Due,
    Asked,
    Answered,
}

impl Link {
    fn new(address: &MinerAddress) -> Self {
        Self {
            address: address.clone(),
            is_up: false,
            question: Question::Due,
            until_ms: None,
        }
    }

    /// Whether it is only kept for a job that goes on.
    fn is_down(&self) -> bool {
        !self.is_up && self.question == Question::Answered
    }

    fn answer(&mut self, is_up: bool) {
        self.is_up = is_up;
        self.question = Question::Answered;
    }
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
            && (link.is_up || link.question != Question::Answered)
        {
            // Also if the job that it was asked for waits no more: another question would give a silent miner its whole time again.
            link.until_ms = None;
            return link.is_up;
        }
        self.links
            .insert(address.hotkey.clone(), Link::new(address));
        self.is_changed = true;
        false
    }

    /// No job needs a link any more; it is kept for a while, unless it is down.
    pub(crate) fn release(&mut self, hotkey: &str, now_ms: u64) {
        if let Some(link) = self.links.get_mut(hotkey) {
            let idle_ms = if link.is_down() { 0 } else { LINK_IDLE_MS };
            link.until_ms = Some(now_ms + idle_ms);
        }
    }

    /// A link is up.
    pub(crate) fn note_up(&mut self, hotkey: &str) {
        if let Some(link) = self.links.get_mut(hotkey) {
            link.answer(true);
        }
    }

    /// A link is down, and no attempt is made until it is wanted anew. It leaves the list, unless a job of the miner goes on: its answer
    /// can still come, and the receipt for it goes out on the same link. Returns whether it was wanted.
    pub(crate) fn note_down(&mut self, hotkey: &str, has_job: bool) -> bool {
        if has_job && let Some(link) = self.links.get_mut(hotkey) {
            link.answer(false);
            return true;
        }
        let was_wanted = self.links.remove(hotkey).is_some();
        // `horde_miners` keeps the miner until a list comes without it.
        self.is_changed |= was_wanted;
        was_wanted
    }

    /// The list is to be sent, whatever was sent before.
    pub(crate) fn repeat(&mut self) {
        self.is_changed = true;
        self.sent_ms = 0;
        for link in self.links.values_mut() {
            link.question = Question::Due;
        }
    }

    /// The list, if it is to be sent now, and the hotkeys of those that it asks about.
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
        let mut list = Vec::new();
        let mut unknown = Vec::new();
        for (hotkey, link) in &mut self.links {
            list.push(link.address.clone());
            if !link.is_up && link.question == Question::Due {
                link.question = Question::Asked;
                unknown.push(hotkey.clone());
            }
        }
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

    /// The address of another miner.
    fn other() -> MinerAddress {
        MinerAddress {
            hotkey: "b".to_owned(),
            ..address(2)
        }
    }

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
        links.want(&address(1));
        links.note_up("a");
        links.want(&other());
        let (list, unknown) = links.take_list(1_000).unwrap();
        assert_eq!(list, [address(1), other()]);
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
        links.note_down("other", false);
        assert_eq!(links.take_list(2_000), None, "it was not wanted");
        links.note_down("a", false);
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
        assert!(links.note_down("a", false));
        assert!(!links.note_down("a", false));
        assert!(!links.want(&address(1)));
        assert_eq!(links.take_list(2_000).unwrap().0, [address(1)]);
    }

    #[test]
    fn link_that_is_down_stays_for_its_job() {
        let mut links = Links::default();
        links.want(&address(1));
        links.take_list(1_000).unwrap();
        links.note_up("a");
        assert!(links.note_down("a", true));
        assert_eq!(links.take_list(2_000), None);
        assert!(!links.want(&address(1)), "for another job");
        let (list, unknown) = links.take_list(3_000).unwrap();
        assert_eq!((list, unknown), (vec![address(1)], vec!["a".to_owned()]));
        assert!(links.note_down("a", true));
        links.release("a", 4_000);
        assert_eq!(links.take_list(4_000).unwrap(), (vec![], vec![]));
    }

    /// Each question begins the wait anew: those for other miners' jobs must not keep a silent miner from being given up.
    #[test]
    fn link_is_asked_about_once() {
        let mut links = Links::default();
        links.want(&address(1));
        assert_eq!(links.take_list(1_000).unwrap().1, ["a"]);
        links.want(&address(1));
        links.want(&other());
        assert_eq!(links.take_list(2_000).unwrap().1, ["b"]);
        links.release("a", 3_000);
        links.want(&address(1));
        assert_eq!(links.take_list(3_000), None, "the answer is still to come");
        links.note_down("a", false);
        links.want(&address(1));
        assert_eq!(links.take_list(4_000).unwrap().1, ["a"]);
    }
}
