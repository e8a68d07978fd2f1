//! The life of a job as a lane of a timeline.

use tig_plugin_api::panel::{Lane, Step, Tone};

use crate::finished::{FinishedJob, Outcome};
use crate::job::{Job, Stage};
use crate::record::JobRecord;
use crate::view::View;

pub(crate) fn lane(view: &View<'_>, benchmark_id: &str, job: &Job) -> Lane {
    let mut steps = steps(job.record(), job.stage(), None);
    let abandoned = &job.record().abandoned;
    if let (Some(reason), Some(at_ms)) = (abandoned, job.record().times.abandoned_ms) {
        let label = format!("abandoned: {reason}");
        steps.push(moment(label, at_ms, Tone::Bad));
    }
    Lane {
        id: benchmark_id.to_owned(),
        label: label(view, job.record()),
        steps,
    }
}

pub(crate) fn finished_lane(view: &View<'_>, job: &FinishedJob) -> Lane {
    let stage = match job.outcome {
        Outcome::Proved { .. } => Stage::ProofReady,
        Outcome::Expired => Stage::Abandoned,
    };
    let mut steps = steps(&job.record, stage, Some(job.ended_ms));
    steps.push(match job.outcome {
        Outcome::Proved { height } => moment(
            at_block("proof confirmed", height),
            job.ended_ms,
            Tone::Good,
        ),
        Outcome::Expired => moment("lifespan over".to_owned(), job.ended_ms, Tone::Bad),
    });
    Lane {
        id: job.benchmark_id.clone(),
        label: label(view, &job.record),
        steps,
    }
}

fn label(view: &View<'_>, record: &JobRecord) -> String {
    let challenge = view.network.challenge_name(&record.settings.challenge_id);
    format!("{challenge} {:?}", record.settings.difficulty)
}

/// `ended_ms` is the end of the last step, if the job has ended.
fn steps(record: &JobRecord, stage: Stage, ended_ms: Option<u64>) -> Vec<Step> {
    let times = &record.times;
    let ended_ms = ended_ms.or(times.abandoned_ms);
    let mut steps = Vec::new();
    if let Some(created_ms) = times.created_ms {
        let label = at_block("precommit confirmed", times.precommit_height);
        steps.push(moment(label, created_ms, Tone::Neutral));
        let computed_ms = times.computed_ms.or(times.benchmark_ms).or(ended_ms);
        let doing = match stage {
            Stage::Waiting => "waiting",
            Stage::Auditing => "auditing",
            _ => "computing",
        };
        steps.push(span(doing, created_ms, computed_ms));
    }
    if let Some(computed_ms) = times.computed_ms {
        let end_ms = times.benchmark_ms.or(ended_ms);
        steps.push(span("benchmark ready", computed_ms, end_ms));
    }
    if let Some(benchmark_ms) = times.benchmark_ms {
        let label = at_block("benchmark confirmed", times.benchmark_height);
        steps.push(moment(label, benchmark_ms, Tone::Neutral));
        steps.push(span("proving", benchmark_ms, times.proved_ms.or(ended_ms)));
    }
    if let Some(proved_ms) = times.proved_ms {
        steps.push(span("proof ready", proved_ms, ended_ms));
    }
    steps
}

fn at_block(what: &str, height: Option<u32>) -> String {
    match height {
        Some(height) => format!("{what}, block {height}"),
        None => what.to_owned(),
    }
}

fn moment(label: String, at_ms: u64, tone: Tone) -> Step {
    Step {
        label,
        begin_ms: at_ms,
        end_ms: Some(at_ms),
        tone,
    }
}

fn span(label: &str, begin_ms: u64, end_ms: Option<u64>) -> Step {
    Step {
        label: label.to_owned(),
        begin_ms,
        // Clocks of two runs may differ.
        end_ms: end_ms.map(|end_ms| end_ms.max(begin_ms)),
        tone: Tone::Neutral,
    }
}
