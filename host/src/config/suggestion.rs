//! Suggestions for mistyped names.

use std::fmt;

/// ` did you mean ..?`, if one of the known names is similar.
pub(crate) struct Suggestion<'a>(Option<&'a str>);

impl<'a> Suggestion<'a> {
    pub(crate) fn find(name: &str, known: impl Iterator<Item = &'a str>) -> Self {
        const SIMILARITY_MIN: f64 = 0.7;
        let scored = known.map(|candidate| (strsim::jaro_winkler(name, candidate), candidate));
        let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b));
        Self(
            best.filter(|(score, _)| *score >= SIMILARITY_MIN)
                .map(|(_, candidate)| candidate),
        )
    }
}

impl fmt::Display for Suggestion<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(candidate) => write!(formatter, "; did you mean `{candidate}`?"),
            None => Ok(()),
        }
    }
}
