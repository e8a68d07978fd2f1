//! The panel `validator`: the board for the operator's page and `tig-host top`.

use horde_events::{ChainCondition, ChainState, WeightsEnd};
use serde_json::{Value, json};
use tig_plugin_api::PanelQuery;
use tig_plugin_api::panel::{Column, Figure, Format, Panel, PlotSeries, Row, Table, Tone, Widget};

use super::batch::LastBatch;
use super::miners::MinerRow;
use super::{Board, Slot, SlotState};

/// Place among the panels: the first one.
const ORDER: u32 = 10;

/// Labels of a series, by name.
type Labels = &'static [(&'static str, &'static str)];

/// Plots: title, metric, and labels of its series.
const PLOTS: [(&str, &str, Labels); 2] = [
    (
        "Links to miners",
        "tig_extension_links",
        &[("extension", "horde_miners"), ("state", "up")],
    ),
    (
        "Jobs under way",
        "tig_extension_jobs",
        &[("extension", "horde_miners")],
    ),
];

impl Board {
    /// The panel. The query is about the miners, of which there may be thousands.
    pub(crate) fn panel(&self, query: &PanelQuery, now_ms: u64) -> Panel {
        let mut widgets = vec![self.figures()];
        widgets.push(self.users_jobs(now_ms));
        widgets.extend(self.batch.as_ref().map(last_batch));
        widgets.push(self.weights());
        widgets.push(Widget::Table(self.failures(query)));
        widgets.extend(PLOTS.map(plot));
        Panel {
            title: "Validator".to_owned(),
            order: ORDER,
            widgets,
        }
    }

    fn figures(&self) -> Widget {
        let block = self.block.as_ref().map(|block| block.number);
        let batch_ms = self.batch.as_ref().map(|batch| batch.at_ms);
        Widget::Figures {
            title: String::new(),
            figures: vec![
                Figure::new("Block", json!(block), Format::Number),
                chain(self.chain.as_ref()),
                slot(self.slot.as_ref()),
                Figure::new("Last batch", json!(batch_ms), Format::Time),
            ],
        }
    }

    fn users_jobs(&self, now_ms: u64) -> Widget {
        let counts = self.jobs.counts(now_ms);
        let figures = [
            ("Running", counts.accepted),
            ("Completed", counts.completed),
            ("Failed", counts.failed),
            ("Rejected", counts.rejected),
        ];
        let figure = |(label, count): (&str, u64)| Figure::new(label, json!(count), Format::Number);
        Widget::Figures {
            title: "Users' jobs of the last hour".to_owned(),
            figures: figures.map(figure).into(),
        }
    }

    fn weights(&self) -> Widget {
        let rows = self.cycles.newest_first().map(|over| {
            let (state, tone, detail) = match &over.end {
                WeightsEnd::Applied { block } => ("applied", Tone::Good, format!("block {block}")),
                WeightsEnd::Revealed { block } => {
                    ("revealed", Tone::Good, format!("block {block}"))
                }
                WeightsEnd::GivenUp { reason } => ("given up", Tone::Warning, reason.clone()),
            };
            let cells = [
                ("cycle", json!(over.cycle_start)),
                ("state", json!(state)),
                ("detail", json!(detail)),
                ("attempts", json!(over.attempts)),
                ("at", json!(over.at_ms)),
            ];
            Row::new(over.cycle_start.to_string(), cells).with_tone(tone)
        });
        let rows: Vec<Row> = rows.collect();
        Widget::Table(Table {
            title: "Weights".to_owned(),
            columns: vec![
                Column::new("cycle", "Cycle", Format::Number),
                Column::new("state", "State", Format::State),
                Column::new("detail", "Where, or why not", Format::Text),
                Column::new("attempts", "Attempts", Format::Number),
                Column::new("at", "Ended", Format::Time),
            ],
            rows_total: rows.len() as u64,
            rows,
            empty: "No cycle has ended yet.".to_owned(),
        })
    }

    /// The miners that failed last come first.
    fn failures(&self, query: &PanelQuery) -> Table {
        let miners = self.miners.rows().filter(|(hotkey, miner)| {
            query.finds([*hotkey].into_iter().chain(miner.no_link.as_deref()))
        });
        let mut miners: Vec<_> = miners.collect();
        miners.sort_by_key(|(hotkey, miner)| (std::cmp::Reverse(miner.last_ms()), *hotkey));
        let (rows, rows_total) = query.page(miners, |(hotkey, miner)| failed(hotkey, miner));
        Table {
            title: "Miners that have failed".to_owned(),
            columns: vec![
                Column::new("hotkey", "Hotkey", Format::Id),
                Column::new("failures", "Failures", Format::Text),
                Column::new("last", "Last", Format::Time),
                Column::new("no_link", "Why there was no link", Format::Text),
            ],
            rows,
            rows_total,
            empty: "No miner has failed lately.".to_owned(),
        }
    }
}

fn chain(state: Option<&ChainState>) -> Figure {
    let text = state.map(|state| match &state.condition {
        ChainCondition::Following => "followed".to_owned(),
        ChainCondition::StandsStill { block } => format!("stands still at block {block}"),
        ChainCondition::Unreachable { .. } => "cannot be reached".to_owned(),
        ChainCondition::Contradicts { .. } => "contradicts itself".to_owned(),
    });
    Figure::new("Chain", json!(text), Format::Text)
}

fn slot(slot: Option<&Slot>) -> Figure {
    let text = slot.map(|slot| match (slot.state, slot.block) {
        (SlotState::Due, Some(block)) => format!("due since block {block}"),
        (SlotState::Due, None) => "due".to_owned(),
        (SlotState::Missed, _) => "missed".to_owned(),
    });
    let reason = slot.and_then(|slot| slot.reason.clone());
    Figure::new("Slot", json!(text), Format::Text).with_note(reason.unwrap_or_default())
}

fn last_batch(batch: &LastBatch) -> Widget {
    let classes = batch.classes.iter();
    let results = classes.flat_map(|(class, results)| {
        let results = results.iter();
        results.map(move |(result, count)| (class, result, count))
    });
    let rows = results.map(|(class, result, count)| {
        let cells = [
            ("class", json!(class)),
            ("result", json!(result)),
            ("jobs", json!(count)),
        ];
        Row::new(format!("{class} {result}"), cells).with_tone(tone(result))
    });
    let rows: Vec<Row> = rows.collect();
    let end = if batch.is_whole { "" } else { ", cut short" };
    Widget::Table(Table {
        title: format!("Last batch{end}"),
        columns: vec![
            Column::new("class", "Class", Format::Text),
            Column::new("result", "Result", Format::State),
            Column::new("jobs", "Jobs", Format::Number),
        ],
        rows_total: rows.len() as u64,
        rows,
        empty: "It had no jobs.".to_owned(),
    })
}

/// What a result of [`horde_events::JobResult`] means for its miner.
fn tone(result: &str) -> Tone {
    match result {
        "right" => Tone::Good,
        "excused" | "interrupted" => Tone::Neutral,
        _ => Tone::Warning,
    }
}

fn failed(hotkey: &str, miner: &MinerRow) -> Row {
    let cells = [
        ("hotkey", json!(hotkey)),
        ("failures", json!(miner.failures_text())),
        ("last", json!(miner.last_ms())),
        (
            "no_link",
            miner.no_link.as_deref().map_or(Value::Null, Value::from),
        ),
    ];
    Row::new(hotkey, cells)
}

fn plot((title, metric, labels): (&str, &str, Labels)) -> Widget {
    Widget::Plot {
        title: title.to_owned(),
        unit: String::new(),
        series: vec![PlotSeries::new(title, metric, labels)],
    }
}
