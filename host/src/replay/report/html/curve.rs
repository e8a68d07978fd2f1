//! Sums over time: the recording as a broken line, the replay as a whole one.

use super::super::consequences::series::Series;
use super::super::shown;
use super::figure::{BOTTOM, Caption, Figures, HEIGHT, LEFT, RIGHT, TOP, add_axes};
use super::markup::Markup;
use super::scale::Scale;

/// Units of the time axis, the greatest first: name, milliseconds, how much must be shown to use it.
const UNITS: [(&str, f64); 4] = [
    ("days", 86_400_000.0),
    ("hours", 3_600_000.0),
    ("minutes", 60_000.0),
    ("seconds", 1_000.0),
];

/// Units that a curve is long, at least.
const UNITS_SHOWN_MIN: f64 = 2.0;

/// Adds the curves of a series of `title`.
pub(super) fn add_curves(page: &mut Markup, figures: &mut Figures, title: &str, series: &Series) {
    let points = series.points();
    let Some(last) = points.last() else {
        return;
    };
    let length_ms = last.since_begin_ms as f64;
    let fits = |unit: &&(&str, f64)| length_ms >= UNITS_SHOWN_MIN * unit.1;
    let (unit, unit_ms) = UNITS.iter().find(fits).copied().unwrap_or(UNITS[3]);
    let times = [0.0, length_ms / unit_ms];
    let sums = points.iter().map(|point| point.sums);
    let all = sums.flat_map(|sums| [sums.recorded, sums.replayed]);
    let x = Scale::exact(times.into_iter(), (LEFT, RIGHT));
    let y = Scale::around(all.chain([0.0]), (BOTTOM, TOP));
    let (recorded, replayed) = (
        shown::number(last.sums.recorded),
        shown::number(last.sums.replayed),
    );
    let caption = Caption {
        title,
        description: &format!(
            "Two curves over {} {unit}. The recording ends at {recorded}, the replay at {replayed}.",
            shown::number(length_ms / unit_ms)
        ),
    };
    let path = |value: &dyn Fn(usize) -> f64| {
        let mut path = format!("M{:.1} {:.1}", x.place(0.0), y.place(0.0));
        for (index, point) in points.iter().enumerate() {
            let at = x.place(point.since_begin_ms as f64 / unit_ms);
            path += &format!("H{at:.1}V{:.1}", y.place(value(index)));
        }
        path
    };
    let recorded = path(&|index| points[index].sums.recorded);
    let replayed = path(&|index| points[index].sums.replayed);
    figures.add(page, &caption, HEIGHT, |svg| {
        add_axes(svg, (&x, &y), [&format!("{unit} since the first call"), "sum"]);
        svg.add(format_args!(
            "<path class=\"curve replayed\" d=\"{replayed}\"/><path class=\"curve recorded\" d=\"{recorded}\"/>"
        ));
    });
}
