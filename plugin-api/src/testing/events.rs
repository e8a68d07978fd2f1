//! Events in and out.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Harness;
#[cfg(doc)]
use crate::Event;
use crate::frame::EventKind;
use crate::{Extension, Result, bail};

/// An event that an extension has emitted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EmittedEvent {
    /// Its name ([`Event::NAME`]).
    pub name: String,
    /// Whether it is durable, or only the latest one counts.
    #[serde(serialize_with = "write_kind")]
    pub kind: EventKind,
    /// Its arguments.
    pub arguments: Value,
}

fn write_kind<S: Serializer>(kind: &EventKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match kind {
        EventKind::Plain => "plain",
        EventKind::Durable => "durable",
        EventKind::Latest => "latest",
    })
}

impl<E: Extension> Harness<E> {
    /// Delivers an event to its handler.
    ///
    /// ```should_panic
    /// # use tig_plugin_api::{prelude::*, testing::Harness};
    /// # struct Echo;
    /// # #[extension]
    /// # impl Echo {
    /// #     fn new(_config: serde_json::Value, _ctx: &mut Context<'_>) -> Result<Self> { Ok(Self) }
    /// #     fn on_ping(&mut self, ctx: &mut Context<'_>, n: u64) -> Result<()> { ctx.emit_json("pong", &n) }
    /// # }
    /// # fn main() {
    /// let mut echo = Harness::<Echo>::start(serde_json::json!({ "name": "echo" }));
    /// echo.event("pin", serde_json::json!(7)); // panics: no event of this name is handled
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// The extension has no handler of this event, or the handler fails.
    pub fn event(&mut self, name: &str, arguments: Value) {
        self.try_event(name, arguments)
            .unwrap_or_else(|error| panic!("on_{name}: {error}"));
    }

    /// Delivers an event to its handler.
    ///
    /// # Errors
    ///
    /// The extension has no handler of this event, or the handler fails; none of its effects is kept.
    pub fn try_event(&mut self, name: &str, arguments: Value) -> Result<()> {
        // A host would not deliver it, and a test of it could not fail.
        if !E::EVENTS.contains(&name) {
            let handled = E::EVENTS.join(", ");
            bail!("the extension has no handler of event `{name}`; it handles: {handled}");
        }
        self.handle(name, &serde_json::to_vec(&arguments)?)
    }

    /// Delivers the event `update`.
    ///
    /// # Panics
    ///
    /// As for [`Harness::event`].
    pub fn update(&mut self) {
        self.event("update", Value::Object(serde_json::Map::new()));
    }

    /// Name and arguments of the events emitted since the last call, in order.
    pub fn emitted(&mut self) -> Vec<(String, Value)> {
        let emitted = self.emitted_events().into_iter();
        emitted.map(|event| (event.name, event.arguments)).collect()
    }

    /// Like [`Harness::emitted`], with the kind of each event. Each of the two returns what neither has returned before.
    ///
    /// ```
    /// # use tig_plugin_api::{frame::EventKind, prelude::*, testing::Harness};
    /// # #[derive(serde::Serialize)]
    /// # struct Paid { cents: u64 }
    /// # impl Event for Paid { const NAME: &'static str = "paid"; const DURABLE: bool = true; }
    /// # struct Till;
    /// # #[extension]
    /// # impl Till {
    /// #     fn new(_config: serde_json::Value, _ctx: &mut Context<'_>) -> Result<Self> { Ok(Self) }
    /// #     fn on_coin(&mut self, ctx: &mut Context<'_>, cents: u64) -> Result<()> { ctx.emit(&Paid { cents }) }
    /// # }
    /// # fn main() {
    /// let mut till = Harness::<Till>::start(serde_json::json!({ "name": "till" }));
    /// till.event("coin", serde_json::json!(50));
    /// let paid = till.emitted_events().remove(0);
    /// assert_eq!((paid.name.as_str(), paid.kind), ("paid", EventKind::Durable));
    /// # }
    /// ```
    pub fn emitted_events(&mut self) -> Vec<EmittedEvent> {
        std::mem::take(&mut self.host.emitted)
    }
}
