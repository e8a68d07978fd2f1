//! The links by miner and by connection.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Link, Stage};

/// All links.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Links {
    /// By hotkey.
    links: BTreeMap<Arc<str>, Link>,
    /// Hotkeys by the tag of a connection.
    tags: BTreeMap<Arc<str>, Arc<str>>,
    /// Connections that the host was asked to close, and that are not gone yet: what they bring is ignored.
    closing: BTreeSet<Arc<str>>,
    /// Connections opened so far.
    opened: u64,
}

impl Links {
    pub(crate) fn get(&self, hotkey: &str) -> Option<&Link> {
        self.links.get(hotkey)
    }

    pub(crate) fn get_mut(&mut self, hotkey: &str) -> Option<&mut Link> {
        self.links.get_mut(hotkey)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Link)> {
        self.links.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&Arc<str>, &mut Link)> {
        self.links.iter_mut()
    }

    /// Number of links by stage, so that a stage without links is a zero and not a gap.
    pub(crate) fn counts(&self) -> BTreeMap<Stage, u32> {
        let mut counts: BTreeMap<Stage, u32> = Stage::ALL.map(|stage| (stage, 0)).into();
        for link in self.links.values() {
            *counts.entry(link.stage()).or_default() += 1;
        }
        counts
    }

    pub(crate) fn insert(&mut self, link: Link) {
        self.links.insert(link.address.hotkey.as_str().into(), link);
    }

    pub(crate) fn remove(&mut self, hotkey: &str) -> Option<Link> {
        self.links.remove(hotkey)
    }

    /// The hotkey whose connection this is.
    pub(crate) fn hotkey_of(&self, tag: &str) -> Option<Arc<str>> {
        self.tags.get(tag).cloned()
    }

    pub(crate) fn is_closing(&self, tag: &str) -> bool {
        self.closing.contains(tag)
    }

    /// A tag that no connection has had: connections of an instance that is gone may still be there.
    pub(crate) fn next_tag(&mut self, session: u64) -> Arc<str> {
        self.opened += 1;
        format!("{session:016x}/{}", self.opened).into()
    }

    /// A connection of this miner is being opened.
    pub(crate) fn bind(&mut self, tag: Arc<str>, hotkey: &Arc<str>) {
        self.tags.insert(tag, Arc::clone(hotkey));
    }

    /// The host was asked to close a connection.
    pub(crate) fn close(&mut self, tag: &str) {
        self.tags.remove(tag);
        self.closing.insert(tag.into());
    }

    /// A connection is gone.
    pub(crate) fn forget(&mut self, tag: &str) {
        self.tags.remove(tag);
        self.closing.remove(tag);
    }
}
