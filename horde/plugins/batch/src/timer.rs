//! Timers: deadlines of phases, and work that is to be done soon.
//!
//! A tag has the name of its batch, so that a timer that was due when it was cancelled harms no later batch.

use tig_plugin_api::prelude::*;

/// A timer of a batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Timer {
    /// The phase is begun anew after a restart.
    Resume,
    /// Deadline of manifests.
    Manifests,
    /// Deadline of jobs.
    Making,
    /// Deadline of verdicts.
    Verdicts,
    /// Deadline of the whole batch.
    Batch,
    /// The next line of progress is due.
    Progress,
    /// More answers are to be given to job kinds.
    Answers,
}

impl Timer {
    const ALL: [Self; 7] = [
        Self::Resume,
        Self::Manifests,
        Self::Making,
        Self::Verdicts,
        Self::Batch,
        Self::Progress,
        Self::Answers,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Resume => "resume",
            Self::Manifests => "manifests",
            Self::Making => "making",
            Self::Verdicts => "verdicts",
            Self::Batch => "batch",
            Self::Progress => "progress",
            Self::Answers => "answers",
        }
    }

    fn tag(self, batch: &str) -> String {
        format!("{}/{batch}", self.name())
    }

    /// The timer of a tag and the batch that it is for.
    pub(crate) fn parse(tag: &str) -> Option<(Self, &str)> {
        let (name, batch) = tag.split_once('/')?;
        let timer = Self::ALL.into_iter().find(|timer| timer.name() == name)?;
        Some((timer, batch))
    }

    pub(crate) fn set(self, ctx: &mut Context<'_>, batch: &str, unix_ms: u64) -> Result<()> {
        ctx.at(&self.tag(batch), unix_ms)
    }

    pub(crate) fn cancel(self, ctx: &mut Context<'_>, batch: &str) -> Result<()> {
        ctx.cancel(&self.tag(batch))
    }

    pub(crate) fn cancel_all(ctx: &mut Context<'_>, batch: &str) -> Result<()> {
        Self::ALL
            .into_iter()
            .try_for_each(|timer| timer.cancel(ctx, batch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_name_their_timer_and_batch() {
        for timer in Timer::ALL {
            assert_eq!(Timer::parse(&timer.tag("b/1")), Some((timer, "b/1")));
        }
        for tag in ["", "resume", "unknown/b"] {
            assert_eq!(Timer::parse(tag), None, "{tag}");
        }
    }
}
