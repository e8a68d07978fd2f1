//! Shows the events of the running host: name, emitter, handlers, and the beginning of the payload.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::admin::Where;
use super::super::client::OperatorClient;
use super::super::events::{self, Wanted};
use super::super::shown_text::cut;
use super::handlers::Handlers;
use super::screen::Screen;
use super::throttle::{Pass, Throttle, next_or_pause};
use crate::control::report::{EventReport, EventsReport};

/// Lines with events in a second.
const EVENT_LINES_MAX: usize = 25;
/// Columns of a payload.
const PAYLOAD_COLUMNS_MAX: usize = 160;
/// Events of the host's start.
const FIRST_EVENTS_MAX: usize = 500;
/// Time between two tries while the host does not answer.
const ANSWER_INTERVAL: Duration = Duration::from_millis(500);

/// Where events come from, and which are shown.
pub(super) struct EventLines {
    /// The host.
    pub(super) place: Where,
    /// Names of events; all of them if there is none.
    pub(super) names: Vec<String>,
    /// Who handles them.
    pub(super) handlers: Handlers,
    /// Where they are shown.
    pub(super) screen: Screen,
}

impl EventLines {
    /// Shows events until the future is dropped.
    pub(super) async fn follow(self) {
        let wanted = Wanted {
            lines: FIRST_EVENTS_MAX,
            ..Wanted::default()
        };
        let mut throttle = Throttle::new(EVENT_LINES_MAX, Instant::now());
        let mut after = None;
        loop {
            if let Ok(client) = OperatorClient::new(&self.place) {
                loop {
                    let query = events::query(&wanted, after, after.is_some());
                    let page = client.get::<EventsReport>("v1/events", &query);
                    let page = next_or_pause(page, || {
                        if let Some(count) = throttle.take_left_out() {
                            self.screen.show("event", &more_events(count));
                        }
                    });
                    let Ok(page) = page.await else { break };
                    after = Some(page.next);
                    self.show(&page, &mut throttle);
                }
            }
            tokio::time::sleep(ANSWER_INTERVAL).await;
        }
    }

    fn show(&self, page: &EventsReport, throttle: &mut Throttle) {
        if page.lost > 0 {
            let text = format!("{} events came too fast to be kept", page.lost);
            self.screen.show("event", &text);
        }
        let is_wanted =
            |event: &&EventReport| self.names.is_empty() || self.names.contains(&event.name);
        for event in page.events.iter().filter(is_wanted) {
            match throttle.pass(Instant::now()) {
                Pass::Show => {}
                Pass::ShowAfter(count) => {
                    self.screen.show("event", &more_events(count));
                }
                Pass::LeaveOut => continue,
            }
            let handlers = self.handlers.of(&event.name);
            self.screen.show("event", &text(event, &handlers));
        }
    }
}

fn more_events(count: usize) -> String {
    format!("{count} more events")
}

/// `name  emitter > handlers  payload`
fn text(event: &EventReport, handlers: &[String]) -> String {
    let handlers = match handlers {
        [] => "(no handler)".to_owned(),
        handlers => handlers.join(", "),
    };
    let payload = match serde_json::from_str(event.payload.get()) {
        Ok(Value::Null) => String::new(),
        // The beginning of one that is cut, or not JSON.
        Ok(Value::String(text)) => text,
        _ => event.payload.get().to_owned(),
    };
    let payload = cut(&payload, PAYLOAD_COLUMNS_MAX);
    let text = format!(
        "{}  {} > {handlers}  {payload}",
        event.name, event.extension
    );
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn event_is_shown_with_its_handlers() {
        let event = |payload: &Value| {
            let report = json!({
                "seq": 1, "at_ms": 0, "extension": "a", "name": "tick", "payload": payload,
            });
            serde_json::from_value::<EventReport>(report).unwrap()
        };
        let handlers = ["b".to_owned(), "c".to_owned()];
        assert_eq!(
            text(&event(&json!({ "n": 1 })), &handlers),
            r#"tick  a > b, c  {"n":1}"#
        );
        assert_eq!(text(&event(&Value::Null), &[]), "tick  a > (no handler)");
        let long = text(&event(&"x".repeat(1_000).into()), &[]);
        assert!(long.ends_with('…') && long.len() < 200, "{long}");
    }
}
