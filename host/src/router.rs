//! Which extensions get which event: a pure table, without threads or clocks.

use std::collections::HashMap;

/// Subscriptions of extensions, which are known by their place in the config's list.
#[derive(Clone, Debug, Default)]
pub struct Router {
    subscribers: HashMap<String, Vec<usize>>,
}

impl Router {
    /// Sets the events that extension `index` handles, in place of those it handled before.
    pub fn subscribe(&mut self, index: usize, events: &[String]) {
        for subscribers in self.subscribers.values_mut() {
            subscribers.retain(|&subscriber| subscriber != index);
        }
        for event in events {
            let subscribers = self.subscribers.entry(event.clone()).or_default();
            if let Err(place) = subscribers.binary_search(&index) {
                subscribers.insert(place, index);
            }
        }
    }

    /// The extensions that handle `event`, in the config's order.
    #[must_use]
    pub fn route(&self, event: &str) -> &[usize] {
        self.subscribers.get(event).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(events: &[&str]) -> Vec<String> {
        events.iter().map(|&event| event.to_owned()).collect()
    }

    #[test]
    fn an_event_goes_to_its_subscribers_in_config_order() {
        let mut router = Router::default();
        router.subscribe(2, &names(&["a", "b"]));
        router.subscribe(0, &names(&["b", "b"]));
        assert_eq!(router.route("a"), [2]);
        assert_eq!(router.route("b"), [0, 2]);
        assert_eq!(router.route("c"), [0; 0]);
    }

    #[test]
    fn a_new_version_subscribes_anew() {
        let mut router = Router::default();
        router.subscribe(1, &names(&["a", "b"]));
        router.subscribe(1, &names(&["b", "c"]));
        assert_eq!(router.route("a"), [0; 0]);
        assert_eq!(router.route("b"), [1]);
        assert_eq!(router.route("c"), [1]);
    }
}
