//! Proofs whose re-execution came to no conclusion.
//!
//! Their verdict is recorded when there is another block. Until then they count as in re-execution, so that they hold up
//! no other proof and are not tried again and again.

use crate::network::Verdict;

/// Verdicts that wait for another block than the one of their arrival.
#[derive(Debug)]
pub(super) struct Postponed {
    block_id: String,
    /// Each with its benchmark id.
    verdicts: Vec<(String, Verdict)>,
}

impl Postponed {
    pub(super) fn new(block_id: String) -> Self {
        Self {
            block_id,
            verdicts: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, benchmark_id: String, verdict: Verdict) {
        self.verdicts.push((benchmark_id, verdict));
    }

    /// Everything, if the latest block is another one than when this was last asked.
    pub(super) fn due(&mut self, latest_block_id: &str) -> Vec<(String, Verdict)> {
        if self.block_id == latest_block_id {
            return Vec::new();
        }
        latest_block_id.clone_into(&mut self.block_id);
        std::mem::take(&mut self.verdicts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_tried_again_once_at_each_block() {
        let verdict = || Verdict::Inconclusive("out of memory".to_owned());
        let mut postponed = Postponed::new("block 1".to_owned());
        postponed.add("a".to_owned(), verdict());
        postponed.add("b".to_owned(), verdict());
        assert_eq!(postponed.due("block 1"), []);
        let both = [("a".to_owned(), verdict()), ("b".to_owned(), verdict())];
        assert_eq!(postponed.due("block 2"), both);
        assert_eq!(postponed.due("block 3"), []);
        postponed.add("a".to_owned(), verdict());
        assert_eq!(postponed.due("block 3"), []);
        assert_eq!(postponed.due("block 4"), both[..1]);
    }
}
