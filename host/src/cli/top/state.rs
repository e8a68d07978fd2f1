//! What `tig-host top` knows and shows. Pure data; `update` changes it and `render` draws it.

use std::collections::VecDeque;

use serde_json::Value;
use tig_plugin_api::panel::Panel;

use super::super::panel::line::Ink;
use super::super::panel::plot::Histories;
use crate::control::report::{EventReport, HostStatus, PanelInfo};

/// Events that are kept.
pub(super) const EVENTS_KEPT_COUNT_MAX: usize = 500;

/// All that is known.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The last status of the host.
    pub(super) status: Option<HostStatus>,
    /// Why the host is not reached; `None` while it is.
    pub(super) away: Option<String>,
    /// Panels of its extensions.
    pub(super) panels: Vec<PanelInfo>,
    /// The latest events, oldest first.
    pub(super) events: VecDeque<EventReport>,
    /// Events that the host has forgotten before they were read.
    pub(super) lost: u64,
    /// What is looked at.
    pub(super) tab: Tab,
    /// The row whose details are shown.
    pub(super) details: Option<String>,
    /// Only rows with this text are shown.
    pub(super) find: String,
    /// The panel of the tab, once it is there.
    pub(super) shown: Option<Shown>,
    /// The number of the selected row.
    pub(super) cursor: usize,
    /// Lines that were scrolled away where there are no rows.
    pub(super) scroll: usize,
    /// What keys mean.
    pub(super) mode: Mode,
    /// What has come of the last action.
    pub(super) notice: Option<(Ink, String)>,
    /// Unix milliseconds.
    pub(super) now_ms: u64,
    /// Lines of the screen.
    pub(super) height: usize,
}

/// What is looked at.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) enum Tab {
    /// Conditions and extensions.
    #[default]
    Overview,
    /// The latest events.
    Events,
    /// The panel of this name.
    Panel(String),
}

/// A panel, or why it is not there.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) panel: Result<Panel, String>,
    pub(super) histories: Histories,
}

/// What keys mean.
#[derive(Debug, Default)]
pub(super) enum Mode {
    /// Move, and act.
    #[default]
    View,
    /// Any key goes back.
    Help,
    /// Conditions with their remedies.
    Why {
        /// Only those about it.
        topic: Option<String>,
        /// Lines that were scrolled away.
        scroll: usize,
    },
    /// A text is typed, and rows with it are shown.
    Find,
    /// One of the answers is chosen by its key; any other key goes back.
    Ask(Question),
}

/// Something to decide.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Question {
    pub(super) text: String,
    pub(super) answers: Vec<Answer>,
}

/// An answer to a [`Question`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Answer {
    pub(super) key: char,
    pub(super) label: String,
    pub(super) then: Then,
}

/// What follows from an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Then {
    Do(Request),
    Ask(Box<Question>),
}

/// What the outside is asked to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Request {
    /// End the program.
    Quit,
    /// Drain the host.
    Drain,
    /// Call the command of each extension that has one of this name.
    CallAll(&'static str),
    /// Call a command.
    Call {
        extension: String,
        command: String,
        arguments: Value,
    },
}

/// Which panel is to be fetched.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Wish {
    pub(super) panel: Option<String>,
    pub(super) id: Option<String>,
    pub(super) find: String,
}

impl State {
    /// The tabs from left to right.
    pub(super) fn tabs(&self) -> Vec<Tab> {
        let panels = self.panels.iter().map(|it| Tab::Panel(it.name.clone()));
        [Tab::Overview, Tab::Events]
            .into_iter()
            .chain(panels)
            .collect()
    }

    /// What is to be fetched for the present view.
    pub(super) fn wish(&self) -> Wish {
        let Tab::Panel(name) = &self.tab else {
            return Wish::default();
        };
        Wish {
            panel: Some(name.clone()),
            id: self.details.clone(),
            find: self.find.clone(),
        }
    }
}
