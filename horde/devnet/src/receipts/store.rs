//! The receipts of a miner.
//!
//! A receipt is stored as it comes; its signature is verified, and the miner's own is made, when somebody reads it: so a
//! miner that is measured answers at once. One of each type is stored for a job.

use std::collections::BTreeSet;
use std::error::Error;

use horde_proto::Payload;
use horde_proto::receipt::{Receipt, ReceiptPayload, csv, jsonl};
use tig_keyring::{Keypair, RANDOMNESS_BYTES};

use crate::journal::{Origin, Violation, ViolationKind};

/// Receipts that a miner keeps; later ones are dropped.
const RECEIPTS_COUNT_MAX: usize = 300_000;
/// Age of the receipts in the CSV file: one day.
const CSV_AGE_SECONDS_MAX: i64 = 86_400;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// A signature of the same message with the same randomness is the same: receipts are as the seed of the network has them.
const RANDOMNESS: [u8; RANDOMNESS_BYTES] = [0; RANDOMNESS_BYTES];

#[derive(Debug)]
struct Unverified {
    payload: ReceiptPayload,
    signature: String,
    origin: Origin,
}

#[derive(Debug)]
struct Stored {
    receipt: Receipt,
    at_us: i64,
}

/// The receipts of one miner.
#[derive(Debug, Default)]
pub(crate) struct ReceiptStore {
    /// Types and jobs.
    known: BTreeSet<(&'static str, String)>,
    unverified: Vec<Unverified>,
    stored: Vec<Stored>,
}

impl ReceiptStore {
    /// Takes a receipt. Returns whether there was none of its type for its job.
    pub(crate) fn put(
        &mut self,
        payload: ReceiptPayload,
        signature: String,
        origin: Origin,
    ) -> bool {
        if self.known.len() >= RECEIPTS_COUNT_MAX {
            return true;
        }
        let key = (payload.tag(), payload.job_uuid().to_owned());
        let is_first = self.known.insert(key);
        if is_first {
            self.unverified.push(Unverified {
                payload,
                signature,
                origin,
            });
        }
        is_first
    }

    /// Whether there is a receipt of this type for the job, valid or not.
    pub(crate) fn has(&self, tag: &'static str, job_uuid: &str) -> bool {
        self.known.contains(&(tag, job_uuid.to_owned()))
    }

    /// Verifies and signs what has come; returns the violations of those that are dropped.
    pub(crate) fn verify(&mut self, keypair: &Keypair) -> Vec<Violation> {
        let mut violations = Vec::new();
        for Unverified {
            payload,
            signature,
            origin,
        } in self.unverified.drain(..)
        {
            match payload.verify(&signature, payload.validator_hotkey()) {
                Ok(()) => self.stored.push(Stored {
                    receipt: Receipt {
                        miner_signature: payload.sign(keypair, &RANDOMNESS),
                        payload,
                        validator_signature: signature,
                    },
                    at_us: origin.at_us,
                }),
                Err(error) => {
                    let uuid = payload.job_uuid().to_owned();
                    violations.push(Violation {
                        at_us: origin.at_us,
                        connection: origin.connection,
                        kind: ViolationKind::ReceiptSignature,
                        job_uuid: Some(uuid.clone()),
                        detail: format!("{}: {error}", payload.tag()),
                    });
                    // A valid one may follow.
                    self.known.remove(&(payload.tag(), uuid));
                }
            }
        }
        violations
    }

    /// The verified receipts.
    pub(crate) fn receipts(&self) -> impl Iterator<Item = &Receipt> {
        self.stored.iter().map(|stored| &stored.receipt)
    }

    /// The CSV file of the last day.
    pub(crate) fn csv(&self, now_us: i64) -> Result<Vec<u8>, impl Error + use<>> {
        let first_us = now_us.saturating_sub(CSV_AGE_SECONDS_MAX * MICROS_PER_SECOND);
        let recent = self.stored.iter().filter(|stored| stored.at_us >= first_us);
        let mut file = Vec::new();
        csv::write_rows(&mut file, recent.map(|stored| &stored.receipt)).map(|()| file)
    }

    /// The page with this number, or nothing if no receipt came in its time. `clock_off_us` is what the miner's clock
    /// shows too much.
    pub(crate) fn page(&self, number: u64, clock_off_us: i64) -> Option<String> {
        let is_in_page = |stored: &&Stored| {
            let at_us = stored.at_us.saturating_add(clock_off_us);
            let seconds = u64::try_from(at_us / MICROS_PER_SECOND).unwrap_or_default();
            jsonl::page_number(seconds) == number
        };
        let mut receipts = self.stored.iter().filter(is_in_page).peekable();
        receipts.peek()?;
        Some(jsonl::write_lines(receipts.map(|stored| &stored.receipt)))
    }
}
