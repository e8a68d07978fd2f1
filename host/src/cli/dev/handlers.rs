//! Which extensions handle an event, by the manifests of their files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::plugin;

/// Names of events by extension.
#[derive(Clone, Default)]
pub(super) struct Handlers(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

impl Handlers {
    /// Reads the manifest of an extension's file; one that cannot be read handles nothing.
    pub(super) async fn read(&self, extension: &str, file: PathBuf) {
        let read = tokio::task::spawn_blocking(move || events(&file));
        let events = read.await.unwrap_or_default();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(extension.to_owned(), events);
    }

    /// Extensions that handle an event.
    pub(super) fn of(&self, event: &str) -> Vec<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let handling = all
            .iter()
            .filter(|(_, events)| events.iter().any(|name| name == event));
        handling.map(|(extension, _)| extension.clone()).collect()
    }
}

fn events(file: &Path) -> Vec<String> {
    let bytes = std::fs::read(file).unwrap_or_default();
    let manifest = plugin::inspect(file, &bytes);
    manifest.map(|manifest| manifest.events).unwrap_or_default()
}
