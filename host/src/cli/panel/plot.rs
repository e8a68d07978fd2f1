//! Plots as one line of small bars for each series.

use std::collections::BTreeMap;

use tig_plugin_api::panel::PlotSeries;

use super::figures::{bar_width, label_width};
use super::format::grouped;
use super::line::{Ink, Line};
use super::{Canvas, heading};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Values over time of the series of a panel, by [`key`].
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Histories(BTreeMap<String, (u64, Vec<Option<f64>>)>);

impl Histories {
    /// No values.
    pub(in crate::cli) const NONE: Self = Self(BTreeMap::new());

    /// Records the values of a series in the last `hours`.
    pub(in crate::cli) fn put(
        &mut self,
        series: &PlotSeries,
        hours: u64,
        values: Vec<Option<f64>>,
    ) {
        self.0.insert(key(series), (hours, values));
    }

    fn get(&self, series: &PlotSeries) -> (u64, &[Option<f64>]) {
        let found = self.0.get(&key(series));
        found.map_or((0, &[]), |(hours, values)| (*hours, values))
    }
}

/// What a series is found by.
fn key(series: &PlotSeries) -> String {
    format!("{} {:?} {}", series.metric, series.labels, series.is_rate)
}

/// A line for each series: its values over time, and the last of them with the lowest and the highest.
pub(super) fn lines(title: &str, unit: &str, series: &[PlotSeries], canvas: &Canvas) -> Vec<Line> {
    let mut lines = heading(title);
    let labels = label_width(series.iter().map(|series| series.label.as_str()));
    let columns = bar_width(canvas, labels + 42);
    for series in series {
        let (hours, values) = canvas.histories.get(series);
        let values = &values[values.len().saturating_sub(columns)..];
        let mut line = Line::default();
        line.push_fitted(Ink::Plain, &series.label, labels, false);
        line.push(Ink::Plain, "  ");
        let known = || values.iter().copied().flatten();
        let (low, high) = (
            known().fold(f64::MAX, f64::min),
            known().fold(f64::MIN, f64::max),
        );
        match known().last() {
            None => line.push(Ink::Dim, "no values yet"),
            Some(last) => {
                line.push_fitted(Ink::Good, &sparkline(values, high), columns, false);
                line.push(Ink::Strong, &format!("  {} {unit}", grouped(last)));
                line.push(
                    Ink::Dim,
                    &format!("  {} to {} in {hours} h", grouped(low), grouped(high)),
                );
            }
        }
        lines.push(line);
    }
    lines
}

/// Heights from zero to `high`; a gap where there is no value.
fn sparkline(values: &[Option<f64>], high: f64) -> String {
    let bar = |value: f64| {
        let share = if high > 0.0 { value / high } else { 0.0 };
        let last = BARS.len() - 1;
        BARS[((share * last as f64).round().max(0.0) as usize).min(last)]
    };
    values.iter().map(|value| value.map_or(' ', bar)).collect()
}

/// The sum of several series, point by point; a point is not known if it is in no series.
pub(in crate::cli) fn sum(series: &[Vec<Option<f64>>]) -> Vec<Option<f64>> {
    let length = series.iter().map(Vec::len).max().unwrap_or(0);
    let point = |index: usize| {
        let values = series.iter().filter_map(|it| it.get(index).copied()?);
        values.reduce(|a, b| a + b)
    };
    (0..length).map(point).collect()
}

/// Change per second of a counter; a counter that began again has none.
pub(in crate::cli) fn rates(values: &[Option<f64>], step_ms: u64) -> Vec<Option<f64>> {
    let seconds = step_ms.max(1) as f64 / 1e3;
    let rate = |pair: &[Option<f64>]| match pair {
        [Some(before), Some(after)] if after >= before => Some((after - before) / seconds),
        _ => None,
    };
    values.windows(2).map(rate).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tig_plugin_api::panel::Widget;

    use super::super::tests::{CANVAS, panel};
    use super::*;

    #[test]
    fn plot_shows_values_last_and_range() {
        let panel = panel(
            json!([{ "kind": "plot", "title": "Rate", "unit": "pieces/s", "series": [
            { "label": "all", "metric": "pieces_total", "is_rate": true }, { "label": "none", "metric": "nothing" },
        ] }]),
        );
        let Widget::Plot {
            title,
            unit,
            series,
        } = &panel.widgets[0]
        else {
            panic!("{panel:?}");
        };
        let mut canvas = CANVAS;
        canvas.width = Some(53);
        canvas
            .histories
            .put(&series[0], 24, vec![Some(0.0), None, Some(7.0), Some(3.5)]);
        let shown: Vec<String> = lines(title, unit, series, &canvas)
            .iter()
            .map(Line::text)
            .collect();
        let expected = [
            "Rate",
            "all   ▁ █▅      3.5 pieces/s  0 to 7 in 24 h",
            "none  no values yet",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn rates_leave_out_gaps_and_restarts() {
        let values = [Some(1.0), Some(3.0), None, Some(5.0), Some(2.0), Some(2.0)];
        assert_eq!(
            rates(&values, 2_000),
            [Some(1.0), None, None, None, Some(0.0)]
        );
        assert!(rates(&[], 0).is_empty());
    }

    #[test]
    fn sum_keeps_points_that_one_series_has() {
        let series = [vec![Some(1.0), None, None], vec![Some(2.0), Some(3.0)]];
        assert_eq!(sum(&series), [Some(3.0), Some(3.0), None]);
    }
}
