//! Finds the records of a block that may hold a secret, so that the others need not be read.

use std::ops::Range;

use aho_corasick::AhoCorasick;
use aho_corasick::packed::Searcher;

use crate::record::{RecordError, split_record};

/// Bytes that are turned to lower case at a time.
const WINDOW_BYTES: usize = 16 << 10;

/// Texts that are searched for in whole blocks.
pub(crate) struct Scan {
    /// Searches by vector instructions, which suit few texts only, and not all processors.
    quick: Option<Searcher>,
    /// Whether the texts are in lower case, and met in any.
    in_any_case: bool,
    /// Bytes of the longest text.
    longest: usize,
}

impl Scan {
    /// A scan for `texts` as they are.
    pub(crate) fn new<T: AsRef<[u8]>>(texts: &[T]) -> Self {
        Self {
            quick: Searcher::new(texts),
            in_any_case: false,
            longest: texts
                .iter()
                .map(|text| text.as_ref().len())
                .max()
                .unwrap_or(0),
        }
    }

    /// A scan for `texts`, which are in lower case, in any case.
    pub(crate) fn in_any_case(texts: &[&str]) -> Self {
        Self {
            in_any_case: true,
            ..Self::new(texts)
        }
    }

    /// Appends places of the texts, which `slow` finds as well. Of places that overlap, one may be missing; others are there twice.
    pub(crate) fn find(&self, bytes: &[u8], slow: &AhoCorasick, found: &mut Vec<Range<usize>>) {
        match &self.quick {
            Some(quick) if self.in_any_case => {
                // Bit by bit, since the system takes long to give memory for a whole block.
                for begin in (0..bytes.len()).step_by(WINDOW_BYTES) {
                    let end = begin + WINDOW_BYTES + self.longest;
                    let lower = bytes[begin..end.min(bytes.len())].to_ascii_lowercase();
                    let places = quick.find_iter(&lower).map(|it| it.range());
                    found.extend(places.map(|it| begin + it.start..begin + it.end));
                }
            }
            Some(quick) => found.extend(quick.find_iter(bytes).map(|it| it.range())),
            None => found.extend(slow.find_iter(bytes).map(|it| it.range())),
        }
    }
}

/// The records that any of `places` touches. A place that is missing since another overlaps it lies in the same record, or in one that
/// the other touches as well.
///
/// # Errors
///
/// The bytes are not records.
pub(crate) fn touched_records(
    records: &[u8],
    mut places: Vec<Range<usize>>,
) -> Result<Vec<&[u8]>, RecordError> {
    places.sort_unstable_by_key(|place| place.start);
    let mut places = places.into_iter().peekable();
    let mut touched = Vec::new();
    let (mut rest, mut begin) = (records, 0);
    while let Some(next) = places.peek() {
        let (record, behind) = split_record(rest)?;
        let end = begin + record.len();
        if next.start < end {
            touched.push(record);
        }
        while places.next_if(|place| place.end <= end).is_some() {}
        (rest, begin) = (behind, end);
    }
    Ok(touched)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Begins and ends of what `scan` finds.
    fn find(scan: &Scan, bytes: &[u8], slow: &[String]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        scan.find(bytes, &AhoCorasick::new(slow).unwrap(), &mut found);
        found.iter().map(|place| (place.start, place.end)).collect()
    }

    #[test]
    fn texts_are_found_where_they_are() {
        let texts = ["token", "api_key"];
        let found = find(&Scan::new(&texts), b"a Token, a token", &[]);
        assert_eq!(found, [(11, 16)]);
        let any = Scan::in_any_case(&texts);
        let found = find(&any, b"a Token, an API_KEY", &[]);
        assert_eq!(found, [(2, 7), (12, 19)]);
        let mut long = vec![b'a'; 3 * WINDOW_BYTES];
        for at in [0, WINDOW_BYTES - 1, 2 * WINDOW_BYTES, 3 * WINDOW_BYTES - 5] {
            long[at..at + 5].copy_from_slice(b"Token");
        }
        let mut found = find(&any, &long, &[]);
        found.dedup();
        let begins: Vec<usize> = found.iter().map(|place| place.0).collect();
        assert_eq!(begins, [0, 16_383, 32_768, 49_147]);
    }

    #[test]
    fn many_texts_are_found_slowly() {
        let texts: Vec<String> = (0..5_000).map(|number| format!("<{number}>")).collect();
        let found = find(&Scan::new(&texts), b"a <4999>", &texts);
        assert_eq!(found, [(2, 8)]);
    }

    #[test]
    fn records_that_a_place_touches_are_found() {
        // Records of 6, 5 and 7 bytes, the lengths in front.
        let records = b"\x02\0\0\0aa\x01\0\0\0b\x03\0\0\0ccc";
        let touched = |records: &[u8], places: &[(usize, usize)]| {
            let places = places.iter().map(|&(begin, end)| begin..end).collect();
            let found = touched_records(records, places).ok()?;
            Some(found.iter().map(|record| record[4]).collect::<Vec<u8>>())
        };
        let found = |places: &[(usize, usize)]| touched(records, places).unwrap();
        assert_eq!(found(&[]), b"");
        assert_eq!(found(&[(10, 11)]), b"b");
        assert_eq!(found(&[(15, 16), (4, 6)]), b"ac");
        // One that reaches into the next, and one that it hides.
        assert_eq!(found(&[(5, 8)]), b"ab");
        assert_eq!(found(&[(4, 17), (10, 11)]), b"abc");
        assert_eq!(touched(&records[..17], &[(12, 13)]), None);
    }
}
