//! Asks the host again and again, and reports what it says. The host may go away and come back.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tig_plugin_api::panel::Panel;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::super::admin::{AdminError, Where};
use super::super::client::{self, OperatorClient, is_away};
use super::super::events;
use super::super::panel::plot::Histories;
use super::super::{pause, show};
use super::state::{EVENTS_KEPT_COUNT_MAX, Request, Wish};
use super::update::Input;
use crate::control::report::{
    CommandsReport, DrainRequest, EventsReport, HostStatus, PanelsReport,
};

/// Time between two looks at the host.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Where news go.
pub(super) type News = mpsc::Sender<Input>;

/// Looks at the host's state, until nobody wants to know.
pub(super) async fn look(place: Arc<Where>, news: News) {
    loop {
        let sent = match look_once(&place, &news).await {
            Ok(()) => Ok(()),
            Err(error) => news.send(Input::Away(client::text(&error))).await,
        };
        if sent.is_err() || news.is_closed() {
            return;
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

async fn look_once(place: &Where, news: &News) -> Result<(), AdminError> {
    let client = OperatorClient::new(place)?;
    let status: HostStatus = client.get("v1/status", &[]).await?;
    let panels: PanelsReport = client.get("v1/panels", &[]).await?;
    // Whoever does not listen any more ends all of this.
    let _ = news.send(Input::Status(Box::new(status))).await;
    let _ = news.send(Input::Panels(panels.panels)).await;
    Ok(())
}

/// Looks at the panel that is wished for, until nobody wishes any more. An extension that is stuck holds up only this, and only
/// until there is another wish.
pub(super) async fn look_at_panel(
    place: Arc<Where>,
    mut wishes: watch::Receiver<Wish>,
    news: News,
) {
    loop {
        let wish = wishes.borrow_and_update().clone();
        tokio::select! {
            () = show_panel(&place, &wish, &news) => {}
            changed = wishes.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        }
        if let Ok(Err(_)) = timeout(LOOK_INTERVAL, wishes.changed()).await {
            return;
        }
    }
}

async fn show_panel(place: &Where, wish: &Wish, news: &News) {
    let Some(name) = &wish.panel else { return };
    let mut query = Vec::new();
    if let Some(id) = &wish.id {
        query.push(("id".to_owned(), id.clone()));
    }
    if !wish.find.is_empty() {
        query.push(("find".to_owned(), wish.find.clone()));
    }
    let (panel, histories) = match fetch_panel(place, name, &query).await {
        Ok((panel, histories)) => (Ok(panel), histories),
        // That the host is away is shown at the top.
        Err(error) if is_away(&error) => return,
        Err(error) => (Err(client::text(&error)), Histories::NONE),
    };
    let input = Input::Panel {
        wish: wish.clone(),
        panel,
        histories,
    };
    // Whoever does not listen any more ends all of this.
    let _ = news.send(input).await;
}

async fn fetch_panel(
    place: &Where,
    name: &str,
    query: &[(String, String)],
) -> Result<(Panel, Histories), AdminError> {
    let client = OperatorClient::new(place)?;
    let panel: Panel = show::fetch(&client, name, query).await?;
    let histories = show::histories(&client, &panel).await?;
    Ok((panel, histories))
}

/// Follows the events, until nobody wants to know.
pub(super) async fn follow(place: Arc<Where>, news: News) {
    let wanted = events::Wanted {
        lines: EVENTS_KEPT_COUNT_MAX,
        ..events::Wanted::default()
    };
    let mut after = None;
    loop {
        if let Ok(client) = OperatorClient::new(&place) {
            loop {
                let query = events::query(&wanted, after, after.is_some());
                let Ok(page) = client.get::<EventsReport>("v1/events", &query).await else {
                    break;
                };
                after = Some(page.next);
                if news.send(Input::Events(page)).await.is_err() {
                    return;
                }
            }
        }
        if news.is_closed() {
            return;
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

/// Does what the operator wants, and reports what came of it.
pub(super) async fn act(place: Arc<Where>, request: Request, news: News) {
    let (is_done, text) = match acted(&place, request).await {
        Ok((is_done, text)) => (is_done, text),
        Err(error) => (false, client::text(&error)),
    };
    let _ = news.send(Input::Acted { is_done, text }).await;
}

async fn acted(place: &Where, request: Request) -> Result<(bool, String), AdminError> {
    let client = OperatorClient::new(place)?;
    match request {
        // Is not asked of the host.
        Request::Quit => Ok((true, String::new())),
        Request::Drain => {
            let body = json!(DrainRequest { seconds_max: None });
            let _: Value = client.post("v1/control/drain", &body).await?;
            Ok((true, "draining".to_owned()))
        }
        Request::Call {
            extension,
            command,
            arguments,
        } => call(&client, &extension, &command, &arguments).await,
        Request::CallAll(command) => call_all(&client, command).await,
    }
}

async fn call(
    client: &OperatorClient,
    extension: &str,
    command: &str,
    arguments: &Value,
) -> Result<(bool, String), AdminError> {
    let report = pause::call(client, extension, command, arguments).await?;
    let text = format!("{extension}: {}", pause::text(&report, command));
    Ok((report.code.unwrap_or(0) == 0, text))
}

async fn call_all(client: &OperatorClient, command: &str) -> Result<(bool, String), AdminError> {
    let commands: CommandsReport = client.get("v1/commands", &[]).await?;
    let owners = pause::owners(&commands, command);
    if owners.is_empty() {
        let text = format!("no running extension has a command `{command}`");
        return Ok((false, text));
    }
    let mut is_done = true;
    let mut texts = Vec::new();
    for extension in owners {
        let (is_well, text) = match call(client, extension, command, &json!({})).await {
            Ok(ended) => ended,
            Err(error) => (false, format!("{extension}: {}", client::text(&error))),
        };
        is_done &= is_well;
        texts.push(text);
    }
    Ok((is_done, texts.join("; ")))
}
