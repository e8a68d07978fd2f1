//! The panel `pool`: the pool of prompts for the operator's page and `tig-host top`.

use horde_extension::shown;
use serde_json::json;
use tig_plugin_api::panel::{Column, Figure, Format, Panel, PlotSeries, Row, Table, Tone, Widget};

use crate::bucket::Bucket;
use crate::bucket_check::BucketFault;
use crate::conditions::{failures_min, without_query};
use crate::live::Shortage;
use crate::station::StationName;
use crate::view::{BucketView, PoolView, StationView, TrustedMinerView};

/// Place among the panels.
const ORDER: u32 = 30;

/// Plots: title and metric.
const PLOTS: [(&str, &str); 2] = [
    ("Samples ready", "tig_extension_llm_samples_ready"),
    ("Series of prompts", "tig_extension_llm_series"),
];

pub(crate) fn panel(view: &PoolView<'_>) -> Panel {
    let mut widgets = vec![
        figures(view),
        Widget::Table(stations(view)),
        Widget::Table(buckets(view)),
    ];
    widgets.extend(view.last_shortage.map(last_shortage));
    widgets.extend(PLOTS.map(plot));
    Panel {
        title: "Pool of prompts".to_owned(),
        order: ORDER,
        widgets,
    }
}

fn figures(view: &PoolView<'_>) -> Widget {
    let number = |label: &str, count: usize| Figure::new(label, json!(count), Format::Number);
    let of_wanted = |label: &str, count: usize, wanted: usize| {
        number(label, count).with_note(format!("of {wanted} wanted"))
    };
    let (samples, series) = (&view.samples, &view.series);
    Widget::Figures {
        title: String::new(),
        figures: vec![
            of_wanted("Samples ready", samples.ready, samples.wanted),
            of_wanted("Series usable", series.usable, series.wanted),
            number("Workloads", view.workload_count),
            number("Objects to delete", view.objects_to_delete),
            trusted_miner(&view.trusted_miner),
        ],
    }
}

fn trusted_miner(view: &TrustedMinerView<'_>) -> Figure {
    let text = match view.is_configured {
        true => "configured",
        false => "not configured",
    };
    let is_unreliable = view.checks.as_ref().is_some_and(|it| !it.is_reliable);
    let note = match is_unreliable {
        true => "not reliable: its samples are not used",
        false => "",
    };
    Figure::new("Trusted miner", json!(text), Format::Text).with_note(note)
}

fn stations(view: &PoolView<'_>) -> Table {
    let rows = view.stations.iter();
    let rows: Vec<Row> = rows
        .map(|(name, station)| station_row(*name, station))
        .collect();
    Table {
        title: "Stations".to_owned(),
        columns: vec![
            Column::new("name", "Station", Format::Text),
            // A sentence, which a column of states would not wrap.
            Column::new("state", "State", Format::Text),
            Column::new("filled", "Filled", Format::Number),
            Column::new("wanted", "Wanted", Format::Number),
            Column::new("failures", "Failures in succession", Format::Number),
            Column::new("paused_until", "Paused until", Format::Time),
            Column::new("last_failure", "Last failure", Format::Text),
        ],
        rows_total: rows.len() as u64,
        rows,
        empty: String::new(),
    }
}

fn station_row(name: StationName, station: &StationView<'_>) -> Row {
    let failure = station.last_failure;
    let cells = [
        ("name", json!(name.text())),
        ("state", json!(station.state)),
        ("filled", json!(station.filled)),
        ("wanted", json!(station.target)),
        ("failures", json!(station.failures_in_succession)),
        ("paused_until", json!(station.paused_until_ms)),
        (
            "last_failure",
            json!(failure.map(|failure| without_query(&failure.reason))),
        ),
    ];
    Row::new(name.text(), cells).with_tone(station_tone(name, station))
}

/// Bad from the failures on that are a condition. A station that has done nothing yet is not good: it may wait for the config.
fn station_tone(name: StationName, station: &StationView<'_>) -> Tone {
    match station.failures_in_succession {
        0 if station.done_ms.is_none() => Tone::Neutral,
        0 => Tone::Good,
        failures if failures < failures_min(name) => Tone::Warning,
        _ => Tone::Bad,
    }
}

fn buckets(view: &PoolView<'_>) -> Table {
    let rows = view.buckets.iter();
    let rows: Vec<Row> = rows
        .map(|(name, bucket)| bucket_row(*name, bucket))
        .collect();
    Table {
        title: "Buckets".to_owned(),
        columns: vec![
            Column::new("name", "Bucket", Format::Text),
            Column::new("state", "State", Format::State),
            Column::new("checked", "Last check", Format::Time),
            Column::new("faults", "Faults", Format::Text),
        ],
        rows_total: rows.len() as u64,
        rows,
        empty: "No buckets are configured.".to_owned(),
    }
}

fn bucket_row(name: Bucket, bucket: &BucketView<'_>) -> Row {
    let (state, tone) = match (bucket.works, bucket.is_faulty) {
        (None, _) => ("not checked yet", Tone::Neutral),
        (Some(false), _) => ("does not work", Tone::Bad),
        (Some(true), true) => ("works", Tone::Warning),
        (Some(true), false) => ("works", Tone::Good),
    };
    let faults: Vec<String> = bucket.faults.iter().map(fault_text).collect();
    let cells = [
        ("name", json!(name.text())),
        ("state", json!(state)),
        ("checked", json!(bucket.checked_ms)),
        (
            "faults",
            json!((!faults.is_empty()).then(|| faults.join("; "))),
        ),
    ];
    Row::new(name.text(), cells).with_tone(tone)
}

fn fault_text(fault: &BucketFault) -> String {
    let reason = without_query(&fault.reason);
    format!("{reason} (remedy: {})", shown(&fault.remedy))
}

fn last_shortage(shortage: &Shortage) -> Widget {
    let missing = Figure::new(
        "Executors not tested",
        json!(shortage.missing),
        Format::Number,
    );
    Widget::Figures {
        title: "Last batch that lacked samples".to_owned(),
        figures: vec![
            Figure::new("At", json!(shortage.at_ms), Format::Time),
            Figure::new("Batch", json!(shown(&shortage.batch)), Format::Id),
            missing.with_note(format!("of {}", shortage.wanted)),
            Figure::new("Reason", json!(shown(&shortage.reason)), Format::Text),
        ],
    }
}

fn plot((title, metric): (&str, &str)) -> Widget {
    Widget::Plot {
        title: title.to_owned(),
        unit: String::new(),
        series: vec![PlotSeries::new(
            title,
            metric,
            &[("extension", "horde_crossval")],
        )],
    }
}
