//! What an extension reports of its state: why it does nothing, and what a person must look at.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::Context;

/// Conditions of one extension at a time.
pub const CONDITIONS_COUNT_MAX: usize = 256;

/// Bytes of a condition's code or subject.
pub const CONDITION_NAME_BYTES_MAX: usize = 256;

/// Bytes of a condition's text or remedy.
pub const CONDITION_TEXT_BYTES_MAX: usize = 1_024;

/// How much a [`Condition`] matters.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A reason why something does not happen, as the operator wants it or as it will pass: shown by `why`, no alert.
    Info,
    /// Work goes on with losses, or will stop if nobody acts: an alert.
    Warning,
    /// Work has stopped, or money is being lost: an alert.
    Critical,
}

/// Something that is so at the moment. An extension reports all of its conditions at once by
/// [`Context::set_conditions`](crate::Context::set_conditions); the host finds out which began and which ended. A condition
/// is the same as an earlier one if it has the same code and subject.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Condition {
    /// Of a closed set that the extension documents, for programs: `no_slaves`. Characters are `a-z0-9_`.
    pub code: String,
    /// What it is about: the name of a slave or challenge, an id. Empty if it is about all of the extension's work.
    #[serde(default)]
    pub subject: String,
    /// How much it matters.
    pub severity: Severity,
    /// What is so, in a sentence for people. May quote names from outside: whoever shows it escapes them.
    pub text: String,
    /// What to do about it, in a sentence for people; empty if there is nothing to do.
    #[serde(default)]
    pub remedy: String,
}

impl Condition {
    /// A condition about all of the extension's work.
    #[must_use]
    pub fn new(code: &str, severity: Severity, text: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            subject: String::new(),
            severity,
            text: text.into(),
            remedy: String::new(),
        }
    }

    fn identity(&self) -> (&str, &str) {
        (&self.code, &self.subject)
    }

    /// The condition about `subject`.
    #[must_use]
    pub fn about(self, subject: impl Into<String>) -> Self {
        let subject = subject.into();
        Self { subject, ..self }
    }

    /// The condition with its remedy.
    #[must_use]
    pub fn with_remedy(self, remedy: impl Into<String>) -> Self {
        let remedy = remedy.into();
        Self { remedy, ..self }
    }
}

/// The conditions that an instance has last reported, so that handlers which run often report them only when they have
/// changed. Kept in a field, and not handed over: a new instance reports all of its conditions.
#[derive(Debug, Default)]
pub struct ReportedConditions(Option<Vec<Condition>>);

impl ReportedConditions {
    /// Bounds conditions of one code: at most `count_max` of them keep their subjects, and one without a subject stands for
    /// the rest, with the text that `rest_text` makes of them. Those that were reported last go before the others, which keep
    /// their order: that one more comes must not look like the end of another.
    pub fn bounded(
        &self,
        conditions: Vec<Condition>,
        count_max: usize,
        rest_text: impl FnOnce(&[Condition]) -> String,
    ) -> Vec<Condition> {
        let reported = self.0.iter().flatten();
        let reported: BTreeSet<(&str, &str)> = reported.map(Condition::identity).collect();
        let is_reported = |condition: &Condition| reported.contains(&condition.identity());
        let (mut named, new): (Vec<_>, Vec<_>) = conditions.into_iter().partition(is_reported);
        named.extend(new);
        let rest = named.split_off(named.len().min(count_max));
        let severity = rest.iter().map(|condition| condition.severity).max();
        if let (Some(first), Some(severity)) = (rest.first(), severity) {
            let of_rest = Condition::new(&first.code, severity, rest_text(&rest));
            named.push(of_rest.with_remedy(first.remedy.clone()));
        }
        named
    }

    /// Reports `conditions`, the most severe first, if they are not those of the last call. Of more than
    /// [`CONDITIONS_COUNT_MAX`] the least severe are left out. Call it last in a handler: a handler that fails afterwards
    /// has reported nothing.
    pub fn report(&mut self, ctx: &mut Context<'_>, mut conditions: Vec<Condition>) {
        conditions.sort_by(|a, b| {
            let by_severity = b.severity.cmp(&a.severity);
            by_severity.then_with(|| a.identity().cmp(&b.identity()))
        });
        conditions.truncate(CONDITIONS_COUNT_MAX);
        if self.0.as_ref() != Some(&conditions) {
            ctx.set_conditions(&conditions);
            self.0 = Some(conditions);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning(code: &str, subject: &str) -> Condition {
        Condition::new(code, Severity::Warning, "text").about(subject)
    }

    fn bounded(reported: &ReportedConditions, subjects: &[&str]) -> Vec<(String, String)> {
        let condition = |subject: &&str| warning("slow", subject);
        let conditions = subjects.iter().map(condition).collect();
        let bounded = reported.bounded(conditions, 2, |rest| format!("and {} more", rest.len()));
        let shown = bounded.into_iter().map(|it| (it.subject, it.text));
        shown.collect()
    }

    #[test]
    fn reported_subject_stays_named() {
        let text = |subject: &str, text: &str| (subject.to_owned(), text.to_owned());
        let nothing = ReportedConditions::default();
        let expected = [text("a", "text"), text("b", "text"), text("", "and 1 more")];
        assert_eq!(bounded(&nothing, &["a", "b", "c"]), expected);
        let reported = vec![warning("slow", "c"), warning("late", "b")];
        let reported = ReportedConditions(Some(reported));
        let expected = [text("c", "text"), text("a", "text"), text("", "and 1 more")];
        assert_eq!(bounded(&reported, &["a", "b", "c"]), expected);
        assert_eq!(bounded(&reported, &["a"]), [text("a", "text")]);
    }
}
