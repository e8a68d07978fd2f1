//! The conditions of one extension, and which of them begin and end when it reports others. Pure.
//!
//! Invariant: what an extension reports is bounded, holds no control characters, and names each condition once.

use serde::{Deserialize, Serialize};
use tig_plugin_api::{
    CONDITION_NAME_BYTES_MAX, CONDITION_TEXT_BYTES_MAX, CONDITIONS_COUNT_MAX, Condition,
};

/// A condition, and since when it is so.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StandingCondition {
    /// What is so.
    #[serde(flatten)]
    pub condition: Condition,
    /// When it was first reported, in Unix milliseconds.
    pub since_ms: u64,
}

impl StandingCondition {
    fn is_about(&self, other: &Condition) -> bool {
        let own = &self.condition;
        own.code == other.code && own.subject == other.subject
    }
}

/// A condition that began or ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Edge {
    /// It is so now, or has another severity than before.
    Raised(StandingCondition),
    /// It is so no more.
    Cleared(StandingCondition),
}

impl Edge {
    /// Applies it to `conditions`.
    pub(crate) fn apply(self, conditions: &mut Vec<StandingCondition>) {
        let (Self::Raised(about) | Self::Cleared(about)) = &self;
        conditions.retain(|known| !known.is_about(&about.condition));
        if let Self::Raised(raised) = self {
            conditions.push(raised);
        }
    }
}

/// Replaces `standing` by what was `reported`, and returns what stood before.
pub(crate) fn replace(
    standing: &mut Vec<StandingCondition>,
    reported: Vec<Condition>,
    now_ms: u64,
) -> Vec<StandingCondition> {
    let before = std::mem::take(standing);
    let since = |condition: Condition| {
        let known = before.iter().find(|known| known.is_about(&condition));
        StandingCondition {
            condition,
            since_ms: known.map_or(now_ms, |known| known.since_ms),
        }
    };
    *standing = reported.into_iter().map(since).collect();
    before
}

/// The edges that lead from `before` to `now`. Other texts need none: `before` gets them at once.
#[must_use]
pub(crate) fn edges(before: &mut [StandingCondition], now: &[StandingCondition]) -> Vec<Edge> {
    let mut edges = Vec::new();
    for present in now {
        let known = before
            .iter_mut()
            .find(|known| known.is_about(&present.condition));
        match known {
            Some(known) if known.condition.severity == present.condition.severity => {
                known.condition.clone_from(&present.condition);
            }
            _ => edges.push(Edge::Raised(present.clone())),
        }
    }
    let ended = |known: &&StandingCondition| !now.iter().any(|it| it.is_about(&known.condition));
    let ended = before.iter().filter(ended).cloned();
    edges.extend(ended.map(Edge::Cleared));
    edges
}

/// What was wrong with reported conditions.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Misreport {
    /// Further ones are left out.
    #[error("{0} conditions at once; those after the first {CONDITIONS_COUNT_MAX} are left out")]
    TooMany(usize),
    /// The condition is left out.
    #[error("condition code {0:?} is left out: use a-z, 0-9 and _")]
    Code(String),
    /// The later one is left out.
    #[error("condition {0} was reported twice for one subject; the second is left out")]
    Twice(String),
    /// The text is cut.
    #[error(
        "a text of condition {0} is cut: {CONDITION_NAME_BYTES_MAX} bytes are allowed for a subject, {CONDITION_TEXT_BYTES_MAX} for text and remedy"
    )]
    Long(String),
}

/// Characters of a code that are shown when it is left out.
const CODE_CHARS_MAX: usize = 40;

/// The conditions as the host keeps them, and the first thing that was wrong with them.
pub(crate) fn checked(mut reported: Vec<Condition>) -> (Vec<Condition>, Option<Misreport>) {
    let mut first = None;
    let mut note = |misreport| {
        first.get_or_insert(misreport);
    };
    if reported.len() > CONDITIONS_COUNT_MAX {
        note(Misreport::TooMany(reported.len()));
        reported.truncate(CONDITIONS_COUNT_MAX);
    }
    let mut kept: Vec<Condition> = Vec::with_capacity(reported.len());
    for mut condition in reported {
        if !is_code(&condition.code) {
            let shown = condition.code.chars().take(CODE_CHARS_MAX).collect();
            note(Misreport::Code(shown));
            continue;
        }
        let cuts = [
            clean(&mut condition.subject, CONDITION_NAME_BYTES_MAX),
            clean(&mut condition.text, CONDITION_TEXT_BYTES_MAX),
            clean(&mut condition.remedy, CONDITION_TEXT_BYTES_MAX),
        ];
        if cuts.contains(&true) {
            note(Misreport::Long(condition.code.clone()));
        }
        let is_known =
            |known: &Condition| known.code == condition.code && known.subject == condition.subject;
        if kept.iter().any(is_known) {
            note(Misreport::Twice(condition.code));
        } else {
            kept.push(condition);
        }
    }
    (kept, first)
}

fn is_code(code: &str) -> bool {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !code.is_empty() && code.len() <= CONDITION_NAME_BYTES_MAX && code.chars().all(legal)
}

/// Replaces control characters and cuts `text`; whether it was cut.
fn clean(text: &mut String, bytes_max: usize) -> bool {
    let is_long = text.len() > bytes_max;
    text.truncate(text.floor_char_boundary(bytes_max));
    if text.contains(is_unseen) {
        *text = text.replace(is_unseen, " ");
        // A control character of one byte becomes a space of one byte, others become shorter.
    }
    is_long
}

/// Whether a character is invisible and changes how others are shown: in a terminal, or by the direction of writing.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use tig_plugin_api::Severity;

    use super::*;

    fn condition(code: &str, subject: &str) -> Condition {
        Condition::new(code, Severity::Warning, "text").about(subject)
    }

    fn replaced(
        standing: &mut Vec<StandingCondition>,
        reported: Vec<Condition>,
        now_ms: u64,
    ) -> Vec<Edge> {
        let mut before = replace(standing, reported, now_ms);
        let found = edges(&mut before, standing);
        found
            .iter()
            .for_each(|edge| edge.clone().apply(&mut before));
        assert_eq!(edges(&mut before, standing), [], "edges lead there");
        found
    }

    #[test]
    fn only_differences_are_edges() {
        let mut standing = Vec::new();
        let raised = replaced(&mut standing, vec![condition("a", "1")], 5);
        assert!(matches!(&raised[..], [Edge::Raised(it)] if it.since_ms == 5));
        let reported = vec![condition("a", "2"), condition("a", "1")];
        let raised = replaced(&mut standing, reported, 6);
        assert!(matches!(&raised[..], [Edge::Raised(it)] if it.condition.subject == "2"));
        let cleared = replaced(&mut standing, vec![condition("a", "2")], 7);
        assert!(matches!(&cleared[..], [Edge::Cleared(it)] if it.since_ms == 5));
        assert_eq!(standing.len(), 1);
    }

    #[test]
    fn other_text_is_shown_without_an_edge() {
        let mut standing = Vec::new();
        let _ = replaced(&mut standing, vec![condition("a", "")], 5);
        let reworded = Condition {
            text: "other".to_owned(),
            ..condition("a", "")
        };
        assert_eq!(replaced(&mut standing, vec![reworded], 6), []);
        assert_eq!(standing[0].condition.text, "other");
        assert_eq!(standing[0].since_ms, 5);
    }

    #[test]
    fn other_severity_is_raised_since_the_beginning() {
        let mut standing = Vec::new();
        let _ = replaced(&mut standing, vec![condition("a", "")], 5);
        let worse = Condition::new("a", Severity::Critical, "text");
        let edges = replaced(&mut standing, vec![worse], 6);
        assert!(matches!(&edges[..], [Edge::Raised(it)] if it.since_ms == 5));
    }

    #[test]
    fn hostile_texts_are_cut_and_harmless() {
        let hostile = Condition {
            subject: "a\u{1b}[2J\nb".to_owned(),
            text: "é".repeat(CONDITION_TEXT_BYTES_MAX),
            remedy: "\u{202e}evil".to_owned(),
            ..condition("a", "")
        };
        let (kept, misreport) = checked(vec![hostile]);
        assert_eq!(misreport, Some(Misreport::Long("a".to_owned())));
        assert_eq!(kept[0].subject, "a [2J b");
        assert_eq!(kept[0].remedy, " evil");
        assert_eq!(kept[0].text.len(), CONDITION_TEXT_BYTES_MAX);
    }

    #[test]
    fn bad_codes_and_repetitions_are_left_out() {
        let misreport = |reported| {
            let (kept, misreport) = checked(reported);
            (kept.len(), misreport.unwrap())
        };
        let upper = misreport(vec![condition("No", ""), condition("b", "")]);
        assert_eq!(upper, (1, Misreport::Code("No".to_owned())));
        let twice = misreport(vec![condition("b", "x"), condition("b", "x")]);
        assert_eq!(twice, (1, Misreport::Twice("b".to_owned())));
        let many = |number: usize| condition("b", &number.to_string());
        let count = CONDITIONS_COUNT_MAX + 1;
        let many = misreport((0..count).map(many).collect());
        assert_eq!(many, (CONDITIONS_COUNT_MAX, Misreport::TooMany(count)));
    }
}
