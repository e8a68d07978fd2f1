//! The host's state in a line, for `systemctl status`.

use std::fmt;

use tig_plugin_api::Severity;

use super::status::State;
use crate::runtime::shared::Shared;

/// How many extensions do what, and how many conditions are alerts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct ServiceStatus {
    running: usize,
    stopped: usize,
    alerts: usize,
}

impl ServiceStatus {
    /// The present state.
    #[must_use]
    pub(crate) fn of(shared: &Shared) -> Self {
        let mut found = Self::default();
        let own = shared.conditions.get();
        let mut severities: Vec<_> = own.iter().map(|it| it.condition.severity).collect();
        for extension in shared.services.bus.extensions() {
            let status = extension.status();
            match status.state {
                State::Stopped => found.stopped += 1,
                State::Running | State::Probation => found.running += 1,
            }
            severities.extend(status.conditions.iter().map(|it| it.condition.severity));
        }
        let is_alert = |severity: &&Severity| **severity > Severity::Info;
        found.alerts = severities.iter().filter(is_alert).count();
        found
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
