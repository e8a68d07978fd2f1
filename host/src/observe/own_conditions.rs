//! The host's own conditions, from what is so at the moment. Pure.

use std::time::Duration;

use tig_plugin_api::{Condition, Severity};

/// Free bytes in the file system of the store below which the operator is warned.
pub(crate) const DISK_FREE_BYTES_MIN: u64 = 1 << 30;

/// Free bytes below which it is urgent.
pub(crate) const DISK_FREE_BYTES_CRITICAL: u64 = 100 << 20;

/// Failures of an extension within [`FAILING_WINDOW`] that are reported; single ones have causes that pass.
pub(crate) const FAILURES_COUNT_MIN: usize = 5;

/// See [`FAILURES_COUNT_MIN`].
pub(crate) const FAILING_WINDOW: Duration = Duration::from_secs(60);

/// Difference between the system's clock and the host's that is reported; time synchronisation corrects smaller ones
/// every day.
pub(crate) const CLOCK_OFF_MIN: Duration = Duration::from_secs(60);

/// What is so with one extension.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExtensionFacts {
    /// Its name.
    pub name: String,
    /// The handler that has been running for so many seconds, if it is stuck.
    pub stuck: Option<(String, u64)>,
    /// The last failure, if events are dropped because of it.
    pub stopped: Option<String>,
    /// The last failure, if there were several of late.
    pub failing: Option<String>,
    /// The version that was rejected, and the reason.
    pub rejected: Option<String>,
    /// How a shadow differs: the last difference, or why it has ended.
    pub shadow: Option<ShadowFacts>,
}

/// What is so with a shadow that is not the same as the running version.
#[derive(Clone, Debug)]
pub(crate) struct ShadowFacts {
    /// Its version.
    pub version: String,
    /// Items that it handled differently.
    pub different: u64,
    /// Why it has ended, if it has.
    pub ended: Option<String>,
}

/// What is so with the host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// In the config's order.
    pub extensions: Vec<ExtensionFacts>,
    /// Why the config file is not applied.
    pub config_rejected: Option<String>,
    /// The folder of the store, and the free bytes of its file system.
    pub disk: Option<(String, u64)>,
    /// Why nothing can be stored.
    pub store_failed: Option<String>,
    /// Why a recording has ended by itself.
    pub recording_ended: Option<String>,
    /// A drain was requested; pieces of work that are unfinished.
    pub draining: Option<u64>,
    /// How far the system's clock is ahead of the host's, in seconds.
    pub clock_off_s: i64,
}

impl Facts {
    /// All conditions of the host.
    #[must_use]
    pub(crate) fn conditions(&self) -> Vec<Condition> {
        let own = [
            self.config_rejected.as_deref().map(config_rejected),
            self.disk
                .as_ref()
                .and_then(|(folder, free)| disk_low(folder, *free)),
            self.store_failed.as_deref().map(store_cannot_write),
            self.recording_ended.as_deref().map(recording_ended),
            self.draining.map(draining),
            clock_off(self.clock_off_s),
        ];
        let extensions = self.extensions.iter().flat_map(of_extension);
        own.into_iter().flatten().chain(extensions).collect()
    }
}

fn recording_ended(reason: &str) -> Condition {
    let text = format!("nothing is recorded any more: {reason}");
    Condition::new("recording_ended", Severity::Warning, text).with_remedy(
        "make room on its disk; then change `record` in the config, or restart the host",
    )
}

fn of_extension(facts: &ExtensionFacts) -> impl Iterator<Item = Condition> {
    let name = &facts.name;
    let stuck = facts.stuck.as_ref().map(|(what, seconds)| {
        let text = format!("{name} has been handling {what} for {seconds} s; its events wait");
        Condition::new("handler_stuck", Severity::Critical, text)
            .with_remedy("restart the host if it does not end; then look for the cause in the log")
    });
    let stopped = facts.stopped.as_ref().map(|reason| {
        let text = format!("{name} is stopped, its events are dropped: {reason}");
        let remedy = format!("replace its file, or start it again with `tig-host reload {name}`");
        Condition::new("extension_stopped", Severity::Critical, text).with_remedy(remedy)
    });
    let failing = facts.failing.as_ref().map(|reason| {
        let text = format!("{name} fails again and again, the last time in {reason}");
        Condition::new("extension_failing", Severity::Warning, text)
            .with_remedy("look for the cause in the log")
    });
    let rejected = facts.rejected.as_ref().map(|rejected| {
        let text = format!("a new version of {name} does not run: {rejected}");
        Condition::new("version_rejected", Severity::Warning, text)
            .with_remedy("replace its file by one that fits, or by the one that runs")
    });
    let shadow = facts
        .shadow
        .as_ref()
        .map(|shadow| shadow_differs(name, shadow));
    let found = [stuck, stopped, failing, rejected, shadow];
    let named = name.clone();
    let about = move |condition: Condition| condition.about(named.clone());
    found.into_iter().flatten().map(about)
}

fn shadow_differs(name: &str, shadow: &ShadowFacts) -> Condition {
    let version = &shadow.version;
    if let Some(reason) = &shadow.ended {
        let text = format!("the shadow {version} of {name} has ended: {reason}");
        let remedy = format!("end the comparison with `tig-host discard {name}`");
        return Condition::new("shadow_differs", Severity::Warning, text).with_remedy(remedy);
    }
    let count = shadow.different;
    let text = format!("the shadow {version} of {name} has handled {count} events differently");
    let remedy = "see `tig-host status` for the last differences, then promote or discard it";
    Condition::new("shadow_differs", Severity::Info, text).with_remedy(remedy)
}

fn config_rejected(reason: &str) -> Condition {
    let text = format!("the config file is not applied, the one before counts: {reason}");
    Condition::new("config_rejected", Severity::Warning, text)
        .with_remedy("correct the file; `tig-host check` reports every fault. Restart the host if a key cannot change while it runs")
}

fn disk_low(folder: &str, free: u64) -> Option<Condition> {
    let severity = match free {
        ..DISK_FREE_BYTES_CRITICAL => Severity::Critical,
        DISK_FREE_BYTES_CRITICAL..DISK_FREE_BYTES_MIN => Severity::Warning,
        _ => return None,
    };
    let text = format!("{} MB are free in the file system of {folder}", free >> 20);
    let remedy = "make room: the host ends when it cannot store any more";
    Some(Condition::new("disk_low", severity, text).with_remedy(remedy))
}

fn store_cannot_write(reason: &str) -> Condition {
    let text = format!("nothing can be stored, so the host ends: {reason}");
    Condition::new("store_cannot_write", Severity::Critical, text)
        .with_remedy("make room or repair the disk, then start the host again")
}

fn draining(unfinished: u64) -> Condition {
    let text = format!("nothing new is begun; {unfinished} pieces of work are unfinished");
    Condition::new("draining", Severity::Info, text)
}

fn clock_off(ahead_s: i64) -> Option<Condition> {
    let seconds = ahead_s.unsigned_abs();
    if seconds < CLOCK_OFF_MIN.as_secs() {
        return None;
    }
    let direction = if ahead_s > 0 { "ahead of" } else { "behind" };
    let text = format!("the system's clock is {seconds} s {direction} the host's own");
    let remedy = "check the system's clock; the host takes it over when it is started again";
    Some(Condition::new("clock_off", Severity::Warning, text).with_remedy(remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(facts: &Facts) -> Vec<(String, String, Severity)> {
        let conditions = facts.conditions().into_iter();
        conditions
            .map(|it| (it.code, it.subject, it.severity))
            .collect()
    }

    #[test]
    fn healthy_host_has_no_conditions() {
        let facts = Facts {
            extensions: vec![ExtensionFacts {
                name: "a".to_owned(),
                ..ExtensionFacts::default()
            }],
            disk: Some(("backup".to_owned(), DISK_FREE_BYTES_MIN)),
            clock_off_s: 59,
            ..Facts::default()
        };
        assert_eq!(codes(&facts), []);
    }

    #[test]
    fn every_trouble_has_its_condition_and_remedy() {
        let text = |text: &str| text.to_owned();
        let facts = Facts {
            extensions: vec![ExtensionFacts {
                name: text("a"),
                stuck: Some((text("update"), 12)),
                stopped: Some(text("panic")),
                failing: Some(text("update: no")),
                rejected: Some(text("2: no")),
                shadow: Some(ShadowFacts {
                    version: text("2"),
                    different: 3,
                    ended: None,
                }),
            }],
            config_rejected: Some(text("no")),
            disk: Some((text("backup"), DISK_FREE_BYTES_CRITICAL - 1)),
            store_failed: Some(text("no")),
            recording_ended: Some(text("no")),
            draining: None,
            clock_off_s: -3_600,
        };
        let found = codes(&facts);
        let expected = [
            ("config_rejected", "", Severity::Warning),
            ("disk_low", "", Severity::Critical),
            ("store_cannot_write", "", Severity::Critical),
            ("recording_ended", "", Severity::Warning),
            ("clock_off", "", Severity::Warning),
            ("handler_stuck", "a", Severity::Critical),
            ("extension_stopped", "a", Severity::Critical),
            ("extension_failing", "a", Severity::Warning),
            ("version_rejected", "a", Severity::Warning),
            ("shadow_differs", "a", Severity::Info),
        ];
        let expected = expected.map(|(code, about, severity)| (text(code), text(about), severity));
        assert_eq!(found, expected);
        assert!(facts.conditions().iter().all(|it| !it.remedy.is_empty()));
    }

    /// `tig-host check` finds no fault in a config that only a restart applies.
    #[test]
    fn rejected_config_may_need_a_restart() {
        let condition = config_rejected("port cannot change while the host runs");
        assert!(condition.remedy.contains("Restart the host"));
    }

    #[test]
    fn ended_shadow_is_an_alert() {
        let shadow = ShadowFacts {
            version: "2".to_owned(),
            different: 0,
            ended: Some("panic".to_owned()),
        };
        assert_eq!(shadow_differs("a", &shadow).severity, Severity::Warning);
    }
}
