//! The panel `thompson`: what is believed of each cell, and how often it was drawn.

use std::collections::BTreeMap;

use serde_json::json;
use tig_plugin_api::PanelQuery;
use tig_plugin_api::panel::{Column, Format, HeatMap, Panel, Points, Row, Table, Tone, Widget};

use crate::region::Difficulty;
use crate::shown::{Shown, ShownCell};

/// Place behind the stock panel about difficulties.
const ORDER: u32 = 31;

/// Heat maps of the panel without details.
const MAPS_COUNT_MAX: usize = 12;

/// Points of a frontier that are shown.
const FRONTIER_POINTS_COUNT_MAX: usize = 2_000;

/// The panel, or the details of the challenge that is asked for; `None` if there is no such challenge.
pub(crate) fn panel(shown: &BTreeMap<String, Shown>, query: &PanelQuery) -> Option<Panel> {
    let widgets = match &query.id {
        Some(id) => details(shown.get(id)?, query),
        None => overview(shown, query),
    };
    Some(Panel {
        title: "Thompson sampling".to_owned(),
        order: ORDER,
        widgets,
    })
}

fn overview(shown: &BTreeMap<String, Shown>, query: &PanelQuery) -> Vec<Widget> {
    let found = shown.iter();
    let found = found.filter(|(id, it)| query.finds([id.as_str(), it.name.as_str()]));
    let (rows, rows_total) = query.page(found.clone(), |(id, it)| challenge_row(id, it));
    let table = Table {
        title: "Challenges".to_owned(),
        columns: vec![
            Column::new("challenge", "Challenge", Format::Text),
            Column::new("height", "Block", Format::Text),
            Column::new("state", "State", Format::State),
            Column::new("cells", "Cells", Format::Number),
            Column::new("outcomes", "Benchmarks learned from", Format::Number),
            Column::new("samples", "Drawn", Format::Number),
            Column::new("favourite", "In the favourite cell", Format::Share),
            Column::new("reason", "What is wrong", Format::Text),
        ],
        rows,
        rows_total,
        empty: "No block has come yet.".to_owned(),
    };
    let drawn = found.filter(|(_, it)| it.trouble.is_none());
    let maps = drawn.take(MAPS_COUNT_MAX).map(|(_, it)| {
        let share = |cell: &ShownCell| f64::from(cell.samples) / it.samples.max(1) as f64;
        Widget::HeatMap(heat_map(it, "share of the draws", share))
    });
    std::iter::once(Widget::Table(table)).chain(maps).collect()
}

fn challenge_row(id: &str, shown: &Shown) -> Row {
    let (state, tone) = match shown.trouble {
        None => ("drawn", Tone::Good),
        Some(_) => ("no_region", Tone::Warning),
    };
    let cells = [
        ("challenge", json!(shown.name)),
        ("height", json!(shown.height)),
        ("state", json!(state)),
        ("cells", json!(shown.cells.len())),
        ("outcomes", json!(shown.outcomes)),
        ("samples", json!(shown.samples)),
        ("favourite", json!(shown.favourite_share())),
        ("reason", json!(shown.trouble)),
    ];
    let mut row = Row::new(id, cells).with_tone(tone);
    row.has_details = true;
    row
}

fn details(shown: &Shown, query: &PanelQuery) -> Vec<Widget> {
    let value = |cell: &ShownCell| cell.rate * cell.chance;
    let mut cells: Vec<&ShownCell> = shown.cells.iter().collect();
    cells.sort_by(|a, b| value(b).total_cmp(&value(a)));
    let (rows, rows_total) = query.page(cells, |cell| {
        let values = [
            ("first", json!(range(cell.from[0], cell.to[0]))),
            ("second", json!(range(cell.from[1], cell.to[1]))),
            ("benchmarks", json!(cell.benchmarks)),
            ("rate", json!(cell.rate)),
            ("chance", json!(cell.chance)),
            ("value", json!(value(cell))),
            ("samples", json!(cell.samples)),
        ];
        Row::new(format!("{}/{}", cell.from[0], cell.from[1]), values)
    });
    let table = Table {
        title: "Cells, the most promising first".to_owned(),
        columns: vec![
            Column::new("first", "First parameter", Format::Text),
            Column::new("second", "Second parameter", Format::Text),
            Column::new("benchmarks", "Benchmarks, by weight", Format::Number),
            Column::new("rate", "Solutions per nonce", Format::Number),
            Column::new("chance", "Chance to qualify", Format::Share),
            Column::new("value", "Qualifying solutions per nonce", Format::Number),
            Column::new("samples", "Times drawn", Format::Number),
        ],
        rows,
        rows_total,
        empty: shown.trouble.clone().unwrap_or_default(),
    };
    let map = heat_map(shown, "qualifying solutions per nonce", value);
    vec![Widget::HeatMap(map), Widget::Table(table)]
}

fn range(from: i32, to: i32) -> String {
    if from == to {
        from.to_string()
    } else {
        format!("{from} to {to}")
    }
}

/// One point in the middle of each cell.
fn heat_map(shown: &Shown, value_label: &str, value: impl Fn(&ShownCell) -> f64) -> HeatMap {
    let middle = |cell: &ShownCell, axis: usize| {
        (i64::from(cell.from[axis]) + i64::from(cell.to[axis])).div_euclid(2)
    };
    let cells = shown.cells.iter();
    let line = |label: &str, points: &[Difficulty]| Points {
        label: label.to_owned(),
        points: points
            .iter()
            .take(FRONTIER_POINTS_COUNT_MAX)
            .map(|&[x, y]| (i64::from(x), i64::from(y)))
            .collect(),
    };
    HeatMap {
        title: format!("{}: {value_label}", shown.name),
        x_label: "first parameter".to_owned(),
        y_label: "second parameter".to_owned(),
        value_label: value_label.to_owned(),
        cells: cells
            .map(|cell| (middle(cell, 0), middle(cell, 1), value(cell)))
            .collect(),
        lines: vec![
            line("lower frontier", &shown.lower),
            line("upper frontier", &shown.upper),
        ],
        marks: Vec::new(),
    }
}
