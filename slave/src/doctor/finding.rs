//! What doctor has found, with what to do about it.

use serde::Serialize;

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
    pub part: &'static str,
    /// What is so.
    pub text: String,
    /// What to do; empty if nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

impl Finding {
    /// A part that is as it should be.
    #[must_use]
    pub fn ok(part: &'static str, text: impl Into<String>) -> Self {
        Self::new(Level::Ok, part, text, "")
    }

    /// A part that works with losses, or not for long.
    #[must_use]
    pub fn warn(part: &'static str, text: impl Into<String>, remedy: &str) -> Self {
        Self::new(Level::Warn, part, text, remedy)
    }

    /// A part that does not work.
    #[must_use]
    pub fn fail(part: &'static str, text: impl Into<String>, remedy: &str) -> Self {
        Self::new(Level::Fail, part, text, remedy)
    }

    fn new(level: Level, part: &'static str, text: impl Into<String>, remedy: &str) -> Self {
        Self {
            level,
            part,
            text: text.into(),
            remedy: remedy.to_owned(),
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
        let shown = |text: &str| text.replace(char::is_control, " ");
        let mut lines = vec![format!("{level:<6}{}: {}", self.part, shown(&self.text))];
        if !self.remedy.is_empty() {
            lines.push(format!("{:6}-> {}", "", shown(&self.remedy)));
        }
        lines
    }
}
