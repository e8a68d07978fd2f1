//! `GET /operator/panel/miners`.

use serde_json::{Value, json};
use tig_plugin_api::WsCloseClass;
use tig_plugin_api::panel::{Figure, Panel, PlotSeries, Row, Table, Tone, Widget};

use super::world::*;

const PANEL: &str = "miners";

fn show(world: &mut World, query: &str) -> Panel {
    world.0.panel(PANEL, query).unwrap()
}

fn tables(panel: &Panel) -> Vec<&Table> {
    let widgets = panel.widgets.iter();
    let tables = widgets.filter_map(|widget| match widget {
        Widget::Table(table) => Some(table),
        _ => None,
    });
    tables.collect()
}

fn figure(panel: &Panel, label: &str) -> Figure {
    let figures = panel.widgets.iter().filter_map(|widget| match widget {
        Widget::Figures { figures, .. } => Some(figures),
        _ => None,
    });
    let mut figures = figures.flatten();
    let figure = figures.find(|figure| figure.label == label);
    figure.unwrap_or_else(|| panic!("{label}")).clone()
}

/// Ids of the links of a page, and how many are found.
fn page(world: &mut World, query: &str) -> (String, u64) {
    let panel = show(world, query);
    let table = tables(&panel)[0];
    let ids: Vec<&str> = table.rows.iter().map(|row| row.id.as_str()).collect();
    (ids.join(" "), table.rows_total)
}

fn rows(panel: &Panel, table: usize) -> &[Row] {
    &tables(panel)[table].rows
}

/// Miner 1 is up, 2 open, 3 connecting, 4 pausing, 5 and 6 are down.
fn links_of_all_states() -> World {
    let mut world = start();
    world.link(&[1]);
    world
        .0
        .event("horde_links_wanted", links_wanted(&[1, 2, 3, 4, 5, 6]));
    for number in [2, 5, 6] {
        world.accept(number);
    }
    let tag = world.tag(4);
    world.0.ws_end(&tag, WsCloseClass::Timeout);
    for number in [5, 6] {
        world.frame(
            number,
            r#"{"message_type":"UnauthorizedError","code":"VALIDATOR_INACTIVE"}"#,
        );
    }
    world
}

#[test]
fn links_that_need_somebody_come_first() {
    let mut world = links_of_all_states();
    let panel = show(&mut world, "");
    assert_eq!((panel.title.as_str(), panel.order), ("Miners", 20));
    let rows = rows(&panel, 0).iter();
    let found: Vec<_> = rows
        .map(|row| (row.id.as_str(), row.cells["state"].clone(), row.tone))
        .collect();
    let expected = [
        ("5Miner5", "down", Tone::Bad),
        ("5Miner6", "down", Tone::Bad),
        ("5Miner4", "pausing", Tone::Warning),
        ("5Miner3", "connecting", Tone::Neutral),
        ("5Miner2", "open", Tone::Neutral),
        ("5Miner1", "up", Tone::Good),
    ];
    assert_eq!(
        found,
        expected.map(|(id, state, tone)| (id, json!(state), tone))
    );
}

#[test]
fn find_reads_hotkey_state_address_and_reason() {
    let mut world = links_of_all_states();
    for (find, expected) in [
        ("5MINER3", "5Miner3"),
        ("PAUS", "5Miner4"),
        ("127.0.0.1:8002", "5Miner2"),
        ("refuses THIS", "5Miner5 5Miner6"),
        ("nothing has this", ""),
    ] {
        let found = page(&mut world, &format!("find={}", find.replace(' ', "+")));
        let count = expected.split_whitespace().count() as u64;
        assert_eq!(found, (expected.to_owned(), count), "{find}");
    }
}

#[test]
fn page_has_its_rows_and_the_total() {
    let mut world = links_of_all_states();
    let found = page(&mut world, "offset=1&limit=2");
    assert_eq!(found, ("5Miner6 5Miner4".to_owned(), 6));
    let found = page(&mut world, "find=down&offset=1&limit=5");
    assert_eq!(found, ("5Miner6".to_owned(), 2));
}

#[test]
fn cells_of_a_row_follow_its_link() {
    let mut world = links_of_all_states();
    world.begin(&plans(&[(1, 1), (2, 1)]));
    let since_ms = world.0.now_ms();
    world.0.advance_ms(500);
    let panel = show(&mut world, "");
    let rows = rows(&panel, 0);
    let (down, pausing, up) = (&rows[0], &rows[2], &rows[5]);
    assert_eq!(up.cells["address"], "127.0.0.1:8001");
    assert_eq!(up.cells["jobs"], 2);
    assert_eq!(up.cells["executors"], format!("2 {CLASS}"));
    assert_eq!(up.cells["reason"], Value::Null);
    assert_eq!(up.cells["since"], since_ms);
    assert_eq!(down.cells["executors"], Value::Null);
    assert_eq!(down.cells["since"], Value::Null);
    let reason = "the miner refuses this validator: VALIDATOR_INACTIVE ";
    assert_eq!(down.cells["reason"], reason);
    let reason = "the miner did not complete the handshake in time";
    let found = pausing.cells["reason"].as_str().unwrap();
    assert!(found.starts_with(reason), "{found}");
    for column in &tables(&panel)[0].columns {
        assert!(up.cells.contains_key(&column.key), "{}", column.key);
    }
}

#[test]
fn link_up_again_has_no_reason() {
    let mut world = start();
    world.link(&[1]);
    world.0.advance_ms(20_000);
    world.drop_connection(1);
    let panel = show(&mut world, "");
    assert_ne!(rows(&panel, 0)[0].cells["reason"], Value::Null);
    world.accept(1);
    let panel = show(&mut world, "");
    assert_eq!(rows(&panel, 0)[0].cells["state"], "open");
    world.frame(1, &manifest());
    let panel = show(&mut world, "");
    assert_eq!(rows(&panel, 0)[0].cells["state"], "up");
    assert_eq!(rows(&panel, 0)[0].cells["reason"], Value::Null);
}

#[test]
fn open_link_shows_what_its_miner_reports() {
    let mut world = start();
    world.0.event("horde_links_wanted", links_wanted(&[1]));
    let tag = world.tag(1);
    world.0.ws_end(&tag, WsCloseClass::Timeout);
    world.0.advance_ms(3_001);
    world.accept(1);
    for (error, expected) in [(None, "handshake"), (Some("disk full"), "disk full")] {
        if let Some(details) = error {
            let error = json!({ "message_type": "GenericError", "details": details });
            world.frame(1, &error.to_string());
        }
        let panel = show(&mut world, "");
        let reason = &rows(&panel, 0)[0].cells["reason"];
        assert!(reason.as_str().unwrap().contains(expected), "{reason}");
    }
}

/// The link stays until its job is over.
#[test]
fn unwanted_link_and_group_of_a_user_are_marked() {
    let mut world = start();
    world.link(&[1]);
    let plans = plans(&[(1, 1)]);
    world.0.event("horde_jobs_made", jobs_made(&plans));
    let mut wanted = group_wanted(&plans);
    wanted["is_organic"] = json!(true);
    world.0.event("horde_group_wanted", wanted);
    world.0.event("horde_links_wanted", links_wanted(&[]));
    let panel = show(&mut world, "id=5Miner1");
    assert_eq!(figure(&panel, "Wanted by").value, "no extension");
    let groups = figure(&show(&mut world, ""), "Groups under way");
    assert_eq!(
        (groups.value, groups.note.as_str()),
        (json!(1), "1 of users")
    );
}

#[test]
fn figures_count_links_jobs_and_groups() {
    let mut world = links_of_all_states();
    world.begin(&plans(&[(1, 1), (2, 1)]));
    let panel = show(&mut world, "find=nothing");
    for (label, expected) in [
        ("Links up", 1),
        ("Links open", 1),
        ("Links connecting", 1),
        ("Links pausing", 1),
        ("Links down", 2),
        ("Jobs under way", 2),
        ("Groups under way", 1),
    ] {
        assert_eq!(figure(&panel, label).value, expected, "{label}");
    }
}

#[test]
fn details_show_the_link_and_its_jobs() {
    let mut world = start();
    world.link(&[1, 2]);
    world.begin_at("reserved", &[(1, 1), (2, 1), (3, 2)]);
    world.0.advance_ms(100);
    world.say(1, "AcceptJob", 1);
    world.say(1, "ExecutorReady", 1);
    let ready_ms = world.0.now_ms();
    world.0.advance_ms(100);
    let overview = show(&mut world, "");
    assert!(rows(&overview, 0).iter().all(|row| row.has_details));

    let panel = show(&mut world, "id=5Miner1");
    assert_eq!(panel.title, "Miner 5Miner1");
    let [link] = rows(&panel, 0) else {
        panic!("{panel:?}");
    };
    assert!(!link.has_details);
    assert_eq!(link.cells, rows(&overview, 0)[0].cells);
    assert_eq!(figure(&panel, "Wanted by").value, "horde_batch");
    let [ready, reserving] = rows(&panel, 1) else {
        panic!("{panel:?}");
    };
    assert_eq!((&ready.id, &reserving.id), (&uuid(1), &uuid(2)));
    assert_eq!(ready.cells["phase"], "ready");
    assert_eq!(ready.cells["group"], GROUP);
    assert_eq!(ready.cells["class"], CLASS);
    assert_eq!(ready.cells["due"], Value::Null, "it waits for the others");
    assert_eq!(ready.cells["since"], ready_ms);
    assert_eq!(reserving.cells["phase"], "reserving");
    assert!(reserving.cells["due"].as_u64() > Some(ready_ms));
}

/// What a user's job runs stands in its frames.
#[test]
fn details_have_no_frames() {
    let mut world = running();
    let text = serde_json::to_string(&show(&mut world, "id=5Miner1")).unwrap();
    assert!(text.contains(&uuid(1)));
    assert!(!text.contains("docker") && !text.contains("V0"), "{text}");
}

#[test]
fn jobs_of_details_are_searched_and_paged() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("reserved", &[(1, 1), (2, 1), (3, 1)]);
    world.say(1, "AcceptJob", 2);
    for (query, expected, total) in [
        ("offset=1&limit=1", 2, 3),
        ("find=ACCEPTED", 2, 1),
        ("find=000003", 3, 1),
    ] {
        let panel = show(&mut world, &format!("id=5Miner1&{query}"));
        let [job] = rows(&panel, 1) else {
            panic!("{query}: {panel:?}");
        };
        let found = (&job.id, tables(&panel)[1].rows_total);
        assert_eq!(found, (&uuid(expected), total), "{query}");
    }
}

#[test]
fn details_of_a_link_down_say_why() {
    let mut world = links_of_all_states();
    let panel = show(&mut world, "id=5Miner4");
    let due_ms = figure(&panel, "Next attempt").value.as_u64();
    assert!(due_ms > Some(world.0.now_ms()), "{due_ms:?}");
    let failure = figure(&panel, "Last failure").value;
    assert!(failure.as_str().unwrap().contains("handshake"));
    assert_eq!(figure(&panel, "Failures").value, 1);
    let panel = show(&mut world, "id=5Miner5");
    let reason = rows(&panel, 0)[0].cells["reason"].clone();
    assert!(reason.as_str().unwrap().contains("INACTIVE"));
    assert!(rows(&panel, 1).is_empty());
}

/// The validator's own miner has no hotkey.
#[test]
fn trusted_miner_has_an_id_and_details() {
    let mut world = start();
    let address = json!({ "hotkey": "", "host": "10.0.0.9", "port": 8000 });
    let wanted = json!({ "holder": "h", "miners": [address] });
    world.0.event("horde_links_wanted", wanted);
    assert_eq!(page(&mut world, "find=trusted").0, "trusted miner");
    let panel = show(&mut world, "id=trusted+miner");
    let row = &rows(&panel, 0)[0];
    assert_eq!(row.cells["hotkey"], "trusted miner");
    assert_eq!(row.cells["address"], "10.0.0.9:8000");
}

#[test]
fn control_characters_of_addresses_are_escaped() {
    let mut world = start();
    let address = json!({ "hotkey": "5\u{1b}", "host": "\u{1b}[1m", "port": 1 });
    let wanted = json!({ "holder": "h", "miners": [address] });
    world.0.event("horde_links_wanted", wanted);
    let panel = show(&mut world, "");
    let row = &rows(&panel, 0)[0];
    assert_eq!(row.cells["hotkey"], "5\\u{1b}");
    assert_eq!(row.cells["address"], "\\u{1b}[1m:1");
    assert_eq!(show(&mut world, "id=5%1b").title, "Miner 5\\u{1b}");
}

#[test]
fn unknown_id_is_404_and_malformed_query_400() {
    let mut world = links_of_all_states();
    for (query, expected) in [
        ("id=5Miner6", 200),
        ("id=5Miner7", 404),
        ("id=", 404),
        ("limit=many", 400),
        ("id=5Miner6&offset=-1", 400),
    ] {
        let path = format!("/operator/panel/{PANEL}?{query}");
        let reply = world.0.request("GET", &path, &[], "").unwrap();
        assert_eq!(reply.status, expected, "{query}");
    }
}

/// A series that the extension does not report would stay empty.
#[test]
fn plots_show_metrics_that_are_reported() {
    let mut world = running();
    world.say(1, "JobFinished", 1);
    world.0.update();
    let panel = show(&mut world, "");
    let plots = panel.widgets.iter().filter_map(|widget| match widget {
        Widget::Plot { series, .. } => Some(series),
        _ => None,
    });
    let series: Vec<&PlotSeries> = plots.flatten().collect();
    assert_eq!(series.len(), 2);
    for mut series in series.into_iter().cloned() {
        let extension = series.labels.remove("extension");
        assert_eq!(extension.as_deref(), Some("horde_miners"));
        let name = series.metric.strip_prefix("tig_extension_").unwrap();
        let counter = name.strip_suffix("_total");
        assert_eq!(series.is_rate, counter.is_some(), "{name}");
        let name = counter.unwrap_or(name);
        let labels: Vec<_> = series.labels.into_iter().collect();
        let metrics = world.0.metrics().into_iter();
        let mut shown = metrics.filter(|metric| {
            metric.name == name && labels.iter().all(|label| metric.labels.contains(label))
        });
        let value = shown.next().map(|metric| metric.value);
        assert_eq!(value, Some(1.0), "{name}");
    }
}
