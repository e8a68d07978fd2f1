//! How often values occur: two bars for each, one below the other.

use super::super::consequences::values::Listed;
use super::super::shown;
use super::super::sides::Sides;
use super::figure::{Caption, Figures, WIDTH};
use super::markup::{Markup, Text};

/// Characters of a value.
const BAR_LABEL_CHARS_MAX: usize = 18;

/// Where bars begin, and how long they are at most.
const BARS_LEFT: f64 = 136.0;
const BAR_LENGTH: f64 = WIDTH - BARS_LEFT - 62.0;

/// Thickness of a bar, and distance of two values.
const BAR: f64 = 9.0;
const ROW: f64 = 26.0;

/// Adds the bars of the most frequent values of `title`.
pub(super) fn add_bars(
    page: &mut Markup,
    figures: &mut Figures,
    title: &str,
    listed: &Listed<'_, String>,
) {
    let values = listed.values.iter();
    let mut rows: Vec<(&str, Sides<u64>)> = values
        .map(|(value, counts)| (value.as_str(), *counts))
        .collect();
    if listed.others != Sides::default() {
        rows.push(("(others)", listed.others));
    }
    let longest = rows
        .iter()
        .map(|(_, counts)| counts.recorded.max(counts.replayed));
    let longest = longest.max().unwrap_or_default().max(1) as f64;
    let texts = rows.iter().map(|(value, counts)| {
        let value = shown::cut(value, BAR_LABEL_CHARS_MAX);
        format!(
            "{value}: {} recorded, {} replayed",
            counts.recorded, counts.replayed
        )
    });
    let caption = Caption {
        title,
        description: &texts.collect::<Vec<_>>().join("; "),
    };
    let height = ROW * rows.len() as f64 + 6.0;
    figures.add(page, &caption, height, |svg| {
        for (index, (value, counts)) in rows.iter().enumerate() {
            let top = ROW * index as f64 + 4.0;
            let label = shown::cut(value, BAR_LABEL_CHARS_MAX);
            svg.add(format_args!(
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                BARS_LEFT - 6.0,
                top + 13.0,
                Text(&label)
            ));
            let bars = [
                ("recorded", counts.recorded, top),
                ("replayed", counts.replayed, top + BAR + 1.0),
            ];
            for (class, count, top) in bars {
                let length = count as f64 / longest * BAR_LENGTH;
                svg.add(format_args!(
                    "<rect class=\"{class}\" x=\"{BARS_LEFT}\" y=\"{top}\" width=\"{length:.1}\" height=\"{BAR}\"/>\
                     <text class=\"small\" x=\"{:.1}\" y=\"{}\">{count}</text>",
                    BARS_LEFT + length + 4.0,
                    top + BAR - 0.5
                ));
            }
        }
    });
}
