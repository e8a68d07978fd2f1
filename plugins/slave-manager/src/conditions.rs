//! What of the slaves an operator must look at.
//!
//! Invariant: a condition does not come and go with each failure of a slave that goes on failing, and their number is
//! bounded, whatever slaves call themselves.

use std::collections::BTreeMap;

use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::slaves::{self, FAILURES_TO_REST, Slave};
use crate::view::{Presence, Standing, View};

/// Slaves that have a condition of one code each; those beyond share one more, which states their number.
const SUBJECTS_COUNT_MAX: usize = 20;

/// Slaves named in the condition that they share.
const NAMES_COUNT_MAX: usize = 3;

/// A slave that could not run an algorithm has so long to show that it can, before the condition is over.
const RETRY_GRACE_MS: u64 = 60_000;

/// A slave that has failed and was not heard of for so long is another matter.
const FAILING_MS_MAX: u64 = 900_000;

/// Characters of an algorithm's id.
const ID_CHARS_MAX: usize = 64;

/// What is so of several slaves.
struct Kind {
    code: &'static str,
    severity: Severity,
    /// After the number of slaves: `are cordoned`.
    are: &'static str,
    remedy: &'static str,
}

const QUARANTINED: Kind = Kind {
    code: "slave_quarantined",
    severity: Severity::Warning,
    are: "are in quarantine: their results were wrong",
    remedy: "look at the evidence (`tig-host slaves NAME`), repair or replace the machine, then `tig-host pardon NAME`",
};

const CORDONED: Kind = Kind {
    code: "slave_cordoned",
    severity: Severity::Info,
    are: "are cordoned: they get no new batches",
    remedy: "`tig-host uncordon NAME` when it may work again",
};

const RESTING: Kind = Kind {
    code: "slave_resting",
    severity: Severity::Warning,
    are: "fail again and again, and get pauses",
    remedy: "look at its last error and its log; `tig-slave doctor` on its machine names what is wrong",
};

const CANNOT_RUN: Kind = Kind {
    code: "slave_cannot_run",
    severity: Severity::Warning,
    are: "cannot run an algorithm",
    remedy: "`tig-slave doctor` on its machine names what is wrong, such as a full disk or a module that does not come",
};

const GONE: Kind = Kind {
    code: "slave_gone",
    severity: Severity::Warning,
    are: "are silent since they lost a batch",
    remedy: "look whether the machine runs and reaches this one; its batches have gone to others",
};

/// All that is so now. `is_unasked` says that batches wait and no slave has asked for a while; `reported` is what was so before.
pub(crate) fn present(
    view: &View<'_>,
    presence: Presence,
    is_unasked: bool,
    reported: &ReportedConditions,
) -> Vec<Condition> {
    let mut conditions = Vec::new();
    conditions.extend(is_unasked.then(|| no_slaves(presence)));
    conditions.extend(all_cannot_run(view, presence));
    conditions.extend(bounded(&QUARANTINED, quarantined(view), reported));
    conditions.extend(bounded(&GONE, of_slaves(view, gone), reported));
    conditions.extend(bounded(&RESTING, of_slaves(view, resting), reported));
    conditions.extend(bounded(&CANNOT_RUN, of_slaves(view, cannot_run), reported));
    conditions.extend(bounded(&CORDONED, cordoned(view), reported));
    conditions
}

fn no_slaves(presence: Presence) -> Condition {
    let (text, remedy) = if presence.present == 0 {
        (
            "batches wait, and no slave asks for them".to_owned(),
            "start a slave (`tig-slave ADDRESS`), or look at the log of one that runs: address, token and firewall",
        )
    } else {
        let present = presence.present;
        (
            format!(
                "batches wait, and none of the {present} slaves may have them: cordoned or in quarantine"
            ),
            "`tig-host uncordon NAME` or `tig-host pardon NAME`, or start other slaves",
        )
    };
    Condition::new("no_slaves", Severity::Critical, text).with_remedy(remedy)
}

/// The algorithms that no slave can run, though batches of them wait.
fn all_cannot_run(view: &View<'_>, presence: Presence) -> Vec<Condition> {
    let mut unable: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for (name, slave) in view.state.slaves.iter() {
        let may_work = matches!(
            view.standing(name, slave),
            Standing::Welcome | Standing::Resting
        );
        if may_work && view.is_present(name, slave) {
            for of in slave.cannot_run.lately(view.now_ms, RETRY_GRACE_MS) {
                unable.entry(&of.algorithm_id).or_insert((0, &of.reason)).0 += 1;
            }
        }
    }
    unable.retain(|_, (count, _)| *count >= presence.eligible);
    if unable.is_empty() {
        return Vec::new();
    }
    let waiting = view.state.queue.waiting_algorithms();
    let stuck = unable.into_iter().filter(|(id, _)| waiting.contains(id));
    let condition = |(id, (count, reason)): (&str, (usize, &str))| {
        let id = slaves::printable(id, ID_CHARS_MAX);
        let text = format!(
            "batches of algorithm {id} wait, and none of the {count} slaves can run it: {reason}"
        );
        Condition::new("all_slaves_cannot_run", Severity::Critical, text)
            .about(id)
            .with_remedy(
                "look whether the module's download URL answers and the module compiles (`tig-host doctor`); choose another algorithm until then",
            )
    };
    stuck.take(SUBJECTS_COUNT_MAX).map(condition).collect()
}

/// Name and sentence of the slaves for which `text` has one.
fn of_slaves<'a>(
    view: &'a View<'_>,
    text: impl Fn(&View<'_>, &str, &Slave) -> Option<String> + 'a,
) -> impl Iterator<Item = (&'a str, String)> {
    let slaves = view.state.slaves.iter();
    slaves.filter_map(move |(name, slave)| Some((&**name, text(view, name, slave)?)))
}

fn quarantined<'a>(view: &'a View<'_>) -> impl Iterator<Item = (&'a str, String)> {
    let sentences = view.quarantine.iter();
    let current = sentences.filter(|(_, sentence)| view.now_ms < sentence.until_ms);
    current.map(|(name, sentence)| {
        let reason = slaves::reason(&sentence.reason);
        (
            name.as_str(),
            format!("slave {name} is in quarantine: {reason}"),
        )
    })
}

fn cordoned<'a>(view: &'a View<'_>) -> impl Iterator<Item = (&'a str, String)> {
    view.cordon.iter().map(|(name, _)| {
        (
            &**name,
            format!("slave {name} is cordoned: it gets no new batches"),
        )
    })
}

fn gone(view: &View<'_>, name: &str, slave: &Slave) -> Option<String> {
    view.is_gone(slave)
        .then(|| format!("slave {name} has lost a batch and is silent since"))
}

/// Not only while it rests: a pause of seconds is followed by the next failure.
fn resting(view: &View<'_>, name: &str, slave: &Slave) -> Option<String> {
    let silent_ms = view.now_ms.saturating_sub(slave.last_seen_ms);
    let is_failing = slave.in_a_row >= FAILURES_TO_REST && silent_ms < FAILING_MS_MAX;
    if !is_failing || view.standing(name, slave) == Standing::Quarantined {
        return None;
    }
    let last = slaves::reason(slave.last_error.as_deref().unwrap_or("unknown"));
    Some(format!(
        "slave {name} fails again and again, and gets pauses: {last}"
    ))
}

fn cannot_run(view: &View<'_>, name: &str, slave: &Slave) -> Option<String> {
    let mut unable = slave.cannot_run.lately(view.now_ms, RETRY_GRACE_MS);
    let first = unable.next()?;
    let id = slaves::printable(&first.algorithm_id, ID_CHARS_MAX);
    let more = match unable.count() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    let reason = &first.reason;
    Some(format!(
        "slave {name} cannot run algorithm {id}{more}: {reason}"
    ))
}

/// A condition for each slave, and one without a subject for those beyond the bound.
fn bounded<'a>(
    kind: &Kind,
    of: impl Iterator<Item = (&'a str, String)>,
    reported: &ReportedConditions,
) -> Vec<Condition> {
    let condition = |(name, text): (&str, String)| {
        let condition = Condition::new(kind.code, kind.severity, text);
        condition.about(name).with_remedy(kind.remedy)
    };
    reported.bounded(of.map(condition).collect(), SUBJECTS_COUNT_MAX, |rest| {
        let names = rest.iter().take(NAMES_COUNT_MAX);
        let names: Vec<&str> = names.map(|it| it.subject.as_str()).collect();
        let (are, count, names) = (kind.are, rest.len(), names.join(", "));
        format!("more slaves {are} ({count} besides those named, such as {names})")
    })
}
