//! Texts from outside as they may stand in a message.

use crate::limits::PART_CHARS_MAX;

/// The text without what changes how others are shown: control characters and those that turn the direction of writing.
pub(crate) fn clean(text: &str) -> String {
    let is_unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars()
        .map(|c| if is_unseen(c) { ' ' } else { c })
        .collect()
}

/// A part of a line for people. Chat services make links and mentions of some characters, which a slave or an algorithm could
/// put into its name; look-alikes stand in their places.
pub(crate) fn plain(text: &str) -> String {
    let mut plain: String = clean(text)
        .chars()
        .take(PART_CHARS_MAX)
        .map(|c| match c {
            '<' => '\u{2039}',
            '>' => '\u{203a}',
            '[' => '(',
            ']' => ')',
            '@' => '\u{ff20}',
            c => c,
        })
        .collect();
    if text.chars().count() > PART_CHARS_MAX {
        plain.push('\u{2026}');
    }
    plain
}

/// A duration in its largest whole unit.
pub(crate) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_harmless_text() {
        let hostile = "a\u{1b}[31m<!channel> @all [x](http://y)\n\u{202e}b\u{200b}";
        let shown = plain(hostile);
        assert!(!shown.contains(['<', '>', '@', '[', '\n', '\u{1b}', '\u{202e}', '\u{200b}']));
        assert!(shown.contains("channel"), "{shown}");
    }

    #[test]
    fn long_texts_are_cut() {
        let shown = plain(&"\u{e9}".repeat(PART_CHARS_MAX + 1));
        assert_eq!(shown.chars().count(), PART_CHARS_MAX + 1);
        assert!(shown.ends_with('\u{2026}'));
    }

    #[test]
    fn durations_have_one_unit() {
        let texts = [5_000, 125_000, 7_200_000, 300_000_000].map(duration);
        assert_eq!(texts, ["5 s", "2 min", "2 h", "3 days"]);
    }
}
