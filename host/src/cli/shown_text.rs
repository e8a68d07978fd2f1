//! Texts from outside as a terminal may show them: without anything that steers it, and by the columns that they take.

pub(super) use tig_process::plain_text::{escaped, is_hidden};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Stands for what was cut off.
const CUT_MARK: char = '…';

/// Columns of a terminal that `text` takes.
pub(super) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text` in at most `columns`, the end of a longer one cut off.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else {
        return String::new();
    };
    let mut shown = String::new();
    let mut taken = 0;
    for char in text.chars() {
        taken += char.width().unwrap_or(0);
        if taken > room {
            break;
        }
        shown.push(char);
    }
    shown.push(CUT_MARK);
    shown
}

/// `text` in exactly `columns`; a shorter one stands on the right if `is_right`.
pub(super) fn fitted(text: &str, columns: usize, is_right: bool) -> String {
    let text = cut(text, columns);
    let space = " ".repeat(columns.saturating_sub(width(&text)));
    if is_right {
        space + &text
    } else {
        text + &space
    }
}

/// `text` in lines of at most `columns`, broken between words where that is possible.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        } else if !line.is_empty() {
            line.push(' ');
        }
        for char in word.chars() {
            if width(&line) + char.width().unwrap_or(0) > columns && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line.push(char);
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(width("日本"), 4);
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(fitted("日", 4, true), "  日");
        assert_eq!(fitted("abcdef", 4, false), "abc…");
    }

    #[test]
    fn long_text_is_wrapped_between_words() {
        assert_eq!(wrapped("one two  three", 8), ["one two ", "three"]);
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped("日本語", 1), ["日", "本", "語"]);
        assert_eq!(wrapped("", 3), [""]);
    }
}
