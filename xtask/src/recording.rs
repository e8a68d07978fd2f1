//! A recording of a screen as a picture: an SVG that plays by itself, in which each text stands as long as it stood on the screen.
//! Where pictures do not move it shows the last screen. Pure, but for the file.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::Result;

/// Time for which the last screen stands before the picture begins again.
const END: Duration = Duration::from_secs(8);
/// Size of a character, in pixels.
const COLUMN: f64 = 8.0;
const LINE: usize = 18;
/// Empty space around the text.
const MARGIN: usize = 14;
/// Look of the picture. A text is seen only while its animation says so, or if it is one of the last screen.
const STYLE: &str = "text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#e6edf3;white-space:pre;visibility:hidden}\
.last{visibility:visible}.seen{fill:#56d364}";

/// The screens so far.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    screens: Vec<(Duration, Vec<String>)>,
}

/// A text in one place, from one moment to another.
#[derive(Debug, Eq, PartialEq)]
struct Span<'a> {
    line: usize,
    text: &'a str,
    from: Duration,
    to: Duration,
}

impl Recording {
    /// Notes what the screen shows.
    pub(crate) fn note(&mut self, elapsed: Duration, screen: Vec<String>) {
        self.screens.push((elapsed, screen));
    }

    /// Writes the picture.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        Ok(std::fs::write(path, self.svg())?)
    }

    fn svg(&self) -> String {
        let end = self.screens.last().map_or(END, |(last, _)| *last + END);
        let spans = self.spans(end);
        let lines = spans.iter().map(|span| span.line + 1).max().unwrap_or(1);
        let columns = spans.iter().map(|span| span.text.chars().count()).max();
        let width = columns.unwrap_or(1) as f64 * COLUMN + 2.0 * MARGIN as f64;
        let height = lines * LINE + 2 * MARGIN;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n<style>{STYLE}"
        );
        // Writing to a string cannot fail.
        for (index, span) in spans.iter().enumerate() {
            let percent = |at: Duration| at.as_secs_f64() * 100.0 / end.as_secs_f64();
            let (from, to) = (percent(span.from), percent(span.to));
            let _ = write!(
                svg,
                "\n@keyframes k{index}{{0%{{visibility:hidden}}{from:.2}%{{visibility:visible}}{to:.2}%{{visibility:hidden}}}}"
            );
        }
        svg += "</style>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#0d1117\"/>\n";
        let seconds = end.as_secs_f64();
        for (index, span) in spans.iter().enumerate() {
            let y = MARGIN + (span.line + 1) * LINE - 5;
            let seen = if span.text.starts_with("seen") {
                " seen"
            } else {
                ""
            };
            let last = if span.to == end { "last" } else { "" };
            let _ = writeln!(
                svg,
                "<text class=\"{last}{seen}\" x=\"{MARGIN}\" y=\"{y}\" style=\"animation:k{index} {seconds:.1}s step-end infinite\">{}</text>",
                escape(span.text)
            );
        }
        svg + "</svg>\n"
    }

    /// Each text as long as it stands in its place.
    fn spans(&self, end: Duration) -> Vec<Span<'_>> {
        let mut spans: Vec<Span<'_>> = Vec::new();
        let mut open: Vec<Option<usize>> = Vec::new();
        for (at, screen) in &self.screens {
            open.resize(open.len().max(screen.len()), None);
            for (line, open) in open.iter_mut().enumerate() {
                let text = screen.get(line).map_or("", |text| text.trim_end());
                let standing = open.and_then(|index| spans.get_mut(index));
                if let Some(span) = standing {
                    if span.text == text {
                        continue;
                    }
                    span.to = *at;
                    *open = None;
                }
                if !text.is_empty() {
                    *open = Some(spans.len());
                    let (from, to) = (*at, end);
                    spans.push(Span {
                        line,
                        text,
                        from,
                        to,
                    });
                }
            }
        }
        spans
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stands_as_long_as_on_the_screen() {
        let mut recording = Recording::default();
        for (second, screen) in [(0, ["a", "x"]), (1, ["a", "y"]), (2, ["b", "y"])] {
            let screen = screen.map(str::to_owned).to_vec();
            recording.note(Duration::from_secs(second), screen);
        }
        let end = Duration::from_secs(3);
        let spans = recording.spans(end).into_iter();
        let spans: Vec<_> = spans
            .map(|it| (it.line, it.text, it.from.as_secs(), it.to.as_secs()))
            .collect();
        let expected = [
            (0, "a", 0, 2),
            (1, "x", 0, 1),
            (1, "y", 1, 3),
            (0, "b", 2, 3),
        ];
        assert_eq!(spans, expected);
    }

    #[test]
    fn picture_is_xml_whatever_the_text() {
        let mut recording = Recording::default();
        recording.note(Duration::ZERO, vec!["seen <a> & b".to_owned()]);
        let svg = recording.svg();
        assert!(svg.contains(">seen &lt;a> &amp; b</text>"), "{svg}");
        assert!(svg.contains("class=\"last seen\""), "{svg}");
    }
}
