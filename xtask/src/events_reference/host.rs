//! Events of the host. The host has no types for them that others can use, so this is a list that a test compares with its sources.

use serde_json::{Value, json};
use tig_plugin_api::abi::event;
use tig_plugin_api::{Condition, Severity};

use super::parties::Parties;
use super::render::{Entry, INDEX, entry, index_row, table};

const TITLE: &str = "\n## Host\n\nWhatever extensions run, the host emits these.\n";

/// An event of the host.
struct HostEvent {
    name: &'static str,
    kind: &'static str,
    handler: &'static str,
    about: &'static str,
    /// Name, type and meaning of each field.
    fields: &'static [(&'static str, &'static str, &'static str)],
    /// `None` where the arguments are no JSON.
    example: Option<fn() -> Value>,
}

const CONDITION_FIELDS: [(&str, &str, &str); 7] = [
    (
        "extension",
        "text",
        "The extension that reports it, or `host`.",
    ),
    (
        "code",
        "text",
        "Of the closed set that the extension documents.",
    ),
    (
        "subject",
        "text",
        "What it is about; empty if it is about all of the extension's work.",
    ),
    ("severity", "text", "`info`, `warning` or `critical`."),
    ("text", "text", "What is so, in a sentence for people."),
    (
        "remedy",
        "text",
        "What to do about it; empty if there is nothing to do.",
    ),
    (
        "since_ms",
        "integer",
        "When it was first reported, in Unix milliseconds.",
    ),
];

const EVENTS: [HostEvent; 9] = [
    HostEvent {
        name: "update",
        kind: "latest",
        handler: "fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()>",
        about: "A tick, every five seconds: for what no event and no timer brings about. It has no arguments.",
        fields: &[],
        example: Some(|| json!({})),
    },
    HostEvent {
        name: "drain",
        kind: "latest",
        handler: "fn on_drain(&mut self, ctx: &mut Context<'_>) -> Result<()>",
        about: "The host is to end: begin nothing new, finish what is under way, and report by `Context::unfinished` how much is \
                left. Comes every five seconds until the host ends, so that new instances get it, too.",
        fields: &[],
        example: Some(|| json!({})),
    },
    HostEvent {
        name: event::TIMER,
        kind: "for one extension",
        handler: "fn on_timer(&mut self, ctx: &mut Context<'_>, tag: String) -> Result<()>",
        about: "A timer of this extension is due (`Context::at`). The argument is its tag.",
        fields: &[],
        example: None,
    },
    HostEvent {
        name: event::WS,
        kind: "for one extension",
        handler: "fn on_ws(&mut self, ctx: &mut Context<'_>, event: WsEvent) -> Result<()>",
        about: "Something happened to a websocket connection of this extension (`Context::ws_open`). The argument is a `WsEvent`: the \
                connection's tag, and whether it was opened, has brought a frame, has written one, or is closed.",
        fields: &[],
        example: None,
    },
    HostEvent {
        name: event::HTTP_RESPONSE,
        kind: "for one extension",
        handler: "fn on_http_response(&mut self, ctx: &mut Context<'_>, response: HttpResponse) -> Result<()>",
        about: "The response to an HTTP request of this extension (`Context::http`). The argument is a `HttpResponse`: the call's tag, and \
                the response with any status, or why there is none.",
        fields: &[],
        example: None,
    },
    HostEvent {
        name: "condition_raised",
        kind: "plain",
        handler: "fn on_condition_raised(&mut self, ctx: &mut Context<'_>, condition: Raised) -> Result<()>",
        about: "A condition began, or has another severity than before. A new instance gets one for each condition that is so.",
        fields: &CONDITION_FIELDS,
        example: Some(condition),
    },
    HostEvent {
        name: "condition_cleared",
        kind: "plain",
        handler: "fn on_condition_cleared(&mut self, ctx: &mut Context<'_>, condition: Cleared) -> Result<()>",
        about: "A condition ended. The fields are those of `condition_raised`, and when it ended.",
        fields: &[(
            "cleared_ms",
            "integer",
            "When it ended, in Unix milliseconds.",
        )],
        example: Some(|| {
            let mut cleared = condition();
            cleared["cleared_ms"] = json!(NOW_MS + 60_000);
            cleared
        }),
    },
    HostEvent {
        name: "extension_reloaded",
        kind: "plain",
        handler: "fn on_extension_reloaded(&mut self, ctx: &mut Context<'_>, event: Reloaded) -> Result<()>",
        about: "A new version of an extension has taken over.",
        fields: &[
            ("name", "text", "The extension."),
            ("from", "text", "The version before."),
            ("to", "text", "The version that runs now."),
        ],
        example: Some(|| json!({ "name": "job_manager", "from": "0.1.0", "to": "0.1.1" })),
    },
    HostEvent {
        name: "extension_rejected",
        kind: "plain",
        handler: "fn on_extension_rejected(&mut self, ctx: &mut Context<'_>, event: Rejected) -> Result<()>",
        about: "A new version of an extension was rejected, or rolled back after it had taken over.",
        fields: &[
            ("name", "text", "The extension."),
            ("running", "text or null", "The version that goes on."),
            (
                "offered",
                "text or null",
                "The version that was rejected; null if its file could not be read.",
            ),
            ("reason", "text", "Why."),
        ],
        example: Some(|| {
            json!({
                "name": "job_manager", "running": "0.1.0", "offered": "0.1.1",
                "reason": "the new version cannot read the state of the running one"
            })
        }),
    },
];

/// 2025-06-01 12:00 UTC, in Unix milliseconds.
const NOW_MS: u64 = 1_748_779_200_000;

fn condition() -> Value {
    let condition = Condition::new("no_slaves", Severity::Critical, "No slave asks for work.");
    let condition =
        condition.with_remedy("Start a slave, or look into the log of those that should run.");
    let mut raised = json!(condition);
    raised["since_ms"] = json!(NOW_MS);
    raised["extension"] = json!("slave_manager");
    raised
}

/// Whether the list has an event of this name.
#[cfg(test)]
pub(super) fn is_described(name: &str) -> bool {
    EVENTS.iter().any(|event| event.name == name)
}

/// The part of the document about the host's events.
pub(super) fn section(parties: &[&Parties]) -> String {
    let rows = EVENTS
        .iter()
        .map(|event| index_row(event.name, event.kind, event.about));
    let mut text = TITLE.to_owned() + &table(INDEX, &Vec::from_iter(rows));
    for event in &EVENTS {
        let handlers = parties
            .iter()
            .flat_map(|parties| parties.handlers(event.name));
        let cells = |(name, kind, about): &(&str, &str, &str)| {
            [format!("`{name}`"), (*kind).to_owned(), (*about).to_owned()]
        };
        text += &entry(&Entry {
            name: event.name,
            kind: event.kind,
            emitters: &["the host"],
            handlers: &handlers.collect::<Vec<_>>(),
            about: &format!("{}\n\n`{}`", event.about, event.handler),
            rows: &event.fields.iter().map(cells).collect::<Vec<_>>(),
            example: event.example.map(|example| example()),
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use syn::{Expr, ExprLit, Item, Lit};

    use super::*;
    use crate::events_reference::types::parse;

    /// Constants of these files are names of events, but for the name of the host. Those of the contract are in the list by name.
    const SOURCES: [&str; 2] = ["host/src/runtime/event.rs", "host/src/lifecycle/drain.rs"];
    const HOST: &str = "HOST";
    const OF_CONTRACT: [&str; 3] = [event::TIMER, event::WS, event::HTTP_RESPONSE];

    fn texts(items: Vec<Item>) -> impl Iterator<Item = String> {
        items.into_iter().filter_map(|item| match item {
            Item::Const(item) if item.ident != HOST => match &*item.expr {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        })
    }

    #[test]
    fn list_has_every_event_of_the_host() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let files = SOURCES.map(|source| parse(&root.join(source)).unwrap());
        let mut found: Vec<String> = OF_CONTRACT.map(str::to_owned).to_vec();
        found.extend(files.into_iter().flat_map(|file| texts(file.items)));
        assert_eq!(found.len(), EVENTS.len(), "{found:?}");
        for name in found {
            assert!(is_described(&name), "{name} is not in the list");
        }
    }
}
