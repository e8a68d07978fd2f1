//! The admissible difficulties cut into cells: rectangles that together cover the region.
//!
//! A cell has an index, by which difficulties that are not admissible any more are still its, or lie beside it.

use std::collections::BTreeMap;

use crate::region::{Column, Difficulty};

/// Column and row of a cell; the region's corner of the least parameters has `[0, 0]`.
pub(crate) type Index = [i64; 2];

/// How difficulties are divided into cells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Layout {
    origin: Difficulty,
    /// Difficulties of a cell along each parameter; at least 1.
    widths: [i64; 2],
}

/// The admissible difficulties of a cell; at least one.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) index: Index,
    columns: Vec<Column>,
    /// Number of its difficulties up to the end of each column.
    counts: Vec<u64>,
}

/// Cuts columns into at most `per_side` cells along each parameter; `None` without columns.
pub(crate) fn cut(columns: &[Column], per_side: u32) -> Option<(Layout, Vec<Cell>)> {
    let layout = Layout::new(columns, per_side)?;
    let mut cells: BTreeMap<Index, Vec<Column>> = BTreeMap::new();
    for column in columns {
        let [column_index, first] = layout.index([column.x, column.low]);
        let [_, last] = layout.index([column.x, column.high]);
        for row in first..=last {
            let [low, high] = layout.range(1, row);
            let part = Column {
                low: column.low.max(low),
                high: column.high.min(high),
                ..*column
            };
            cells.entry([column_index, row]).or_default().push(part);
        }
    }
    let cells = cells.into_iter();
    Some((
        layout,
        cells
            .map(|(index, columns)| Cell::new(index, columns))
            .collect(),
    ))
}

impl Layout {
    fn new(columns: &[Column], per_side: u32) -> Option<Self> {
        let xs = columns.iter().map(|column| column.x);
        let origin = [
            xs.clone().min()?,
            columns.iter().map(|column| column.low).min()?,
        ];
        let end = [xs.max()?, columns.iter().map(|column| column.high).max()?];
        let widths = [0, 1].map(|axis| {
            let extent = u64::from(origin[axis].abs_diff(end[axis])) + 1;
            extent.div_ceil(u64::from(per_side.max(1))) as i64
        });
        Some(Self { origin, widths })
    }

    /// The cell in which a difficulty lies.
    pub(crate) fn index(&self, difficulty: Difficulty) -> Index {
        [0, 1].map(|axis| {
            let offset = i64::from(difficulty[axis]) - i64::from(self.origin[axis]);
            offset.div_euclid(self.widths[axis])
        })
    }

    /// First and last value of a parameter in the cells of a column or row.
    pub(crate) fn range(&self, axis: usize, index: i64) -> [i32; 2] {
        let first =
            i64::from(self.origin[axis]).saturating_add(index.saturating_mul(self.widths[axis]));
        let last = first.saturating_add(self.widths[axis] - 1);
        [first, last].map(|at| at.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32)
    }
}

impl Cell {
    fn new(index: Index, columns: Vec<Column>) -> Self {
        let mut count = 0;
        let count_up = |column: &Column| {
            count += u64::from(column.low.abs_diff(column.high)) + 1;
            count
        };
        let counts = columns.iter().map(count_up).collect();
        Self {
            index,
            columns,
            counts,
        }
    }

    /// Number of its admissible difficulties.
    pub(crate) fn count(&self) -> u64 {
        self.counts.last().copied().unwrap_or_default()
    }

    /// The difficulty at `unit` in `[0, 1)`, all alike.
    pub(crate) fn difficulty(&self, unit: f64) -> Difficulty {
        let last = self.count().saturating_sub(1);
        let nth = ((unit * self.count() as f64) as u64).min(last);
        let at = self.counts.partition_point(|&count| count <= nth);
        let before = at.checked_sub(1).map_or(0, |before| self.counts[before]);
        let column = self.columns[at];
        [
            column.x,
            column.low.saturating_add_unsigned((nth - before) as u32),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::region::tests::listed;

    fn columns() -> impl Strategy<Value = Vec<Column>> {
        let column = (-30_i32..30, -30_i32..30, 0_i32..20);
        prop::collection::btree_map(-40_i32..40, column, 1..20).prop_map(|columns| {
            let columns = columns.into_iter();
            columns
                .map(|(x, (_, low, height))| Column {
                    x,
                    low,
                    high: low + height,
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn cells_part_the_region(columns in columns(), per_side in 1_u32..9) {
            let (layout, cells) = cut(&columns, per_side).unwrap();
            prop_assert!(cells.len() <= (per_side * per_side) as usize);
            let mut found = BTreeSet::new();
            for cell in &cells {
                for nth in 0..cell.count() {
                    let unit = (nth as f64 + 0.5) / cell.count() as f64;
                    let difficulty = cell.difficulty(unit);
                    prop_assert_eq!(layout.index(difficulty), cell.index);
                    for axis in [0, 1] {
                        let [first, last] = layout.range(axis, cell.index[axis]);
                        prop_assert!((first..=last).contains(&difficulty[axis]));
                    }
                    prop_assert!(found.insert(difficulty), "{:?} twice", difficulty);
                }
            }
            let listed: BTreeSet<Difficulty> = listed(&columns).into_iter().collect();
            prop_assert_eq!(found, listed);
        }
    }

    #[test]
    fn extreme_region_is_cut_without_overflow() {
        let column = |x| Column {
            x,
            low: i32::MIN,
            high: i32::MAX,
        };
        let (layout, cells) = cut(&[column(i32::MIN), column(i32::MAX)], 3).unwrap();
        assert_eq!(cells.len(), 6);
        assert_eq!(layout.range(1, 2)[1], i32::MAX);
        assert_eq!(cells[5].difficulty(0.999_999_999_999), [i32::MAX, i32::MAX]);
        assert!(cut(&[], 3).is_none());
    }
}
