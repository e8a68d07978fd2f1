//! `tig-host events tail`: what extensions emit, as it happens.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;
use tig_process::signals::{HangUp, Requests};

use super::admin::{AdminError, Where};
use super::client::{self, OperatorClient, is_away, runtime};
use super::output;
use super::panel::format::Formatter;
use super::panel::line::{Ink, Line};
use super::terminal::{Terminal, now_ms};
use crate::control::report::{EventReport, EventsReport, PanelsReport};

/// The host holds a request for this time until there is an event.
pub(super) const HOLD_TIMEOUT: Duration = Duration::from_secs(20);

/// Time between two looks for a host that has gone away.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Which events are shown.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Wanted {
    /// Only events that this extension emits; `host` for the host's own
    #[arg(long, value_name = "NAME")]
    pub(super) extension: Option<String>,
    /// Only events of this name
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,
    /// Begin after the event with this number
    #[arg(long, value_name = "NUMBER")]
    pub(super) since: Option<u64>,
    /// Begin with so many of the latest events
    #[arg(
        short = 'n',
        long = "lines",
        value_name = "N",
        default_value_t = 10,
        conflicts_with = "since"
    )]
    pub(super) lines: usize,
}

/// Shows events until it is interrupted.
pub(super) fn tail(place: &Where, wanted: &Wanted) -> Result<ExitCode, AdminError> {
    runtime()?.block_on(async {
        let mut requests = Requests::listen(HangUp::Stops, false).map_err(AdminError::System)?;
        tokio::select! {
            ended = follow(place, wanted) => ended,
            // That is how it is meant to end.
            _ = requests.stop() => Ok(ExitCode::SUCCESS),
        }
    })
}

async fn follow(place: &Where, wanted: &Wanted) -> Result<ExitCode, AdminError> {
    let mut client = OperatorClient::new(place)?;
    let mut after = wanted.since;
    let mut is_first = true;
    while !output::is_closed() {
        let query = query(wanted, after, !is_first || wanted.since.is_some());
        match client.get::<EventsReport>("v1/events", &query).await {
            Ok(page) => {
                show(&page, place.json);
                after = Some(page.next);
                is_first = false;
            }
            // A first try that fails is the user's mistake.
            Err(error) if is_first || !is_away(&error) => return Err(error),
            Err(error) => client = reconnected(place, &client, &error).await,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The query for what comes after `after`; `is_held` until there is something.
pub(super) fn query(wanted: &Wanted, after: Option<u64>, is_held: bool) -> Vec<(String, String)> {
    let mut query = Vec::new();
    let mut put = |key: &str, value: String| query.push((key.to_owned(), value));
    match after {
        Some(after) => put("after", after.to_string()),
        None => put("limit", wanted.lines.to_string()),
    }
    if is_held {
        put("wait_ms", HOLD_TIMEOUT.as_millis().to_string());
    }
    if let Some(extension) = &wanted.extension {
        put("extension", extension.clone());
    }
    if let Some(name) = &wanted.name {
        put("name", name.clone());
    }
    query
}

/// Waits until a host answers again.
async fn reconnected(place: &Where, former: &OperatorClient, error: &AdminError) -> OperatorClient {
    output::note_line(&format!("{}; waiting for it", client::text(error)));
    loop {
        tokio::time::sleep(LOOK_INTERVAL).await;
        let Ok(client) = OperatorClient::new(place) else {
            continue;
        };
        if client.get::<PanelsReport>("v1/panels", &[]).await.is_err() {
            continue;
        }
        if client.pid() == former.pid() {
            output::note_line("the host answers again");
        } else {
            let pid = client.pid();
            output::note_line(&format!(
                "a host runs again (process {pid}); events of the end of the earlier one may be missing"
            ));
        }
        return client;
    }
}

fn show(page: &EventsReport, as_json: bool) {
    if page.lost > 0 {
        output::note_line(&format!(
            "{} events are lost: the host kept them no longer",
            page.lost
        ));
    }
    let terminal = Terminal::of_stdout();
    for event in &page.events {
        if as_json {
            output::json(event);
        } else {
            terminal.print(&line(event));
        }
    }
}

/// The event on one line.
pub(super) fn line(event: &EventReport) -> Line {
    let formatter = Formatter {
        now_ms: now_ms(),
        has_short_ids: false,
    };
    let mut line = Line::new(Ink::Dim, &formatter.time(event.at_ms));
    line.push(Ink::Plain, "  ");
    line.push(Ink::Dim, &event.extension);
    line.push(Ink::Plain, "  ");
    line.push(Ink::Strong, &event.name);
    let payload = match serde_json::from_str(event.payload.get()) {
        Ok(Value::Null) => String::new(),
        // The beginning of one that is cut, or not JSON.
        Ok(Value::String(text)) => text,
        _ => event.payload.get().to_owned(),
    };
    if !payload.is_empty() {
        let end = if event.is_cut { "…" } else { "" };
        line.push(Ink::Plain, &format!("  {payload}{end}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn first_query_asks_for_the_latest_then_waits() {
        let wanted = Wanted {
            name: Some("new_block".to_owned()),
            lines: 3,
            ..Wanted::default()
        };
        let shown = |query: Vec<(String, String)>| {
            let pairs = query.iter().map(|(key, value)| format!("{key}={value}"));
            pairs.collect::<Vec<_>>().join("&")
        };
        assert_eq!(shown(query(&wanted, None, false)), "limit=3&name=new_block");
        assert_eq!(
            shown(query(&wanted, Some(7), true)),
            "after=7&wait_ms=20000&name=new_block"
        );
    }

    #[test]
    fn event_of_hostile_payload_is_one_line() {
        let event = json!({
            "seq": 1, "at_ms": 0, "extension": "a", "name": "b", "payload": { "name": "x\u{9b}2J\n\u{202e}" },
        });
        let line = line(&serde_json::from_value(event).unwrap()).text();
        assert_eq!(
            line,
            r#"01 Jan 1970 00:00  a  b  {"name":"x\u{9b}2J\n\u{202e}"}"#
        );
    }
}
