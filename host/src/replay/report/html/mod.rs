//! The report as a page: one file without scripts and without anything from elsewhere, for screens of any width, light or dark.
//!
//! Invariant: every text of a recording is escaped.

mod bars;
mod curve;
mod figure;
mod markup;
mod scale;
mod scatter;
mod tables;

use std::io;
use std::path::Path;

use tig_process::whole_file;

use self::bars::add_bars;
use self::curve::add_curves;
use self::figure::Figures;
use self::markup::{Markup, Text};
use self::scatter::add_scatter;
use self::tables::{add_differences, add_plugins, add_rows, add_summary};
use super::consequences::leaf::is_part_of_pair;
use super::consequences::{EventTally, Field};
use super::rows::{event_rows, other_rows};
use super::text::verdict;
use super::{ExtensionReport, Notes, Report, shown};

const STYLE: &str = include_str!("page.css");

/// Figures of a page; further ones are left out, which the page says.
const FIGURES_COUNT_MAX: usize = 400;

/// A page shows decisions, which are the owner's.
const PAGE_MODE: u32 = 0o600;

/// What the marks of figures stand for.
const LEGEND: &str = "<ul class=\"legend\"><li><svg viewBox=\"0 0 32 12\" aria-hidden=\"true\"><path class=\"curve recorded\" \
    d=\"M0 6H18\"/><circle class=\"ring\" cx=\"26\" cy=\"6\" r=\"4\"/></svg>recorded</li>\
    <li><svg viewBox=\"0 0 32 12\" aria-hidden=\"true\"><path class=\"curve replayed\" d=\"M0 6H18\"/>\
    <circle class=\"dot\" cx=\"26\" cy=\"6\" r=\"4\"/></svg>replayed</li></ul>\n";

/// Writes the page to `path`, whole or not at all. It shows what differs, and what does not if `is_all`.
///
/// # Errors
///
/// The system's reason; a former file stays then.
pub(crate) fn write_page(path: &Path, report: &Report, is_all: bool) -> io::Result<()> {
    whole_file::write(path, page(report, is_all).as_bytes(), PAGE_MODE)
}

/// The page.
fn page(report: &Report, is_all: bool) -> String {
    let mut page = Markup::default();
    let title = Text(&report.settings.title);
    page.add(format_args!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n\
         <p class=\"verdict\">{}</p>\n",
        Text(&verdict(report))
    ));
    if let Some((from, to)) = report.period_ms {
        let (from, to) = (shown::time(from), shown::time(to));
        page.add(format_args!(
            "<p class=\"faint\">Calls from {from} to {to}.</p>\n"
        ));
    }
    add_notes(&mut page, "Damaged parts of the recording", &report.damage);
    add_notes(&mut page, "Not replayed", &report.skipped);
    add_summary(&mut page, report);
    let mut figures = Figures::default();
    for extension in &report.extensions {
        let has_consequences = report.settings.has_consequences;
        if is_all || extension.calls.different() > 0 {
            add_extension(&mut page, &mut figures, extension, has_consequences, is_all);
        }
    }
    if figures.count >= FIGURES_COUNT_MAX {
        page.add(format_args!(
            "<p class=\"faint\">The page has its most figures, {FIGURES_COUNT_MAX}; further ones are left out.</p>\n"
        ));
    }
    page.push("</main>\n</body>\n</html>\n");
    page.into_text()
}

fn add_notes(page: &mut Markup, title: &str, notes: &Notes) {
    if notes.texts.is_empty() {
        return;
    }
    page.add(format_args!("<h3>{title}</h3>\n<ul>"));
    for text in &notes.texts {
        page.add(format_args!("<li>{}</li>", Text(text)));
    }
    if notes.further > 0 {
        page.add(format_args!("<li>and {} more</li>", notes.further));
    }
    page.push("</ul>\n");
}

fn add_extension(
    page: &mut Markup,
    figures: &mut Figures,
    extension: &ExtensionReport,
    has_consequences: bool,
    is_all: bool,
) {
    page.add(format_args!(
        "<section>\n<h2>{}</h2>\n",
        Text(&extension.name)
    ));
    add_plugins(page, extension);
    add_differences(page, extension);
    if has_consequences {
        let events = event_rows(&extension.consequences, is_all);
        let others = other_rows(&extension.consequences, is_all);
        if events.is_empty() && others.is_empty() {
            page.push("<p>Events and requests are the same in sum.</p>\n");
        } else {
            page.push(LEGEND);
        }
        for event in events {
            page.add(format_args!(
                "<h3>Event <code>{}</code></h3>\n",
                Text(&event.name)
            ));
            add_rows(page, "What follows", &event.rows);
            if event.event.has_further_fields {
                page.push("<p class=\"faint\">Further fields are left out.</p>\n");
            }
            add_figures(page, figures, event.event, is_all);
        }
        if !others.is_empty() {
            page.push("<h3>Requests</h3>\n");
            add_rows(page, "Requests by address", &others);
        }
    }
    page.push("</section>\n");
}

fn add_figures(page: &mut Markup, figures: &mut Figures, event: &EventTally, is_all: bool) {
    page.push("<div class=\"figures\">\n");
    if (is_all || event.count.differ()) && figures.count < FIGURES_COUNT_MAX {
        add_curves(page, figures, "number of events", &event.series);
    }
    for (path, field) in &event.fields {
        if is_all || field.differs() {
            add_field(page, figures, &shown::text(path), field, is_all);
        }
    }
    page.push("</div>\n");
}

fn add_field(page: &mut Markup, figures: &mut Figures, path: &str, field: &Field, is_all: bool) {
    if let Some(numbers) = &field.numbers
        && (is_all || numbers.differ())
        && !is_part_of_pair(path)
        && figures.count < FIGURES_COUNT_MAX
    {
        add_curves(
            page,
            figures,
            &format!("{path}: sum over time"),
            &numbers.series,
        );
    }
    if let Some(pairs) = &field.pairs
        && (is_all || pairs.differ())
        && figures.count < FIGURES_COUNT_MAX
    {
        add_scatter(page, figures, &format!("{path}: pairs"), pairs);
    }
    if let Some(values) = &field.values
        && (is_all || values.differ())
        && !values.are_spread()
        && figures.count < FIGURES_COUNT_MAX
    {
        add_bars(
            page,
            figures,
            &format!("{path}: how often"),
            &values.listed(),
        );
    }
}

#[cfg(test)]
mod tests;
