//! The heat maps of a challenge: what is drawn how often, the frontiers, and our own benchmarks.

use std::collections::{BTreeMap, BTreeSet};

use tig_plugin_api::panel::{HeatMap, Points};
use tig_protocol::difficulty::Point;

use crate::grid::Cell;
use crate::region::cell;
use crate::sampler::DifficultySampler;
use crate::shown::{Ours, Shown};

/// Points of a frontier that are shown.
const FRONTIER_POINTS_COUNT_MAX: usize = 2_000;

/// How likely each difficulty is drawn.
pub(crate) fn probabilities(
    shown: &Shown,
    sampler: &DifficultySampler,
    ours: Option<&Ours>,
    count_max: usize,
) -> HeatMap {
    let distribution = sampler.distribution();
    let cells = distribution.into_iter().flat_map(|of| of.probabilities());
    heat_map(
        shown,
        ours,
        "probability",
        thinned(cells.collect(), count_max),
    )
}

/// What has been learned of each difficulty that can be drawn.
pub(crate) fn weights(shown: &Shown, sampler: &DifficultySampler, count_max: usize) -> HeatMap {
    let distribution = sampler.distribution();
    let cells = distribution.into_iter().flat_map(|of| of.probabilities());
    let weight = |(cell, _): (Cell, f64)| Some((cell, sampler.grid()?.weight(cell)?));
    let cells = thinned(cells.filter_map(weight).collect(), count_max);
    heat_map(shown, None, "weight", cells)
}

fn heat_map(
    shown: &Shown,
    ours: Option<&Ours>,
    value_label: &str,
    (cells, side): (Vec<(Cell, f64)>, i32),
) -> HeatMap {
    let mut title = format!("{}: {value_label}", shown.name);
    if side > 1 {
        title.push_str(&format!(
            ", of each square of {side} x {side} difficulties the greatest"
        ));
    }
    let frontier = |label: &str, points: &[Point]| Points {
        label: label.to_owned(),
        points: points
            .iter()
            .take(FRONTIER_POINTS_COUNT_MAX)
            .filter_map(|point| cell(point))
            .map(point)
            .collect(),
    };
    let own = |label: &str, cells: &BTreeSet<Cell>| Points {
        label: label.to_owned(),
        points: cells.iter().copied().map(point).collect(),
    };
    let marks = ours.map(|ours| {
        vec![
            own("our benchmarks", &ours.benchmarks),
            own("our precommits", &ours.precommits),
        ]
    });
    HeatMap {
        title,
        x_label: "first parameter".to_owned(),
        y_label: "second parameter".to_owned(),
        value_label: value_label.to_owned(),
        cells: cells
            .into_iter()
            .map(|([x, y], value)| (i64::from(x), i64::from(y), value))
            .collect(),
        lines: vec![
            frontier("base frontier", &shown.base_frontier),
            frontier("scaled frontier", &shown.scaled_frontier),
        ],
        marks: marks.unwrap_or_default(),
    }
}

fn point([x, y]: Cell) -> (i64, i64) {
    (i64::from(x), i64::from(y))
}

/// At most `count_max` cells: of each square the one with the greatest value. Returns the side of the squares, too.
fn thinned(cells: Vec<(Cell, f64)>, count_max: usize) -> (Vec<(Cell, f64)>, i32) {
    let mut side = 1;
    let mut kept = cells;
    while kept.len() > count_max {
        side *= 2;
        let mut squares: BTreeMap<Cell, (Cell, f64)> = BTreeMap::new();
        for (cell, value) in kept {
            let square = cell.map(|at| at.div_euclid(side));
            let best = squares.entry(square).or_insert((cell, value));
            if value > best.1 {
                *best = (cell, value);
            }
        }
        kept = squares.into_values().collect();
    }
    (kept, side)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinned_cells_keep_the_greatest_of_each_square() {
        let cells = |side: i32| -> Vec<(Cell, f64)> {
            let all = (0..side).flat_map(|x| (0..side).map(move |y| [x, y]));
            all.map(|cell| (cell, f64::from(cell[0] * cell[1])))
                .collect()
        };
        let (kept, side) = thinned(cells(10), 100);
        assert_eq!((kept.len(), side), (100, 1));
        let (kept, side) = thinned(cells(100), 2_500);
        assert_eq!((kept.len(), side), (2_500, 2));
        assert_eq!(kept[0], ([1, 1], 1.0));
        assert_eq!(kept.last(), Some(&([99, 99], 9_801.0)));
    }

    #[test]
    fn thinned_cells_of_extreme_difficulties_end() {
        let far = vec![([i32::MIN, i32::MIN], 1.0), ([i32::MAX, i32::MAX], 2.0)];
        assert_eq!(thinned(far.clone(), 2).0, far);
    }
}
