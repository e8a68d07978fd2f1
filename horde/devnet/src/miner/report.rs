//! The report of a miner.

use super::state::Miner;
use crate::journal::{MinerReport, Violation};
use crate::receipts::ReceiptStore;

impl Miner {
    /// Takes the violations that are not in the log yet.
    pub(crate) fn take_unlogged(&mut self) -> &[Violation] {
        self.journal.take_unlogged()
    }

    /// The report, with all receipts verified.
    pub(crate) fn report(&mut self) -> MinerReport {
        self.verify_receipts();
        let mut report = MinerReport {
            index: self.profile.index,
            hotkey: self.hotkey.clone(),
            vices: self.vices.texts(),
            open_connection_count: self.connections.count(),
            unfinished_job_count: self.jobs.unfinished_count(),
            receipts: self.receipts.receipts().cloned().collect(),
            ..MinerReport::default()
        };
        self.journal.fill(&mut report);
        report
    }

    /// Forgets what the report has, but for the receipts.
    pub(crate) fn clear_report(&mut self) {
        self.journal.clear();
    }

    /// Verifies the receipts that came since the last time.
    pub(crate) fn verify_receipts(&mut self) {
        for violation in self.receipts.verify(&self.profile.keypair) {
            self.journal.note_violation(violation);
        }
    }

    pub(crate) fn receipts(&self) -> &ReceiptStore {
        &self.receipts
    }
}
