//! What an examination has found, with what to do about it.

use serde::Serialize;

use crate::plain_text::escaped;

/// How bad it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, with losses or not for long.
    Warn,
    /// It does not work.
    Fail,
}

/// One result.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was looked at.
    pub part: String,
    /// What is so.
    pub text: String,
    /// What to do; empty if nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

impl Finding {
    /// A part that is as it should be.
    #[must_use]
    pub fn ok(part: &str, text: impl Into<String>) -> Self {
        Self::new(Level::Ok, part, text, "")
    }

    /// A part that works with losses, or not for long.
    #[must_use]
    pub fn warn(part: &str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Level::Warn, part, text, remedy)
    }

    /// A part that does not work.
    #[must_use]
    pub fn fail(part: &str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Level::Fail, part, text, remedy)
    }

    /// A result.
    #[must_use]
    pub fn new(
        level: Level,
        part: &str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            level,
            part: part.to_owned(),
            text: text.into(),
            remedy: remedy.into(),
        }
    }

    /// For people; texts from outside cannot forge a line or steer the terminal.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        let mut lines = vec![format!(
            "{level:<6}{}: {}",
            escaped(&self.part),
            escaped(&self.text)
        )];
        if !self.remedy.is_empty() {
            lines.push(format!("{:6}-> {}", "", escaped(&self.remedy)));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finding_has_its_fix_on_a_line_below() {
        let finding = Finding::fail("clock", "is off\n\u{1b}[2J", "set it");
        let lines = [r"FAIL  clock: is off\n\u{1b}[2J", "      -> set it"];
        assert_eq!(finding.lines(), lines);
        assert_eq!(Finding::ok("a", "b").lines(), ["ok    a: b"]);
    }
}
