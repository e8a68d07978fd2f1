//! Foreign texts that are kept: cut.

/// The beginning of a text, of at most so many bytes.
pub(crate) fn cut(text: &mut String, bytes_max: usize) {
    text.truncate(text.floor_char_boundary(bytes_max));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_text_ends_between_characters() {
        let mut text = "aéé".to_owned();
        cut(&mut text, 4);
        assert_eq!(text, "aé");
        cut(&mut text, 9);
        assert_eq!(text, "aé");
    }
}
