//! What a version has sent that cannot be undone, and must not be sent twice.

use tig_plugin_api::HttpCall;

use crate::runtime::outbound::QueuedCall;
use crate::runtime::service_effect::ServiceEffect;

/// HTTP requests, and what was asked of timers, connections and commands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    calls: Vec<HttpCall>,
    services: Vec<ServiceEffect>,
}

impl Sent {
    /// Whether nothing was sent.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.services.is_empty()
    }

    /// Bytes that are kept.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        let bodies = self.calls.iter().map(|call| call.body.len());
        bodies.sum::<usize>()
            + self
                .services
                .iter()
                .map(ServiceEffect::bytes)
                .sum::<usize>()
    }

    /// Records what a handler sends; returns the bytes that are kept for it.
    pub(crate) fn record(&mut self, calls: &[QueuedCall], services: &[ServiceEffect]) -> usize {
        self.calls
            .extend(calls.iter().map(|queued| queued.call.clone()));
        self.services.extend_from_slice(services);
        let bodies = calls.iter().map(|queued| queued.call.body.len());
        bodies.sum::<usize>() + services.iter().map(ServiceEffect::bytes).sum::<usize>()
    }

    /// Drops what was sent before from what a handler asks for. Each thing that was sent is dropped once.
    pub(crate) fn drop_from(
        &mut self,
        calls: &mut Vec<QueuedCall>,
        services: &mut Vec<ServiceEffect>,
    ) {
        if self.is_empty() {
            return;
        }
        calls.retain(|queued| {
            let call = &queued.call;
            let before = self.calls.iter().position(|sent| {
                let same_place = sent.tag == call.tag && sent.url == call.url;
                same_place && sent.method == call.method && sent.body == call.body
            });
            before.map(|place| self.calls.swap_remove(place)).is_none()
        });
        services.retain(|effect| {
            // Redelivered items come in the order of before, so the place is among the first.
            let before = self.services.iter().position(|sent| sent == effect);
            before.map(|place| self.services.remove(place)).is_none()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer(tag: &str, unix_ms: u64) -> ServiceEffect {
        let tag = tag.into();
        ServiceEffect::SetTimer { tag, unix_ms }
    }

    #[test]
    fn each_thing_that_was_sent_is_dropped_once() {
        let mut sent = Sent::default();
        assert_eq!(sent.record(&[], &[timer("a", 1), timer("a", 1)]), 2);
        let mut services = vec![timer("a", 1), timer("a", 2), timer("b", 1)];
        sent.drop_from(&mut Vec::new(), &mut services);
        assert_eq!(services, [timer("a", 2), timer("b", 1)]);
        let mut services = vec![timer("a", 1), timer("a", 1)];
        sent.drop_from(&mut Vec::new(), &mut services);
        assert_eq!(services, [timer("a", 1)]);
        assert!(sent.is_empty());
    }
}
