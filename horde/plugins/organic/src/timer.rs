//! Timers.

use tig_plugin_api::prelude::*;

/// A timer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Timer<'a> {
    /// What follows a start.
    Start,
    /// The list of wanted links is to be looked at.
    Links,
    /// The phase of a job is over.
    Job(&'a str),
}

/// Tags of jobs begin so.
const JOB: &str = "job/";

impl<'a> Timer<'a> {
    fn tag(self) -> String {
        match self {
            Self::Start => "start".to_owned(),
            Self::Links => "links".to_owned(),
            Self::Job(uuid) => format!("{JOB}{uuid}"),
        }
    }

    pub(crate) fn parse(tag: &'a str) -> Option<Self> {
        match tag {
            "start" => Some(Self::Start),
            "links" => Some(Self::Links),
            other => other.strip_prefix(JOB).map(Self::Job),
        }
    }

    pub(crate) fn set(self, ctx: &mut Context<'_>, unix_ms: u64) -> Result<()> {
        ctx.at(&self.tag(), unix_ms)
    }

    pub(crate) fn cancel(self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.cancel(&self.tag())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_name_their_timer() {
        for timer in [Timer::Start, Timer::Links, Timer::Job("u/v")] {
            assert_eq!(Timer::parse(&timer.tag()), Some(timer));
        }
        assert_eq!(Timer::parse("other"), None);
    }
}
