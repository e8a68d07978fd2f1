//! Series of prompts with a fault.

use crate::vice::SeriesFault;

/// Bytes of a long line.
const LONG_LINE_BYTES: usize = 10_000_000;
/// What a proxy sends in place of a file.
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n\
                    <body><h1>502 Bad Gateway</h1></body></html>\n";

/// The series, whose lines end with line feeds, with a fault.
pub(super) fn spoil_series(fault: SeriesFault, series: &str) -> Vec<u8> {
    let lines: Vec<&str> = series.lines().collect();
    let each = |change: fn(&str) -> String| -> String { series.lines().map(change).collect() };
    let first = lines.first().copied().unwrap_or_default();
    let text = match fault {
        SeriesFault::Empty => String::new(),
        SeriesFault::OneLine => format!("{first}\n"),
        SeriesFault::FewerLines => {
            let half = lines.len().div_ceil(2);
            lines
                .iter()
                .take(half)
                .map(|line| format!("{line}\n"))
                .collect()
        }
        SeriesFault::NoLineEnd => series.trim_end_matches('\n').to_owned(),
        SeriesFault::Crlf => series.replace('\n', "\r\n"),
        SeriesFault::OuterBlanks => each(|line| format!(" \t{line}\u{a0} \n")),
        SeriesFault::LineSeparator => {
            each(|line| format!("{}\n", line.replacen(' ', "\u{2028}", 1)))
        }
        SeriesFault::RepeatedLine => {
            let rest = lines.iter().skip(2).map(|line| format!("{line}\n"));
            format!("{first}\n{first}\n{}", rest.collect::<String>())
        }
        SeriesFault::LongLine => {
            let (_, rest) = series.split_once('\n').unwrap_or_default();
            format!("{}\n{rest}", "x".repeat(LONG_LINE_BYTES))
        }
        SeriesFault::NotUtf8 => return [b"\xff", series.as_bytes()].concat(),
        SeriesFault::HtmlPage => PAGE.to_owned(),
    };
    text.into_bytes()
}
