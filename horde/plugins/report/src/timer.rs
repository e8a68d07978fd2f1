//! Timers: work that repeats, and the next moment at which a value of dynamic config changes.

use tig_plugin_api::prelude::*;

/// A timer; each is set once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Timer {
    /// Config files are to be fetched.
    Fetch,
    /// An item of a config file begins to count.
    Apply,
    /// What is old is to be dropped, and system events are to be sent.
    Send,
}

impl Timer {
    const ALL: [Self; 3] = [Self::Fetch, Self::Apply, Self::Send];

    fn tag(self) -> &'static str {
        match self {
            Self::Fetch => "fetch",
            Self::Apply => "apply",
            Self::Send => "send",
        }
    }

    pub(crate) fn parse(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|timer| timer.tag() == tag)
    }

    pub(crate) fn set(self, ctx: &mut Context<'_>, unix_ms: u64) -> Result<()> {
        ctx.at(self.tag(), unix_ms)
    }

    pub(crate) fn cancel(self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.cancel(self.tag())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_name_their_timer() {
        for timer in Timer::ALL {
            assert_eq!(Timer::parse(timer.tag()), Some(timer));
        }
        assert_eq!(Timer::parse("resume"), None);
    }
}
