//! The panel `jobs` with the details of one job: its batches, and who has delivered what.

use serde_json::{Value, json};
use tig_plugin_api::PanelQuery;
use tig_plugin_api::panel::{Column, Figure, Format, Panel, Row, Table, Tone, Widget};

use crate::job::Job;
use crate::panel::{ORDER, progress};
use crate::report::reason;
use crate::timeline::lane;
use crate::view::View;

/// Disputes and audits that are listed.
const AUDITS_LISTED_COUNT_MAX: usize = 100;

/// The panel of one job.
pub(crate) fn details(view: &View<'_>, query: &PanelQuery, id: &str, job: &Job) -> Panel {
    let timeline = Widget::Timeline {
        title: String::new(),
        lanes: vec![lane(view, id, job)],
    };
    let mut widgets = vec![
        figures(view, id, job),
        timeline,
        Widget::Table(batches(query, job)),
    ];
    if job.rejections.count() > 0 {
        widgets.push(Widget::Table(rejections(job)));
    }
    if !job.audits().is_empty() {
        widgets.push(Widget::Table(audits(job)));
    }
    Panel {
        title: "Job".to_owned(),
        order: ORDER,
        widgets,
    }
}

fn figures(view: &View<'_>, id: &str, job: &Job) -> Widget {
    let record = job.record();
    let settings = &record.settings;
    let challenge = view.network.challenge_name(&settings.challenge_id);
    let reason = reason(job, view.config, view.network).map(|reason| reason.to_string());
    let url = record.terms.as_ref().map(|terms| &terms.download_url);
    let of = |done: usize, all: u64| format!("{done} of {all}");
    let batches = of(job.num_finished(), job.num_batches());
    let proofs = of(job.num_proved(), job.num_sampled() as u64);
    let figure = |label: &str, value: Value| Figure::new(label, value, Format::Text);
    let stage = Figure::new("stage", json!(job.stage().name()), Format::State);
    Widget::Figures {
        title: String::new(),
        figures: vec![
            figure("benchmark", json!(id)),
            figure("challenge", json!(challenge)),
            figure("algorithm", json!(settings.algorithm_id)),
            figure("difficulty", json!(format!("{:?}", settings.difficulty))),
            figure("nonces", json!(record.num_nonces)),
            stage.with_note(reason.unwrap_or_default()),
            Figure::new("done", json!(progress(job)), Format::Share),
            figure("batches", json!(batches)),
            figure("proofs", json!(proofs)),
            figure("block started", json!(record.block_started)),
            figure("module", json!(url)),
        ],
    }
}

/// One page of batches. A text is found in the slaves that have delivered, since nothing else of a batch is a name.
fn batches(query: &PanelQuery, job: &Job) -> Table {
    let page = |indexes: &mut dyn Iterator<Item = u64>| -> Vec<Row> {
        indexes.filter_map(|index| batch_row(job, index)).collect()
    };
    let (rows, rows_total) = if query.find.is_empty() {
        let first = query.offset as u64;
        let end = first
            .saturating_add(query.limit as u64)
            .min(job.num_batches());
        (page(&mut (first..end)), job.num_batches())
    } else {
        let delivered = job.batches.iter();
        let found: Vec<u64> = delivered
            .filter(|(_, batch)| query.finds([batch.slave.as_str()]))
            .map(|(index, _)| *index)
            .collect();
        let shown = found.iter().copied();
        let rows = page(&mut shown.skip(query.offset).take(query.limit));
        (rows, found.len() as u64)
    };
    Table {
        title: "Batches".to_owned(),
        columns: vec![
            Column::new("start_nonce", "First nonce", Format::Number),
            Column::new("num_nonces", "Nonces", Format::Number),
            Column::new("state", "State", Format::State),
            Column::new("since_ms", "Since", Format::Time),
            Column::new("slave", "Slave", Format::Text),
            Column::new("solutions", "Solutions", Format::Number),
            Column::new("sampled", "Sampled", Format::Number),
        ],
        rows,
        rows_total,
        empty: "The job has no batches yet.".to_owned(),
    }
}

fn batch_row(job: &Job, index: u64) -> Option<Row> {
    let batch = job.batch(index)?;
    let record = job.batches.get(&index);
    let out_ms = job.schedule.handed_out_ms(index);
    let audit = job.audits().get(&index);
    let is_dispute = audit.is_some_and(|open| open.audit.is_dispute());
    let wants_proof = job.samples.contains_key(&index) && !job.is_proved(index);
    let (state, tone) = match record {
        _ if is_dispute => ("disputed", Tone::Warning),
        Some(_) if wants_proof && out_ms.is_some() => ("proving", Tone::Neutral),
        Some(_) if wants_proof => ("proof wanted", Tone::Neutral),
        Some(_) if audit.is_some() => ("auditing", Tone::Neutral),
        Some(_) if job.samples.contains_key(&index) => ("proved", Tone::Good),
        Some(record) if record.is_confirmed => ("confirmed", Tone::Good),
        Some(_) => ("done", Tone::Good),
        None if out_ms.is_some() => ("out", Tone::Neutral),
        None => ("waiting", Tone::Neutral),
    };
    let received_ms = record.and_then(|record| record.received_ms);
    let cells = [
        ("start_nonce", json!(batch.start_nonce)),
        ("num_nonces", json!(batch.num_nonces)),
        ("state", json!(state)),
        ("since_ms", json!(out_ms.or(received_ms))),
        ("slave", json!(record.map(|record| &record.slave))),
        (
            "solutions",
            json!(record.map(|record| record.solution_nonces.len())),
        ),
        ("sampled", json!(batch.sampled_nonces.len())),
    ];
    Some(Row::new(batch.start_nonce.to_string(), cells).with_tone(tone))
}

fn rejections(job: &Job) -> Table {
    let row = |(number, rejection): (usize, &crate::rejections::Rejection)| {
        let cells = [
            ("at_ms", json!(rejection.at_ms)),
            ("start_nonce", json!(rejection.start_nonce)),
            ("slave", json!(rejection.slave)),
            ("reason", json!(rejection.reason)),
        ];
        Row::new(number.to_string(), cells).with_tone(Tone::Bad)
    };
    Table {
        title: "Rejected results, the newest".to_owned(),
        columns: vec![
            Column::new("at_ms", "When", Format::Time),
            Column::new("start_nonce", "First nonce", Format::Number),
            Column::new("slave", "Slave", Format::Text),
            Column::new("reason", "Reason", Format::Text),
        ],
        rows: job.rejections.iter().enumerate().map(row).collect(),
        rows_total: job.rejections.count(),
        empty: String::new(),
    }
}

fn audits(job: &Job) -> Table {
    let row = |(&index, open): (&u64, &crate::job::OpenAudit)| {
        let slaves: Vec<&str> = open.audit.slaves().collect();
        let start_nonce = job.batch(index).map(|batch| batch.start_nonce);
        let (state, tone) = if open.audit.is_dispute() {
            ("disputed", Tone::Warning)
        } else {
            ("open", Tone::Neutral)
        };
        let cells = [
            ("start_nonce", json!(start_nonce)),
            ("state", json!(state)),
            ("since_ms", json!(open.since_ms)),
            ("slaves", json!(slaves.join(", "))),
        ];
        Row::new(index.to_string(), cells).with_tone(tone)
    };
    let audits = job.audits();
    Table {
        title: "Batches that are computed once more".to_owned(),
        columns: vec![
            Column::new("start_nonce", "First nonce", Format::Number),
            Column::new("state", "State", Format::State),
            Column::new("since_ms", "Since", Format::Time),
            Column::new("slaves", "Computed by", Format::Text),
        ],
        rows: audits
            .iter()
            .take(AUDITS_LISTED_COUNT_MAX)
            .map(row)
            .collect(),
        rows_total: audits.len() as u64,
        empty: String::new(),
    }
}
