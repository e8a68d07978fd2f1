//! `status`: what the running validator does, on one screen.

use serde::Serialize;
use serde_json::Value;
use tig_process::output;
use tig_process::plain_text::escaped;

use crate::host::{HostProcess, HostProgram, RunError};
use crate::http::{ClientError, Http};
use crate::running::{Asked, Running};

/// Why there is no status.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StatusError {
    /// The program cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// No HTTP client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// No validator.
    #[error(
        "no validator of {config} runs: start it with `compute-horde up`, or `tig-host {config}`; `compute-horde doctor` says what would keep it from starting"
    )]
    NotRunning {
        /// The config file.
        config: String,
    },
}

#[derive(Serialize)]
struct Report<'a> {
    address: &'a str,
    #[serde(flatten)]
    asked: &'a Asked,
}

/// Prints the status.
///
/// # Errors
///
/// See [`StatusError`].
pub(crate) fn run(host: &HostProgram, as_json: bool) -> Result<(), StatusError> {
    let Some(HostProcess { address, .. }) = host.process()? else {
        return Err(StatusError::NotRunning {
            config: host.config().display().to_string(),
        });
    };
    let http = Http::new()?;
    let running = Running {
        transport: &http,
        address: &address,
    };
    let asked = running.ask();
    if as_json {
        let report = Report {
            address: &address,
            asked: &asked,
        };
        output::line(&serde_json::to_string(&report).unwrap_or_default());
        return Ok(());
    }
    output::line(&format!("validator at http://{address}"));
    output::table(&rows(&asked));
    for line in alerts(&asked.conditions) {
        output::line(&line);
    }
    Ok(())
}

/// What a person must look at, each with its remedy in a line of its own.
fn alerts(conditions: &Value) -> Vec<String> {
    let Some(conditions) = conditions.as_array() else {
        return vec!["alerts cannot be read: `tig-host why` shows them".to_owned()];
    };
    let alerts = conditions
        .iter()
        .filter(|condition| condition["severity"] != "info");
    let lines = alerts.flat_map(|condition| {
        let word = |key: &str| escaped(condition[key].as_str().unwrap_or_default());
        let subject = match word("subject") {
            subject if subject.is_empty() => subject,
            subject => format!(" {subject}"),
        };
        let (severity, extension, code) = (word("severity"), word("extension"), word("code"));
        let remedy = Some(word("remedy")).filter(|remedy| !remedy.is_empty());
        [
            Some(format!(
                "{severity}: {extension} {code}{subject}: {}",
                word("text")
            )),
            remedy.map(|remedy| format!("    > {remedy}")),
        ]
    });
    lines.flatten().collect()
}

/// One row for each thing that the validator does.
fn rows(asked: &Asked) -> Vec<Vec<String>> {
    let status = &asked.status;
    let now_ms = status["at_ms"].as_u64().unwrap_or_default();
    let rows = [
        ("chain", chain(status, now_ms)),
        ("slot", text(&asked.schedule["text"])),
        ("last batch", last_batch(&status["last_batch"], now_ms)),
        ("weights", weights(asked, now_ms)),
        ("users' jobs", users_jobs(&status["jobs_last_hour"])),
        ("facilitator", facilitator(&asked.facilitator)),
        ("pool of prompts", pool(&asked.pool, now_ms)),
        ("buckets", buckets(&asked.pool["buckets"])),
        ("miners", miners(&status["miners"])),
        (
            "config of the network",
            text(&status["dynamic_config"]["profile"]),
        ),
    ];
    let row = |(name, text): (&str, Option<String>)| {
        let text = text.unwrap_or_else(|| "-".to_owned());
        vec![name.to_owned(), text.replace(char::is_control, " ")]
    };
    rows.into_iter().map(row).collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn chain(status: &Value, now_ms: u64) -> Option<String> {
    let state = &status["chain"];
    let condition = state["condition"].as_str()?.replace('_', " ");
    let block = match status["block"]["number"].as_u64() {
        Some(number) => format!("block {number}, "),
        None => String::new(),
    };
    let reason = state["reason"].as_str();
    let reason = reason
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    let since = ago(&state["since_ms"], now_ms);
    Some(format!("{block}{condition} since {since}{reason}"))
}

fn last_batch(batch: &Value, now_ms: u64) -> Option<String> {
    let classes = batch["classes"]
        .as_object()?
        .iter()
        .map(|(class, results)| {
            let results = results.as_object().into_iter().flatten();
            let results: Vec<_> = results
                .map(|(result, count)| format!("{count} {result}"))
                .collect();
            format!("{class} {}", results.join(", "))
        });
    let classes: Vec<_> = classes.collect();
    let whole = match batch["is_whole"].as_bool() {
        Some(true) => "whole",
        _ => "cut short",
    };
    let since = ago(&batch["at_ms"], now_ms);
    Some(format!("{since} ago, {whole}: {}", classes.join("; ")))
}

/// The cycle whose weights are under way, and the last one that has ended.
fn weights(asked: &Asked, now_ms: u64) -> Option<String> {
    let ended = ended_weights(&asked.status["weights"][0], now_ms);
    let cycles = asked.weights["cycles"].as_array().into_iter().flatten();
    let open = cycles.filter(|cycle| cycle["end"].is_null());
    let rows: Vec<_> = open.filter_map(open_weights).chain(ended).collect();
    (!rows.is_empty()).then(|| rows.join("; "))
}

fn open_weights(cycle: &Value) -> Option<String> {
    let (start, state) = (cycle["cycle_start"].as_u64()?, cycle["state"].as_str()?);
    let wait = cycle["waiting_for"].as_str();
    let wait = wait.map(|wait| format!(": {wait}")).unwrap_or_default();
    Some(format!("cycle {start} {state}{wait}"))
}

fn ended_weights(weights: &Value, now_ms: u64) -> Option<String> {
    let (cycle, end) = (weights["cycle_start"].as_u64()?, weights["end"].as_str()?);
    let since = ago(&weights["at_ms"], now_ms);
    let end = end.replace('_', " ");
    let reason = weights["reason"].as_str();
    let reason = reason
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    Some(format!("cycle {cycle} {end} {since} ago{reason}"))
}

fn users_jobs(jobs: &Value) -> Option<String> {
    let count = |name: &str| jobs[name].as_u64();
    Some(format!(
        "in the last hour {} completed, {} failed, {} rejected; {} run",
        count("completed")?,
        count("failed")?,
        count("rejected")?,
        count("accepted")?
    ))
}

fn facilitator(report: &Value) -> Option<String> {
    let now_ms = report["at_ms"].as_u64()?;
    let since = ago(&report["since_ms"], now_ms);
    let waiting = report["statuses_waiting"].as_u64()?;
    let error = match (report["state"].as_str()?, report["last_error"].as_str()) {
        ("up", _) | (_, None) => String::new(),
        (_, Some(error)) => format!(": {error}"),
    };
    let state = text(&report["state"])?;
    Some(format!(
        "{state} since {since}, {waiting} statuses wait{error}"
    ))
}

/// Samples, each station that does not rest, and the last batch that lacked samples.
fn pool(pool: &Value, now_ms: u64) -> Option<String> {
    let samples = &pool["samples"];
    let (ready, wanted) = (samples["ready"].as_u64()?, samples["wanted"].as_u64()?);
    let stations = pool["stations"].as_object()?.iter();
    let stations = stations.filter_map(|(name, station)| {
        let state = station["state"].as_str()?;
        (!state.starts_with("rests")).then(|| format!("; {name} {state}"))
    });
    let stations: String = stations.collect();
    let shortage = shortage(&pool["last_shortage"], now_ms).unwrap_or_default();
    Some(format!(
        "{ready} of {wanted} samples are ready{stations}{shortage}"
    ))
}

fn shortage(shortage: &Value, now_ms: u64) -> Option<String> {
    let (missing, wanted) = (shortage["missing"].as_u64()?, shortage["wanted"].as_u64()?);
    let since = ago(&shortage["at_ms"], now_ms);
    Some(format!(
        "; a batch lacked {missing} of {wanted} {since} ago"
    ))
}

/// What is wrong with each bucket; `None` if there are none, or they were not looked at yet.
fn buckets(buckets: &Value) -> Option<String> {
    let names = ["prompts", "answers"];
    let described = names.map(|name| bucket(&buckets[name]).map(|text| format!("{name} {text}")));
    let described: Option<Vec<_>> = described.into_iter().collect();
    Some(described?.join("; "))
}

fn bucket(bucket: &Value) -> Option<String> {
    let works = bucket["works"].as_bool()?;
    let state = if works { "works" } else { "DOES NOT WORK" };
    let faults = bucket["faults"].as_array()?.iter();
    let faults: Vec<_> = faults.filter_map(|it| it["reason"].as_str()).collect();
    Some(match faults.is_empty() {
        true => state.to_owned(),
        false => format!("{state}: {}", faults.join(", ")),
    })
}

fn miners(miners: &Value) -> Option<String> {
    let miners = miners.as_object()?;
    if miners.is_empty() {
        return Some("none has failed".to_owned());
    }
    Some(format!(
        "{} have failed lately; GET /horde/status names them",
        miners.len()
    ))
}

/// The time since then, in its greatest unit.
fn ago(then: &Value, now_ms: u64) -> String {
    let seconds = now_ms.saturating_sub(then.as_u64().unwrap_or(now_ms)) / 1000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(asked: &Asked, name: &str) -> String {
        let rows = rows(asked);
        rows.into_iter()
            .find(|row| row[0] == name)
            .unwrap()
            .remove(1)
    }

    #[test]
    fn each_function_has_a_row() {
        let asked = Asked {
            status: json!({
                "at_ms": 1_000_000,
                "block": { "number": 746 },
                "chain": { "condition": "stands_still", "since_ms": 700_000 },
                "last_batch": {
                    "is_whole": true, "at_ms": 940_000,
                    "classes": { "c": { "right": 2, "wrong": 1 } },
                },
                "weights": [{ "cycle_start": 722, "end": "given_up", "reason": "no\u{1b}chain", "at_ms": 999_000 }],
                "jobs_last_hour": { "completed": 3, "failed": 1, "rejected": 0, "accepted": 2 },
                "miners": {},
                "dynamic_config": { "profile": "mainnet-2024-11" },
            }),
            schedule: json!({ "text": "the slot is at block 800" }),
            weights: json!({ "cycles": [
                { "cycle_start": 1444, "state": "scored", "waiting_for": "the cycle runs" },
                { "cycle_start": 722, "state": "given_up", "end": { "given_up": {} } },
            ] }),
            facilitator: json!({
                "at_ms": 5_000, "since_ms": 0, "state": "pausing", "statuses_waiting": 4,
                "last_error": "refused",
            }),
            pool: json!({
                "samples": { "ready": 3, "wanted": 8 },
                "last_shortage": { "at_ms": 880_000, "missing": 2, "wanted": 5 },
                "buckets": {
                    "prompts": { "works": true, "faults": [] },
                    "answers": { "works": false, "faults": [{ "reason": "403 Forbidden", "remedy": "" }] },
                },
                "stations": {
                    "sampling": { "state": "rests: no series" },
                    "answering": { "state": "pauses after a failure" },
                },
            }),
            ..Asked::default()
        };
        for (name, text) in [
            ("chain", "block 746, stands still since 5 min"),
            ("slot", "the slot is at block 800"),
            ("last batch", "60 s ago, whole: c 2 right, 1 wrong"),
            (
                "weights",
                "cycle 1444 scored: the cycle runs; cycle 722 given up 1 s ago: no chain",
            ),
            (
                "users' jobs",
                "in the last hour 3 completed, 1 failed, 0 rejected; 2 run",
            ),
            ("facilitator", "pausing since 5 s, 4 statuses wait: refused"),
            (
                "pool of prompts",
                "3 of 8 samples are ready; answering pauses after a failure; a batch lacked 2 of 5 2 min ago",
            ),
            (
                "buckets",
                "prompts works; answers DOES NOT WORK: 403 Forbidden",
            ),
            ("miners", "none has failed"),
            ("config of the network", "mainnet-2024-11"),
        ] {
            assert_eq!(shown(&asked, name), text, "{name}");
        }
    }

    #[test]
    fn alerts_are_shown_with_their_remedies() {
        let conditions = json!([
            {
                "extension": "horde_chain", "code": "chain_unreachable", "subject": "",
                "severity": "critical", "text": "no\u{1b} answer", "remedy": "look at it",
            },
            {
                "extension": "horde_weights", "code": "weights_failing", "subject": "722",
                "severity": "warning", "text": "refused", "remedy": "",
            },
            { "extension": "horde_schedule", "code": "no_chain", "severity": "info", "text": "it waits" },
        ]);
        assert_eq!(
            alerts(&conditions),
            [
                "critical: horde_chain chain_unreachable: no\\u{1b} answer",
                "    > look at it",
                "warning: horde_weights weights_failing 722: refused",
            ]
        );
        assert!(alerts(&json!([])).is_empty(), "all is well");
        let unreadable = alerts(&Value::Null);
        assert!(unreadable[0].contains("tig-host why"), "{unreadable:?}");
    }

    #[test]
    fn what_is_not_known_is_a_hyphen() {
        let asked = Asked::default();
        let are_empty = rows(&asked).iter().all(|row| row[1] == "-");
        assert!(are_empty, "{:?}", rows(&asked));
    }
}
