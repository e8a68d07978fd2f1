//! The same batch computed by several slaves: what they say, and what follows from it.
//!
//! Invariant: nobody has more than one voice, and nobody is convicted by fewer than two others, or by the verifier.

use serde::{Deserialize, Serialize};
use tig_protocol::MerkleHash;

use crate::record::BatchRecord;

/// Voices after which a batch is left undecided: if so many honest slaves cannot agree, its algorithm is not deterministic.
const CLAIMS_MAX: usize = 7;

/// An audit of one batch.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Audit {
    /// What each slave says; the first is what the job has stored.
    claims: Vec<BatchRecord>,
}

/// What the claims come to.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict<'a> {
    /// Somebody else has to compute the batch.
    Open,
    /// All say the same.
    Agreed,
    /// Two say the same, or the verifier says so, and others something else.
    Decided {
        right: &'a BatchRecord,
        witnesses: Vec<&'a str>,
        wrong: Vec<&'a BatchRecord>,
    },
    /// Too many, and no two of them agree.
    Undecided,
}

impl Audit {
    pub(crate) fn new(stored: &BatchRecord) -> Self {
        Self {
            claims: vec![plain(stored)],
        }
    }

    /// Adds what a slave says; `false` if it has spoken already.
    pub(crate) fn add(&mut self, claim: &BatchRecord) -> bool {
        let is_new = !self.slaves().any(|slave| slave == claim.slave);
        if is_new {
            self.claims.push(plain(claim));
        }
        is_new
    }

    /// This audit without what a slave says; `None` if that is what the job has stored, or nothing.
    pub(crate) fn without(&self, slave: &str) -> Option<Self> {
        let (stored, others) = self.claims.split_first()?;
        let is_other = stored.slave != slave && others.iter().any(|claim| claim.slave == slave);
        let mut rest = self.clone();
        rest.claims.retain(|claim| claim.slave != slave);
        is_other.then_some(rest)
    }

    pub(crate) fn slaves(&self) -> impl Iterator<Item = &str> {
        self.claims.iter().map(|claim| claim.slave.as_str())
    }

    /// The claims that state another root than `root`.
    pub(crate) fn contradicting(
        &self,
        root: MerkleHash,
    ) -> impl DoubleEndedIterator<Item = &BatchRecord> {
        let claims = self.claims.iter();
        claims.filter(move |claim| claim.merkle_root != root)
    }

    /// What is to be stored if `root` is the right one.
    pub(crate) fn confirmed(&self, root: MerkleHash) -> Option<BatchRecord> {
        let mut claims = self.claims.iter();
        let claim = claims.find(|claim| claim.merkle_root == root)?;
        Some(BatchRecord {
            is_confirmed: true,
            ..claim.clone()
        })
    }

    /// Whether more voices would decide nothing.
    pub(crate) fn is_full(&self) -> bool {
        self.claims.len() >= CLAIMS_MAX
    }

    /// Whether slaves contradict each other.
    pub(crate) fn is_dispute(&self) -> bool {
        self.claims
            .iter()
            .any(|claim| !claim.agrees(&self.claims[0]))
    }

    pub(crate) fn verdict(&self, verifier: Option<&str>) -> Verdict<'_> {
        let authority = self
            .claims
            .iter()
            .find(|claim| Some(claim.slave.as_str()) == verifier);
        let is_seconded = |claim: &&BatchRecord| self.agreeing(claim).count() >= 2;
        let right = authority.or_else(|| self.claims.iter().find(is_seconded));
        let Some(right) = right.filter(|_| self.claims.len() >= 2) else {
            return if self.is_full() {
                Verdict::Undecided
            } else {
                Verdict::Open
            };
        };
        let wrong: Vec<_> = self
            .claims
            .iter()
            .filter(|claim| !claim.agrees(right))
            .collect();
        if wrong.is_empty() {
            return Verdict::Agreed;
        }
        let witnesses = self.agreeing(right).map(|claim| claim.slave.as_str());
        Verdict::Decided {
            right,
            witnesses: witnesses.collect(),
            wrong,
        }
    }

    fn agreeing(&self, claim: &BatchRecord) -> impl Iterator<Item = &BatchRecord> {
        self.claims.iter().filter(move |other| other.agrees(claim))
    }
}

/// Proofs are not compared: they follow from the root.
fn plain(record: &BatchRecord) -> BatchRecord {
    BatchRecord {
        merkle_proofs: Vec::new(),
        ..record.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn claim(slave: &str, version: u8) -> BatchRecord {
        BatchRecord {
            merkle_root: MerkleHash([version; 32]),
            solution_nonces: vec![1],
            merkle_proofs: Vec::new(),
            slave: slave.to_owned(),
            is_confirmed: false,
            received_ms: None,
        }
    }

    fn audit(claims: &[(&str, u8)]) -> Audit {
        let mut claims = claims.iter().map(|(slave, version)| claim(slave, *version));
        let mut audit = Audit::new(&claims.next().unwrap());
        claims.for_each(|claim| assert!(audit.add(&claim)));
        audit
    }

    fn convicted(audit: &Audit, verifier: Option<&str>) -> Option<Vec<String>> {
        match audit.verdict(verifier) {
            Verdict::Decided { wrong, .. } => {
                Some(wrong.iter().map(|claim| claim.slave.clone()).collect())
            }
            _ => None,
        }
    }

    #[test]
    fn two_agree_or_a_third_decides() {
        assert_eq!(audit(&[("a", 1)]).verdict(None), Verdict::Open);
        assert_eq!(audit(&[("a", 1), ("b", 1)]).verdict(None), Verdict::Agreed);
        let dispute = audit(&[("a", 1), ("b", 2)]);
        assert!(dispute.is_dispute());
        assert_eq!(dispute.verdict(None), Verdict::Open);
        assert_eq!(
            convicted(&audit(&[("a", 1), ("b", 2), ("c", 2)]), None),
            Some(vec!["a".to_owned()])
        );
        assert_eq!(
            convicted(&audit(&[("a", 1), ("b", 2), ("c", 1)]), None),
            Some(vec!["b".to_owned()])
        );
    }

    #[test]
    fn the_verifier_decides_alone() {
        let mut dispute = audit(&[("a", 1)]);
        let mut other = claim("verifier", 1);
        other.solution_nonces.clear();
        dispute.add(&other);
        assert_eq!(convicted(&dispute, None), None);
        assert_eq!(
            convicted(&dispute, Some("verifier")),
            Some(vec!["a".to_owned()])
        );
    }

    #[test]
    fn nobody_has_two_voices_and_disagreement_ends() {
        let mut dispute = audit(&[("a", 1), ("b", 2)]);
        assert!(!dispute.add(&claim("b", 1)));
        for (version, slave) in (3..).zip(["c", "d", "e", "f", "g"]) {
            assert_eq!(dispute.verdict(None), Verdict::Open);
            dispute.add(&claim(slave, version));
        }
        assert_eq!(dispute.verdict(None), Verdict::Undecided);
    }

    proptest! {
        /// With honest slaves all saying 0 and one liar, only the liar is ever convicted, in whatever order they speak.
        #[test]
        fn one_liar_convicts_nobody(liar in 0_usize..5, lie in 1_u8..4, number in 2_usize..6) {
            let names = ["a", "b", "c", "d", "e"];
            let mut audit = Audit::default();
            for (index, name) in names.iter().take(number).enumerate() {
                audit.add(&claim(name, if index == liar { lie } else { 0 }));
                if let Some(convicted) = convicted(&audit, None) {
                    prop_assert_eq!(convicted, vec![names[liar].to_owned()]);
                }
            }
        }
    }
}
