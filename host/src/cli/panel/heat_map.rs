//! Heat maps as grids of characters: shades for values, letters for lines, digits for marks.

use tig_plugin_api::panel::HeatMap;

use super::format::grouped;
use super::line::{Ink, Line};
use super::{Canvas, heading};

/// Size of the grid at most.
const COLUMNS_MAX: usize = 72;
const LINES_MAX: usize = 20;

/// Columns of a cell at most, where there is room.
const CELL_WIDTH_MAX: usize = 3;

/// Columns before the grid.
const AXIS_WIDTH: usize = 8;

const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];

/// The grid with its legend.
pub(super) fn lines(map: &HeatMap, canvas: &Canvas) -> Vec<Line> {
    let mut lines = heading(&map.title);
    let Some(grid) = Grid::new(map, canvas) else {
        lines.push(Line::new(Ink::Dim, "nothing"));
        return lines;
    };
    let cells = grid.cells(map);
    let cell_width = (grid.columns / grid.x.bins.max(1)).clamp(1, CELL_WIDTH_MAX);
    if !map.y_label.is_empty() {
        lines.push(Line::new(Ink::Dim, &map.y_label));
    }
    for (index, row) in cells.iter().enumerate() {
        let mut line = Line::default();
        let label = grid.y.label(index, cells.len());
        line.push_fitted(Ink::Dim, &label, AXIS_WIDTH - 2, true);
        line.push(Ink::Dim, " │");
        for part in row.chunk_by(|a, b| a.0 == b.0) {
            let looks = part.iter();
            let looks = looks.flat_map(|(_, look)| std::iter::repeat_n(*look, cell_width));
            line.push(part[0].0, &looks.collect::<String>());
        }
        lines.push(line);
    }
    lines.push(grid.axis());
    lines.extend(legend(map));
    lines
}

/// One of the two directions: whole numbers, in so many bins.
struct Axis {
    low: i64,
    high: i64,
    bins: usize,
}

impl Axis {
    fn new(numbers: impl Iterator<Item = i64> + Clone, bins_max: usize) -> Option<Self> {
        let (low, high) = (numbers.clone().min()?, numbers.max()?);
        let count = i128::from(high) - i128::from(low) + 1;
        let bins = count.min(bins_max.max(1) as i128) as usize;
        Some(Self { low, high, bins })
    }

    fn bin(&self, number: i64) -> usize {
        let count = i128::from(self.high) - i128::from(self.low) + 1;
        let offset = i128::from(number) - i128::from(self.low);
        // Both are inside of the range: the bin is one of ours.
        ((offset * self.bins as i128 / count) as usize).min(self.bins - 1)
    }

    /// The highest number stands at the top, the lowest at the bottom.
    fn label(&self, line: usize, lines: usize) -> String {
        if line == 0 {
            self.high.to_string()
        } else if line + 1 == lines {
            self.low.to_string()
        } else {
            String::new()
        }
    }
}

struct Grid<'a> {
    x: Axis,
    y: Axis,
    x_label: &'a str,
    /// Room for the cells.
    columns: usize,
}

impl<'a> Grid<'a> {
    fn new(map: &'a HeatMap, canvas: &Canvas) -> Option<Self> {
        let points = map.lines.iter().chain(&map.marks);
        let points = points.flat_map(|it| it.points.iter().copied());
        let cells = map.cells.iter().map(|&(x, y, _)| (x, y));
        let all = cells.chain(points);
        let room = canvas.width.unwrap_or(COLUMNS_MAX + AXIS_WIDTH);
        let columns = room.saturating_sub(AXIS_WIDTH).min(COLUMNS_MAX);
        Some(Self {
            x: Axis::new(all.clone().map(|(x, _)| x), columns)?,
            y: Axis::new(all.map(|(_, y)| y), LINES_MAX)?,
            x_label: &map.x_label,
            columns,
        })
    }

    /// From top to bottom.
    fn cells(&self, map: &HeatMap) -> Vec<Vec<(Ink, char)>> {
        let mut values = vec![vec![None::<f64>; self.x.bins]; self.y.bins];
        for &(x, y, value) in &map.cells {
            let cell = &mut values[self.y.bin(y)][self.x.bin(x)];
            // The greatest of those that share a place.
            *cell = Some(cell.map_or(value, |other| other.max(value)));
        }
        let most = values
            .iter()
            .flatten()
            .flatten()
            .copied()
            .fold(0.0, f64::max);
        let shade = |value: &Option<f64>| (Ink::Plain, SHADES[shade_of(*value, most)]);
        let rows = values.iter().map(|row| row.iter().map(shade).collect());
        let mut cells: Vec<Vec<(Ink, char)>> = rows.collect();
        let lines = map.lines.iter().zip('a'..='z').map(|it| (it, Ink::Warning));
        let marks = map.marks.iter().zip('1'..='9').map(|it| (it, Ink::Good));
        for ((points, sign), ink) in lines.chain(marks) {
            for &(x, y) in &points.points {
                cells[self.y.bin(y)][self.x.bin(x)] = (ink, sign);
            }
        }
        cells.reverse();
        cells
    }

    fn axis(&self) -> Line {
        let mut line = Line::default();
        line.push_fitted(Ink::Dim, "", AXIS_WIDTH - 1, true);
        line.push(
            Ink::Dim,
            &format!("└ {} {} to {}", self.x_label, self.x.low, self.x.high),
        );
        line
    }
}

/// Any value above zero can be seen.
fn shade_of(value: Option<f64>, most: f64) -> usize {
    let Some(value) = value else { return 0 };
    let strongest = SHADES.len() - 1;
    if most <= 0.0 || value <= 0.0 || value.is_nan() {
        return 1;
    }
    ((value / most * strongest as f64).ceil() as usize).clamp(1, strongest)
}

fn legend(map: &HeatMap) -> Vec<Line> {
    let values = map.cells.iter().map(|&(_, _, value)| value);
    let most = values.fold(0.0, f64::max);
    let mut line = Line::default();
    let shades: String = SHADES.iter().collect();
    let range = format!("{} 0 to {}", map.value_label, grouped(most));
    line.push(Ink::Dim, &format!("{shades}  {range}"));
    let mut lines = vec![line];
    let signs = map.lines.iter().zip('a'..='z').map(|it| (it, Ink::Warning));
    let marks = map.marks.iter().zip('1'..='9').map(|it| (it, Ink::Good));
    for ((points, sign), ink) in signs.chain(marks) {
        let mut line = Line::new(ink, &sign.to_string());
        line.push(Ink::Plain, "  ");
        line.push(Ink::Plain, &points.label);
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{panel, shown};

    #[test]
    fn heat_map_grows_to_the_right_and_upwards() {
        let map = panel(json!([{
            "kind": "heat_map", "title": "Difficulty", "x_label": "size", "y_label": "better", "value_label": "weight",
            "cells": [[1, 10, 4.0], [2, 10, 1.0], [3, 12, 2.0]],
            "lines": [{ "label": "base frontier", "points": [[1, 12]] }],
            "marks": [{ "label": "ours", "points": [[2, 11]] }],
        }]));
        let expected = [
            "Difficulty",
            "better",
            "    12 │aaa   ▒▒▒",
            "       │   111",
            "    10 │███░░░",
            "       └ size 1 to 3",
            " ░▒▓█  weight 0 to 4",
            "a  base frontier",
            "1  ours",
        ];
        assert_eq!(shown(&map, None), expected);
    }

    #[test]
    fn heat_map_of_extreme_numbers_is_bounded() {
        let map = panel(json!([{
            "kind": "heat_map", "title": "", "x_label": "x", "y_label": "y", "value_label": "v",
            "cells": [[i64::MIN, i64::MAX, 1e308], [i64::MAX, i64::MIN, -1.0]],
        }]));
        let shown = shown(&map, Some(30));
        assert_eq!(shown.len(), 23);
        let none = panel(json!([{
            "kind": "heat_map", "title": "", "x_label": "", "y_label": "", "value_label": "", "cells": [],
        }]));
        assert_eq!(super::super::tests::shown(&none, None), ["nothing"]);
    }
}
