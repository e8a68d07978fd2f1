//! Slaves that get no work because their results were wrong, with the evidence.
//!
//! Invariant: a sentence is stored before it takes effect, so that neither a restart nor a reload lifts it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;
use tig_protocol::MerkleHash;

/// Stored under this and the slave's name.
const KEY: &str = "quarantine/";

/// Pieces of evidence kept per slave, the newest.
const EVIDENCE_MAX: usize = 16;

/// Slaves in quarantine at a time; names are free, so there can be any number.
const SENTENCES_MAX: usize = 1_000;

/// What speaks against a slave.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Evidence {
    /// A result that is wrong in itself.
    BadResult { batch_id: String, reason: String },
    /// A result that others contradict.
    OtherResult {
        batch_id: String,
        stated: MerkleHash,
        agreed: MerkleHash,
        witnesses: Vec<String>,
    },
}

/// Why and how long a slave gets no work.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Sentence {
    pub(crate) reason: String,
    pub(crate) until_ms: u64,
    pub(crate) evidence: Vec<Evidence>,
}

/// Sentences by name.
#[derive(Debug, Default)]
pub(crate) struct Quarantine(BTreeMap<String, Sentence>);

impl Quarantine {
    pub(crate) fn restore(ctx: &mut Context<'_>) -> Result<Self> {
        let stored = ctx.scan_sound::<Sentence>(KEY)?;
        let sentences = stored.into_iter();
        Ok(Self(
            sentences
                .map(|(key, sentence)| (key[KEY.len()..].to_owned(), sentence))
                .collect(),
        ))
    }

    pub(crate) fn get(&self, slave: &str, now_ms: u64) -> Option<&Sentence> {
        let sentence = self.0.get(slave);
        sentence.filter(|sentence| now_ms < sentence.until_ms)
    }

    /// Slaves in quarantine now.
    pub(crate) fn num_current(&self, now_ms: u64) -> usize {
        let sentences = self.0.values();
        sentences
            .filter(|sentence| now_ms < sentence.until_ms)
            .count()
    }

    /// Puts a slave in quarantine, or adds to the evidence against it. Returns its sentence.
    pub(crate) fn add(
        &mut self,
        ctx: &mut Context<'_>,
        slave: &str,
        until_ms: u64,
        reason: &str,
        evidence: Evidence,
    ) -> Result<&Sentence> {
        let before = self.0.get(slave);
        let mut all = before.map_or(Vec::new(), |sentence| sentence.evidence.clone());
        if !all.contains(&evidence) {
            all.push(evidence);
        }
        all.drain(..all.len().saturating_sub(EVIDENCE_MAX));
        let sentence = Sentence {
            reason: reason.to_owned(),
            until_ms,
            evidence: all,
        };
        ctx.put(&key(slave), &sentence)?;
        if self.0.len() >= SENTENCES_MAX && before.is_none() {
            self.forget_first_to_end(ctx)?;
        }
        self.0.insert(slave.to_owned(), sentence);
        Ok(&self.0[slave])
    }

    /// One that ends later than one from now on would, was set while the clock was ahead: it begins now.
    pub(crate) fn settle(&mut self, ctx: &mut Context<'_>, quarantine_ms: u64) -> Result<()> {
        let latest_ms = ctx.now_ms().saturating_add(quarantine_ms);
        for (slave, sentence) in &mut self.0 {
            if sentence.until_ms > latest_ms {
                sentence.until_ms = latest_ms;
                ctx.put(&key(slave), sentence)?;
                ctx.warn_with(
                    "the quarantine of a slave would have lasted longer than `quarantine_ms`, as when the clock was ahead; \
                     it begins now",
                    &[("slave", slave)],
                );
            }
        }
        Ok(())
    }

    /// Ends a slave's quarantine; `false` if there was none.
    pub(crate) fn pardon(&mut self, ctx: &mut Context<'_>, slave: &str) -> Result<bool> {
        if !self.0.contains_key(slave) {
            return Ok(false);
        }
        ctx.delete(&key(slave))?;
        Ok(self.0.remove(slave).is_some())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Sentence)> {
        self.0.iter()
    }

    fn forget_first_to_end(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let first = self.0.iter().min_by_key(|(_, sentence)| sentence.until_ms);
        let Some(slave) = first.map(|(slave, _)| slave.clone()) else {
            return Ok(());
        };
        self.pardon(ctx, &slave)?;
        Ok(())
    }
}

fn key(slave: &str) -> String {
    format!("{KEY}{slave}")
}
