//! The panel `slaves`, as the page and the terminal ask for it.

use tig_plugin_api::panel::{Panel, Row, Table, Tone, Widget};

use super::*;

fn reply(manager: &mut Manager, query: &str) -> HttpReply {
    let path = format!("/operator/panel/slaves{query}");
    manager.request("GET", &path, &[], "").unwrap()
}

fn panel(manager: &mut Manager, query: &str) -> Panel {
    let reply = reply(manager, query);
    assert_eq!(reply.status, 200);
    serde_json::from_slice(&reply.body).unwrap()
}

fn tables(panel: &Panel) -> Vec<&Table> {
    let tables = panel.widgets.iter().filter_map(|widget| match widget {
        Widget::Table(table) => Some(table),
        _ => None,
    });
    tables.collect()
}

fn figure(panel: &Panel, wanted: &str) -> Value {
    let figures = panel.widgets.iter().find_map(|widget| match widget {
        Widget::Figures { figures, .. } => Some(figures),
        _ => None,
    });
    let mut figures = figures.unwrap().iter();
    figures
        .find(|figure| figure.label == wanted)
        .unwrap()
        .value
        .clone()
}

fn states(panel: &Panel) -> Vec<(String, String)> {
    let rows = tables(panel)[0].rows.iter();
    rows.map(|row| {
        (
            row.id.clone(),
            row.cells["state"].as_str().unwrap().to_owned(),
        )
    })
    .collect()
}

fn commands(row: &Row) -> Vec<&str> {
    row.actions
        .iter()
        .map(|action| action.command.as_str())
        .collect()
}

/// `ann` works, `bob` is idle, `cid` is in quarantine, `dan` is cordoned and was never seen.
fn fleet() -> Manager {
    let mut manager = start();
    for start_nonce in [0, 4, 8] {
        manager.event("new_batch", batch(ID, start_nonce, &[]));
    }
    let convicted = json!({ "slave": "cid", "benchmark_id": ID, "start_nonce": 8, "witnesses": ["ann", "bob"],
        "stated": "11".repeat(32), "agreed": "22".repeat(32) });
    manager.event("slave_convicted", convicted);
    manager
        .command("cordon", &json!({ "slave": "dan" }))
        .unwrap();
    let held = get(&mut manager, "bob").unwrap();
    post(&mut manager, "bob", &held, &result(&held));
    manager.advance_ms(1_000);
    get(&mut manager, "ann").unwrap();
    manager.update();
    manager.advance_ms(30_000);
    manager.update();
    manager
}

#[test]
fn fleet_is_shown_with_its_rates_and_troubles_first() {
    let mut manager = fleet();
    let panel = panel(&mut manager, "");
    assert_eq!((panel.title.as_str(), panel.order), ("Slaves", 40));
    let expected = [
        ("cid", "quarantined"),
        ("dan", "cordoned"),
        ("ann", "working"),
        ("bob", "idle"),
    ];
    let expected = expected.map(|(name, state)| (name.to_owned(), state.to_owned()));
    assert_eq!(states(&panel), expected);
    assert_eq!(figure(&panel, "Slaves present"), 2);
    assert_eq!(figure(&panel, "With work"), 0.5);
    assert_eq!(figure(&panel, "Batches waiting"), 1);
    assert_eq!(figure(&panel, "In quarantine"), 1);
    assert!(figure(&panel, "Nonces per second, 1 min").as_f64().unwrap() > 0.05);
    let rows = &tables(&panel)[0].rows;
    assert_eq!(rows[0].tone, Tone::Bad);
    assert_eq!(commands(&rows[0]), ["cordon", "pardon"]);
    assert_eq!(commands(&rows[1]), ["uncordon"]);
    assert_eq!(rows[1].actions[0].arguments, json!({ "slave": "dan" }));
    let ann = &rows[2].cells;
    assert_eq!((&ann["leased"], &ann["batches"]), (&json!(1), &json!(0)));
    assert!(ann["busy_share"].as_f64().unwrap() > 0.9, "{ann:?}");
    assert_eq!(rows[3].cells["batches"], 1);
    assert!(rows[3].cells["busy_share"].as_f64().unwrap() < 0.1);
}

#[test]
fn details_show_evidence_leases_and_reasons() {
    let mut manager = fleet();
    let cid = panel(&mut manager, "?id=cid");
    let evidence = tables(&cid).pop().unwrap().rows[0].cells.clone();
    assert_eq!(evidence["batch"], format!("{ID}_8"));
    let fault = evidence["fault"].as_str().unwrap();
    assert!(
        fault.contains("1111") && fault.contains("ann, bob found 2222"),
        "{fault}"
    );
    let ann = panel(&mut manager, "?id=ann");
    assert_eq!(tables(&ann)[1].rows[0].cells["batch"], format!("{ID}_4"));
    let body = json!({ "reason": "no disk", "retry_ms": 30_000 }).to_string();
    let path = format!("/release-batch/{ID}_4");
    manager
        .request("POST", &path, &[("user-agent", "ann")], body)
        .unwrap();
    let ann = panel(&mut manager, "?id=ann");
    assert_eq!(tables(&ann)[2].rows[0].cells["reason"], "no disk");
    assert_eq!(states(&ann), [("ann".to_owned(), "cannot run".to_owned())]);
    assert_eq!(states(&panel(&mut manager, "?id=dan"))[0].1, "cordoned");
    assert_eq!(reply(&mut manager, "?id=eve").status, 404);
    assert_eq!(reply(&mut manager, "?limit=x").status, 400);
}

#[test]
fn rows_are_paged_and_found() {
    let mut manager = start();
    for number in 0..30 {
        get(&mut manager, &format!("rig{number:02}"));
    }
    let page = panel(&mut manager, "?offset=10&limit=5");
    let rows = &tables(&page)[0];
    assert_eq!((rows.rows_total, rows.rows.len()), (30, 5));
    assert_eq!(rows.rows[0].id, "rig10");
    let found = panel(&mut manager, "?find=RIG2");
    assert_eq!(tables(&found)[0].rows_total, 10);
    assert_eq!(
        tables(&panel(&mut manager, "?find=cordoned"))[0].rows_total,
        0
    );

    let reply = manager.request("GET", "/slaves?offset=10&limit=5", &[], "");
    let report: Value = serde_json::from_slice(&reply.unwrap().body).unwrap();
    assert_eq!(report["slaves_total"], 30);
    assert_eq!(report["slaves"].as_array().unwrap().len(), 5);
    assert_eq!(report["slaves"][0]["name"], "rig10");
    assert_eq!(slaves(&mut manager)["slaves"].as_array().unwrap().len(), 30);
}

/// Names are shown as they are, for whoever renders them escapes them; but none is long or has control characters.
#[test]
fn hostile_names_stay_bounded_and_printable() {
    let mut manager = start();
    let name = format!(
        "<img src=x onerror=alert(1)>\u{1b}[31m{}",
        "y".repeat(10_000)
    );
    get(&mut manager, &name);
    let panel = panel(&mut manager, "");
    let id = &tables(&panel)[0].rows[0].id;
    assert!(
        id.starts_with("<img src=x") && id.chars().count() == 64,
        "{id}"
    );
    assert!(!id.chars().any(char::is_control), "{id}");
}
