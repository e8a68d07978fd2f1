//! Tables: columns as wide as their cells, narrower where the terminal ends.

use serde_json::Value;
use tig_plugin_api::panel::{Format, Row, Table};

use super::super::shown_text::{escaped, width};
use super::format::is_right;
use super::line::{Ink, Line};
use super::{Canvas, heading};

/// Space between two columns.
const GAP: usize = 2;

/// Columns that stay of a cell, however narrow the terminal is.
const CELL_WIDTH_MIN: usize = 4;

/// Shown in place of no rows.
const EMPTY: &str = "nothing";

/// The table; its rows are numbered from `first_row` on.
pub(super) fn lines(table: &Table, canvas: &Canvas, first_row: usize) -> Vec<Line> {
    let mut lines = heading(&table.title);
    if table.rows.is_empty() {
        let text = if table.empty.is_empty() {
            EMPTY
        } else {
            &table.empty
        };
        lines.push(Line::new(Ink::Dim, text));
        return lines;
    }
    let columns = Columns::measure(table, canvas);
    lines.push(columns.head(table));
    for (index, row) in table.rows.iter().enumerate() {
        let mut line = columns.row(table, row, canvas);
        line.row = Some(first_row + index);
        lines.push(line);
    }
    let shown = table.rows.len() as u64;
    if table.rows_total > shown {
        lines.push(Line::new(
            Ink::Dim,
            &format!("{shown} of {} rows", table.rows_total),
        ));
    }
    lines
}

/// Cells of one row, as texts.
fn cells(table: &Table, row: &Row, canvas: &Canvas) -> Vec<String> {
    let columns = table.columns.iter();
    columns
        .map(|column| {
            let value = row.cells.get(&column.key).unwrap_or(&Value::Null);
            escaped(&canvas.formatter.text(value, column.format))
        })
        .collect()
}

/// How wide the parts of a row are.
struct Columns {
    sign: usize,
    widths: Vec<usize>,
}

impl Columns {
    fn measure(table: &Table, canvas: &Canvas) -> Self {
        let labels = table.columns.iter();
        let labels = labels.map(|column| width(&escaped(&column.label)));
        let labels: Vec<usize> = labels.collect();
        let mut widest_cells = vec![CELL_WIDTH_MIN; labels.len()];
        for row in &table.rows {
            let cells = cells(table, row, canvas);
            for (widest, cell) in widest_cells.iter_mut().zip(cells.iter()) {
                *widest = (*widest).max(width(cell));
            }
        }
        let both = labels.iter().zip(&widest_cells);
        let mut widths: Vec<usize> = both.map(|(label, cell)| *label.max(cell)).collect();
        let signs = table.rows.iter();
        let signs = signs.map(|row| Ink::from(row.tone).sign().len());
        let sign = signs.max().unwrap_or(0);
        if let Some(room) = canvas.width {
            let sign_room = if sign > 0 { sign + GAP } else { 0 };
            let gaps = GAP * widths.len().saturating_sub(1);
            let room = room.saturating_sub(sign_room + gaps);
            // Headings give way before cells do.
            narrow(&mut widths, &widest_cells, room);
            narrow(&mut widths, &vec![CELL_WIDTH_MIN; labels.len()], room);
        }
        Self { sign, widths }
    }

    fn head(&self, table: &Table) -> Line {
        let labels = table.columns.iter();
        let labels = labels.map(|column| (column.label.as_str(), column.format));
        self.line("", labels, Ink::Dim)
    }

    fn row(&self, table: &Table, row: &Row, canvas: &Canvas) -> Line {
        let ink = Ink::from(row.tone);
        let cells = cells(table, row, canvas);
        let formats = table.columns.iter().map(|column| column.format);
        let cells = cells.iter().map(String::as_str).zip(formats);
        self.line(ink.sign(), cells, ink)
    }

    fn line<'a>(
        &self,
        sign: &str,
        cells: impl Iterator<Item = (&'a str, Format)>,
        ink: Ink,
    ) -> Line {
        let mut line = Line::default();
        if self.sign > 0 {
            line.push_fitted(ink, sign, self.sign + GAP, false);
        }
        let last = self.widths.len().saturating_sub(1);
        for (index, ((cell, format), columns)) in cells.zip(&self.widths).enumerate() {
            line.push_fitted(ink, cell, *columns, is_right(format));
            if index < last {
                line.push(Ink::Plain, &" ".repeat(GAP));
            }
        }
        line
    }
}

/// Takes from the widest columns what does not fit into `room`; each keeps its width of `least`.
fn narrow(widths: &mut [usize], least: &[usize], room: usize) {
    let mut over = widths.iter().sum::<usize>().saturating_sub(room);
    while over > 0 {
        let wider = widths
            .iter_mut()
            .zip(least)
            .filter(|(it, least)| **it > **least);
        let Some((widest, _)) = wider.max_by_key(|(it, _)| **it) else {
            return;
        };
        *widest -= 1;
        over -= 1;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tig_plugin_api::panel::Panel;

    use super::super::tests::{panel, shown};

    fn agents() -> Panel {
        panel(json!([{
            "kind": "table",
            "columns": [
                { "key": "name", "label": "Agent" },
                { "key": "rate", "label": "Rate", "format": "rate" },
                { "key": "state", "label": "State", "format": "state" },
            ],
            "rows": [
                { "id": "a", "cells": { "name": "local", "rate": 1234, "state": "busy" } },
                { "id": "b", "cells": { "name": "日本\u{1b}[31m", "state": "quarantined" }, "tone": "bad" },
            ],
            "rows_total": 7,
        }]))
    }

    #[test]
    fn table_columns_are_aligned_by_format() {
        let expected = [
            "    Agent              Rate  State",
            "    local           1,234/s  busy",
            r"!!  日本\u{1b}[31m        -  quarantined",
            "2 of 7 rows",
        ];
        assert_eq!(shown(&agents(), None), expected);
    }

    #[test]
    fn table_fits_a_narrow_terminal() {
        for width in [12, 27, 40] {
            for line in shown(&agents(), Some(width)) {
                let is_rows = line.ends_with("rows");
                assert!(is_rows || super::width(&line) <= width.max(20), "{line}");
            }
        }
        let jobs = panel(json!([{
            "kind": "table", "rows_total": 1, "rows": [{ "id": "a", "cells": { "name": "abcdefgh", "left": 115 } }],
            "columns": [{ "key": "name", "label": "Job" }, { "key": "left", "label": "Blocks to live", "format": "number" }],
        }]));
        assert_eq!(
            shown(&jobs, Some(15)),
            ["Job       Bloc…", "abcdefgh    115"]
        );
    }

    #[test]
    fn table_without_rows_says_so() {
        let table = |empty: &str| {
            panel(
                json!([{ "kind": "table", "columns": [], "rows": [], "rows_total": 0, "empty": empty }]),
            )
        };
        assert_eq!(shown(&table("no agents yet"), None), ["no agents yet"]);
        assert_eq!(shown(&table(""), None), ["nothing"]);
    }
}
