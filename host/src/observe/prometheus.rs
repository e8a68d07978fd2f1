//! `GET /metrics`: the metrics of the host and its extensions in Prometheus's text format 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use tig_plugin_api::Severity;

use super::conditions::StandingCondition;
use super::meters::{Kind, Series, quoted};
use super::status::{ExtensionStatus, State};

/// Content type of the answer.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Extension of the host's own conditions.
const HOST: &str = "host";

/// The metrics of one extension.
pub(crate) struct Shown {
    pub(crate) status: ExtensionStatus,
    pub(crate) cpu: Option<Duration>,
    pub(crate) calls_in_flight: usize,
    pub(crate) series: Vec<Series>,
}

/// All metrics as of one moment.
pub(crate) struct Snapshot {
    pub(crate) uptime: Duration,
    pub(crate) store_bytes: Option<u64>,
    pub(crate) disk_free_bytes: Option<u64>,
    pub(crate) resident_bytes: Option<u64>,
    pub(crate) open_files: Option<u64>,
    pub(crate) open_files_max: Option<u64>,
    pub(crate) http: [(&'static str, u64); 3],
    pub(crate) own_conditions: Vec<StandingCondition>,
    pub(crate) extensions: Vec<Shown>,
}

/// What receives metrics: the head of each, and then its series.
pub(crate) trait MetricSink {
    /// A metric begins.
    fn head(&mut self, name: &str, kind: Kind, help: &str);

    /// A series of the metric that has begun last, with its labels as Prometheus writes them, without braces.
    fn series(&mut self, name: &str, labels: &str, value: f64);

    /// A metric without labels, if its value is known.
    fn single(&mut self, name: &str, kind: Kind, help: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.head(name, kind, help);
            self.series(name, "", value);
        }
    }
}

/// Text in which the series of each metric stand together, as the format demands.
#[derive(Default)]
pub(crate) struct Text(String);

impl Text {
    /// The text of the response.
    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl MetricSink for Text {
    fn head(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn series(&mut self, name: &str, labels: &str, value: f64) {
        let _ = if labels.is_empty() {
            writeln!(self.0, "{name} {value}")
        } else {
            writeln!(self.0, "{name}{{{labels}}} {value}")
        };
    }
}

/// Passes all metrics to `sink`.
pub(crate) fn visit(snapshot: &Snapshot, sink: &mut impl MetricSink) {
    let whole = |bytes: Option<u64>| bytes.map(|bytes| bytes as f64);
    sink.single(
        "tig_host_uptime_seconds",
        Kind::Gauge,
        "Time since the host started.",
        Some(snapshot.uptime.as_secs_f64()),
    );
    sink.single(
        "tig_host_store_bytes",
        Kind::Gauge,
        "Size of the store's file.",
        whole(snapshot.store_bytes),
    );
    sink.single(
        "tig_host_disk_free_bytes",
        Kind::Gauge,
        "Free room in the file system of the store.",
        whole(snapshot.disk_free_bytes),
    );
    sink.single(
        "process_resident_memory_bytes",
        Kind::Gauge,
        "Resident memory of the host's process.",
        whole(snapshot.resident_bytes),
    );
    sink.single(
        "process_open_fds",
        Kind::Gauge,
        "Open files and sockets of the host's process.",
        whole(snapshot.open_files),
    );
    sink.single(
        "process_max_fds",
        Kind::Gauge,
        "Files and sockets that it may have open.",
        whole(snapshot.open_files_max),
    );
    visit_versions(&snapshot.extensions, sink);
    let name = "tig_host_http_calls_total";
    sink.head(
        name,
        Kind::Counter,
        "HTTP requests of extensions, by outcome.",
    );
    for (outcome, count) in snapshot.http {
        sink.series(name, &format!("outcome={}", quoted(outcome)), count as f64);
    }
    for family in FAMILIES {
        sink.head(family.name, family.kind, family.help);
        for shown in &snapshot.extensions {
            if let Some(value) = (family.value)(shown) {
                let labels = format!("extension={}", quoted(&shown.status.name));
                sink.series(family.name, &labels, value);
            }
        }
    }
    visit_conditions(snapshot, sink);
    visit_own(&snapshot.extensions, sink);
}

/// Passes on which versions run; the value says nothing.
fn visit_versions(extensions: &[Shown], sink: &mut impl MetricSink) {
    let name = "tig_host_info";
    sink.head(name, Kind::Gauge, "1, with the version of the host.");
    let version = format!("version={}", quoted(env!("CARGO_PKG_VERSION")));
    sink.series(name, &version, 1.0);
    let name = "tig_host_extension_info";
    let help = "1, with the version of the extension that runs.";
    sink.head(name, Kind::Gauge, help);
    for shown in extensions {
        let [extension, version] = [&shown.status.name, &shown.status.version];
        let [extension, version] = [extension, version].map(|text| quoted(text));
        let labels = format!("extension={extension},version={version}");
        sink.series(name, &labels, 1.0);
    }
}

/// Passes on how many subjects each condition has: subjects come from outside, so none has a series of its own.
fn visit_conditions(snapshot: &Snapshot, sink: &mut impl MetricSink) {
    let name = "tig_host_condition";
    let help = "Subjects of each condition that the extension, or the host itself, reports now.";
    sink.head(name, Kind::Gauge, help);
    let own = (HOST, &snapshot.own_conditions);
    let extensions = snapshot.extensions.iter();
    let extensions = extensions.map(|it| (&*it.status.name, &it.status.conditions));
    let mut counts: BTreeMap<(&str, &str, Severity), u32> = BTreeMap::new();
    for (extension, conditions) in std::iter::once(own).chain(extensions) {
        for StandingCondition { condition, .. } in conditions {
            let key = (extension, &*condition.code, condition.severity);
            *counts.entry(key).or_default() += 1;
        }
    }
    for ((extension, code, severity), count) in counts {
        let severity = match severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        };
        let [extension, code] = [extension, code].map(quoted);
        let labels = format!("extension={extension},code={code},severity=\"{severity}\"");
        sink.series(name, &labels, f64::from(count));
    }
}

/// Passes on the extensions' own metrics: the same name from two extensions is one metric.
fn visit_own(extensions: &[Shown], sink: &mut impl MetricSink) {
    let mut families: BTreeMap<&str, Vec<(&Shown, &Series)>> = BTreeMap::new();
    for shown in extensions {
        for series in &shown.series {
            families
                .entry(&series.name)
                .or_default()
                .push((shown, series));
        }
    }
    for (name, members) in families {
        let kind = members[0].1.kind;
        let name = match kind {
            Kind::Counter => format!("tig_extension_{name}_total"),
            Kind::Gauge => format!("tig_extension_{name}"),
        };
        sink.head(&name, kind, "Reported by extensions.");
        for (shown, series) in members {
            let extension = quoted(&shown.status.name);
            let labels = match series.labels.as_str() {
                "" => format!("extension={extension}"),
                labels => format!("extension={extension},{labels}"),
            };
            sink.series(&name, &labels, series.value);
        }
    }
}

struct Family {
    name: &'static str,
    kind: Kind,
    help: &'static str,
    value: fn(&Shown) -> Option<f64>,
}

const FAMILIES: [Family; 19] = [
    Family {
        name: "tig_host_handled_total",
        kind: Kind::Counter,
        help: "Events, responses and requests that the extension has handled.",
        value: |shown| Some(shown.status.handled as f64),
    },
    Family {
        name: "tig_host_failed_total",
        kind: Kind::Counter,
        help: "Those of them that failed.",
        value: |shown| Some(shown.status.failed as f64),
    },
    Family {
        name: "tig_host_waiting",
        kind: Kind::Gauge,
        help: "Events, responses and requests that wait for the extension.",
        value: |shown| Some(shown.status.waiting as f64),
    },
    Family {
        name: "tig_host_unfinished",
        kind: Kind::Gauge,
        help: "Pieces of work that the extension has not finished; a drain waits for them.",
        value: |shown| Some(shown.status.unfinished as f64),
    },
    Family {
        name: "tig_host_cpu_seconds_total",
        kind: Kind::Counter,
        help: "Processor time of the extension's thread.",
        value: |shown| shown.cpu.map(|cpu| cpu.as_secs_f64()),
    },
    Family {
        name: "tig_host_handler_seconds_total",
        kind: Kind::Counter,
        help: "Time that the extension's handlers have taken.",
        value: |shown| {
            let times = shown.status.handlers.iter();
            Some(times.map(|handler| handler.total_us as f64 / 1e6).sum())
        },
    },
    Family {
        name: "tig_host_handler_max_seconds",
        kind: Kind::Gauge,
        help: "Time that the longest call of a handler has taken since the host started.",
        value: |shown| {
            let times = shown.status.handlers.iter();
            let longest = times.map(|handler| handler.max_us).max();
            longest.map(|max_us| max_us as f64 / 1e6)
        },
    },
    Family {
        name: "tig_host_shadow_same_total",
        kind: Kind::Counter,
        help: "Events that the extension's shadow has handled as the running version did.",
        value: |shown| Some(shown.status.shadow.as_ref()?.same as f64),
    },
    Family {
        name: "tig_host_shadow_different_total",
        kind: Kind::Counter,
        help: "Events that the shadow has handled differently.",
        value: |shown| Some(shown.status.shadow.as_ref()?.different as f64),
    },
    Family {
        name: "tig_host_http_calls_in_flight",
        kind: Kind::Gauge,
        help: "HTTP requests of the extension that are not answered.",
        value: |shown| Some(shown.calls_in_flight as f64),
    },
    Family {
        name: "tig_host_ws_connections",
        kind: Kind::Gauge,
        help: "Websocket connections of the extension.",
        value: |shown| Some(shown.status.connections as f64),
    },
    Family {
        name: "tig_host_ws_frames_received_total",
        kind: Kind::Counter,
        help: "Frames that were read on them.",
        value: |shown| Some(shown.status.frames_received as f64),
    },
    Family {
        name: "tig_host_ws_frames_sent_total",
        kind: Kind::Counter,
        help: "Frames that were sent on them.",
        value: |shown| Some(shown.status.frames_sent as f64),
    },
    Family {
        name: "tig_host_reloads_total",
        kind: Kind::Counter,
        help: "Times that a version has taken over from another.",
        value: |shown| Some(shown.status.reloads as f64),
    },
    Family {
        name: "tig_host_last_switch_seconds",
        kind: Kind::Gauge,
        help: "Time that events waited for the last reload.",
        value: |shown| shown.status.last_switch_us.map(|time| time as f64 / 1e6),
    },
    Family {
        name: "tig_host_restarts_total",
        kind: Kind::Counter,
        help: "Instances restarted after a panic.",
        value: |shown| Some(shown.status.restarts as f64),
    },
    Family {
        name: "tig_host_restores_total",
        kind: Kind::Counter,
        help: "Instances restored from storage after a handler failed that had asked for effects.",
        value: |shown| Some(shown.status.restores as f64),
    },
    Family {
        name: "tig_host_code_bytes",
        kind: Kind::Gauge,
        help: "Plugin files that stay mapped for the extension.",
        value: |shown| Some(shown.status.code_bytes as f64),
    },
    Family {
        name: "tig_host_up",
        kind: Kind::Gauge,
        help: "1 if events reach the extension, 0 if it is stopped.",
        value: |shown| Some(f64::from(u8::from(shown.status.state != State::Stopped))),
    },
];

#[cfg(test)]
mod tests {
    use tig_plugin_api::Condition;

    use super::*;
    use crate::runtime::extension::Extension;

    fn shown(name: &str, series: Vec<Series>) -> Shown {
        Shown {
            status: Extension::new(name).status(),
            cpu: Some(Duration::from_millis(1500)),
            calls_in_flight: 2,
            series,
        }
    }

    fn condition(subject: &str) -> StandingCondition {
        StandingCondition {
            condition: Condition::new("stuck", Severity::Critical, "text").about(subject),
            since_ms: 1,
        }
    }

    fn series(name: &str, labels: &str, kind: Kind, value: f64) -> Series {
        Series {
            name: name.to_owned(),
            labels: labels.to_owned(),
            kind,
            value,
        }
    }

    #[test]
    fn each_metric_stands_once_with_all_its_series() {
        let snapshot = Snapshot {
            uptime: Duration::from_secs(7),
            store_bytes: Some(4096),
            disk_free_bytes: None,
            resident_bytes: None,
            open_files: None,
            open_files_max: None,
            http: [("answered", 3), ("failed", 1), ("rate_limited", 0)],
            own_conditions: ["a", "b"].map(condition).into(),
            extensions: vec![
                shown(
                    "a",
                    vec![
                        series("jobs", "kind=\"c1\"", Kind::Gauge, 2.5),
                        series("done", "", Kind::Counter, 4.0),
                    ],
                ),
                shown("b", vec![series("jobs", "", Kind::Gauge, 1.0)]),
            ],
        };
        let mut text = Text::default();
        visit(&snapshot, &mut text);
        let text = text.into_string();
        for line in [
            "tig_host_store_bytes 4096",
            "tig_host_http_calls_total{outcome=\"answered\"} 3",
            "tig_host_cpu_seconds_total{extension=\"a\"} 1.5",
            "tig_host_condition{extension=\"host\",code=\"stuck\",severity=\"critical\"} 2",
            "tig_extension_jobs{extension=\"a\",kind=\"c1\"} 2.5",
            "tig_extension_jobs{extension=\"b\"} 1",
            "tig_extension_done_total{extension=\"a\"} 4",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "no {line} in\n{text}"
            );
        }
        assert!(!text.contains("resident"), "what is not known is not shown");
        let mut heads: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "))
            .collect();
        let count = heads.len();
        heads.sort_unstable();
        heads.dedup();
        assert_eq!(heads.len(), count);
    }
}
