//! What is on the screen: a panel, whether of an extension or of the host's own data.

use tig_plugin_api::panel::{Panel, Row};

use super::super::panel::rows;
use super::overview;
use super::state::{State, Tab};

/// The panel that is shown; the host's own data have the same form.
///
/// # Errors
///
/// What is shown in its place.
pub(super) fn body(state: &State) -> Result<Panel, String> {
    match &state.tab {
        Tab::Overview => Ok(overview::overview(state)),
        Tab::Events => Ok(overview::events(state)),
        Tab::Panel(_) => match &state.shown {
            Some(shown) => shown.panel.clone(),
            None if state.away.is_some() => Err(String::new()),
            None => Err("waiting for the panel".to_owned()),
        },
    }
}

/// Number of its rows.
pub(super) fn row_count(state: &State) -> usize {
    body(state).map_or(0, |panel| rows(&panel).count())
}

/// The selected row.
pub(super) fn selected(state: &State) -> Option<Row> {
    let panel = body(state).ok()?;
    let count = rows(&panel).count();
    let place = state.cursor.min(count.saturating_sub(1));
    rows(&panel).nth(place).cloned()
}
