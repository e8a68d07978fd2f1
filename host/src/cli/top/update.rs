//! What news of the host, keys and time change. Pure.

use crossterm::event::KeyEvent;
use tig_plugin_api::panel::Panel;

use super::super::panel::line::Ink;
use super::super::panel::plot::Histories;
use super::super::panel::rows;
use super::keys::{go_to, on_key};
use super::state::{EVENTS_KEPT_COUNT_MAX, Request, Shown, State, Tab, Wish};
use super::view::{body, selected};
use crate::control::report::{EventsReport, HostStatus, PanelInfo};

/// What happens.
#[derive(Debug)]
pub(super) enum Input {
    /// A key was pressed.
    Key(KeyEvent),
    /// The screen has so many lines now.
    Height(u16),
    /// Time has passed.
    Tick(u64),
    /// The host's state.
    Status(Box<HostStatus>),
    /// Its panels.
    Panels(Vec<PanelInfo>),
    /// A panel that was wished for.
    Panel {
        wish: Wish,
        panel: Result<Panel, String>,
        histories: Histories,
    },
    /// Events.
    Events(EventsReport),
    /// The host is not reached.
    Away(String),
    /// An action has ended.
    Acted { is_done: bool, text: String },
    /// The terminal has gone.
    Closed,
}

/// Takes in what happened, and returns what is to be done.
pub(super) fn update(state: &mut State, input: Input) -> Option<Request> {
    match input {
        Input::Key(key) => return on_key(state, key),
        Input::Height(lines) => state.height = lines.into(),
        Input::Tick(now_ms) => state.now_ms = now_ms,
        Input::Status(status) => {
            state.status = Some(*status);
            state.away = None;
        }
        Input::Panels(panels) => on_panels(state, panels),
        Input::Panel {
            wish,
            panel,
            histories,
        } => {
            // A late one of another view is not shown.
            if wish == state.wish() {
                keep_selection(state, |state| {
                    state.shown = Some(Shown { panel, histories })
                });
            }
        }
        Input::Events(report) => on_events(state, report),
        Input::Away(reason) => state.away = Some(reason),
        Input::Acted { is_done, text } => {
            let ink = if is_done { Ink::Good } else { Ink::Bad };
            state.notice = Some((ink, text));
        }
        Input::Closed => return Some(Request::Quit),
    }
    None
}

fn on_panels(state: &mut State, panels: Vec<PanelInfo>) {
    state.panels = panels;
    if !state.tabs().contains(&state.tab) {
        go_to(state, Tab::Overview);
    }
}

fn on_events(state: &mut State, report: EventsReport) {
    state.lost += report.lost;
    keep_selection(state, |state| {
        state.events.extend(report.events);
        let over = state.events.len().saturating_sub(EVENTS_KEPT_COUNT_MAX);
        state.events.drain(..over);
    });
}

/// The same row stays selected when others come and go before it; the first stays the first.
fn keep_selection(state: &mut State, change: impl FnOnce(&mut State)) {
    let before = selected(state).filter(|_| state.cursor > 0);
    change(state);
    let (Some(before), Ok(panel)) = (before, body(state)) else {
        return;
    };
    if let Some(place) = rows(&panel).position(|row| row.id == before.id) {
        state.cursor = place;
    }
}
