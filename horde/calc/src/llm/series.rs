//! Which lines of a series can be sampled.

use std::collections::BTreeSet;

/// Characters of a prompt at least: the generator's own bound.
pub const PROMPT_CHARS_MIN: usize = 11;
/// Characters of a prompt at most.
pub const PROMPT_CHARS_MAX: usize = 299;

/// How the pages begin that a server sends in place of a file, in lower case.
const PAGE_STARTS: [&str; 3] = ["<!doctype", "<html", "<?xml"];
/// Characters of a file's beginning that are compared with them.
const PAGE_START_CHARS: usize = 16;
/// Bytes in which they begin, behind blanks.
const PAGE_BLANKS_BYTES: usize = 1_024;

/// Why a file is not a series of prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeriesFault {
    /// It is compressed.
    #[error("it is compressed with gzip")]
    Gzip,
    /// It is not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// It is a page, of an error most likely.
    #[error("it is a page of HTML or XML")]
    Page,
    /// It has no more lines than are to be sampled, so that a miner would know which.
    #[error("{usable} of its lines can be sampled, and more than {wanted} are needed")]
    TooFew {
        /// Different lines of a length that counts.
        usable: usize,
        /// Lines that are to be sampled.
        wanted: usize,
    },
}

/// Lines as the solver reads them: it splits at `\n` and `\r`, strips white space, and drops what is empty then (section 10.6).
/// No other character ends a line, U+2028 included.
pub fn solver_lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.split(['\n', '\r']).map(strip);
    lines.filter(|line| !line.is_empty())
}

/// Strips what Python's `str.strip` strips: Unicode's white space, and four separators that are not white space there.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(|letter: char| {
        letter.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&letter)
    })
}

/// The lines of a series that can be sampled: those of a length that counts, each once, in the order of the file. There are more
/// than `wanted`.
///
/// # Errors
///
/// See [`SeriesFault`].
pub fn read_series(bytes: &[u8], wanted: usize) -> Result<Vec<&str>, SeriesFault> {
    if super::is_gzip(bytes) {
        return Err(SeriesFault::Gzip);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| SeriesFault::NotUtf8)?;
    if is_page(bytes) {
        return Err(SeriesFault::Page);
    }
    let mut seen = BTreeSet::new();
    let counts = |line: &&str| {
        // A longer line need not be counted to its end.
        let chars = line.chars().take(PROMPT_CHARS_MAX + 1).count();
        (PROMPT_CHARS_MIN..=PROMPT_CHARS_MAX).contains(&chars)
    };
    let lines: Vec<&str> = solver_lines(text)
        .filter(counts)
        .filter(|line| seen.insert(*line))
        .collect();
    match lines.len() {
        usable if usable <= wanted => Err(SeriesFault::TooFew { usable, wanted }),
        _ => Ok(lines),
    }
}

/// Whether a file is a page of HTML or XML, such as a proxy sends in place of an object, with any status.
pub fn is_page(bytes: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(PAGE_BLANKS_BYTES)]);
    let start: String = strip(&start).chars().take(PAGE_START_CHARS).collect();
    let start = start.to_lowercase();
    PAGE_STARTS.iter().any(|page| start.starts_with(page))
}

/// `wanted` different numbers below `count`, or all if there are fewer, all choices alike, by numbers of 64 random bits.
pub fn draw_indices(count: usize, wanted: usize, mut random: impl FnMut() -> u64) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..count).collect();
    let wanted = wanted.min(count);
    for place in 0..wanted {
        let left = (count - place) as u128;
        // The bias is 2^-64 times the count.
        let drawn = (u128::from(random()) * left) >> u64::BITS;
        indices.swap(place, place + drawn as usize);
    }
    indices.truncate(wanted);
    indices
}
