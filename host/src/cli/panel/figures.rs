//! Figures, and bars of funnels and timelines.

use tig_plugin_api::panel::{Figure, FunnelGroup, Lane, Step};

use super::super::shown_text::{escaped, width};
use super::format::{duration, grouped};
use super::line::{Ink, Line};
use super::{Canvas, heading};

/// Columns that a label takes at most.
const LABEL_WIDTH_MAX: usize = 40;

/// Columns of a bar's whole length at most.
const BAR_WIDTH_MAX: usize = 40;

/// Lanes of a timeline that are written out.
const LANES_WRITTEN_MAX: usize = 2;

/// One line for each figure.
pub(super) fn figures(title: &str, figures: &[Figure], canvas: &Canvas) -> Vec<Line> {
    let mut lines = heading(title);
    let labels = label_width(figures.iter().map(|figure| figure.label.as_str()));
    for figure in figures {
        let mut line = Line::default();
        line.push_fitted(Ink::Dim, &figure.label, labels, false);
        line.push(Ink::Plain, "  ");
        line.push(
            Ink::Strong,
            &canvas.formatter.text(&figure.value, figure.format),
        );
        if !figure.note.is_empty() {
            line.push(Ink::Dim, "  ");
            line.push(Ink::Dim, &figure.note);
        }
        lines.push(line);
    }
    lines
}

/// A line with a bar for each stage of each group.
pub(super) fn funnel(title: &str, groups: &[FunnelGroup], canvas: &Canvas) -> Vec<Line> {
    let mut lines = heading(title);
    let stages = groups.iter().flat_map(|group| &group.stages);
    let labels = label_width(stages.map(|stage| stage.name.as_str()));
    let bar_width = bar_width(canvas, labels + 24);
    for group in groups {
        let mut head = Line::new(Ink::Strong, &group.name);
        if !group.note.is_empty() {
            head.push(Ink::Dim, "  ");
            head.push(Ink::Dim, &group.note);
        }
        lines.push(head);
        let most = group.stages.iter().filter_map(|stage| stage.count).max();
        for stage in &group.stages {
            let mut line = Line::new(Ink::Plain, "  ");
            line.push_fitted(Ink::Plain, &stage.name, labels, false);
            line.push(Ink::Plain, "  ");
            let (count, share) = match (stage.count, most) {
                (Some(count), Some(most)) if most > 0 => {
                    (grouped(count as f64), count as f64 / most as f64)
                }
                (count, _) => (count.map_or("-".to_owned(), |it| it.to_string()), 0.0),
            };
            line.push_fitted(Ink::Good, &bar(share, bar_width), bar_width, false);
            line.push(Ink::Plain, "  ");
            line.push_fitted(Ink::Plain, &count, 9, true);
            if stage.count.is_some() && most > Some(0) {
                line.push_fitted(Ink::Dim, &format!("{:.0} %", share * 100.0), 7, true);
            }
            lines.push(line);
        }
    }
    lines
}

/// A bar of this share of `columns`, in eighths of a column.
fn bar(share: f64, columns: usize) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * columns as f64 * 8.0).round() as usize;
    // What is there can be seen.
    let eighths = if share > 0.0 { eighths.max(1) } else { 0 };
    "█".repeat(eighths / 8) + PARTS[eighths % 8]
}

/// A line for each lane, all on the same scale of time; few lanes are also written out.
pub(super) fn timeline(title: &str, lanes: &[Lane], canvas: &Canvas) -> Vec<Line> {
    let mut lines = heading(title);
    let steps = || lanes.iter().flat_map(|lane| &lane.steps);
    let Some(begin_ms) = steps().map(|step| step.begin_ms).min() else {
        lines.push(Line::new(Ink::Dim, "nothing"));
        return lines;
    };
    let ends = steps().map(|step| end_ms(step, canvas));
    let scale = Scale {
        begin_ms,
        end_ms: ends.max().unwrap_or(begin_ms).max(begin_ms + 1),
        columns: bar_width(
            canvas,
            label_width(lanes.iter().map(|it| it.label.as_str())) + 24,
        ),
    };
    let labels = label_width(lanes.iter().map(|lane| lane.label.as_str()));
    let mut axis = Line::default();
    axis.push_fitted(Ink::Dim, "", labels + 2, false);
    axis.push(
        Ink::Dim,
        &format!(
            "{} to {}, {} each column",
            canvas.formatter.time(scale.begin_ms),
            canvas.formatter.time(scale.end_ms),
            duration((scale.end_ms - scale.begin_ms) / scale.columns as u64)
        ),
    );
    lines.push(axis);
    for lane in lanes {
        lines.push(scale.lane(lane, labels, canvas));
        if lanes.len() <= LANES_WRITTEN_MAX {
            lines.extend(lane.steps.iter().map(|step| step_line(step, canvas)));
        }
    }
    lines
}

fn end_ms(step: &Step, canvas: &Canvas) -> u64 {
    let end_ms = step.end_ms.unwrap_or(canvas.formatter.now_ms);
    end_ms.max(step.begin_ms)
}

fn step_line(step: &Step, canvas: &Canvas) -> Line {
    let mut line = Line::new(Ink::Plain, "  ");
    line.push(Ink::Dim, &canvas.formatter.time(step.begin_ms));
    line.push(Ink::Plain, "  ");
    line.push(step.tone.into(), &step.label);
    let took_ms = end_ms(step, canvas) - step.begin_ms;
    let goes_on = step.end_ms.is_none();
    if took_ms > 0 || goes_on {
        let verb = if goes_on { ", goes on" } else { "" };
        line.push(Ink::Dim, &format!("  {}{verb}", duration(took_ms)));
    }
    line
}

/// Which column stands for which time.
struct Scale {
    begin_ms: u64,
    end_ms: u64,
    columns: usize,
}

impl Scale {
    fn column(&self, at_ms: u64) -> usize {
        let (passed, whole) = (at_ms - self.begin_ms, self.end_ms - self.begin_ms);
        let column = u128::from(passed) * self.columns as u128 / u128::from(whole);
        (column as usize).min(self.columns - 1)
    }

    /// Neighbouring steps differ in their look; a moment is a thin line.
    fn lane(&self, lane: &Lane, labels: usize, canvas: &Canvas) -> Line {
        let mut cells = vec![(Ink::Plain, ' '); self.columns];
        for (index, step) in lane.steps.iter().enumerate() {
            let first = self.column(step.begin_ms);
            let last = self.column(end_ms(step, canvas));
            let is_moment = step.end_ms == Some(step.begin_ms);
            let look = match (is_moment, index % 2) {
                (true, _) => '│',
                (false, 0) => '█',
                (false, _) => '▓',
            };
            cells[first..=last].fill((step.tone.into(), look));
        }
        let mut line = Line::default();
        line.push_fitted(Ink::Plain, &lane.label, labels, false);
        line.push(Ink::Plain, "  ");
        for part in cells.chunk_by(|a, b| a.0 == b.0) {
            let text: String = part.iter().map(|(_, look)| *look).collect();
            line.push(part[0].0, &text);
        }
        if let Some(last) = lane.steps.last() {
            line.push(Ink::Plain, "  ");
            line.push(last.tone.into(), &last.label);
        }
        line
    }
}

/// Columns of the widest label, within a bound.
pub(super) fn label_width<'a>(labels: impl Iterator<Item = &'a str>) -> usize {
    let widest = labels.map(|label| width(&escaped(label))).max();
    widest.unwrap_or(0).min(LABEL_WIDTH_MAX)
}

/// Columns of a bar beside so much else.
pub(super) fn bar_width(canvas: &Canvas, others: usize) -> usize {
    let room = canvas.width.map(|width| width.saturating_sub(others));
    room.unwrap_or(BAR_WIDTH_MAX).clamp(8, BAR_WIDTH_MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{NOW_MS, panel, shown};

    #[test]
    fn figures_have_label_value_and_note() {
        let figures = panel(json!([{ "kind": "figures", "title": "Fees", "figures": [
            { "label": "Today", "value": 0.25, "format": "amount", "note": "of 5 at most" },
            { "label": "Balance", "value": null, "format": "amount" },
        ] }]));
        let expected = ["Fees", "Today    0.25  of 5 at most", "Balance  -"];
        assert_eq!(shown(&figures, None), expected);
    }

    #[test]
    fn funnel_bars_are_parts_of_the_greatest() {
        let funnel = panel(
            json!([{ "kind": "funnel", "groups": [{ "name": "c001", "note": "fees 1", "stages": [
            { "name": "submitted", "count": 8 }, { "name": "proof", "count": 1 }, { "name": "active", "count": 0 },
            { "name": "qualifying", "count": null },
        ] }] }]),
        );
        let expected = [
            "c001  fees 1",
            "  submitted   ████████          8  100 %",
            "  proof       █                 1   12 %",
            "  active                        0    0 %",
            "  qualifying                    -",
        ];
        let shown = shown(&funnel, Some(20));
        let squeezed: Vec<String> = shown.iter().map(|line| squeeze(line)).collect();
        assert_eq!(squeezed, expected.map(squeeze));
    }

    fn squeeze(line: &str) -> String {
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn timeline_lanes_share_one_scale() {
        let lanes = panel(json!([{ "kind": "timeline", "title": "Jobs", "lanes": [
            { "id": "a", "label": "job a", "steps": [
                { "label": "root", "begin_ms": NOW_MS - 40_000, "end_ms": NOW_MS - 20_000 },
                { "label": "proof", "begin_ms": NOW_MS - 20_000, "end_ms": null, "tone": "warning" },
            ] },
        ] }]));
        let shown = shown(&lanes, None);
        assert_eq!(shown[0], "Jobs");
        assert!(shown[1].ends_with("1.0 s each column"), "{shown:?}");
        assert_eq!(
            shown[2],
            format!("job a  {}{}  proof", "█".repeat(20), "▓".repeat(20))
        );
        assert!(shown[3].ends_with("root  20 s"), "{shown:?}");
        assert!(shown[4].ends_with("proof  20 s, goes on"), "{shown:?}");
    }

    #[test]
    fn timeline_of_strange_times_is_shown() {
        let lanes = panel(json!([{ "kind": "timeline", "lanes": [
            { "id": "a", "label": "a", "steps": [
                { "label": "x", "begin_ms": u64::MAX, "end_ms": 0 }, { "label": "y", "begin_ms": 0, "end_ms": 0 },
            ] },
            { "id": "b", "label": "b", "steps": [] },
        ] }]));
        assert!(shown(&lanes, Some(1)).len() > 3);
        assert_eq!(
            shown(&panel(json!([{ "kind": "timeline", "lanes": [] }])), None),
            ["nothing"]
        );
    }
}
