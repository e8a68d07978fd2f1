//! Draws the state on a screen of any size. Pure, but for the screen.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Text;
use ratatui::widgets::{Clear, Paragraph};

use super::super::condition_text;
use super::super::panel::format::{Formatter, seconds_text};
use super::super::panel::line::{Ink, Line};
use super::super::panel::plot::Histories;
use super::super::panel::{self, Canvas};
use super::super::shown_text::width;
use super::state::{Mode, State, Tab};
use super::view::{body, row_count};
use crate::control::report::ConditionReport;

const KEYS: &str =
    "q quit  tab next  / find  enter details  c act  p pause  d drain  w why  ? help";

const HELP: [(&str, &str); 13] = [
    ("q, Ctrl-C", "end this program; the host goes on"),
    ("tab, right, l", "next tab"),
    ("shift-tab, left, h", "tab before"),
    ("up, down, k, j", "select a row"),
    ("page up, page down", "a screen up or down"),
    ("home, end, g, G", "first or last row"),
    ("enter", "details of the row, where it has some"),
    ("esc", "back from details; show all rows again"),
    ("/", "show only rows with a text"),
    ("c", "act on the row: cordon, pardon, and so on"),
    ("p", "pause or resume: whether new work is begun"),
    ("d", "drain the host, after a question"),
    ("w", "why: conditions about the row, or all of them"),
];

/// Draws everything.
pub(super) fn render(state: &State, has_colours: bool, frame: &mut Frame<'_>) {
    let parts = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(1),
    ]);
    let [head, tabs, body, foot] = parts.areas(frame.area());
    let screen = Screen { has_colours };
    screen.put(frame, head, &[header(state)]);
    frame.render_widget(Paragraph::new(tab_line(state, tabs.width.into())), tabs);
    screen.body(state, frame, body);
    screen.put(frame, foot, &[footer(state)]);
}

struct Screen {
    has_colours: bool,
}

impl Screen {
    fn put(&self, frame: &mut Frame<'_>, area: Rect, lines: &[Line]) {
        let lines = lines.iter().map(|line| line.on_screen(self.has_colours));
        frame.render_widget(Clear, area);
        frame.render_widget(Paragraph::new(Text::from_iter(lines)), area);
    }

    fn body(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        let (columns, height) = (usize::from(area.width), usize::from(area.height));
        let (lines, offset) = match &state.mode {
            Mode::Help => (help(), 0),
            Mode::Why { topic, scroll } => {
                let lines = why_lines(state, topic.as_deref(), columns);
                let offset = (*scroll).min(lines.len().saturating_sub(height));
                (lines, offset)
            }
            Mode::View | Mode::Find | Mode::Ask(_) => {
                let lines = body_lines(state, columns);
                let offset = offset(&lines, state, height);
                (lines, offset)
            }
        };
        let end = lines.len().min(offset + height);
        let seen = &lines[offset.min(end)..end];
        self.put(frame, area, seen);
        if matches!(state.mode, Mode::Help | Mode::Why { .. }) {
            return;
        }
        let selected = seen
            .iter()
            .position(|line| line.row == Some(selected_row(state)));
        if let Some(line) = selected {
            let row = Rect {
                y: area.y + line as u16,
                height: 1,
                ..area
            };
            frame
                .buffer_mut()
                .set_style(row, Style::new().add_modifier(Modifier::REVERSED));
        }
    }
}

fn selected_row(state: &State) -> usize {
    state.cursor.min(row_count(state).saturating_sub(1))
}

/// Lines that are scrolled away: the selected row is on the screen, and what is before the first or after the last row too.
fn offset(lines: &[Line], state: &State, height: usize) -> usize {
    let most = lines.len().saturating_sub(height);
    let selected = selected_row(state);
    let Some(place) = lines.iter().position(|line| line.row == Some(selected)) else {
        return state.scroll.min(most);
    };
    let is_last = selected + 1 == row_count(state);
    let wanted = match selected {
        0 => (place + 1).saturating_sub(height),
        _ if is_last => most.min(place),
        _ => place.saturating_sub(height / 2),
    };
    wanted.min(most)
}

fn header(state: &State) -> Line {
    let Some(status) = &state.status else {
        let mut line = Line::new(Ink::Strong, "tig-host  ");
        match &state.away {
            Some(reason) => push_away(&mut line, reason),
            None => line.push(Ink::Dim, "connecting"),
        }
        return line;
    };
    let mut line = Line::new(Ink::Strong, &format!("tig-host {}", status.version));
    if let Some(reason) = &state.away {
        line.push(Ink::Plain, "  ");
        push_away(&mut line, reason);
        return line;
    }
    line.push(
        Ink::Dim,
        &format!("  up {}", seconds_text(status.uptime_seconds)),
    );
    if status.draining {
        line.push(Ink::Warning, "  draining");
    }
    let severities = status.conditions.iter();
    let severities = severities.map(|it| it.standing.condition.severity);
    match condition_text::count_text(severities.clone()) {
        Some(text) => {
            let worst = severities.max().map_or(Ink::Plain, condition_text::ink);
            line.push(worst, &format!("  {text}"));
        }
        None => line.push(Ink::Good, "  nothing is wrong"),
    }
    let place = status.page.as_deref().unwrap_or(&status.address);
    line.push(Ink::Dim, &format!("  {place}"));
    line
}

fn push_away(line: &mut Line, reason: &str) {
    line.push(Ink::Bad, "host not reachable, trying");
    line.push(Ink::Dim, &format!(": {reason}"));
}

/// The tabs; those on the left give way if the present one would not be seen.
fn tab_line(state: &State, columns: usize) -> ratatui::text::Line<'static> {
    let tabs = state.tabs();
    let place = tabs.iter().position(|tab| *tab == state.tab).unwrap_or(0);
    let names: Vec<String> = tabs
        .iter()
        .map(|tab| {
            let name = match tab {
                Tab::Overview => "Overview",
                Tab::Events => "Events",
                Tab::Panel(name) => name,
            };
            format!(" {} ", super::super::shown_text::escaped(name))
        })
        .collect();
    let needed = |first: usize| -> usize { names[first..=place].iter().map(|it| width(it)).sum() };
    let first = (0..=place).find(|first| needed(*first) <= columns);
    let first = first.unwrap_or(place);
    let spans = names.into_iter().enumerate().skip(first);
    let spans = spans.map(|(index, name)| {
        let style = if index == place {
            Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD)
        } else {
            Style::new()
        };
        ratatui::text::Span::styled(name, style)
    });
    ratatui::text::Line::from_iter(spans)
}

fn body_lines(state: &State, columns: usize) -> Vec<Line> {
    let shown = match body(state) {
        Ok(panel) => panel,
        Err(reason) => return vec![Line::new(Ink::Dim, &reason)],
    };
    let histories = match (&state.tab, &state.shown) {
        (Tab::Panel(_), Some(shown)) => shown.histories.clone(),
        _ => Histories::NONE,
    };
    let canvas = Canvas {
        width: Some(columns),
        formatter: Formatter {
            now_ms: state.now_ms,
            has_short_ids: true,
        },
        histories,
    };
    panel::lines(&shown, &canvas)
}

fn help() -> Vec<Line> {
    let keys = HELP.iter().map(|(keys, what)| {
        let mut line = Line::default();
        line.push_fitted(Ink::Strong, keys, 20, false);
        line.push(Ink::Plain, what);
        line
    });
    keys.collect()
}

/// Conditions about `topic`, or all if none is about it.
fn why_lines(state: &State, topic: Option<&str>, columns: usize) -> Vec<Line> {
    let Some(status) = &state.status else {
        return vec![Line::new(Ink::Dim, "nothing is known yet")];
    };
    let is_meant =
        |it: &&ConditionReport| topic.is_none_or(|topic| condition_text::is_named(it, topic));
    let mut found: Vec<_> = status.conditions.iter().filter(is_meant).collect();
    let mut lines = Vec::new();
    if let Some(topic) = topic {
        let text = if found.is_empty() {
            found = status.conditions.iter().collect();
            format!("No condition is about {topic}. All conditions:")
        } else {
            format!("Conditions about {topic}; a for all:")
        };
        lines.push(Line::new(Ink::Dim, &text));
    }
    if found.is_empty() {
        lines.push(Line::new(Ink::Good, "nothing is wrong"));
    }
    let shown = found.into_iter();
    lines.extend(shown.flat_map(|it| condition_text::lines(it, state.now_ms, Some(columns))));
    lines
}

fn footer(state: &State) -> Line {
    match &state.mode {
        Mode::Find => {
            let mut line = Line::new(Ink::Strong, "find: ");
            line.push(Ink::Plain, &state.find);
            line.push(Ink::Dim, "_  enter keeps, esc shows all");
            line
        }
        Mode::Ask(question) => {
            let mut line = Line::new(Ink::Warning, &question.text);
            for answer in &question.answers {
                line.push(Ink::Strong, &format!("  {} ", answer.key));
                line.push(Ink::Plain, &answer.label);
            }
            line.push(Ink::Dim, "  esc back");
            line
        }
        Mode::Help => Line::new(Ink::Dim, "any key goes back"),
        Mode::Why { .. } => Line::new(Ink::Dim, "up, down; any other key goes back"),
        Mode::View => match &state.notice {
            Some((ink, text)) => Line::new(*ink, text),
            None if !state.find.is_empty() => {
                let text = format!("only rows with `{}`; esc shows all", state.find);
                Line::new(Ink::Dim, &text)
            }
            None => Line::new(Ink::Dim, KEYS),
        },
    }
}
