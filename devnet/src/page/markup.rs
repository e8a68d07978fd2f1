//! Writing HTML: texts are escaped, numbers are short.

use std::fmt::{self, Display, Write as _};

use tig_protocol::PreciseNumber;

/// A growing piece of HTML.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    pub(super) fn new(html: &str) -> Self {
        Self(html.to_owned())
    }

    pub(super) fn push(&mut self, html: &str) {
        self.0.push_str(html);
    }

    pub(super) fn add(&mut self, html: fmt::Arguments<'_>) {
        // Writing to a text cannot fail.
        let _ = self.0.write_fmt(html);
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// A text in HTML, inside an element or a quoted attribute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| match char {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            char => f.write_char(char),
        })
    }
}

/// An id that is shown by its first characters; the whole is its title.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShortId<'a>(pub(super) &'a str);

impl Display for ShortId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 10;
        let (id, short) = (self.0, self.0.chars().take(SHOWN).collect::<String>());
        write!(
            f,
            "<code title=\"{}\">{}</code>",
            Escaped(id),
            Escaped(&short)
        )
    }
}

/// TIG with at most six decimals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tig(pub(super) PreciseNumber);

impl Display for Tig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.6}", self.0.to_f64());
        match text.trim_end_matches('0').trim_end_matches('.') {
            "0" if self.0 > PreciseNumber::ZERO => f.write_str("&lt;0.000001"),
            text => f.write_str(text),
        }
    }
}

/// A share of one as percentage.
#[derive(Debug, Clone, Copy)]
pub(super) struct Percent(pub(super) PreciseNumber);

impl Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} %", self.0.to_f64() * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_leave_its_place() {
        let text = "<b class='a' id=\"b\">&amp;";
        assert_eq!(
            Escaped(text).to_string(),
            "&lt;b class=&#39;a&#39; id=&quot;b&quot;&gt;&amp;amp;"
        );
        let id = ShortId("\"><script>alert(1)</script>").to_string();
        assert!(
            !id.contains("<script") && id.starts_with("<code title=\"&quot;&gt;"),
            "{id}"
        );
    }

    #[test]
    fn amounts_are_short() {
        for (units, text) in [
            (0, "0"),
            (1, "&lt;0.000001"),
            (1_000_000_000_000, "0.000001"),
            (1_100_000_000_000_000, "0.0011"),
            (1_000_000_000_000_000_000_000_000, "1000000"),
        ] {
            assert_eq!(Tig(PreciseNumber::from_units(units)).to_string(), text);
        }
    }
}
