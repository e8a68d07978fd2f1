//! An error as one line.

use std::error::Error;

/// The error and its causes, outermost first, separated by `: `. A cause that the error before it shows already is left
/// out, and a text of several lines becomes one.
pub fn error_chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        source = cause.source();
    }
    line.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::fmt::Error);

    #[test]
    fn causes_follow_the_error() {
        let expected = format!("outer: {}", std::fmt::Error);
        assert_eq!(error_chain(&Outer(std::fmt::Error)), expected);
    }

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read: {source}; try another file")]
    struct WithRemedy {
        source: std::fmt::Error,
    }

    #[test]
    fn cause_before_a_remedy_is_not_repeated() {
        let source = std::fmt::Error;
        let expected = format!("cannot read: {source}; try another file");
        assert_eq!(error_chain(&WithRemedy { source }), expected);
    }
}
