//! A round: all files are fetched, and what they change takes effect together.

use std::collections::BTreeMap;

use horde_dynamic::Conflict;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tig_plugin_api::prelude::*;

use super::fetch::{self, Fetched};
use super::file::{FileName, HeldFile};
use super::report::{FetchReport, FetchResult, judge};
use super::{Dynamic, log_keys, store};
use crate::limits::{ANSWER_GRACE_MS, FAILURES_TOLERATED, FETCH_TIMEOUT_MS, TICKETS_COUNT_MAX};
use crate::timer::Timer;

/// Exit code of `fetch_dynamic_config` if a file did not come or has a fault.
pub(super) const NOT_FETCHED: u8 = 20;

/// Files that are being fetched.
pub(crate) struct Round {
    /// When it began, in Unix milliseconds; names it.
    number: u64,
    answers: BTreeMap<FileName, Fetched>,
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
                report.result = FetchResult::Refused;
                report.reason = Some(conflict.to_string());
            }
        }
        for (name, report) in &reports {
            self.log_report(ctx, *name, report);
            if let (Some(held), FetchResult::Changed) = (files.get(name), report.result) {
                let url = self.urls.get(name).map_or("", String::as_str);
                store::put_file(ctx, *name, url, held)?;
                log_keys(ctx, name.name(), &held.file);
            }
        }
        self.files = files;
        self.note_faults(&reports);
        self.reports.extend(reports);
        let changes = self.apply(ctx)?;
        let mut reports = self.reports.values();
        let code = match reports.all(|report| report.result.is_sound()) {
            true => 0,
            false => NOT_FETCHED,
        };
        let value = json!({ "files": self.reports, "changes": changes });
        self.finish_tickets(ctx, code, &value)
    }

    fn note_faults(&mut self, reports: &BTreeMap<FileName, FetchReport>) {
        for (name, report) in reports {
            match (report.result, &report.reason) {
                (FetchResult::Refused, Some(fault)) => {
                    self.faults.insert(*name, fault.clone());
                }
                (FetchResult::Failed, _) => {}
                _ => drop(self.faults.remove(name)),
            }
        }
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
        let labels = [("file", name.name()), ("result", report.result.name())];
        ctx.count("dynamic_config_fetches", &labels, 1);
        let before = self.reports.get(&name);
        let failed_before = before.map_or(0, |report| report.failures);
        let is_same = before.is_some_and(|before| before.reason == report.reason);
        let reason = report.reason.as_deref().unwrap_or_default();
        let fields: &LogFields<'_> = &[("file", &name.name()), ("reason", &reason)];
        match report.result {
            FetchResult::Refused if !is_same => {
                ctx.error_with("dynamic config has a fault and changes nothing", fields);
            }
            FetchResult::Failed if report.failures == FAILURES_TOLERATED + 1 => {
                let text = match self.files.contains_key(&name) {
                    true => "dynamic config cannot be fetched; the last values stay",
                    false => {
                        "dynamic config cannot be fetched, and was not before; the profile counts where nothing else sets a value"
                    }
                };
                ctx.warn_with(text, fields);
            }
            FetchResult::Refused | FetchResult::Failed => {
                ctx.debug_with("dynamic config was not fetched", fields);
            }
            _ if failed_before > FAILURES_TOLERATED => {
                ctx.info_with("dynamic config can be fetched again", fields);
            }
            _ => {}
        }
    }
}
