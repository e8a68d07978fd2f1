//! What is known of the running system, and whether that is enough. No I/O, no clock.

use std::collections::BTreeMap;
use std::time::Duration;

use super::act::{Act, Plan};
use super::judge::{Evidence, Function, judge};
use super::look::Look;

/// Everything seen so far.
pub(super) struct Progress {
    /// Hotkeys of the miners, in their order.
    pub(super) hotkeys: Vec<String>,
    pub(super) look: Look,
    /// The functions that were seen: when, and what was seen.
    pub(super) seen: BTreeMap<Function, (Duration, String)>,
    /// Why the others were not.
    pub(super) open: BTreeMap<Function, String>,
    /// The last thing that the demo did, for people.
    pub(super) last_act: Option<String>,
    /// In MB.
    pub(super) memory: Option<f64>,
    was_pool_full: bool,
    has_faults: bool,
    plan: Plan,
}

impl Progress {
    /// Nothing seen yet.
    pub(super) fn new(hotkeys: Vec<String>, has_faults: bool) -> Self {
        Self {
            hotkeys,
            look: Look::default(),
            seen: BTreeMap::new(),
            open: BTreeMap::new(),
            last_act: None,
            memory: None,
            was_pool_full: false,
            has_faults,
            plan: Plan::new(has_faults),
        }
    }

    /// Takes in one look at the system, `elapsed` after the start of the first process; returns what is to be done.
    pub(super) fn observe(&mut self, elapsed: Duration, look: Look) -> Vec<Act> {
        self.look = look;
        self.was_pool_full |= is_full(&self.look);
        for function in Function::ALL {
            let evidence = Evidence {
                look: &self.look,
                hotkeys: &self.hotkeys,
                was_pool_full: self.was_pool_full,
                has_faults: self.has_faults,
            };
            // What was seen stays seen, as when the next batch begins.
            if self.seen.contains_key(&function) {
                continue;
            }
            match judge(function, evidence) {
                Ok(text) => {
                    self.open.remove(&function);
                    self.seen.insert(function, (elapsed, text));
                }
                Err(reason) => {
                    self.open.insert(function, reason);
                }
            }
        }
        // After that time is not made shorter any more.
        match self.is_complete() {
            true => Vec::new(),
            false => self.plan.next(&self.look, self.was_pool_full),
        }
    }

    /// Whether all functions were seen.
    pub(super) fn is_complete(&self) -> bool {
        Function::ALL
            .iter()
            .all(|function| self.seen.contains_key(function))
    }
}

/// Whether all samples are ready.
fn is_full(look: &Look) -> bool {
    let samples = &look.pool["samples"];
    let (ready, wanted) = (samples["ready"].as_u64(), samples["wanted"].as_u64());
    wanted.is_some_and(|wanted| wanted > 0) && ready >= wanted
}
