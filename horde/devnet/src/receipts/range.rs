//! The part of a file that a request asks for (RFC 9110, section 14).

use std::ops;

/// What stands before the range in the header.
const UNIT: &str = "bytes=";

/// A range of bytes, as the header `Range` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    /// From a byte on, to the last one if it is given.
    From(usize, Option<usize>),
    /// So many bytes at the end.
    Last(usize),
}

/// The part of a file that answers a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slice {
    /// The whole file: 200.
    Whole,
    /// These bytes: 206.
    Part(ops::Range<usize>),
    /// No byte: 416.
    Outside,
}

impl Range {
    /// The range of a header. `None` for one that a server may ignore: another unit, several ranges, or a fault.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let (first, last) = header.trim().strip_prefix(UNIT)?.split_once('-')?;
        let number = |text: &str| text.trim().parse::<usize>().ok();
        match (first.trim(), last.trim()) {
            ("", last) => number(last).map(Self::Last),
            (first, "") => Some(Self::From(number(first)?, None)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From(first, Some(last)))
            }
        }
    }

    /// The part of a file of so many bytes.
    pub(crate) fn slice(header: Option<&str>, total: usize) -> Slice {
        let part = match header.and_then(Self::parse) {
            None => return Slice::Whole,
            Some(Self::From(first, last)) => {
                let end = last.map_or(total, |last| last.saturating_add(1).min(total));
                first..end
            }
            Some(Self::Last(count)) => total.saturating_sub(count)..total,
        };
        match part.is_empty() {
            true => Slice::Outside,
            false => Slice::Part(part),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_select_what_the_header_says() {
        for (header, expected) in [
            ("bytes=0-", Slice::Part(0..10)),
            ("bytes=4-", Slice::Part(4..10)),
            ("bytes=4-6", Slice::Part(4..7)),
            ("bytes=4-100", Slice::Part(4..10)),
            ("bytes=-3", Slice::Part(7..10)),
            ("bytes=-30", Slice::Part(0..10)),
            ("bytes=10-", Slice::Outside),
            ("bytes=-0", Slice::Outside),
            ("bytes=99999999999999999999-", Slice::Whole),
            ("bytes=6-4", Slice::Whole),
            ("bytes=0-1,3-4", Slice::Whole),
            ("lines=0-", Slice::Whole),
            ("", Slice::Whole),
        ] {
            assert_eq!(Range::slice(Some(header), 10), expected, "{header}");
        }
        assert_eq!(Range::slice(None, 10), Slice::Whole);
    }
}
