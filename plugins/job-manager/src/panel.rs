//! The panel `jobs`: how far each job is, and when it will be over.

use std::collections::BTreeMap;

use serde_json::json;
use tig_plugin_api::PanelQuery;
use tig_plugin_api::panel::{Column, Figure, Format, Panel, PlotSeries, Row, Table, Tone, Widget};

use crate::job::{Job, Stage};
use crate::late::{Late, late_jobs};
use crate::report::reason;
use crate::timeline::{finished_lane, lane};
use crate::view::View;

/// Place among the stock panels.
pub(crate) const ORDER: u32 = 10;

/// Lanes of the timeline: the jobs that are shown, then those that ended last.
const LANES_COUNT_MAX: usize = 40;

/// The panel without details of a job.
pub(crate) fn overview(view: &View<'_>, query: &PanelQuery) -> Panel {
    let mut jobs: Vec<(&String, &Job)> = view
        .jobs
        .iter()
        .filter(|(id, job)| is_found(view, query, id, job))
        .collect();
    jobs.sort_by_key(|(_, job)| job.record().block_started);
    let (page, rows_total) = query.page(jobs, |job| job);
    let lanes = page.iter().map(|(id, job)| lane(view, id, job));
    let ended = view.finished.iter();
    let lanes = lanes.chain(ended.map(|job| finished_lane(view, job)));
    let timeline = Widget::Timeline {
        title: "Lives of the jobs".to_owned(),
        lanes: lanes.take(LANES_COUNT_MAX).collect(),
    };
    let late = late_jobs(view);
    let rows = page.iter().map(|(id, job)| row(view, id, job, &late));
    let table = Table {
        title: "Jobs".to_owned(),
        columns: columns(),
        rows: rows.collect(),
        rows_total,
        empty: "No precommit is confirmed: see the panel of precommits why.".to_owned(),
    };
    Panel {
        title: "Jobs".to_owned(),
        order: ORDER,
        widgets: vec![figures(view), timeline, Widget::Table(table), plot()],
    }
}

fn is_found(view: &View<'_>, query: &PanelQuery, id: &str, job: &Job) -> bool {
    let settings = &job.record().settings;
    let challenge = view.network.challenge_name(&settings.challenge_id);
    let stage = job.stage().name();
    query.finds([id, challenge, settings.algorithm_id.as_str(), stage])
}

fn figures(view: &View<'_>) -> Widget {
    let stages = view.by_stage();
    let mut figures: Vec<Figure> = Stage::ALL
        .iter()
        .map(|stage| {
            let count = stages.get(stage.name());
            let label = stage.name().replace('_', " ");
            Figure::new(&label, json!(count), Format::Number)
        })
        .collect();
    let (open, done) = view.batches();
    figures.extend([
        Figure::new("batches open", json!(open), Format::Number),
        Figure::new("batches done", json!(done), Format::Number).with_note("of these jobs"),
        Figure::new(
            "batches per minute",
            json!(view.batches_per_minute.map(f64::round)),
            Format::Number,
        ),
    ]);
    Widget::Figures {
        title: String::new(),
        figures,
    }
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("benchmark_id", "Benchmark", Format::Id),
        Column::new("challenge", "Challenge", Format::Text),
        Column::new("algorithm", "Algorithm", Format::Text),
        Column::new("difficulty", "Difficulty", Format::Text),
        Column::new("num_nonces", "Nonces", Format::Number),
        Column::new("stage", "Stage", Format::State),
        Column::new("progress", "Done", Format::Share),
        Column::new("age_ms", "Age", Format::Duration),
        Column::new("useful_blocks", "Blocks to count", Format::Number),
        Column::new("lifespan_blocks", "Blocks to live", Format::Number),
        Column::new("reason", "Why it waits", Format::Text),
    ]
}

fn row(view: &View<'_>, id: &str, job: &Job, late: &BTreeMap<&str, Late>) -> Row {
    let record = job.record();
    let settings = &record.settings;
    let window = &view.network.window;
    let left = |blocks: Option<u32>| {
        let last = record.block_started.saturating_add(blocks?);
        Some(last.saturating_sub(window.height))
    };
    let late = late.get(id);
    let reason = reason(job, view.config, view.network).map(|reason| reason.to_string());
    let reason = reason.or_else(|| late.map(ToString::to_string));
    let age_ms = record.times.created_ms;
    let age_ms = age_ms.map(|created_ms| view.now_ms.saturating_sub(created_ms));
    let cells = [
        ("benchmark_id", json!(id)),
        (
            "challenge",
            json!(view.network.challenge_name(&settings.challenge_id)),
        ),
        ("algorithm", json!(settings.algorithm_id)),
        ("difficulty", json!(format!("{:?}", settings.difficulty))),
        ("num_nonces", json!(record.num_nonces)),
        ("stage", json!(job.stage().name())),
        ("progress", json!(progress(job))),
        ("age_ms", json!(age_ms)),
        ("useful_blocks", json!(left(window.useful_blocks))),
        ("lifespan_blocks", json!(left(window.lifespan_blocks))),
        ("reason", json!(reason)),
    ];
    let mut row = Row::new(id, cells).with_tone(tone(job, late.is_some()));
    row.has_details = true;
    row
}

/// Part of the batches that have results, and then of the sampled nonces that have proofs.
pub(crate) fn progress(job: &Job) -> Option<f64> {
    let (done, all) = match job.stage() {
        Stage::Proving | Stage::ProofReady => (job.num_proved() as u64, job.num_sampled() as u64),
        _ => (job.num_finished() as u64, job.num_batches()),
    };
    (all > 0).then(|| done as f64 / all as f64)
}

fn tone(job: &Job, is_late: bool) -> Tone {
    let is_disputed = || job.audits().values().any(|open| open.audit.is_dispute());
    match job.stage() {
        Stage::Abandoned => Tone::Bad,
        _ if is_late || is_disputed() => Tone::Warning,
        Stage::Waiting => Tone::Warning,
        Stage::BenchmarkReady | Stage::ProofReady => Tone::Good,
        Stage::Computing | Stage::Auditing | Stage::Proving => Tone::Neutral,
    }
}

fn plot() -> Widget {
    let metric = "tig_extension_batches_done_total";
    let labels = [("extension", "job_manager")];
    Widget::Plot {
        title: "Batches".to_owned(),
        unit: "batches/s".to_owned(),
        series: vec![PlotSeries::new("delivered", metric, &labels).per_second()],
    }
}
