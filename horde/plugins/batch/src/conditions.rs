//! Conditions of the last batch, for operators. Pure.
//!
//! Of batches that are begun by command and by cycles the last one counts. A text has no count of its own that would differ from
//! batch to batch. The reasons of miners and job kinds are quoted as they are, and some have numbers: those of a shortage of jobs do.

use std::collections::{BTreeMap, BTreeSet};

use horde_events::{BatchEnd, BatchReport, ClassReport};
use horde_extension::shown;
use tig_plugin_api::{Condition, Severity};

use crate::HordeBatch;
use crate::asks::Obstacle;
use crate::batch::{Batch, Phase};
use crate::config::Config;
use crate::limits::BATCH_TIMEOUT_MINUTES;

/// All that is so now. Looks at whole reports: to be called when a phase is over, and not for each job.
pub(crate) fn present(horde_batch: &HordeBatch) -> Vec<Condition> {
    let HordeBatch {
        config,
        current,
        finished,
        ..
    } = horde_batch;
    let mut conditions = kinds(config, current.as_ref(), finished);
    if let Some(last) = finished.last() {
        conditions.extend(without_jobs(last));
        conditions.extend(interrupted(last));
    }
    let mut newest_first = finished.iter().rev();
    if let Some(whole) = newest_first.find(|report| report.end == BatchEnd::Stored) {
        conditions.extend(none_right(whole));
        conditions.extend(unchecked(config, whole));
    }
    conditions
}

fn classes(report: &BatchReport) -> impl Iterator<Item = &ClassReport> {
    report.miners.iter().flat_map(|miner| &miner.classes)
}

/// What keeps jobs of a class from being made.
fn kinds(config: &Config, current: Option<&Batch>, finished: &[BatchReport]) -> Vec<Condition> {
    let running = current.filter(|batch| batch.head.phase == Phase::Running);
    let (notes, with_jobs): (Vec<(&str, &str)>, BTreeSet<&str>) = match running {
        Some(batch) => {
            let notes = batch.head.notes.iter();
            let notes = notes.map(|note| (note.class.as_str(), note.text.as_str()));
            let with_jobs = batch.jobs.values().map(|job| job.class.as_str());
            (notes.collect(), with_jobs.collect())
        }
        None => {
            let asked = finished.iter().rev().find(|report| has_asked_kinds(report));
            let notes = asked.into_iter().flat_map(|report| &report.notes);
            let notes = notes.map(|note| (note.executor_class.as_str(), note.text.as_str()));
            let with_jobs = asked.into_iter().flat_map(classes);
            let with_jobs = with_jobs.filter(|class| class.jobs > 0);
            let with_jobs = with_jobs.map(|class| class.executor_class.as_str());
            (notes.collect(), with_jobs.collect())
        }
    };
    // Jobs are asked for in pieces, so that a class may have several notes.
    let mut seen = BTreeSet::new();
    let conditions = notes.into_iter().filter_map(|(class, text)| {
        let condition = note_condition(config, class, text, with_jobs.contains(class))?;
        seen.insert((condition.code.clone(), class))
            .then_some(condition)
    });
    conditions.collect()
}

/// Whether a batch went as far as the answers of job kinds.
fn has_asked_kinds(report: &BatchReport) -> bool {
    match report.end {
        BatchEnd::Stored | BatchEnd::NoExecutor | BatchEnd::NoJob | BatchEnd::Damaged => true,
        BatchEnd::NoManifest => false,
        BatchEnd::TimedOut => classes(report).any(|class| class.jobs > 0),
    }
}

/// The condition of a note on a class, which has got some jobs or none.
fn note_condition(config: &Config, class: &str, text: &str, has_jobs: bool) -> Option<Condition> {
    let has_kind = config.kinds.keys().any(|known| known.as_str() == class);
    let (code, severity, text, remedy) = match Obstacle::from_text(text) {
        // The config may have changed since, and a command names kinds of its own.
        Obstacle::NoKind if has_kind => return None,
        // As the config wants it: by default a class has no kind.
        Obstacle::NoKind => (
            "job_kind_missing",
            Severity::Info,
            format!("executors of class {class} are not tested: no job kind is configured for it"),
            "nothing, or name a job kind for the class in `kinds` of horde_batch",
        ),
        Obstacle::NoAnswer => (
            "job_kind_missing",
            Severity::Warning,
            format!(
                "executors of class {class} were not tested in the last batch: {}",
                shown(text)
            ),
            "name the job kind in `extensions`; if it is there, look at its log",
        ),
        // Ordinary: a job kind may still prepare work, or have less of it than there are executors.
        Obstacle::Shortage if has_jobs => (
            "jobs_short",
            Severity::Info,
            format!(
                "some executors of class {class} got no job in the last batch: {}",
                shown(text)
            ),
            "nothing, while the job kind of the class still prepares work, or if it is to have less work than there are executors; otherwise look at its conditions and its log",
        ),
        Obstacle::Shortage => (
            "jobs_short",
            Severity::Warning,
            format!(
                "no executor of class {class} got a job in the last batch: {}",
                shown(text)
            ),
            "look at the conditions and the log of the job kind of the class: executors without a job earn nothing",
        ),
        Obstacle::Users => return None,
    };
    let condition = Condition::new(code, severity, text);
    Some(condition.about(class).with_remedy(remedy))
}

fn without_jobs(last: &BatchReport) -> Option<Condition> {
    let (why, remedy) = match last.end {
        BatchEnd::NoManifest if last.miners.is_empty() => (
            "there is no miner on the subnet".to_owned(),
            "compare `netuid` and `url` of horde_chain with the subnet that is meant",
        ),
        BatchEnd::NoManifest => {
            let mut reasons = last.miners.iter().filter_map(|it| it.no_link.as_deref());
            let reason = shown(reasons.next().unwrap_or("unknown"));
            (
                format!("no miner has shown a manifest, the first one for this reason: {reason}"),
                "if many miners have the same reason in GET /horde/batch, check network and firewall of this machine",
            )
        }
        BatchEnd::NoExecutor => (
            "the manifests have no executor that could be tested".to_owned(),
            "see `classes` and `notes` of the last batch in GET /horde/batch: a class needs a job kind, and executors with users' jobs are left out",
        ),
        BatchEnd::NoJob => (
            "no job kind has made a job".to_owned(),
            "see the other conditions of horde_batch: they say why for each class",
        ),
        BatchEnd::Stored | BatchEnd::TimedOut | BatchEnd::Damaged => return None,
    };
    let text = format!("no miner was tested in the last batch: {why}");
    let condition = Condition::new("no_miner_was_tested", Severity::Warning, text);
    Some(condition.with_remedy(remedy))
}

fn interrupted(last: &BatchReport) -> Option<Condition> {
    let (severity, text, remedy) = match last.end {
        BatchEnd::TimedOut => (
            Severity::Warning,
            format!(
                "the last batch was cut after {BATCH_TIMEOUT_MINUTES} minutes; jobs without an outcome count as not tested, with neither blame nor score"
            ),
            "see whether the host was off meanwhile; if not, look at the conditions of horde_miners and of the job kinds",
        ),
        BatchEnd::Damaged => (
            Severity::Warning,
            "part of what was stored of the last batch could not be read after a restart, and is missing in its results".to_owned(),
            "check the disk of the store; the records are kept in it with keys that begin with `damaged/`",
        ),
        _ if classes(last).any(|class| class.interrupted > 0) => (
            Severity::Info,
            "some jobs of the last batch were interrupted on this side and count as not tested, with neither blame nor score".to_owned(),
            "nothing, if the host was restarted during the batch; if not, see the reasons in GET /horde/batch",
        ),
        _ => return None,
    };
    let condition = Condition::new("batch_interrupted", severity, text);
    Some(condition.with_remedy(remedy))
}

fn none_right(whole: &BatchReport) -> Option<Condition> {
    let mut failures = [
        ("wrong", 0),
        ("failed", 0),
        ("declined", 0),
        ("late", 0),
        ("without a connection", 0),
    ];
    for class in classes(whole) {
        if class.right > 0 {
            return None;
        }
        let counts = [
            class.wrong,
            class.failed,
            class.declined,
            class.late,
            class.unreachable,
        ];
        for ((_, sum), count) in failures.iter_mut().zip(counts) {
            *sum += u64::from(count);
        }
    }
    // Jobs that were excused or interrupted say nothing of miners.
    let most = failures.into_iter().max_by_key(|(_, count)| *count);
    let (most, _) = most.filter(|(_, count)| *count > 0)?;
    let text = format!("no miner was right in the last whole batch: most jobs were {most}");
    let condition = Condition::new("no_miner_was_right", Severity::Warning, text);
    Some(condition.with_remedy(
        "see the reasons of the miners in GET /horde/batch; if they are the same, the cause is probably here: network, clock, or the job kind",
    ))
}

/// Answers of a class that no verdict was given on.
fn unchecked(config: &Config, whole: &BatchReport) -> Vec<Condition> {
    let mut by_class: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for class in classes(whole).filter(|class| class.excused > 0) {
        // The reason of a line is that of its first job that is not right.
        let is_of_excuse = class.right + class.excused == class.jobs;
        let reason = class.reason.as_deref().filter(|_| is_of_excuse);
        let known = by_class.entry(&class.executor_class).or_default();
        *known = known.or(reason);
    }
    let condition = |(class, reason): (&str, Option<&str>)| {
        let reason = reason.map_or_else(|| "GET /horde/batch has the reasons".to_owned(), shown);
        let text = format!(
            "some answers of class {class} could not be checked in the last whole batch, and count for nothing: {reason}"
        );
        let mut kinds = config.kinds.iter();
        let kind = kinds.find(|(known, _)| known.as_str() == class);
        let remedy = match kind {
            Some((_, kind)) => format!("look at the conditions and the log of {kind}"),
            None => "look at the log of the job kind of the class".to_owned(),
        };
        let condition = Condition::new("answers_unchecked", Severity::Warning, text);
        condition.about(class).with_remedy(remedy)
    };
    by_class.into_iter().map(condition).collect()
}
