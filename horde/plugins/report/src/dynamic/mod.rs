//! Dynamic config: which values are in force, and who is informed (sections 2.8 and 10.9).

mod command;
mod fetch;
mod file;
mod report;
mod round;
mod store;

use std::collections::BTreeMap;

use horde_dynamic::{
    Change, DynamicConfig, Layers, LocalValue, ParamFile, Profile, Resolved, Source,
};
use horde_extension::shown;
use serde::Serialize;
use tig_plugin_api::prelude::*;

pub(crate) use self::command::{KeyArguments, ListArguments, SetArguments};
pub(crate) use self::fetch::parse_tag;
use self::file::{FileName, HeldFile};
use self::report::FetchReport;
pub(crate) use self::report::Trouble;
pub(crate) use self::round::FetchArguments;
use self::round::{NOT_FETCHED, Round};
use crate::config::{Config, SectionFile, SourceName};
use crate::limits::START_DELAY_MS;
use crate::timer::Timer;

pub(crate) struct Dynamic {
    profile: Profile,
    /// The file that stands in the config section.
    section_file: Option<SectionFile>,
    /// Where files are fetched from; empty unless the source is `url`.
    urls: BTreeMap<FileName, String>,
    /// The last sound version of each file.
    files: BTreeMap<FileName, HeldFile>,
    /// What the operator has set, by key.
    local: BTreeMap<String, LocalValue>,
    in_force: Resolved,
    /// Why the sources do not fit together, if they do not: what was in force stays.
    conflict: Option<String>,
    round: Option<Round>,
    /// What came of the last fetch of each file.
    reports: BTreeMap<FileName, FetchReport>,
    /// What is wrong with the last version of a file that came; a fetch that fails does not correct it.
    faults: BTreeMap<FileName, String>,
    /// Commands that wait for the end of the round. They are stored, so that a rebuilt instance answers them.
    waiting: Vec<Ticket>,
}

/// What `GET /horde/status` shows of it.
#[derive(Serialize)]
pub(crate) struct DynamicStatus<'a> {
    profile: &'static str,
    /// When each file that counts was fetched, in Unix milliseconds.
    files: BTreeMap<FileName, u64>,
    fetches: &'a BTreeMap<FileName, FetchReport>,
    /// Number of values that the operator has set.
    local: usize,
    values: &'a DynamicConfig,
}

impl Dynamic {
    /// Begins with what is stored: no value changes by a restart alone.
    pub(crate) fn start(
        ctx: &mut Context<'_>,
        config: &Config,
        section_file: Option<SectionFile>,
    ) -> Result<Self> {
        let profile = config.profile.profile();
        if let Some(file) = &section_file {
            check_section_file(ctx, profile, file)?;
        }
        let mut urls = BTreeMap::new();
        if config.source == SourceName::Url {
            urls.insert(FileName::Validator, config.url_validator.clone());
            urls.insert(FileName::Common, config.url_common.clone());
            urls.retain(|_, url| !url.is_empty());
        }
        let in_force = store::in_force(ctx)?;
        let is_known = in_force.is_some();
        let mut dynamic = Self {
            profile,
            files: store::files(ctx, &urls)?,
            section_file,
            urls,
            local: store::local(ctx)?,
            in_force: Resolved {
                config: in_force.unwrap_or_else(|| profile.config()),
                origins: BTreeMap::new(),
            },
            conflict: None,
            round: None,
            reports: BTreeMap::new(),
            faults: BTreeMap::new(),
            waiting: store::tickets(ctx)?,
        };
        if let Some(SectionFile { source, file }) = &dynamic.section_file {
            log_keys(ctx, source.name(), file);
        }
        if dynamic.apply(ctx)?.is_empty() {
            if !is_known {
                store::put_in_force(ctx, &dynamic.in_force.config)?;
            }
            ctx.emit(&dynamic.in_force.config)?;
        }
        if dynamic.urls.is_empty() {
            // Of a config that had URLs: nothing would answer them.
            let reason = "the source of dynamic config is not `url` any more";
            dynamic.finish_tickets(ctx, NOT_FETCHED, &reason)?;
        } else {
            let first_ms = ctx.now_ms() + START_DELAY_MS;
            Timer::Fetch.set(ctx, first_ms)?;
        }
        Ok(dynamic)
    }

    /// Puts the values in force that count now, and sets the timer for the next ones.
    pub(crate) fn apply(&mut self, ctx: &mut Context<'_>) -> Result<Vec<Change>> {
        let now_ms = ctx.now_ms();
        let files = self.file_list(&self.files);
        let layers = self.layers(&files, &self.local);
        match layers.next_after(now_ms) {
            Some(moment) => Timer::Apply.set(ctx, moment)?,
            None => Timer::Apply.cancel(ctx)?,
        }
        let resolved = match layers.resolve(now_ms) {
            Ok(resolved) => resolved,
            Err(conflict) => {
                // Files and commands are checked before they count, so this comes of another profile or version.
                let reason = conflict.to_string();
                ctx.error_with(
                    "dynamic config is contradictory: the values that were in force stay",
                    &[("reason", &reason)],
                );
                self.conflict = Some(reason);
                return Ok(Vec::new());
            }
        };
        let changes = resolved.changes(&self.in_force.config);
        if !changes.is_empty() {
            store::put_in_force(ctx, &resolved.config)?;
            ctx.emit(&resolved.config)?;
        }
        for change in &changes {
            log_change(ctx, change);
        }
        self.in_force = resolved;
        self.conflict = None;
        Ok(changes)
    }

    pub(crate) fn status(&self) -> DynamicStatus<'_> {
        let files = self.files.iter();
        DynamicStatus {
            profile: self.profile.name(),
            files: files.map(|(name, held)| (*name, held.fetched_ms)).collect(),
            fetches: &self.reports,
            local: self.local.len(),
            values: &self.in_force.config,
        }
    }

    /// Files whose values are not those that the network states now, and whether an earlier one of the same URL counts instead.
    pub(crate) fn troubles(&self) -> impl Iterator<Item = (&'static str, Trouble<'_>, bool)> {
        let reports = self.reports.iter();
        reports.filter_map(|(file, report)| {
            let trouble = report.trouble(self.faults.get(file))?;
            Some((file.name(), trouble, self.files.contains_key(file)))
        })
    }

    /// Whether files were asked for, and none has come, now or before.
    pub(crate) fn has_fetched_none(&self) -> bool {
        !self.reports.is_empty() && self.files.is_empty()
    }

    pub(crate) fn profile_name(&self) -> &'static str {
        self.profile.name()
    }

    /// Why the sources do not fit together, if they do not.
    pub(crate) fn conflict(&self) -> Option<&str> {
        self.conflict.as_deref()
    }

    /// The files that count if `fetched` are those of the network, the lowest first.
    fn file_list<'a>(
        &'a self,
        fetched: &'a BTreeMap<FileName, HeldFile>,
    ) -> Vec<(Source, &'a ParamFile)> {
        let own = self.section_file.iter().map(|own| (own.source, &own.file));
        let fetched = fetched.iter();
        let fetched = fetched.map(|(name, held)| (name.source(), &held.file));
        own.chain(fetched).collect()
    }

    fn layers<'a>(
        &self,
        files: &'a [(Source, &'a ParamFile)],
        local: &'a BTreeMap<String, LocalValue>,
    ) -> Layers<'a> {
        Layers {
            profile: self.profile,
            files,
            local,
        }
    }
}

/// Refuses a section whose values do not fit together; the operator is there to mend it.
fn check_section_file(ctx: &mut Context<'_>, profile: Profile, own: &SectionFile) -> Result<()> {
    let layers = Layers {
        profile,
        files: &[(own.source, &own.file)],
        local: &BTreeMap::new(),
    };
    match layers.check_from(ctx.now_ms()) {
        Ok(()) => Ok(()),
        Err(conflict) => bail!("config.horde_report.{}: {conflict}", own.source.name()),
    }
}

fn log_change(ctx: &mut Context<'_>, change: &Change) {
    let reason = change.origin.reason.as_deref().map(shown);
    ctx.info_with(
        "dynamic config has changed",
        &[
            ("key", &change.key),
            ("from", &change.from),
            ("to", &change.to),
            ("source", &change.origin.source.name()),
            ("reason", &reason),
            ("since_ms", &change.origin.since_ms),
        ],
    );
    ctx.count("dynamic_config_changes", &[("key", change.key)], 1);
}

/// Names the keys of a file that have no effect: the others count.
fn log_keys(ctx: &mut Context<'_>, file: &str, params: &ParamFile) {
    if !params.unknown.is_empty() {
        let keys = shown(&params.unknown.join(", "));
        ctx.warn_with(
            "dynamic config has unknown keys, which change nothing",
            &[("file", &file), ("keys", &keys)],
        );
    }
    if !params.ignored.is_empty() {
        ctx.info_with(
            "dynamic config has keys that this validator does not take from a file",
            &[("file", &file), ("keys", &params.ignored.join(", "))],
        );
    }
}
