//! What a person should know of the jobs, as conditions. Pure.

use std::collections::BTreeMap;

use tig_plugin_api::{Condition, ReportedConditions, Severity};

use crate::job::{Job, Stage};
use crate::late::late_jobs;
use crate::network::Missing;
use crate::view::View;

/// Subjects that are named by one code; where there are more, one condition without subject has the number of the rest.
const SUBJECTS_NAMED_COUNT_MAX: usize = 10;

/// An abandoned job is a condition for so long.
const ABANDONED_MS: u64 = 3_600_000;

/// Slaves that disagree for longer than so many retry delays need help.
const DISPUTE_DELAYS: u64 = 2;

/// All conditions of the extension.
pub(crate) fn conditions(view: &View<'_>, reported: &ReportedConditions) -> Vec<Condition> {
    let bounded = |conditions, rest_text: fn(usize) -> String| {
        let rest_text = |rest: &[Condition]| rest_text(rest.len());
        reported.bounded(conditions, SUBJECTS_NAMED_COUNT_MAX, rest_text)
    };
    let mut conditions = bounded(waiting(view), |count| {
        format!("jobs wait for {count} more things")
    });
    let named = [
        bounded(oldest_first(disputed(view)), |count| {
            format!("slaves disagree about {count} more jobs")
        }),
        bounded(oldest_first(abandoned(view)), |count| {
            format!("{count} more jobs were abandoned")
        }),
    ];
    conditions.extend(named.into_iter().flatten());
    conditions.extend(late(view));
    if view.audits_unclaimed > 0 {
        let text = format!(
            "{} batches of the last hour were to be computed once more, and no slave took them: their results are not checked",
            view.audits_unclaimed
        );
        let condition = Condition::new("audits_overdue", Severity::Warning, text);
        conditions.push(condition.with_remedy(
            "add a second slave, or start the verifier that config.job_manager names",
        ));
    }
    if view.is_silent {
        let text = "batches are open, and no slave has delivered one for ten minutes";
        let condition = Condition::new("no_results", Severity::Warning, text);
        conditions.push(condition.with_remedy("look at the slaves: `tig-host slaves`"));
    }
    conditions
}

fn oldest_first(mut conditions: Vec<(u64, Condition)>) -> Vec<Condition> {
    conditions.sort_by_key(|(since_ms, _)| *since_ms);
    conditions.into_iter().map(|(_, it)| it).collect()
}

/// By what is missing: many jobs wait for the same.
fn waiting(view: &View<'_>) -> Vec<Condition> {
    let mut missing: BTreeMap<String, (Missing, u64)> = BTreeMap::new();
    let waiting = view.jobs.values();
    for job in waiting.filter(|job| job.stage() == Stage::Waiting) {
        let terms = view.network.terms(view.config, &job.record().settings);
        if let Err(reason) = terms {
            let (_, count) = missing
                .entry(reason.subject().to_owned())
                .or_insert((reason, 0));
            *count += 1;
        }
    }
    let condition = |(subject, (reason, count)): (String, (Missing, u64))| {
        let text = match count {
            1 => format!("a job waits: {reason}"),
            _ => format!("{count} jobs wait: {reason}"),
        };
        Condition::new("job_waiting", reason.severity(), text)
            .about(subject)
            .with_remedy(reason.remedy())
    };
    missing.into_iter().map(condition).collect()
}

/// With the times since when. No slave is to decide a dispute of an abandoned job.
fn disputed(view: &View<'_>) -> Vec<(u64, Condition)> {
    let of_job = |(id, job): (&String, &Job)| {
        let mut audits = job.audits().iter();
        let disputed = audits.find(|(_, open)| open.audit.is_dispute());
        // With the network, if with no slave.
        let first = || job.audits().iter().next().filter(|_| job.has_wrong_root());
        let (index, open) = disputed.or_else(first)?;
        let start_nonce = job.batch(*index)?.start_nonce;
        let waited_ms = view.now_ms.saturating_sub(open.since_ms);
        let is_old = waited_ms >= job.retry_delay_ms().saturating_mul(DISPUTE_DELAYS);
        let severity = if is_old {
            Severity::Warning
        } else {
            Severity::Info
        };
        let slaves: Vec<&str> = open.audit.slaves().collect();
        let text = match disputed {
            Some(_) => format!(
                "slaves {} disagree about batch {start_nonce}: another slave must compute it",
                slaves.join(", ")
            ),
            None => format!(
                "the roots of {} batches do not lead to that of the confirmed benchmark: other slaves must compute them",
                job.audits().len()
            ),
        };
        let condition = Condition::new("job_disputed", severity, text).about(id.as_str());
        let remedy = if job.has_wrong_root() {
            "add a slave, or name a verifier in config.job_manager; make sure that no other master works for the same player"
        } else {
            "add a slave, or name a verifier in config.job_manager"
        };
        Some((open.since_ms, condition.with_remedy(remedy)))
    };
    let active = view.jobs.iter().filter(|(_, job)| job.is_active());
    active.filter_map(of_job).collect()
}

/// With the times since when.
fn abandoned(view: &View<'_>) -> Vec<(u64, Condition)> {
    let of_job = |(id, job): (&String, &Job)| {
        let record = job.record();
        let reason = record.abandoned.as_ref()?;
        let since_ms = record.times.abandoned_ms?;
        let is_recent = view.now_ms.saturating_sub(since_ms) < ABANDONED_MS;
        is_recent.then(|| {
            let text = format!("the job was abandoned: {reason}");
            let condition = Condition::new("job_abandoned", Severity::Warning, text);
            let condition = condition.about(id.as_str());
            (since_ms, condition.with_remedy(reason.remedy()))
        })
    };
    view.jobs.iter().filter_map(of_job).collect()
}

/// One for all of them: where slaves are too few, each new job is late.
fn late(view: &View<'_>) -> Option<Condition> {
    let late = late_jobs(view);
    let age = |id: &str| view.jobs.get(id).map(|job| job.record().block_started);
    let (id, reason) = late.iter().min_by_key(|(id, _)| age(id))?;
    let text = match late.len() {
        1 => format!("job {id} is late: {reason}"),
        count => format!("{count} jobs are late, the oldest is {id}: {reason}"),
    };
    let condition = Condition::new("jobs_late", Severity::Warning, text);
    Some(condition.with_remedy("add slaves, or configure fewer num_nonces for the challenge"))
}
