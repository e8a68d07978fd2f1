//! An error as one line.

use std::error::Error;

/// The error and its causes, outermost first, separated by `: `.
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
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
}
