//! The running validator: what its extensions say of the chain, the schedule and the facilitator.

use horde_events::quote;
use serde_json::Value;

use crate::finding::Finding;
use crate::running::Asked;

/// Time for which receipts of another validator are a fault, in milliseconds: nothing says that it has stopped.
const OTHER_VALIDATOR_MS: u64 = 24 * 3_600_000;

/// Looks at what the extensions of a running validator say.
pub(crate) fn findings(asked: &Asked) -> Vec<Finding> {
    let mut findings = vec![
        chain(&asked.status["chain"]),
        slot(&asked.schedule),
        facilitator(&asked.facilitator),
    ];
    findings.extend(pool(&asked.pool));
    findings.extend(other_validator(&asked.receipts));
    findings
}

fn reason(value: &Value) -> String {
    value.as_str().map(quote).unwrap_or_default()
}

fn chain(state: &Value) -> Finding {
    let part = "chain";
    match state["condition"].as_str() {
        Some("following") => Finding::good(part, "is followed"),
        Some("stands_still") => Finding::fault(
            part,
            format!("its service shows block {} for minutes", state["block"]),
            "look at the log of the Pylon service: its node may have lost the network",
        ),
        Some("unreachable") => Finding::fault(
            part,
            format!("its service cannot be used: {}", reason(&state["reason"])),
            "start the Pylon service, or correct PYLON_URL, PYLON_IDENTITY and PYLON_TOKEN_FILE",
        ),
        Some("contradicts") => Finding::fault(
            part,
            format!(
                "its service contradicts itself: {}",
                reason(&state["reason"])
            ),
            "ask one Pylon service with one node; nothing is decided until its answers fit together",
        ),
        Some(other) => unknown(part, other),
        None => Finding::warning(
            part,
            "the validator has no state of it",
            "wait a minute after its start; without horde_chain and horde_report in `extensions` of config.json no chain is followed",
        ),
    }
}

fn slot(schedule: &Value) -> Finding {
    let part = "slot";
    let text = schedule["text"].as_str().unwrap_or_default();
    let text = text.replace(char::is_control, " ");
    match schedule["code"].as_str() {
        Some("done" | "waiting") => Finding::good(part, text),
        Some("not_in_list") => Finding::fault(
            part,
            text,
            "register the hotkey on the subnet, with stake enough to be among its validators",
        ),
        Some("not_serving") => Finding::warning(
            part,
            text,
            "see MIGRATING in .env, `config.horde_schedule.serving` and `compute-horde constance get SERVING`; serve on one machine only",
        ),
        Some("missed") => Finding::warning(
            part,
            text,
            "the next cycle has a new slot; the reason says what to change",
        ),
        Some("no_chain") => Finding::warning(part, text, "see what is said of the chain"),
        Some(other) => unknown(part, other),
        None => Finding::note(
            part,
            "horde_schedule is not among the extensions: batches are run by hand",
        ),
    }
}

fn facilitator(report: &Value) -> Finding {
    let part = "facilitator";
    let remedy = "check FACILITATOR_URI and the network; a facilitator that refuses does not know this hotkey";
    match report["state"].as_str() {
        Some("up") => Finding::good(part, "is connected"),
        Some(state @ ("pausing" | "connecting" | "authenticating")) => {
            match report["last_error"].as_str() {
                Some(error) => {
                    Finding::fault(part, format!("is not connected: {}", quote(error)), remedy)
                }
                None => Finding::warning(part, format!("{state}: not connected yet"), remedy),
            }
        }
        Some(other) => unknown(part, other),
        None => Finding::note(
            part,
            "horde_facilitator is not among the extensions: there are no users' jobs",
        ),
    }
}

/// The pool of prompts, if the validator has one: its trusted miner, and stations that fail.
fn pool(pool: &Value) -> Option<Finding> {
    let part = "pool of prompts";
    let miner = &pool["trusted_miner"];
    if !miner["is_configured"].as_bool()? {
        return Some(Finding::warning(
            part,
            "the config names no trusted miner: no prompts are made, and language models are not tested",
            "set TRUSTED_MINER_ADDRESS and TRUSTED_MINER_PORT in .env, and write the config again",
        ));
    }
    if miner["checks"]["is_reliable"] == false {
        return Some(Finding::fault(
            part,
            "the trusted miner has given other answers to the same prompts on another day: its samples are set aside",
            "look at its machine: the same model, seed and image must give the same answers",
        ));
    }
    let paused = pool["stations"].as_object()?.iter().find(|(_, station)| {
        let state = station["state"].as_str();
        state.is_some_and(|state| state.starts_with("pauses"))
    });
    Some(match paused {
        None => Finding::good(part, "no station fails"),
        Some((name, station)) => Finding::warning(
            part,
            format!(
                "{name} fails: {}",
                reason(&station["last_failure"]["reason"])
            ),
            "see what is said of the buckets; `GET /horde/pool` shows each station",
        ),
    })
}

/// Another validator with this hotkey, if miners have served receipts of it lately.
fn other_validator(receipts: &Value) -> Option<Finding> {
    let found = &receipts["other_validator"];
    let found_ms = found["found_ms"].as_u64()?;
    if receipts["at_ms"].as_u64()?.saturating_sub(found_ms) >= OTHER_VALIDATOR_MS {
        return None;
    }
    let made = found["made"].as_str().map(quote).unwrap_or_default();
    Some(Finding::fault(
        "receipts",
        format!(
            "another validator signs with this hotkey: miners serve {} receipts that this one has not signed, the last made at {made}",
            found["receipts"]
        ),
        "stop one of the two; after a move to another machine, the old one",
    ))
}

fn unknown(part: &str, state: &str) -> Finding {
    Finding::warning(
        part,
        format!(
            "is in a state that this program does not know: {}",
            quote(state)
        ),
        "use a host and a compute-horde of one version",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::finding::Level;

    #[test]
    fn states_of_the_chain_are_told_apart() {
        for (state, level) in [
            (json!({ "condition": "following" }), Level::Good),
            (
                json!({ "condition": "stands_still", "block": 7 }),
                Level::Fault,
            ),
            (
                json!({ "condition": "unreachable", "reason": "refused" }),
                Level::Fault,
            ),
            (
                json!({ "condition": "contradicts", "reason": "hash" }),
                Level::Fault,
            ),
            (json!({ "condition": "new" }), Level::Warning),
            (Value::Null, Level::Warning),
        ] {
            assert_eq!(chain(&state).level, level, "{state}");
        }
    }

    #[test]
    fn words_of_the_schedule_have_their_remedies() {
        for (code, level) in [
            ("done", Level::Good),
            ("waiting", Level::Good),
            ("not_in_list", Level::Fault),
            ("not_serving", Level::Warning),
            ("missed", Level::Warning),
            ("no_chain", Level::Warning),
        ] {
            let finding = slot(&json!({ "code": code, "text": "t" }));
            assert_eq!(
                (finding.level, finding.text.as_str()),
                (level, "t"),
                "{code}"
            );
            assert_eq!(finding.remedy.is_empty(), level == Level::Good, "{code}");
        }
        assert_eq!(slot(&Value::Null).level, Level::Note);
    }

    #[test]
    fn facilitator_that_refuses_is_a_fault() {
        let report = |state, error: Value| json!({ "state": state, "last_error": error });
        assert_eq!(
            facilitator(&report("up", json!("earlier"))).level,
            Level::Good
        );
        let finding = facilitator(&report("pausing", json!("403\u{1b}")));
        assert_eq!(finding.level, Level::Fault);
        assert!(!finding.text.contains('\u{1b}'), "{}", finding.text);
        assert_eq!(
            facilitator(&report("connecting", Value::Null)).level,
            Level::Warning
        );
        assert_eq!(facilitator(&Value::Null).level, Level::Note);
    }

    #[test]
    fn other_validator_is_a_fault_for_a_day() {
        let receipts = |at_ms: u64| {
            let found =
                json!({ "receipts": 24, "found_ms": 1_000, "made": "2026-11-29T17:24:50Z" });
            json!({ "at_ms": at_ms, "other_validator": found })
        };
        let finding = other_validator(&receipts(86_400_999)).unwrap();
        assert_eq!(finding.level, Level::Fault);
        assert!(finding.text.contains("24 receipts"), "{}", finding.text);
        assert_eq!(other_validator(&receipts(86_401_000)), None);
        assert_eq!(
            other_validator(&json!({ "at_ms": 1, "other_validator": null })),
            None
        );
        assert_eq!(other_validator(&Value::Null), None);
    }

    #[test]
    fn pool_says_what_its_trusted_miner_lacks() {
        let level = |pool: Value| super::pool(&pool).map(|finding| finding.level);
        let miner = |is_configured, is_reliable: Value, state| {
            json!({
                "trusted_miner": {
                    "is_configured": is_configured,
                    "checks": { "is_reliable": is_reliable },
                },
                "stations": {
                    "answering": { "state": state, "last_failure": { "reason": "late" } },
                },
            })
        };
        assert_eq!(level(Value::Null), None);
        let rests = "rests: no workload waits";
        assert_eq!(level(miner(true, Value::Null, rests)), Some(Level::Good));
        assert_eq!(
            level(miner(false, Value::Null, rests)),
            Some(Level::Warning)
        );
        assert_eq!(level(miner(true, json!(false), rests)), Some(Level::Fault));
        let pauses = miner(true, json!(true), "pauses after a failure");
        assert_eq!(level(pauses), Some(Level::Warning));
    }
}
