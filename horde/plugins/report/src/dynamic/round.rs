//! A round: all files are fetched, and what they change takes effect together.

use std::collections::BTreeMap;

use horde_dynamic::Conflict;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tig_plugin_api::prelude::*;

use super::fetch::{self, Fetched};
use super::file::{FileName, HeldFile};
use super::{Dynamic, log_keys, store};
use crate::limits::{ANSWER_GRACE_MS, FAILURES_TOLERATED, FETCH_TIMEOUT_MS, TICKETS_COUNT_MAX};
use crate::timer::Timer;

/// Exit code of `fetch_dynamic_config` if a file did not come or has a fault.
const NOT_FETCHED: u8 = 20;

/// Files that are being fetched.
pub(crate) struct Round {
    /// When it began, in Unix milliseconds; names it.
    number: u64,
    answers: BTreeMap<FileName, Fetched>,
}

/// What came of the last fetch of a file.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct FetchReport {
    /// When, in Unix milliseconds.
    at_ms: u64,
    /// `changed`, `same`, `missing`, `refused` or `failed`.
    result: &'static str,
    reason: Option<String>,
    /// Failures in a row.
    failures: u32,
}

/// Arguments of `fetch_dynamic_config`: none.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FetchArguments {}

impl Dynamic {
    /// Begins a round, unless one is under way whose answers may still come.
    pub(crate) fn fetch(&mut self, ctx: &mut Context<'_>, interval_ms: u64) -> Result<()> {
        let number = ctx.now_ms();
        Timer::Fetch.set(ctx, number + interval_ms)?;
        let is_open = |round: &Round| number < round.number + FETCH_TIMEOUT_MS + ANSWER_GRACE_MS;
        if self.round.as_ref().is_some_and(is_open) {
            return Ok(());
        }
        for (name, url) in &self.urls {
            ctx.http(&fetch::call(*name, url, number))?;
        }
        self.round = Some(Round {
            number,
            answers: BTreeMap::new(),
        });
        Ok(())
    }

    /// Fetches now, or waits for the round that is under way.
    pub(crate) fn fetch_for(&mut self, ctx: &mut Context<'_>, interval_ms: u64) -> Result<Started> {
        if self.urls.is_empty() {
            bail!("config.horde_report.source is not `url`: there is nothing to fetch");
        }
        if self.waiting.len() >= TICKETS_COUNT_MAX {
            bail!("{TICKETS_COUNT_MAX} callers wait for dynamic config already");
        }
        let mut waiting = self.waiting.clone();
        waiting.push(ctx.ticket());
        store::put_tickets(ctx, &waiting)?;
        self.fetch(ctx, interval_ms)?;
        self.waiting = waiting;
        Ok(Started)
    }

    /// Takes an answer, and ends the round with the last one.
    pub(crate) fn answered(
        &mut self,
        ctx: &mut Context<'_>,
        (name, number): (FileName, u64),
        result: Result<HttpAnswer, HttpFailure>,
    ) -> Result<()> {
        let Some(round) = self.round.as_mut().filter(|round| round.number == number) else {
            return Ok(());
        };
        round.answers.insert(name, fetch::read(result));
        if round.answers.len() < self.urls.len() {
            return Ok(());
        }
        match self.round.take() {
            Some(round) => self.end_round(ctx, round.answers),
            None => Ok(()),
        }
    }

    fn end_round(
        &mut self,
        ctx: &mut Context<'_>,
        answers: BTreeMap<FileName, Fetched>,
    ) -> Result<()> {
        let now_ms = ctx.now_ms();
        let (mut reports, mut new) = (BTreeMap::new(), BTreeMap::new());
        for (name, fetched) in answers {
            let failures = self.reports.get(&name).map_or(0, |report| report.failures);
            let (report, file) = judge(fetched, self.files.get(&name), failures, now_ms);
            reports.insert(name, report);
            new.extend(file.map(|file| (name, file)));
        }
        let (files, conflicts) = self.accept(new, now_ms);
        for (name, conflict) in conflicts {
            if let Some(report) = reports.get_mut(&name) {
                report.result = "refused";
                report.reason = Some(conflict.to_string());
            }
        }
        for (name, report) in &reports {
            self.log_report(ctx, *name, report);
            if let (Some(held), "changed") = (files.get(name), report.result) {
                let url = self.urls.get(name).map_or("", String::as_str);
                store::put_file(ctx, *name, url, held)?;
                log_keys(ctx, name.name(), &held.file);
            }
        }
        self.files = files;
        self.reports.extend(reports);
        let changes = self.apply(ctx)?;
        let mut results = self.reports.values().map(|report| report.result);
        let code = match results.any(|result| matches!(result, "refused" | "failed")) {
            true => NOT_FETCHED,
            false => 0,
        };
        let value = json!({ "files": self.reports, "changes": changes });
        self.finish_tickets(ctx, code, &value)
    }

    /// The files that count with these new ones, and the conflicts of those that do not fit to all else, now and at all times that
    /// they name. Two new files may fit only together, so they are tried so first.
    fn accept(
        &self,
        new: BTreeMap<FileName, HeldFile>,
        now_ms: u64,
    ) -> (BTreeMap<FileName, HeldFile>, Vec<(FileName, Conflict)>) {
        let mut all = self.files.clone();
        all.extend(new.clone());
        if new.is_empty() || self.check(&all, now_ms).is_ok() {
            return (all, Vec::new());
        }
        let (mut files, mut conflicts) = (self.files.clone(), Vec::new());
        for (name, file) in new {
            let mut with = files.clone();
            with.insert(name, file);
            match self.check(&with, now_ms) {
                Ok(()) => files = with,
                Err(conflict) => conflicts.push((name, conflict)),
            }
        }
        (files, conflicts)
    }

    fn check(&self, files: &BTreeMap<FileName, HeldFile>, now_ms: u64) -> Result<(), Conflict> {
        let files = self.file_list(files);
        self.layers(&files, &self.local).check_from(now_ms)
    }

    pub(super) fn finish_tickets<T: Serialize>(
        &mut self,
        ctx: &mut Context<'_>,
        code: u8,
        value: &T,
    ) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        store::put_tickets(ctx, &[])?;
        for ticket in std::mem::take(&mut self.waiting) {
            ctx.finish(ticket, code, value)?;
        }
        Ok(())
    }

    /// Logs what an operator must know: a fault once, failures if they go on, and their end.
    fn log_report(&self, ctx: &mut Context<'_>, name: FileName, report: &FetchReport) {
        let labels = [("file", name.name()), ("result", report.result)];
        ctx.count("dynamic_config_fetches", &labels, 1);
        let before = self.reports.get(&name);
        let failed_before = before.map_or(0, |report| report.failures);
        let is_same = before.is_some_and(|before| before.reason == report.reason);
        let reason = report.reason.as_deref().unwrap_or_default();
        let fields: &LogFields<'_> = &[("file", &name.name()), ("reason", &reason)];
        match report.result {
            "refused" if !is_same => {
                ctx.error_with("dynamic config has a fault and changes nothing", fields);
            }
            "failed" if report.failures == FAILURES_TOLERATED + 1 => ctx.warn_with(
                "dynamic config cannot be fetched; the last values stay",
                fields,
            ),
            "refused" | "failed" => ctx.debug_with("dynamic config was not fetched", fields),
            _ if failed_before > FAILURES_TOLERATED => {
                ctx.info_with("dynamic config can be fetched again", fields);
            }
            _ => {}
        }
    }
}

/// What an answer means beside the file that is held, and the new file if it is one.
fn judge(
    fetched: Fetched,
    held: Option<&HeldFile>,
    failures: u32,
    now_ms: u64,
) -> (FetchReport, Option<HeldFile>) {
    let report = |result, reason| FetchReport {
        at_ms: now_ms,
        result,
        reason,
        failures: match result {
            "failed" => failures.saturating_add(1),
            _ => 0,
        },
    };
    match (fetched, held) {
        (Fetched::File { text, .. }, Some(held)) if held.text == text => {
            (report("same", None), None)
        }
        (Fetched::File { text, file }, _) => {
            let held = HeldFile {
                text,
                file,
                fetched_ms: now_ms,
            };
            (report("changed", None), Some(held))
        }
        (Fetched::Missing, None) => (report("missing", None), None),
        (Fetched::Missing, Some(_)) => {
            // An empty file takes values away; a server that has lost one does not.
            let reason = "status 404, and there was such a file".to_owned();
            (report("failed", Some(reason)), None)
        }
        (Fetched::Refused { reason }, _) => (report("refused", Some(reason)), None),
        (Fetched::Failed { reason }, _) => (report("failed", Some(reason)), None),
    }
}
