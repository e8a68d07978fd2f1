//! The panel `difficulty`: where samples come from, and what was drawn last.

use std::collections::BTreeMap;

use serde_json::json;
use tig_plugin_api::PanelQuery;
use tig_plugin_api::panel::{Column, Format, Panel, Row, Table, Tone, Widget};

use crate::Sampler;
use crate::complaint::Complaint;
use crate::grid::Cell;
use crate::map::{probabilities, weights};
use crate::sampler::DifficultySampler;
use crate::shown::Shown;

/// Place among the stock panels.
const ORDER: u32 = 30;

/// Heat maps of the panel without details.
const MAPS_COUNT_MAX: usize = 12;

/// Cells of each of them.
const MAP_CELLS_COUNT_MAX: usize = 2_500;

/// Cells of a heat map in the details of a challenge.
const DETAIL_CELLS_COUNT_MAX: usize = 10_000;

/// The panel, or the details of the challenge that is asked for; `None` if there is no such challenge.
pub(crate) fn panel(sampler: &Sampler, query: &PanelQuery) -> Option<Panel> {
    let widgets = match &query.id {
        Some(id) => details(sampler, query, id, sampler.shown.get(id)?),
        None => overview(sampler, query),
    };
    Some(Panel {
        title: "Difficulty".to_owned(),
        order: ORDER,
        widgets,
    })
}

fn overview(sampler: &Sampler, query: &PanelQuery) -> Vec<Widget> {
    let found = sampler.shown.iter();
    let found = found.filter(|(id, shown)| query.finds([id.as_str(), shown.name.as_str()]));
    let maps = found.clone().take(MAPS_COUNT_MAX);
    let maps = maps.filter_map(|(id, shown)| {
        let of = sampler.samplers.get(id)?;
        let ours = sampler.ours.get(id);
        let map = probabilities(shown, of, ours, MAP_CELLS_COUNT_MAX);
        Some(Widget::HeatMap(map))
    });
    let mut widgets = vec![Widget::Table(challenges(sampler, query))];
    widgets.extend(maps);
    widgets.push(Widget::Table(samples(sampler, query, found)));
    widgets
}

fn details(sampler: &Sampler, query: &PanelQuery, id: &str, shown: &Shown) -> Vec<Widget> {
    let mut widgets = Vec::new();
    if let Some(of) = sampler.samplers.get(id) {
        let (ours, count_max) = (sampler.ours.get(id), DETAIL_CELLS_COUNT_MAX);
        widgets.push(Widget::HeatMap(probabilities(shown, of, ours, count_max)));
        widgets.push(Widget::HeatMap(weights(shown, of, count_max)));
    }
    let one = sampler.shown.get_key_value(id).into_iter();
    widgets.push(Widget::Table(samples(sampler, query, one)));
    widgets
}

/// All that the last block has listed, with those of which nothing can be drawn.
fn challenges(sampler: &Sampler, query: &PanelQuery) -> Table {
    let complaints = &sampler.complaints;
    let unseen = complaints
        .keys()
        .filter(|id| !sampler.shown.contains_key(*id));
    let all = sampler.shown.iter().map(|(id, shown)| (id, Some(shown)));
    let all = all.chain(unseen.map(|id| (id, None)));
    let found = all.filter(|(id, shown)| {
        let name = shown.map_or("", |shown| shown.name.as_str());
        query.finds([id.as_str(), name])
    });
    let (rows, rows_total) = query.page(found, |(id, shown)| challenge_row(sampler, id, shown));
    Table {
        title: "Challenges".to_owned(),
        columns: vec![
            Column::new("challenge", "Challenge", Format::Text),
            Column::new("height", "Block", Format::Text),
            Column::new("state", "State", Format::State),
            Column::new("cells", "Difficulties to draw", Format::Number),
            Column::new("samples", "Drawn", Format::Number),
            Column::new("reason", "What is wrong", Format::Text),
        ],
        rows,
        rows_total,
        empty: "No block has come yet.".to_owned(),
    }
}

fn challenge_row(sampler: &Sampler, id: &str, shown: Option<&Shown>) -> Row {
    let complaint = sampler.complaints.get(id);
    let of = sampler.samplers.get(id);
    let cells = of
        .and_then(DifficultySampler::distribution)
        .map_or(0, |distribution| distribution.len());
    let cells = [
        ("challenge", json!(shown.map_or(id, |shown| &shown.name))),
        ("height", json!(shown.and_then(|shown| shown.height))),
        ("state", json!(complaint.map_or("drawn", Complaint::code))),
        ("cells", json!(cells)),
        ("samples", json!(shown.map(|shown| shown.samples.len()))),
        ("reason", json!(complaint.map(|complaint| &complaint.text))),
    ];
    let tone = match complaint {
        None => Tone::Good,
        Some(_) => Tone::Warning,
    };
    let mut row = Row::new(id, cells).with_tone(tone);
    row.has_details = shown.is_some();
    row
}

/// How often each difficulty was drawn for the last block, the most frequent first.
fn samples<'a>(
    sampler: &Sampler,
    query: &PanelQuery,
    challenges: impl Iterator<Item = (&'a String, &'a Shown)>,
) -> Table {
    let mut drawn: Vec<(&String, &Shown, Cell, u64)> = Vec::new();
    for (id, shown) in challenges {
        let mut counts: BTreeMap<Cell, u64> = BTreeMap::new();
        for cell in &shown.samples {
            *counts.entry(*cell).or_default() += 1;
        }
        let mut counts: Vec<(Cell, u64)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let counts = counts.into_iter();
        drawn.extend(counts.map(|(cell, count)| (id, shown, cell, count)));
    }
    let (rows, rows_total) = query.page(drawn, |(id, shown, cell, count)| {
        let [x, y] = cell;
        let grid = sampler.samplers.get(id).and_then(DifficultySampler::grid);
        let cells = [
            ("challenge", json!(shown.name)),
            ("first", json!(x)),
            ("second", json!(y)),
            ("count", json!(count)),
            ("weight", json!(grid.and_then(|grid| grid.weight(cell)))),
        ];
        Row::new(format!("{id}/{x}/{y}"), cells)
    });
    Table {
        title: "Last samples".to_owned(),
        columns: vec![
            Column::new("challenge", "Challenge", Format::Text),
            Column::new("first", "First parameter", Format::Number),
            Column::new("second", "Second parameter", Format::Number),
            Column::new("count", "Times drawn", Format::Number),
            Column::new("weight", "Weight", Format::Number),
        ],
        rows,
        rows_total,
        empty: "Nothing was drawn yet.".to_owned(),
    }
}
