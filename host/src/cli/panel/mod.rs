//! Panels of extensions as lines of text. Pure: what a panel shows comes in, lines go out.

mod figures;
pub(super) mod format;
mod heat_map;
pub(super) mod line;
pub(super) mod plot;
mod table;

use tig_plugin_api::panel::{Panel, Row, Widget};

use self::format::Formatter;
use self::line::{Ink, Line};
use self::plot::Histories;

/// Where and when a panel is shown.
#[derive(Debug)]
pub(super) struct Canvas {
    /// Columns of the terminal; `None` for a file.
    pub(super) width: Option<usize>,
    /// What values look like.
    pub(super) formatter: Formatter,
    /// Values of its plots.
    pub(super) histories: Histories,
}

/// All of the panel. Its rows are numbered over all of its tables.
pub(super) fn lines(panel: &Panel, canvas: &Canvas) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut rows = 0;
    for widget in &panel.widgets {
        let shown = match widget {
            Widget::Figures { title, figures } => figures::figures(title, figures, canvas),
            Widget::Table(table) => table::lines(table, canvas, rows),
            Widget::Funnel { title, groups } => figures::funnel(title, groups, canvas),
            Widget::Timeline { title, lanes } => figures::timeline(title, lanes, canvas),
            Widget::HeatMap(map) => heat_map::lines(map, canvas),
            Widget::Plot {
                title,
                unit,
                series,
            } => plot::lines(title, unit, series, canvas),
            // A newer program shows it.
            Widget::Unknown => continue,
        };
        if let Widget::Table(table) = widget {
            rows += table.rows.len();
        }
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(shown);
    }
    lines
}

/// Its rows, as [`Line::row`] counts them.
pub(super) fn rows(panel: &Panel) -> impl Iterator<Item = &Row> {
    let tables = panel.widgets.iter().filter_map(|widget| match widget {
        Widget::Table(table) => Some(table),
        _ => None,
    });
    tables.flat_map(|table| &table.rows)
}

fn heading(title: &str) -> Vec<Line> {
    if title.is_empty() {
        return Vec::new();
    }
    vec![Line::new(Ink::Strong, title)]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(super) const NOW_MS: u64 = 784_111_777_000;

    pub(super) const CANVAS: Canvas = Canvas {
        width: None,
        formatter: Formatter {
            now_ms: NOW_MS,
            has_short_ids: true,
        },
        histories: Histories::NONE,
    };

    pub(super) fn panel(widgets: Value) -> Panel {
        serde_json::from_value(json!({ "title": "Test", "widgets": widgets })).unwrap()
    }

    pub(super) fn shown(panel: &Panel, width: Option<usize>) -> Vec<String> {
        let canvas = Canvas { width, ..CANVAS };
        lines(panel, &canvas).iter().map(Line::text).collect()
    }

    #[test]
    fn unknown_widget_is_left_out() {
        let table = json!({ "kind": "table", "columns": [], "rows": [{ "id": "a", "cells": {} }], "rows_total": 1 });
        let panel = panel(json!([{ "kind": "hologram", "depth": 3 }, table, table]));
        assert_eq!(rows(&panel).count(), 2);
        let numbers: Vec<_> = lines(&panel, &CANVAS).iter().map(|line| line.row).collect();
        assert_eq!(numbers, [None, Some(0), None, None, Some(1)]);
    }
}
