//! Notices that the system's clock was set. The host's own clock goes on; stored times may lie in the future at the
//! next start.

use std::time::{Duration, Instant, SystemTime};

use tracing::warn;

/// Time synchronisation corrects smaller differences every day.
const JUMP_MIN: Duration = Duration::from_secs(60);

/// Both clocks at the last check.
pub(crate) struct JumpWatch {
    system: SystemTime,
    steady: Instant,
}

/// How far the system's clock is from where it would be by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Jump {
    Forward(Duration),
    Back(Duration),
}

impl JumpWatch {
    pub(crate) fn start() -> Self {
        Self {
            system: SystemTime::now(),
            steady: Instant::now(),
        }
    }

    /// Logs each jump once. Call it every few seconds.
    pub(crate) fn check(&mut self) {
        match self.jump(SystemTime::now(), Instant::now()) {
            Some(Jump::Forward(by)) => warn!(
                seconds = by.as_secs(),
                "the system's clock was set forward, or the machine was suspended; this run goes on by its own clock"
            ),
            Some(Jump::Back(by)) => warn!(
                seconds = by.as_secs(),
                "the system's clock was set back; this run goes on by its own clock, which is ahead until a restart"
            ),
            None => {}
        }
    }

    fn jump(&mut self, system: SystemTime, steady: Instant) -> Option<Jump> {
        let passed = steady.saturating_duration_since(self.steady);
        // A time that cannot be represented cannot be compared with.
        let expected = self.system.checked_add(passed);
        (self.system, self.steady) = (system, steady);
        let jump = match system.duration_since(expected?) {
            Ok(by) => (by, Jump::Forward(by)),
            Err(error) => (error.duration(), Jump::Back(error.duration())),
        };
        (jump.0 >= JUMP_MIN).then_some(jump.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jump_of_the_clock_is_noticed_once() {
        const DAY: Duration = Duration::from_secs(86_400);
        const TICK: Duration = Duration::from_secs(5);
        let mut watch = JumpWatch::start();
        let (mut system, mut steady) = (watch.system, watch.steady);
        let mut tick = |set: &dyn Fn(SystemTime) -> SystemTime| {
            steady += TICK;
            system = set(system + TICK);
            watch.jump(system, steady)
        };
        let jumps = [
            tick(&|time| time),
            tick(&|time| time + 10 * DAY),
            tick(&|time| time + Duration::from_secs(1)),
            tick(&|time| time - 20 * DAY),
            tick(&|time| time),
        ];
        let expected = [
            None,
            Some(Jump::Forward(10 * DAY)),
            None,
            Some(Jump::Back(20 * DAY)),
            None,
        ];
        assert_eq!(jumps, expected);
    }
}
