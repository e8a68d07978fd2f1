//! Overwrites secrets by as many asterisks, so that the form of what holds them stays as it is.
//!
//! A secret is known by its value (the host's keys and tokens, in each spelling in which they may be met), or by the name in front of it
//! in JSON: `"api_key": "..."`, `["authorization", "..."]`. A recording is covered when it is written, and what a replayed extension asks
//! for is covered before it is compared, so both have the same asterisks.
//!
//! What masking cannot know is recorded as it is: a secret that stands in no config, no file that the config names, and no variable of the
//! environment, under a name that is not of a secret (`{"note": "..."}`, `["x-signature", "..."]`); secrets in lists and objects under
//! such a name (`"tokens": ["..."]`), except those of the config; and a known secret that is enciphered, compressed, or spelled otherwise
//! than in plain text, JSON, percent encoding, hex and base64.
//!
//! Each spelling has as many asterisks as it has bytes. So an extension that itself spells a secret otherwise, such as in hex, or one with
//! characters that JSON escapes, asks for other asterisks in a replay, which is shown as a difference.

use std::fmt;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::bytes::Regex;

use crate::record::{Answer, Outcome, Question, Record, RecordError, Step};
use crate::scan::{Scan, touched_records};

/// Stands in the place of each byte.
const COVER: u8 = b'*';

/// Parts of the names of secrets.
const NAMES: [&str; 17] = [
    "password",
    "passwd",
    "phrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "private_key",
    "credential",
    "authorization",
    "cookie",
    "mnemonic",
    "bearer",
    "suri",
    "amz-signature",
];

/// Bytes of all known secrets in all their spellings. More need too much memory to be searched for.
const KNOWN_BYTES_MAX: usize = 4 << 20;

/// Ends of names whose values are places of secrets, not secrets.
const PLACE_ENDS: [&[u8]; 2] = [b"_file", b"_env"];

/// The secrets cannot be searched for.
#[derive(Debug, thiserror::Error)]
pub enum MaskError {
    /// The secrets by value.
    #[error(
        "the known secrets take {0} bytes in all their spellings, more than {KNOWN_BYTES_MAX}: shorten those of the config"
    )]
    TooLong(usize),
    /// The secrets by name.
    #[error("cannot search for names of secrets: {0}")]
    Named(#[from] regex::Error),
}

/// Covers secrets. Its `Debug` form shows none.
pub struct Mask {
    /// Values.
    known: AhoCorasick,
    /// Parts of names, which are looked for first: most texts hold none.
    hints: AhoCorasick,
    /// Finds values in blocks.
    known_scan: Scan,
    /// Finds parts of names in blocks.
    name_scan: Scan,
    /// Forms in which a name stands before its value, as the groups `name` and `value`.
    named: Vec<Regex>,
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask(..)")
    }
}

impl Mask {
    /// A mask for `known` secrets and for those with a name.
    ///
    /// # Errors
    ///
    /// The secrets are too many to be searched for.
    pub fn new<T: AsRef<[u8]>>(known: impl IntoIterator<Item = T>) -> Result<Self, MaskError> {
        let known: Vec<T> = known
            .into_iter()
            .filter(|secret| !secret.as_ref().is_empty())
            .collect();
        let bytes = known.iter().map(|secret| secret.as_ref().len()).sum();
        if bytes > KNOWN_BYTES_MAX {
            return Err(MaskError::TooLong(bytes));
        }
        // There are too many for its numbers, which is far beyond the bound.
        let too_long = |_| MaskError::TooLong(bytes);
        let name = format!(r"[\w.-]*(?:{})[\w.-]*", NAMES.join("|"));
        let value = r#"(?<value>(?:[^"\\]|\\.)*)"#;
        let named = [
            format!(r#"(?is-u)"(?<name>{name})"\s*:\s*"{value}""#),
            format!(r#"(?is-u)\[\s*"(?<name>{name})"\s*,\s*"{value}"\s*\]"#),
            // Queries of addresses, and forms. An address that is signed opens what it names.
            format!(r#"(?is-u)(?:^|[?&])(?<name>{name})=(?<value>[^&\s"'\\#<>]+)"#),
            // JSON within texts of JSON, as deep as it may be. A value ends where another escape begins.
            format!(r#"(?is-u)\\+"(?<name>{name})\\+"\s*[:,]\s*\\+"(?<value>[^"\\]*)"#),
        ];
        Ok(Self {
            known_scan: Scan::new(&known),
            name_scan: Scan::in_any_case(&NAMES),
            known: AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(known)
                .map_err(too_long)?,
            hints: AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(NAMES)
                .map_err(too_long)?,
            named: named
                .iter()
                .map(|form| Regex::new(form))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Covers the secrets of one text or frame.
    pub fn cover(&self, bytes: &mut [u8]) {
        let known: Vec<Range<usize>> = self
            .known
            .find_iter(&*bytes)
            .map(|found| found.range())
            .collect();
        for range in known {
            bytes[range].fill(COVER);
        }
        if !self.hints.is_match(&*bytes) {
            return;
        }
        for form in &self.named {
            let found = form.captures_iter(bytes).filter_map(|captures| {
                let (name, value) = (captures.name("name")?, captures.name("value")?);
                let is_place = PLACE_ENDS.iter().any(|end| name.as_bytes().ends_with(end));
                (!is_place).then(|| value.range())
            });
            let found: Vec<Range<usize>> = found.collect();
            for range in found {
                bytes[range].fill(COVER);
            }
        }
    }

    /// The first bytes of the hash of `bytes` when its secrets are covered.
    #[must_use]
    pub fn digest(&self, bytes: &[u8]) -> [u8; 16] {
        let mut covered = bytes.to_vec();
        self.cover(&mut covered);
        let mut digest = [0; 16];
        blake3::Hasher::new()
            .update(&covered)
            .finalize_xof()
            .fill(&mut digest);
        digest
    }

    /// Covers the secrets in the records of a block.
    ///
    /// # Errors
    ///
    /// The bytes are not records.
    pub fn cover_records(&self, records: &mut [u8]) -> Result<(), RecordError> {
        let mut places = Vec::new();
        self.known_scan.find(records, &self.known, &mut places);
        self.name_scan.find(records, &self.hints, &mut places);
        let mut ranges = Vec::new();
        for mut suspect in touched_records(records, places)? {
            if let Some(record) = Record::take_from(&mut suspect)? {
                visit(&record, &mut |part| ranges.push(place(records, part)));
            }
        }
        for range in ranges {
            self.cover(&mut records[range]);
        }
        Ok(())
    }
}

/// The place of `part` within `whole`, from which it is borrowed.
fn place(whole: &[u8], part: &[u8]) -> Range<usize> {
    let begin = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
    // A part that is not borrowed lies elsewhere; none is, as postcard copies nothing.
    let begin = begin.min(whole.len());
    begin..begin.saturating_add(part.len()).min(whole.len())
}

/// Visits each part of a record that may hold a secret.
fn visit(record: &Record<'_>, part: &mut impl FnMut(&[u8])) {
    match record {
        Record::Begin(_)
        | Record::Snapshot { .. }
        | Record::Stopped { .. }
        | Record::Confirmed { .. } => {}
        Record::Stored(stored) => {
            part(stored.key.as_bytes());
            part(&stored.value);
        }
        Record::Checkpoint(checkpoint) => {
            part(&checkpoint.settings);
            checkpoint.snapshot.iter().for_each(|state| part(state));
        }
        Record::Create(create) => {
            part(&create.settings);
            create.snapshot.iter().for_each(|state| part(state));
            visit_outcome(&create.outcome, part);
            visit_steps(&create.steps, part);
        }
        Record::Call(call) => {
            match &call.question {
                Question::Event { name, payload, .. } => {
                    part(name.as_bytes());
                    part(payload);
                }
                Question::Request(bytes) | Question::Command(bytes) => part(bytes),
            }
            visit_outcome(&call.outcome, part);
            visit_steps(&call.steps, part);
        }
        Record::Restored(restored) => {
            for undo in &restored.writes {
                part(undo.key.as_bytes());
                undo.value.iter().for_each(|value| part(value));
            }
        }
    }
}

fn visit_outcome(outcome: &Outcome<'_>, part: &mut impl FnMut(&[u8])) {
    match outcome {
        Outcome::Done => {}
        Outcome::Replied(reply) => part(reply),
        Outcome::Failed(text) | Outcome::Panicked(text) => part(text.as_bytes()),
    }
}

fn visit_steps(steps: &[Step<'_>], part: &mut impl FnMut(&[u8])) {
    for step in steps {
        match step {
            Step::Asked { name, body, .. } => {
                part(name.as_bytes());
                part(body);
            }
            Step::Answered { answer, .. } => match answer {
                Answer::Number(_) => {}
                Answer::Bytes(bytes) => part(bytes),
                Answer::Refused(text) => part(text.as_bytes()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// Secrets, parts of them, and others.
    const PIECES: [&str; 10] = [
        "k3y",
        "k3y-of-api",
        "k3y-of-",
        r#""Token":"abc","#,
        r#""token":"#,
        r#""abc""#,
        "Bearer",
        "measuring",
        "a",
        "?x=1&api_key=b",
    ];

    fn covered(text: &str) -> String {
        let mask = Mask::new(["k3y-of-api", "k3y"]).unwrap();
        let mut bytes = text.as_bytes().to_vec();
        mask.cover(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn known_secret_is_covered_anywhere() {
        assert_eq!(covered("a=k3y-of-api&b"), "a=**********&b");
        assert_eq!(covered("k3y"), "***");
    }

    #[test]
    fn value_behind_secret_name_is_covered() {
        let cases = [
            (
                r#"{"X-Api-Key" : "ab\"c","b":1}"#,
                r#"{"X-Api-Key" : "*****","b":1}"#,
            ),
            (
                r#"[["authorization","Bearer x"]]"#,
                r#"[["authorization","********"]]"#,
            ),
            (
                r#"{"url":"http://h/b?a=1&X-Amz-Signature=0af1&x=2"}"#,
                r#"{"url":"http://h/b?a=1&X-Amz-Signature=****&x=2"}"#,
            ),
            ("token=abc&x=1", "token=***&x=1"),
            (
                r#"{"path":"/a?x=1&api_key=ab%20c#d"}"#,
                r#"{"path":"/a?x=1&api_key=******#d"}"#,
            ),
            (
                r#""[[\"cookie\",\"a=b\"],\"{\\\"token\\\": \\\"abc\\\"}\"]""#,
                r#""[[\"cookie\",\"***\"],\"{\\\"token\\\": \\\"***\\\"}\"]""#,
            ),
            (
                r#"{"body":"{\"token\":\"abc\"}"}"#,
                r#"{"body":"{\"token\":\"***\"}"}"#,
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(covered(text), expected);
        }
    }

    #[test]
    fn other_values_stay_as_they_are() {
        for text in [
            r#"{"kind":"token","id":"x"}"#,
            r#"{"token_file":"a/b"}"#,
            r#"{"tokens":17}"#,
            r#"{"key":"difficulty"}"#,
        ] {
            assert_eq!(covered(text), text);
        }
    }

    #[test]
    fn mask_without_an_end_is_an_error() {
        let longest = vec![b'a'; KNOWN_BYTES_MAX + 1];
        let error = Mask::new([longest]).unwrap_err();
        assert!(
            matches!(error, MaskError::TooLong(bytes) if bytes > KNOWN_BYTES_MAX),
            "{error}"
        );
        let unclosed = String::from("(");
        let error = MaskError::from(Regex::new(&unclosed).unwrap_err());
        assert!(matches!(error, MaskError::Named(_)), "{error}");
        assert!(error.to_string().contains("names of secrets"), "{error}");
    }

    #[test]
    fn known_secret_in_a_key_is_covered() {
        let stored = Record::Stored(crate::StoredValue {
            key: "session/k3y-of-api".into(),
            value: b"1".as_slice().into(),
        });
        let asked = Record::Create(crate::Create {
            at_ms: 1,
            plugin: crate::PluginId::default(),
            settings: b"{}".as_slice().into(),
            snapshot: None,
            switch: crate::Switch::Restart,
            outcome: Outcome::Done,
            steps: vec![Step::Asked {
                service: 1,
                name: "session/k3y-of-api".into(),
                body: b"k3y-of-api".as_slice().into(),
            }],
        });
        let mut records = Vec::new();
        stored.append_to(&mut records).unwrap();
        asked.append_to(&mut records).unwrap();
        let mask = Mask::new(["k3y-of-api"]).unwrap();
        mask.cover_records(&mut records).unwrap();
        let text = String::from_utf8_lossy(&records);
        assert_eq!(text.matches("session/**********").count(), 2, "{text}");
        assert!(!text.contains("k3y"), "{text}");
    }

    #[test]
    fn covered_records_can_be_read() {
        let call = |payload: &'static [u8]| {
            Record::Call(crate::Call {
                at_ms: 7,
                question: Question::Event {
                    name: "news".into(),
                    sequence: 1,
                    redelivered: false,
                    payload: payload.into(),
                },
                outcome: Outcome::Failed("k3y".into()),
                steps: Vec::new(),
            })
        };
        let mut records = Vec::new();
        // A text that is cut short must not reach into the next record.
        call(br#"{"token":"abc"#).append_to(&mut records).unwrap();
        call(br#"{"token":"abc"}"#).append_to(&mut records).unwrap();
        Mask::new(["k3y"])
            .unwrap()
            .cover_records(&mut records)
            .unwrap();
        let mut rest = records.as_slice();
        let mut payloads = Vec::new();
        while let Some(Record::Call(call)) = Record::take_from(&mut rest).unwrap() {
            assert_eq!(call.outcome, Outcome::Failed("***".into()));
            let Question::Event { payload, .. } = call.question else {
                continue;
            };
            payloads.push(String::from_utf8(payload.into_owned()).unwrap());
        }
        assert_eq!(payloads, [r#"{"token":"abc"#, r#"{"token":"***"}"#]);
    }

    proptest! {
        #[test]
        fn block_is_covered_as_its_records_are(
            parts in vec(vec(select(PIECES.as_slice()), 0..6), 1..12)
        ) {
            let mask = Mask::new(["k3y-of-api", "k3y"]).unwrap();
            let payloads: Vec<Vec<u8>> = parts.iter().map(|parts| parts.concat().into_bytes()).collect();
            let block = |payloads: &[Vec<u8>]| {
                let mut records = Vec::new();
                for payload in payloads {
                    let record = Record::Stored(crate::StoredValue {
                        key: "a".into(),
                        value: payload.into(),
                    });
                    record.append_to(&mut records).unwrap();
                }
                records
            };
            let mut whole = block(&payloads);
            mask.cover_records(&mut whole).unwrap();
            let mut alone = payloads;
            alone.iter_mut().for_each(|payload| mask.cover(payload));
            prop_assert_eq!(whole, block(&alone));
        }
    }
}
