//! What of the submissions an operator must look at.

use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::SubmissionsManager;
use crate::kind::Kind;
use crate::ledger::{Class, Trouble};
use crate::submission::{State, Submission};

/// Benchmarks that have a condition of one code each; the rest share one that states their number.
const SUBJECTS_COUNT_MAX: usize = 20;

/// Characters of an answer in a condition.
const ANSWER_CHARS_MAX: usize = 200;

/// All that is so now.
pub(crate) fn present(manager: &SubmissionsManager, api_url: &str, now_ms: u64) -> Vec<Condition> {
    let mut conditions = Vec::new();
    let trouble = manager.ledger.trouble(now_ms);
    conditions.extend(trouble.map(|trouble| of_api(trouble, api_url)));
    conditions.extend(limits(manager, now_ms));
    conditions.extend(bounded(rejected(manager), &manager.reported));
    conditions.extend(bounded(late(manager), &manager.reported));
    conditions
}

fn of_api(trouble: &Trouble, api_url: &str) -> Condition {
    let answer = cut(&trouble.text);
    match trouble.class {
        Class::KeyRefused => Condition::new(
            "api_key_refused",
            Severity::Critical,
            format!("the API refuses the key with which submissions are sent: {answer}"),
        )
        .with_remedy("put the whole API key of `player_id` into the file of `api_key_file`"),
        Class::Unreachable => Condition::new(
            "api_unreachable",
            Severity::Warning,
            format!("submissions do not reach the API at {api_url}, and are sent again: {answer}"),
        )
        .with_remedy("check the network and the API's status; what is paid for is kept and sent later"),
        Class::RateLimited => Condition::new(
            "rate_limited",
            Severity::Warning,
            format!("the API has had too many submissions: {answer}"),
        )
        .with_remedy("lower posts_per_minute of the API host in `http` of the config, and use one host per address"),
    }
}

/// What the host's own limit keeps waiting.
fn limits(manager: &SubmissionsManager, now_ms: u64) -> Vec<Condition> {
    let limited = |kind: Kind| {
        let limit = manager.limits.current(kind, now_ms)?;
        let reason = cut(&limit.reason);
        let text = format!("{kind}s wait for their turn: {reason}");
        let condition = Condition::new("rate_limited", Severity::Info, text);
        Some(condition.about(format!("{kind}s")).with_remedy(
            "raise posts_per_minute of the API host in `http` of the config if the API allows it",
        ))
    };
    Kind::ALL.into_iter().filter_map(limited).collect()
}

fn of_benchmarks(
    manager: &SubmissionsManager,
    is_meant: impl Fn(&Submission) -> bool,
) -> impl Iterator<Item = (Kind, &String, &Submission)> {
    let all = manager.submissions.iter();
    all.filter(move |((kind, _), submission)| *kind != Kind::Precommit && is_meant(submission))
        .map(|((kind, id), submission)| (*kind, id, submission))
}

/// With the times when they were ready.
fn rejected(manager: &SubmissionsManager) -> Vec<(u64, Condition)> {
    let of = of_benchmarks(manager, |submission| submission.state == State::Rejected);
    let condition = |(kind, id, submission): (Kind, &String, &Submission)| {
        let answer = cut(submission.last_error.as_deref().unwrap_or("unknown"));
        let text = format!(
            "the {kind} of benchmark {id} was rejected, and its work earns nothing: {answer}"
        );
        let condition = Condition::new("submission_rejected", Severity::Warning, text).about(id);
        let remedy = "the API's answer says why; if several are rejected, pause (`tig-host pause`) until it is clear";
        (submission.created_ms, condition.with_remedy(remedy))
    };
    of.map(condition).collect()
}

/// With the times when they were ready.
fn late(manager: &SubmissionsManager) -> Vec<(u64, Condition)> {
    let of = of_benchmarks(manager, |submission| {
        submission.resends > 0 && submission.state != State::Rejected
    });
    let condition = |(kind, id, submission): (Kind, &String, &Submission)| {
        let text = format!(
            "the API has accepted the {kind} of benchmark {id}, and no block shows it; it was sent again"
        );
        let condition = Condition::new("confirmation_late", Severity::Warning, text).about(id);
        let remedy =
            "look at the API's status; a benchmark that is confirmed late earns less or nothing";
        (submission.created_ms, condition.with_remedy(remedy))
    };
    of.map(condition).collect()
}

/// The oldest of a code, and one for the rest. Benchmark and proof of one id share a condition.
fn bounded(mut conditions: Vec<(u64, Condition)>, reported: &ReportedConditions) -> Vec<Condition> {
    conditions.sort_by(|(_, a), (_, b)| a.subject.cmp(&b.subject));
    conditions.dedup_by(|(_, a), (_, b)| a.subject == b.subject);
    conditions.sort_by_key(|(created_ms, _)| *created_ms);
    let conditions = conditions.into_iter().map(|(_, it)| it).collect();
    reported.bounded(conditions, SUBJECTS_COUNT_MAX, |rest| {
        let such = rest.first().map_or("", |first| &first.text);
        format!("and {} more, such as this: {such}", rest.len())
    })
}

fn cut(text: &str) -> String {
    text.chars().take(ANSWER_CHARS_MAX).collect()
}
