//! The table of events and their subscribers: pure, without threads or clocks.

use std::collections::HashMap;
use std::sync::Arc;

/// The subscribers of one event.
#[derive(Debug)]
pub(super) struct Route<S> {
    /// Name of the event; all events of this name share it.
    pub(super) event: Arc<str>,
    /// Extensions that handle it, in the config's order.
    pub(super) subscribers: Vec<S>,
}

impl<S> Route<S> {
    /// The route of an event that no extension handles.
    #[must_use]
    pub(super) fn without_subscribers(event: &str) -> Self {
        Self {
            event: event.into(),
            subscribers: Vec::new(),
        }
    }
}

/// Subscriptions of extensions.
#[derive(Debug)]
pub(super) struct Router<S> {
    routes: HashMap<Arc<str>, Arc<Route<S>>>,
}

impl<S: Clone> Router<S> {
    /// Builds the table from subscribers, in the config's order, each with the events that it handles.
    #[must_use]
    pub(super) fn new<'a>(subscriptions: impl IntoIterator<Item = (S, &'a [String])>) -> Self {
        let mut routes: HashMap<Arc<str>, Route<S>> = HashMap::new();
        for (subscriber, events) in subscriptions {
            for (place, event) in events.iter().enumerate() {
                if events[..place].contains(event) {
                    continue;
                }
                let event: Arc<str> = event.as_str().into();
                let route = routes.entry(Arc::clone(&event)).or_insert(Route {
                    event,
                    subscribers: Vec::new(),
                });
                route.subscribers.push(subscriber.clone());
            }
        }
        let routes = routes
            .into_iter()
            .map(|(event, route)| (event, Arc::new(route)))
            .collect();
        Self { routes }
    }

    /// The route of `event`; `None` if it has no subscribers.
    #[must_use]
    pub(super) fn route(&self, event: &str) -> Option<&Arc<Route<S>>> {
        self.routes.get(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(events: &[&str]) -> Vec<String> {
        events.iter().map(|&event| event.to_owned()).collect()
    }

    #[test]
    fn subscribers_are_unique_and_in_config_order() {
        let (first, second) = (names(&["b", "b"]), names(&["a", "b"]));
        let router = Router::new([(7, first.as_slice()), (3, second.as_slice())]);
        let subscribers = |event| router.route(event).map(|route| route.subscribers.clone());
        assert_eq!(subscribers("a"), Some(vec![3]));
        assert_eq!(subscribers("b"), Some(vec![7, 3]));
        assert_eq!(subscribers("c"), None);
    }
}
