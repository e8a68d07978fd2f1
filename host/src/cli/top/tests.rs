//! Keys and news in, screens out.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value, json};

use super::render::render;
use super::state::{Request, State, Tab};
use super::update::{Input, update};
use super::view::selected;
use crate::cli::panel::plot::Histories;

const NOW_MS: u64 = 784_111_777_000;

fn status() -> Value {
    let extension = |name: &str, state: &str, failed: u64| {
        json!({
            "name": name, "version": "1.4.0", "hash": "", "state": state, "reloads": 2, "code_bytes": 1, "waiting": 3,
            "handled": 12_345, "failed": failed, "last_failure": null, "rejected": null, "restarts": 0, "restores": 0,
            "unfinished": 0, "busy": null, "api_version": 3,
            "handlers": [{ "name": "new_block", "count": 4, "total_us": 8_000, "max_us": 5_000 }],
        })
    };
    json!({
        "version": "0.1.0", "pid": 7, "address": "127.0.0.1:5115", "uptime_seconds": 11_000, "draining": false,
        "page": "http://127.0.0.1:5115/operator/",
        "extensions": [extension("job_manager", "running", 0), extension("agent_manager", "stopped", 9)],
        "conditions": [{
            "extension": "agent_manager", "code": "quarantined", "subject": "mallory\u{1b}[2J\u{202e}", "severity": "critical",
            "text": "It sent a wrong root.", "remedy": "Look at its memory.", "since_ms": NOW_MS - 61_000,
        }],
    })
}

fn agents() -> Value {
    let action = |label: &str, command: &str, confirm: &str| {
        json!({
            "label": label, "extension": "agent_manager", "command": command, "arguments": { "agent": "b" },
            "confirm": confirm,
        })
    };
    json!({ "title": "Agents", "widgets": [{
        "kind": "table", "columns": [{ "key": "name", "label": "Agent" }], "rows_total": 3, "rows": [
            { "id": "a", "cells": { "name": "alice" }, "has_details": true },
            { "id": "b", "cells": { "name": "bob" }, "actions": [action("Cordon", "cordon", "Cordon bob?")] },
            { "id": "c", "cells": { "name": "carol" }, "actions": [
                action("Cordon", "cordon", "Cordon carol?"), action("Pardon", "pardon", ""),
            ] },
        ],
    }] })
}

fn started() -> State {
    let mut state = State::default();
    let panels = json!([{ "name": "agents", "extension": "agent_manager" }, { "name": "jobs", "extension": "job_manager" }]);
    for input in [
        Input::Height(24),
        Input::Tick(NOW_MS),
        Input::Status(serde_json::from_value(status()).unwrap()),
        Input::Panels(serde_json::from_value(panels).unwrap()),
    ] {
        assert_eq!(update(&mut state, input), None);
    }
    state
}

fn press(state: &mut State, key: KeyCode) -> Option<Request> {
    update(state, Input::Key(KeyEvent::new(key, KeyModifiers::NONE)))
}

fn press_char(state: &mut State, char: char) -> Option<Request> {
    press(state, KeyCode::Char(char))
}

/// Goes to the panel of agents.
fn at_agents() -> State {
    let mut state = started();
    press(&mut state, KeyCode::Tab);
    press(&mut state, KeyCode::Tab);
    assert_eq!(state.tab, Tab::Panel("agents".to_owned()));
    show(&mut state, agents());
    state
}

fn show(state: &mut State, panel: Value) {
    let input = Input::Panel {
        wish: state.wish(),
        panel: Ok(serde_json::from_value(panel).unwrap()),
        histories: Histories::NONE,
    };
    update(state, input);
}

fn screen(state: &State, columns: u16, lines: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(columns, lines)).unwrap();
    terminal.draw(|frame| render(state, true, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let rows = buffer.content().chunks(columns.into());
    rows.map(|row| {
        let line: String = row.iter().map(|cell| cell.symbol()).collect();
        line.trim_end().to_owned()
    })
    .collect()
}

#[test]
fn overview_shows_conditions_and_extensions() {
    let screen = screen(&started(), 100, 12);
    let expected = [
        "tig-host 0.1.0  up 3 h 3 min  1 critical  http://127.0.0.1:5115/operator/",
        " Overview  Events  agents  jobs",
        "Conditions",
        "    Severity  Code         Subject                         For  Text",
        r"!!  critical  quarantined  mallory\u{1b}[2J\u{202e}  1 min 1 s  It sent a wrong root.",
        "",
        "Extensions",
    ];
    assert_eq!(screen[..7], expected, "{screen:#?}");
    assert!(screen[7].starts_with("    Extension      Version  State    Waiting  Failed  Mean"));
    assert!(screen[8].starts_with("    job_manager    1.4.0    running        3       0  2 ms"));
    assert!(screen[9].starts_with("!!  agent_manager  1.4.0    stopped        3       9  2 ms"));
    assert!(screen[11].starts_with("q quit  tab next"), "{screen:#?}");
}

#[test]
fn screen_of_any_size_is_drawn() {
    let mut states = vec![State::default(), started(), at_agents()];
    for key in ['?', 'w', '/', 'p', 'd'] {
        let mut state = at_agents();
        press_char(&mut state, key);
        states.push(state);
    }
    for state in &states {
        for (columns, lines) in [(80, 24), (20, 5), (3, 2), (1, 1), (200, 4), (1, 60)] {
            screen(state, columns, lines);
        }
    }
}

#[test]
fn host_that_is_away_is_tried_again() {
    let mut state = started();
    update(&mut state, Input::Away("no answer".to_owned()));
    let away = screen(&state, 80, 10);
    assert_eq!(
        away[0],
        "tig-host 0.1.0  host not reachable, trying: no answer"
    );
    assert!(
        away[8].contains("job_manager"),
        "the last state stays: {away:#?}"
    );
    update(
        &mut state,
        Input::Status(serde_json::from_value(status()).unwrap()),
    );
    assert!(screen(&state, 80, 10)[0].contains("up 3 h"));
    let mut fresh = State::default();
    update(&mut fresh, Input::Away("nothing there".to_owned()));
    assert!(screen(&fresh, 80, 3)[0].contains("not reachable, trying: nothing there"));
}

#[test]
fn tabs_go_round_and_the_present_one_is_seen() {
    let mut state = started();
    press(&mut state, KeyCode::BackTab);
    assert_eq!(state.tab, Tab::Panel("jobs".to_owned()));
    assert_eq!(screen(&state, 14, 4)[1], " agents  jobs");
    assert_eq!(state.wish().panel.as_deref(), Some("jobs"));
    press(&mut state, KeyCode::Right);
    assert_eq!(state.tab, Tab::Overview);
}

#[test]
fn tab_of_an_extension_that_went_away_is_left() {
    let mut state = at_agents();
    update(&mut state, Input::Panels(Vec::new()));
    assert_eq!(state.tab, Tab::Overview);
}

#[test]
fn action_of_the_row_is_confirmed_before_the_call() {
    let mut state = at_agents();
    assert_eq!(press_char(&mut state, 'c'), None);
    assert!(screen(&state, 80, 9)[8].contains("no actions"));
    press(&mut state, KeyCode::Down);
    assert_eq!(press_char(&mut state, 'c'), None);
    assert_eq!(screen(&state, 80, 9)[8], "Cordon bob?  y yes  esc back");
    assert_eq!(press(&mut state, KeyCode::Esc), None);
    assert_eq!(press_char(&mut state, 'y'), None, "the question is gone");
    press_char(&mut state, 'c');
    let request = press_char(&mut state, 'y').unwrap();
    let Request::Call {
        command, arguments, ..
    } = request
    else {
        panic!("{request:?}");
    };
    assert_eq!(
        (command.as_str(), arguments),
        ("cordon", json!({ "agent": "b" }))
    );
}

#[test]
fn one_of_several_actions_is_chosen() {
    let mut state = at_agents();
    press(&mut state, KeyCode::End);
    press_char(&mut state, 'c');
    assert_eq!(
        screen(&state, 80, 9)[8],
        "Which?  1 Cordon  2 Pardon  esc back"
    );
    let request = press_char(&mut state, '2').unwrap();
    assert!(matches!(&request, Request::Call { command, .. } if command == "pardon"));
    update(
        &mut state,
        Input::Acted {
            is_done: false,
            text: "agent_manager: pardon ended with 3".to_owned(),
        },
    );
    assert_eq!(
        screen(&state, 80, 9)[8],
        "agent_manager: pardon ended with 3"
    );
}

#[test]
fn drain_and_pause_are_asked_for() {
    let mut state = started();
    press_char(&mut state, 'd');
    assert_eq!(press_char(&mut state, 'n'), None);
    press_char(&mut state, 'd');
    assert_eq!(press_char(&mut state, 'y'), Some(Request::Drain));
    press_char(&mut state, 'p');
    assert_eq!(
        press_char(&mut state, 'r'),
        Some(Request::CallAll("resume"))
    );
}

#[test]
fn find_is_sent_to_the_panel_and_shown() {
    let mut state = at_agents();
    press_char(&mut state, '/');
    for char in "bo".chars() {
        press_char(&mut state, char);
    }
    assert_eq!(state.wish().find, "bo");
    press(&mut state, KeyCode::Enter);
    assert!(screen(&state, 80, 9)[8].contains("only rows with `bo`"));
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.wish().find, "");
}

#[test]
fn find_narrows_the_overview() {
    let mut state = started();
    press_char(&mut state, '/');
    for char in "JOB_".chars() {
        press_char(&mut state, char);
    }
    let screen = screen(&state, 80, 12).join("\n");
    assert!(
        screen.contains("job_manager") && !screen.contains("agent_manager"),
        "{screen}"
    );
}

#[test]
fn details_open_and_close() {
    let mut state = at_agents();
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.wish().id.as_deref(), Some("a"));
    let widgets = json!([{ "kind": "figures", "figures": (0..50).map(|n| json!({ "label": n.to_string(), "value": n })).collect::<Vec<_>>() }]);
    show(&mut state, json!({ "title": "alice", "widgets": widgets }));
    press(&mut state, KeyCode::Down);
    assert_eq!(screen(&state, 80, 9)[2], "1   1");
    press(&mut state, KeyCode::End);
    assert_eq!(screen(&state, 80, 9)[7], "49  49");
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.wish().id, None);
}

#[test]
fn extension_has_its_handlers_for_details() {
    let mut state = started();
    press(&mut state, KeyCode::Down);
    press(&mut state, KeyCode::Enter);
    let screen = screen(&state, 80, 24).join("\n");
    assert!(screen.contains("job_manager"), "{screen}");
    assert!(screen.contains("new_block      4  2 ms  5 ms"), "{screen}");
}

#[test]
fn why_shows_remedies_of_the_selected_row() {
    let mut state = started();
    press_char(&mut state, 'w');
    let why = screen(&state, 80, 12).join("\n");
    assert!(why.contains("> Look at its memory."), "{why}");
    press_char(&mut state, 'x');
    let mut state = at_agents();
    press_char(&mut state, 'w');
    let why = screen(&state, 80, 12).join("\n");
    assert!(why.contains("No condition is about a. All"), "{why}");
}

#[test]
fn selected_row_is_followed_when_others_come() {
    let event = |seq: u64| json!({ "seq": seq, "at_ms": NOW_MS, "extension": "a", "name": format!("event_{seq}"), "payload": { "n": seq } });
    let page = |seqs: std::ops::Range<u64>| {
        let events: Vec<Value> = seqs.clone().map(event).collect();
        let page = json!({ "events": events, "next": seqs.end, "lost": 0 });
        Input::Events(serde_json::from_value(page).unwrap())
    };
    let mut state = started();
    press(&mut state, KeyCode::Tab);
    update(&mut state, page(1..4));
    press(&mut state, KeyCode::Down);
    assert_eq!(selected(&state).unwrap().id, "2");
    update(&mut state, page(4..6));
    assert_eq!(selected(&state).unwrap().id, "2");
    update(&mut state, page(6..1_000));
    assert_eq!(state.events.len(), 500);
    press(&mut state, KeyCode::Home);
    assert_eq!(selected(&state).unwrap().id, "999");
}

#[test]
fn last_row_of_many_is_on_the_screen() {
    let rows: Vec<Value> = (0..300)
        .map(|n| json!({ "id": n.to_string(), "cells": { "name": format!("agent {n}") } }))
        .collect();
    let table = json!({ "kind": "table", "columns": [{ "key": "name", "label": "Agent" }], "rows": rows, "rows_total": 999 });
    let mut state = at_agents();
    show(&mut state, json!({ "title": "Agents", "widgets": [table] }));
    press(&mut state, KeyCode::End);
    let lines = screen(&state, 80, 24);
    assert_eq!(lines[21], "agent 299");
    assert_eq!(lines[22], "300 of 999 rows");
    press(&mut state, KeyCode::PageUp);
    assert!(screen(&state, 80, 24).contains(&"agent 279".to_owned()));
}

#[test]
fn control_c_and_a_closed_terminal_end_it() {
    let mut state = started();
    press_char(&mut state, '/');
    let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(update(&mut state, Input::Key(key)), Some(Request::Quit));
    assert_eq!(update(&mut state, Input::Closed), Some(Request::Quit));
    assert_eq!(press_char(&mut started(), 'q'), Some(Request::Quit));
}
