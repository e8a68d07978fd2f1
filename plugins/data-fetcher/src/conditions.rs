//! What of the network and its API an operator must look at.

use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::health::{Class, Health};
use crate::history::History;

/// Benchmarks that have a condition each; the rest share one that states their number.
const SUBJECTS_COUNT_MAX: usize = 20;

/// All that is so now; `stalled_ms` is how long there has been no new block, if that is too long, and `reported` what was
/// so before.
pub(crate) fn present(
    api_url: &str,
    health: &Health,
    history: Option<&History>,
    stalled_ms: Option<u64>,
    reported: &ReportedConditions,
) -> Vec<Condition> {
    let mut conditions = Vec::new();
    conditions.extend(trouble(api_url, health));
    conditions.extend(stalled_ms.map(|_| stalled(api_url)));
    if let Some(history) = history {
        conditions.extend(frauds(history, reported));
        conditions.extend(history.is_emptied().then(listing_emptied));
    }
    conditions.extend(health.clock_off_ms().map(clock_off));
    conditions
}

fn trouble(api_url: &str, health: &Health) -> Option<Condition> {
    let trouble = health.trouble()?;
    let (code, what) = match trouble.class {
        Class::Unreachable => ("api_unreachable", "does not answer"),
        Class::Refused => ("api_refuses", "refuses our requests"),
        Class::Unusable => ("api_fails", "sends no usable answers"),
    };
    let text = format!(
        "the API at {api_url} {what}, so there are no new blocks and no precommits: {}",
        trouble.text
    );
    Some(Condition::new(code, Severity::Critical, text).with_remedy(trouble.advice))
}

fn stalled(api_url: &str) -> Condition {
    let text = format!(
        "no new block for more than ten minutes: the network stands still, or {api_url} serves old answers"
    );
    Condition::new("network_stalled", Severity::Warning, text).with_remedy(
        "compare the height with the network's explorer; if it goes on there, look for a cache in front of `api_url`",
    )
}

fn frauds(history: &History, reported: &ReportedConditions) -> Vec<Condition> {
    const REMEDY: &str = "look which slaves computed it (`tig-host jobs`), and put them out (`tig-host cordon NAME`)";
    let condition = |id: &String| {
        let text = format!("benchmark {id} was flagged as fraud: a submitted proof is wrong");
        let condition = Condition::new("fraud_flagged", Severity::Critical, text);
        condition.about(id).with_remedy(REMEDY)
    };
    let conditions = history.frauds().map(condition).collect();
    reported.bounded(conditions, SUBJECTS_COUNT_MAX, |rest| {
        format!("and {} more benchmarks were flagged as fraud", rest.len())
    })
}

fn listing_emptied() -> Condition {
    let text =
        "the API lists no precommits though the last ones have not expired: it may have lost data";
    Condition::new("listing_emptied", Severity::Warning, text).with_remedy(
        "check `player_id` and `api_url`; work that was begun goes on until it expires",
    )
}

fn clock_off(ahead_ms: i64) -> Condition {
    let seconds = ahead_ms.unsigned_abs() / 1_000;
    // A number that changes with each answer would be news each time.
    let about = match seconds {
        0..60 => "more than half a minute".to_owned(),
        60..7_200 => format!("about {} minutes", seconds / 60),
        _ => format!("about {} hours", seconds / 3_600),
    };
    let direction = if ahead_ms < 0 { "ahead of" } else { "behind" };
    let text = format!("the clock of this machine is {about} {direction} that of the API");
    Condition::new("clock_off", Severity::Warning, text)
        .with_remedy("let the machine keep its time (`timedatectl set-ntp true`)")
}
