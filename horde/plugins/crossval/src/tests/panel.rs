//! `GET /operator/panel/pool`.

use tig_plugin_api::panel::{Figure, Panel, PlotSeries, Row, Table, Tone, Widget};

use super::bucket_checks::*;
use super::*;
use crate::limits::STATION_FAILURES_MIN;

const PANEL: &str = "pool";
const SHORTAGE: &str = "Last batch that lacked samples";

fn panel(harness: &mut Harness<Crossval>) -> Panel {
    harness.panel(PANEL, "").unwrap()
}

/// The figures under this title.
fn figures(panel: &Panel, wanted: &str) -> Option<Vec<Figure>> {
    let mut figures = panel.widgets.iter().filter_map(|widget| match widget {
        Widget::Figures { title, figures } if title == wanted => Some(figures.clone()),
        _ => None,
    });
    figures.next()
}

/// Value and note of a figure.
fn figure(panel: &Panel, title: &str, label: &str) -> (Value, String) {
    let figures = figures(panel, title).unwrap().into_iter();
    let mut found = figures.filter(|figure| figure.label == label);
    let figure = found.next().unwrap_or_else(|| panic!("no figure {label}"));
    (figure.value, figure.note)
}

fn table(panel: &Panel, title: &str) -> Table {
    let mut tables = panel.widgets.iter().filter_map(|widget| match widget {
        Widget::Table(table) => Some(table),
        _ => None,
    });
    let table = tables.find(|table| table.title == title);
    table.unwrap_or_else(|| panic!("no table {title}")).clone()
}

fn row(panel: &Panel, title: &str, id: &str) -> Row {
    let mut rows = table(panel, title).rows.into_iter();
    rows.find(|row| row.id == id)
        .unwrap_or_else(|| panic!("no row {id}"))
}

fn text(row: &Row, key: &str) -> String {
    let cell = row.cells[key].as_str();
    cell.unwrap_or_else(|| panic!("{key} of {row:?}"))
        .to_owned()
}

fn assert_begins(text: &str, expected: &str) {
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn panel_without_config_says_what_is_missing() {
    let panel = panel(&mut harness(&json!({})));
    assert_eq!((panel.title.as_str(), panel.order), ("Pool of prompts", 30));
    let miner = figure(&panel, "", "Trusted miner");
    assert_eq!(miner, (json!("not configured"), String::new()));
    let buckets = table(&panel, "Buckets");
    assert_eq!((buckets.rows.len(), buckets.rows_total), (0, 0));
    assert!(!buckets.empty.is_empty());
    let stations = table(&panel, "Stations");
    assert_eq!((stations.rows.len(), stations.rows_total), (4, 4));
    for row in &stations.rows {
        let state = "waits: no buckets are configured";
        assert_eq!(
            (text(row, "state").as_str(), row.tone),
            (state, Tone::Neutral)
        );
    }
    assert_eq!(figures(&panel, SHORTAGE), None);
}

#[test]
fn figures_count_the_pool() {
    // One workload of two samples is answered, the other one waits.
    let mut world = World::with_series();
    world.settle();
    let asked = world.asked();
    world.solve(&asked);
    world.settle();
    let panel = panel(&mut world.harness);
    let of_four = |value: u64| (json!(value), "of 4 wanted".to_owned());
    assert_eq!(figure(&panel, "", "Samples ready"), of_four(2));
    assert_eq!(figure(&panel, "", "Series usable"), of_four(4));
    assert_eq!(figure(&panel, "", "Workloads"), (json!(1), String::new()));
    let doomed = world.report()["objects_to_delete"].clone();
    assert_ne!(doomed, 0);
    assert_eq!(figure(&panel, "", "Objects to delete").0, doomed);
    assert_eq!(figure(&panel, "", "Trusted miner").0, "configured");
    let counts = |id: &str| {
        let row = row(&panel, "Stations", id);
        let count = |key: &str| row.cells[key].as_u64().unwrap();
        (count("filled"), count("wanted"), row.tone)
    };
    assert_eq!(counts("generation"), (4, 4, Tone::Good));
    assert_eq!(counts("sampling"), (4, 4, Tone::Good));
    assert_eq!(counts("upload"), (1, 1, Tone::Good));
    assert_eq!(counts("answering"), (2, 4, Tone::Good));
}

#[test]
fn columns_and_cells_of_rows_have_the_same_keys() {
    let panel = panel(&mut World::start().harness);
    for title in ["Stations", "Buckets"] {
        let table = table(&panel, title);
        let mut keys: Vec<_> = table.columns.iter().map(|column| &column.key).collect();
        keys.sort();
        assert!(!table.rows.is_empty(), "{title}");
        for row in &table.rows {
            assert_eq!(row.cells.keys().collect::<Vec<_>>(), keys, "{title}");
        }
    }
}

#[test]
fn station_gets_worse_with_failures_in_succession() {
    let mut world = World::start();
    world.up();
    let generation = |world: &mut World| row(&panel(&mut world.harness), "Stations", "generation");
    let before = generation(&mut world);
    assert_eq!(before.tone, Tone::Neutral, "it has done nothing yet");
    assert_begins(&text(&before, "state"), "runs generation of prompts: ");
    for key in ["paused_until", "last_failure"] {
        assert_eq!(before.cells[key], Value::Null, "{key}");
    }
    for failures in 1..=STATION_FAILURES_MIN {
        let asked = world.wait_for_job();
        world.over(&asked, &failed());
        let row = generation(&mut world);
        let tone = match failures {
            STATION_FAILURES_MIN => Tone::Bad,
            _ => Tone::Warning,
        };
        assert_eq!((&row.cells["failures"], row.tone), (&json!(failures), tone));
        assert_eq!(text(&row, "state"), "pauses after a failure");
        let until_ms = row.cells["paused_until"].as_u64().unwrap();
        assert!(until_ms > world.harness.now_ms(), "{until_ms}");
        let reason = "the job has failed with status 1: \"no GPU\\n\"";
        assert_eq!(text(&row, "last_failure"), reason);
    }
    let asked = world.wait_for_job();
    world.generate(&asked);
    let after = generation(&mut world);
    assert_eq!(
        (&after.cells["failures"], after.tone),
        (&json!(0), Tone::Good)
    );
    assert_eq!(after.cells["paused_until"], Value::Null);
}

#[test]
fn bucket_shows_faults_with_their_remedy() {
    let mut harness = begun();
    let bucket = |harness: &mut Harness<Crossval>, id: &str| row(&panel(harness), "Buckets", id);
    let before = bucket(&mut harness, "prompts");
    assert_eq!(text(&before, "state"), "not checked yet");
    assert_eq!(before.tone, Tone::Neutral);
    assert_eq!(before.cells["checked"], Value::Null);
    answer(&mut harness, |step, call| match step {
        "read" if is_of_prompts(call) => Some(error(403, "AccessDenied")),
        "list" => Some(plain(200, "<ListBucketResult>")),
        _ => None,
    });
    let checked_ms = json!(harness.now_ms());
    let broken = bucket(&mut harness, "prompts");
    assert_eq!(
        (text(&broken, "state").as_str(), broken.tone),
        ("does not work", Tone::Bad)
    );
    assert_eq!(broken.cells["checked"], checked_ms);
    let faults = text(&broken, "faults");
    for part in [
        "objects cannot be read without a key: ",
        "(remedy: let anybody read objects: ",
        "; anybody can list the objects, ",
        "(remedy: remove s3:ListBucket for everybody ",
    ] {
        assert!(faults.contains(part), "{part}: {faults}");
    }
    // Jobs can use it, but there is something to mend.
    let open = bucket(&mut harness, "answers");
    assert_eq!(
        (text(&open, "state").as_str(), open.tone),
        ("works", Tone::Warning)
    );
    assert_begins(&text(&open, "faults"), "anybody can list the objects, ");
}

#[test]
fn bucket_that_keeps_deletions_to_itself_is_good() {
    let mut harness = begun();
    answer(&mut harness, |step, call| {
        (step == "delete" && is_of_prompts(call)).then(|| error(403, "AccessDenied"))
    });
    let panel = panel(&mut harness);
    let note = row(&panel, "Buckets", "prompts");
    assert_eq!(
        (text(&note, "state").as_str(), note.tone),
        ("works", Tone::Good)
    );
    assert_begins(&text(&note, "faults"), "objects cannot be deleted: ");
    let good = row(&panel, "Buckets", "answers");
    assert_eq!(
        (&good.cells["faults"], good.tone),
        (&Value::Null, Tone::Good)
    );
}

#[test]
fn last_shortage_is_shown_once_there_is_one() {
    let mut world = World::full();
    assert_eq!(figures(&panel(&mut world.harness), SHORTAGE), None);
    world.want("batch\n1", &[("a", 7)]);
    let at_ms = world.harness.now_ms();
    let panel = panel(&mut world.harness);
    assert_eq!(figure(&panel, SHORTAGE, "At").0, at_ms);
    assert_eq!(figure(&panel, SHORTAGE, "Batch").0, "batch\\n1");
    let missing = figure(&panel, SHORTAGE, "Executors not tested");
    assert_eq!(missing, (json!(3), "of 7".to_owned()));
    let reason = figure(&panel, SHORTAGE, "Reason").0;
    assert_begins(reason.as_str().unwrap(), "the pool has no more samples");
}

#[test]
fn unreliable_miner_is_noted_at_its_figure() {
    let (mut world, asked) = judge::next_day();
    let note = |world: &mut World| figure(&panel(&mut world.harness), "", "Trusted miner").1;
    assert_eq!(note(&mut world), "");
    let mut solved = world.solved(&asked);
    let answers = solved.as_object_mut().unwrap().values_mut();
    answers.for_each(|answer| *answer = json!("another answer"));
    let path = asked.uploads()[0].clone();
    world.objects.insert(path, solved.to_string().into_bytes());
    world.over(&asked, &finished());
    world.settle();
    assert_begins(&note(&mut world), "not reliable");
}

/// The output of a job may quote one: whoever reads it must not get the signature. A query of another kind stays in the log and at
/// `GET /horde/pool`, since it may say what is wrong.
#[test]
fn query_of_a_presigned_url_is_shown_nowhere() {
    let url = "https://s3.example.org/a?part=b&X-Amz-Signature=5ec7e7";
    for (stderr, kept) in [
        (
            format!("no PUT to {url}"),
            "no PUT to https://s3.example.org/a?part=b",
        ),
        (
            "no PUT to {'x-amz-signature': '5ec7e7'}".to_owned(),
            "no PUT to {",
        ),
    ] {
        let mut world = World::start();
        world.up();
        let asked = world.asked();
        let outcome =
            json!({ "outcome": "failed", "exit_status": 1, "stdout": "", "stderr": stderr });
        world.over(&asked, &outcome);
        let stored = format!("{:?}", world.harness.stored());
        let logged = format!("{:?}", world.harness.logs());
        for text in [stored, logged, world.report().to_string()] {
            assert!(text.contains(kept) && !text.contains("5ec7e7"), "{text}");
        }
        let panel = panel(&mut world.harness);
        let failure = text(&row(&panel, "Stations", "generation"), "last_failure");
        assert!(failure.contains("no PUT to "), "{failure}");
        let shown = serde_json::to_string(&panel).unwrap();
        assert!(!shown.contains("5ec7e7"), "{shown}");
    }
}

#[test]
fn plots_are_of_metrics_that_are_reported() {
    let mut world = World::full();
    let panel = panel(&mut world.harness);
    let plots = panel.widgets.iter().filter_map(|widget| match widget {
        Widget::Plot { series, .. } => Some(series),
        _ => None,
    });
    let series: Vec<&PlotSeries> = plots.flatten().collect();
    let metrics: Vec<_> = series.iter().map(|series| &series.metric[..]).collect();
    let expected = [
        "tig_extension_llm_samples_ready",
        "tig_extension_llm_series",
    ];
    assert_eq!(metrics, expected);
    for series in series {
        let name = series.metric.strip_prefix("tig_extension_").unwrap();
        assert_eq!(world.harness.metric(name, &[]), Some(4.0), "{name}");
        assert_eq!(series.labels["extension"], "horde_crossval");
        assert!(!series.is_rate, "{name}");
    }
}

#[test]
fn malformed_query_is_a_bad_request() {
    let mut harness = harness(&section());
    let mut status = |query: &str| {
        let path = format!("/operator/panel/{PANEL}?{query}");
        harness.request("GET", &path, &[], "").unwrap().status
    };
    assert_eq!(status("limit=many"), 400);
    assert_eq!(status("find=upload&offset=1&limit=1"), 200);
}
