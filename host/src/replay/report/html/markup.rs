//! Writes HTML and SVG: texts are escaped.

use std::fmt::{self, Display, Write as _};

use tig_process::plain_text::escaped;

/// A growing piece of markup.
#[derive(Debug, Default)]
pub(super) struct Markup(String);

impl Markup {
    pub(super) fn push(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    pub(super) fn add(&mut self, markup: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.0.write_fmt(markup);
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// A text from outside, inside an element or a quoted attribute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a>(pub(super) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escaped(self.0).chars().try_for_each(|char| match char {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            char => f.write_char(char),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_leave_its_place() {
        assert_eq!(
            Text("<b a='x' c=\"d\">&amp;\u{1b}\u{202e}").to_string(),
            "&lt;b a=&#39;x&#39; c=&quot;d&quot;&gt;&amp;amp;\\u{1b}\\u{202e}"
        );
    }
}
