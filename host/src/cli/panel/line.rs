//! A line of text with colours, for a terminal, a file, or a part of a screen.
//!
//! Invariant: every text in a line is escaped.

use ratatui::style::{Color, Modifier, Style};
use tig_plugin_api::panel::Tone;

use super::super::shown_text::{escaped, fitted};

/// How a text looks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::cli) enum Ink {
    /// As usual.
    #[default]
    Plain,
    /// Less important.
    Dim,
    /// A heading.
    Strong,
    /// As it should be.
    Good,
    /// To be looked at.
    Warning,
    /// To be acted upon.
    Bad,
}

/// Parts of one line.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(in crate::cli) struct Line {
    spans: Vec<(Ink, String)>,
    /// The row that it shows, counted over all tables of the panel.
    pub(in crate::cli) row: Option<usize>,
}

impl Ink {
    /// The sign before a row: not everybody sees colours.
    pub(in crate::cli) fn sign(self) -> &'static str {
        match self {
            Self::Good => "+",
            Self::Warning => "!",
            Self::Bad => "!!",
            Self::Plain | Self::Dim | Self::Strong => "",
        }
    }

    /// The parameter of the escape sequence that begins it.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Dim => Some("2"),
            Self::Strong => Some("1"),
            Self::Good => Some("32"),
            Self::Warning => Some("33"),
            Self::Bad => Some("1;31"),
        }
    }

    /// The same for a part of a screen.
    pub(in crate::cli) fn style(self, has_colours: bool) -> Style {
        let style = Style::new();
        match self {
            Self::Plain => style,
            Self::Dim => style.add_modifier(Modifier::DIM),
            Self::Strong => style.add_modifier(Modifier::BOLD),
            Self::Bad if !has_colours => style.add_modifier(Modifier::BOLD),
            Self::Good | Self::Warning if !has_colours => style,
            Self::Good => style.fg(Color::Green),
            Self::Warning => style.fg(Color::Yellow),
            Self::Bad => style.fg(Color::Red).add_modifier(Modifier::BOLD),
        }
    }
}

impl From<Tone> for Ink {
    fn from(tone: Tone) -> Self {
        match tone {
            Tone::Neutral => Self::Plain,
            Tone::Good => Self::Good,
            Tone::Warning => Self::Warning,
            Tone::Bad => Self::Bad,
        }
    }
}

impl Line {
    /// A line with one text.
    pub(in crate::cli) fn new(ink: Ink, text: &str) -> Self {
        let mut line = Self::default();
        line.push(ink, text);
        line
    }

    /// Appends a text.
    pub(in crate::cli) fn push(&mut self, ink: Ink, text: &str) {
        self.spans.push((ink, escaped(text)));
    }

    /// Appends a text in exactly `columns`.
    pub(in crate::cli) fn push_fitted(
        &mut self,
        ink: Ink,
        text: &str,
        columns: usize,
        is_right: bool,
    ) {
        self.spans
            .push((ink, fitted(&escaped(text), columns, is_right)));
    }

    /// Columns that it takes.
    #[cfg(test)]
    pub(in crate::cli) fn width(&self) -> usize {
        let spans = self.spans.iter();
        spans
            .map(|(_, text)| super::super::shown_text::width(text))
            .sum()
    }

    /// Its text without colours and without spaces at its end.
    pub(in crate::cli) fn text(&self) -> String {
        let text: String = self.spans.iter().map(|(_, text)| text.as_str()).collect();
        text.trim_end().to_owned()
    }

    /// Its text with escape sequences for a terminal.
    pub(in crate::cli) fn coloured(&self) -> String {
        let parts = self.spans.iter().map(|(ink, text)| match ink.code() {
            Some(code) => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            None => text.clone(),
        });
        parts.collect()
    }

    /// The line as a part of a screen.
    pub(in crate::cli) fn on_screen(&self, has_colours: bool) -> ratatui::text::Line<'static> {
        let spans = self.spans.iter();
        let spans = spans
            .map(|(ink, text)| ratatui::text::Span::styled(text.clone(), ink.style(has_colours)));
        ratatui::text::Line::from_iter(spans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_colours_are_not() {
        let mut line = Line::new(Ink::Bad, "a\u{1b}[2J");
        line.push_fitted(Ink::Plain, "b\u{7}", 12, true);
        assert_eq!(line.text(), r"a\u{1b}[2J      b\u{7}");
        assert_eq!(
            line.coloured(),
            "\u{1b}[1;31ma\\u{1b}[2J\u{1b}[0m      b\\u{7}"
        );
        assert_eq!(line.width(), 22);
    }
}
