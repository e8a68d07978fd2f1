//! Receipts that other extensions have not got yet: named here, read from the storage when they are emitted, so that a frame in the
//! middle of a batch costs nothing but its name.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::receipt::Kind;

/// Receipts of one piece: one event of some 600 kB at each `update`. Those of a batch of 256 miners with 10 executors each are out
/// within a minute, when miners are asked for theirs.
const PIECE_COUNT_MAX: usize = 900;
/// Receipts that wait; a batch of 256 miners with 10 executors each has 7,680. Beyond, those that came first are left for the next
/// start.
const WAITING_COUNT_MAX: usize = 100_000;

/// The names of receipts that were not emitted.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Emission {
    /// Signed by this run.
    fresh: VecDeque<(Kind, Arc<str>)>,
    /// Jobs of earlier runs, the newest last: which of their receipts were emitted is not known, nor which there are.
    stored: Vec<Arc<str>>,
}

impl Emission {
    /// What a start finds in the storage.
    pub(crate) fn new(stored: Vec<Arc<str>>) -> Self {
        Self {
            fresh: VecDeque::new(),
            stored,
        }
    }

    /// A receipt was signed.
    pub(crate) fn note(&mut self, kind: Kind, uuid: &Arc<str>) {
        if self.fresh.len() == WAITING_COUNT_MAX {
            self.fresh.pop_front();
        }
        self.fresh.push_back((kind, Arc::clone(uuid)));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.stored.is_empty()
    }

    /// The next piece, new receipts first.
    pub(crate) fn take_piece(&mut self) -> Vec<(Kind, Arc<str>)> {
        let count = self.fresh.len().min(PIECE_COUNT_MAX);
        let mut piece: Vec<_> = self.fresh.drain(..count).collect();
        while piece.len() + Kind::ALL.len() <= PIECE_COUNT_MAX
            && let Some(uuid) = self.stored.pop()
        {
            piece.extend(Kind::ALL.map(|kind| (kind, Arc::clone(&uuid))));
        }
        piece
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_bounded_and_new_receipts_go_first() {
        let uuids: Vec<Arc<str>> = (0..1_000).map(|number| number.to_string().into()).collect();
        let mut emission = Emission::new(uuids[..950].to_vec());
        for uuid in &uuids[950..] {
            emission.note(Kind::Accepted, uuid);
        }
        let piece = emission.take_piece();
        assert_eq!(piece[0], (Kind::Accepted, "950".into()));
        assert_eq!(piece[50], (Kind::Started, "949".into()));
        let mut count = piece.len();
        while !emission.is_empty() {
            let piece = emission.take_piece();
            assert!((1..=PIECE_COUNT_MAX).contains(&piece.len()));
            count += piece.len();
        }
        assert_eq!(count, 50 + 950 * 3);
    }

    #[test]
    fn oldest_of_too_many_are_left_out() {
        let mut emission = Emission::default();
        for number in 0..=WAITING_COUNT_MAX {
            emission.note(Kind::Started, &number.to_string().into());
        }
        assert_eq!(emission.fresh.len(), WAITING_COUNT_MAX);
        assert_eq!(&*emission.fresh[0].1, "1");
    }
}
