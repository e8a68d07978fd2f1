//! The host's state in a line, for `systemctl status`. Pure.

use std::fmt;

use tig_plugin_api::Severity;

use super::conditions::StandingCondition;
use super::status::{ExtensionStatus, State};

/// How many extensions do what, and how many conditions are alerts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct ServiceStatus {
    running: usize,
    stopped: usize,
    alerts: usize,
}

impl ServiceStatus {
    /// Counts the states of all extensions, and the conditions of theirs and of the host's `own`.
    #[must_use]
    pub(crate) fn count(extensions: &[ExtensionStatus], own: &[StandingCondition]) -> Self {
        let stopped = extensions.iter().filter(|it| it.state == State::Stopped);
        let stopped = stopped.count();
        let reported = extensions.iter().flat_map(|it| &it.conditions);
        let all = reported.chain(own).map(|it| it.condition.severity);
        Self {
            running: extensions.len() - stopped,
            stopped,
            alerts: all.filter(|&severity| severity > Severity::Info).count(),
        }
    }
}

impl fmt::Display for ServiceStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count| if count == 1 { "" } else { "s" };
        let Self {
            running,
            stopped,
            alerts,
        } = *self;
        write!(formatter, "{running} extension{} running", plural(running))?;
        if stopped > 0 {
            write!(formatter, ", {stopped} stopped")?;
        }
        if alerts > 0 {
            write!(formatter, ", {alerts} alert{}", plural(alerts))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_counts_what_runs_and_what_is_wrong() {
        let line = |running, stopped, alerts| {
            let status = ServiceStatus {
                running,
                stopped,
                alerts,
            };
            status.to_string()
        };
        assert_eq!(line(6, 0, 0), "6 extensions running");
        assert_eq!(line(1, 2, 1), "1 extension running, 2 stopped, 1 alert");
    }
}
