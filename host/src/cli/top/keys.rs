//! What keys change. Pure.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tig_plugin_api::panel::Action;

use super::super::panel::line::Ink;
use super::state::{Answer, Mode, Question, Request, State, Tab, Then};
use super::view::{row_count, selected};

/// Characters of a text to find.
const FIND_LENGTH_MAX: usize = 100;

/// Lines above and below the part of the screen that scrolls.
const FRAME_HEIGHT: usize = 3;

/// Takes in a key, and returns what is to be done.
pub(super) fn on_key(state: &mut State, key: KeyEvent) -> Option<Request> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return (key.code == KeyCode::Char('c')).then_some(Request::Quit);
    }
    state.notice = None;
    match std::mem::take(&mut state.mode) {
        Mode::View => on_view_key(state, key.code),
        // Any key goes back.
        Mode::Help => None,
        Mode::Why { topic, scroll } => {
            on_why_key(state, key.code, topic, scroll);
            None
        }
        Mode::Find => {
            on_find_key(state, key.code);
            None
        }
        Mode::Ask(question) => on_answer(state, question, key.code),
    }
}

fn on_view_key(state: &mut State, key: KeyCode) -> Option<Request> {
    let page = state.height.saturating_sub(FRAME_HEIGHT + 1).max(1);
    match key {
        KeyCode::Char('q') => return Some(Request::Quit),
        KeyCode::Tab | KeyCode::Right | KeyCode::Char('l') => next_tab(state, 1),
        KeyCode::BackTab | KeyCode::Left | KeyCode::Char('h') => next_tab(state, -1),
        KeyCode::Up | KeyCode::Char('k') => move_by(state, -1),
        KeyCode::Down | KeyCode::Char('j') => move_by(state, 1),
        KeyCode::PageUp => move_by(state, -(page as isize)),
        KeyCode::PageDown => move_by(state, page as isize),
        KeyCode::Home | KeyCode::Char('g') => move_by(state, isize::MIN),
        KeyCode::End | KeyCode::Char('G') => move_by(state, isize::MAX),
        KeyCode::Enter => open_details(state),
        KeyCode::Esc | KeyCode::Backspace => go_back(state),
        KeyCode::Char('/') => {
            state.find.clear();
            state.mode = Mode::Find;
        }
        KeyCode::Char('?') => state.mode = Mode::Help,
        KeyCode::Char('w') => {
            let topic = selected(state).map(|row| row.id);
            state.mode = Mode::Why { topic, scroll: 0 };
        }
        KeyCode::Char('p') => state.mode = Mode::Ask(pause_or_resume()),
        KeyCode::Char('d') => state.mode = Mode::Ask(drain()),
        KeyCode::Char('c') => return act(state),
        _ => {}
    }
    None
}

fn on_why_key(state: &mut State, key: KeyCode, topic: Option<String>, scroll: usize) {
    let page = state.height.saturating_sub(FRAME_HEIGHT + 1).max(1);
    let (topic, scroll) = match key {
        KeyCode::Up | KeyCode::Char('k') => (topic, scroll.saturating_sub(1)),
        KeyCode::Down | KeyCode::Char('j') => (topic, scroll + 1),
        KeyCode::PageUp => (topic, scroll.saturating_sub(page)),
        KeyCode::PageDown => (topic, scroll + page),
        // All of them.
        KeyCode::Char('a') => (None, 0),
        _ => return,
    };
    state.mode = Mode::Why { topic, scroll };
}

fn on_find_key(state: &mut State, key: KeyCode) {
    match key {
        KeyCode::Enter => return,
        KeyCode::Esc => state.find.clear(),
        KeyCode::Backspace => {
            state.find.pop();
            state.mode = Mode::Find;
        }
        KeyCode::Char(char) => {
            if state.find.chars().count() < FIND_LENGTH_MAX {
                state.find.push(char);
            }
            state.mode = Mode::Find;
        }
        _ => state.mode = Mode::Find,
    }
    state.cursor = 0;
}

fn on_answer(state: &mut State, question: Question, key: KeyCode) -> Option<Request> {
    let KeyCode::Char(key) = key else { return None };
    let mut answers = question.answers.into_iter();
    let answer = answers.find(|answer| answer.key == key)?;
    match answer.then {
        Then::Do(request) => Some(request),
        Then::Ask(question) => {
            state.mode = Mode::Ask(*question);
            None
        }
    }
}

fn next_tab(state: &mut State, step: isize) {
    let tabs = state.tabs();
    let place = tabs.iter().position(|tab| *tab == state.tab).unwrap_or(0);
    let count = tabs.len() as isize;
    let next = (place as isize + step).rem_euclid(count) as usize;
    if let Some(tab) = tabs.into_iter().nth(next) {
        go_to(state, tab);
    }
}

/// Looks at another tab.
pub(super) fn go_to(state: &mut State, tab: Tab) {
    state.tab = tab;
    state.details = None;
    state.find.clear();
    forget_view(state);
}

fn forget_view(state: &mut State) {
    state.shown = None;
    state.cursor = 0;
    state.scroll = 0;
}

/// Moves to another row, or the text where there are no rows.
fn move_by(state: &mut State, step: isize) {
    match row_count(state) {
        0 => state.scroll = state.scroll.saturating_add_signed(step),
        count => {
            let present = state.cursor.min(count - 1);
            state.cursor = present.saturating_add_signed(step).min(count - 1);
        }
    }
}

fn open_details(state: &mut State) {
    let row = selected(state).filter(|row| row.has_details);
    match row {
        Some(row) if state.details.is_none() => {
            state.details = Some(row.id);
            forget_view(state);
        }
        _ => {}
    }
}

fn go_back(state: &mut State) {
    if state.details.take().is_some() {
        forget_view(state);
    } else {
        state.find.clear();
    }
}

fn pause_or_resume() -> Question {
    let answer = |key, command: &'static str| Answer {
        key,
        label: command.to_owned(),
        then: Then::Do(Request::CallAll(command)),
    };
    Question {
        text: "Begin no new work, or begin it again?".to_owned(),
        answers: vec![answer('p', "pause"), answer('r', "resume")],
    }
}

fn drain() -> Question {
    yes(
        "Drain the host? Extensions finish their work and begin no more, then the host ends.",
        Request::Drain,
    )
}

fn yes(text: &str, request: Request) -> Question {
    Question {
        text: text.to_owned(),
        answers: vec![Answer {
            key: 'y',
            label: "yes".to_owned(),
            then: Then::Do(request),
        }],
    }
}

/// Does what can be done with the selected row, or asks which of several things.
fn act(state: &mut State) -> Option<Request> {
    let actions = selected(state).map(|row| row.actions).unwrap_or_default();
    match &actions[..] {
        [] => {
            let text = "this row has no actions".to_owned();
            state.notice = Some((Ink::Warning, text));
            None
        }
        [action] => match then(action) {
            Then::Do(request) => Some(request),
            Then::Ask(question) => {
                state.mode = Mode::Ask(*question);
                None
            }
        },
        several => {
            let answers = several.iter().zip('1'..='9').map(|(action, key)| Answer {
                key,
                label: action.label.clone(),
                then: then(action),
            });
            state.mode = Mode::Ask(Question {
                text: "Which?".to_owned(),
                answers: answers.collect(),
            });
            None
        }
    }
}

fn then(action: &Action) -> Then {
    let request = Request::Call {
        extension: action.extension.clone(),
        command: action.command.clone(),
        arguments: action.arguments.clone(),
    };
    if action.confirm.is_empty() {
        Then::Do(request)
    } else {
        Then::Ask(Box::new(yes(&action.confirm, request)))
    }
}
