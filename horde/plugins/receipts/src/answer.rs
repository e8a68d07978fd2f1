//! What an answer of a miner means: receipts, nothing new, a fault of the page, or a miner that does not work.

use horde_proto::receipt::{Receipt, csv, jsonl};
use tig_plugin_api::{Error, HttpAnswer, HttpFailureKind, HttpResponse};

use crate::miner::Request;

/// Bytes of a page, unpacked. Five minutes of 256 executors that three validators test have some 2 MB.
pub(crate) const PAGE_BYTES_MAX: u64 = 4 << 20;
/// Bytes of the file of an older miner, unpacked: a day of it.
pub(crate) const CSV_BYTES_MAX: u64 = 16 << 20;

/// What an answer means.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Receipts.
    Rows(Rows),
    /// There is nothing, or nothing new.
    Nothing,
    /// The page has fewer bytes than were read of it.
    Shrunk,
    /// What was asked for cannot be read, however often it is asked for.
    Unreadable(String),
    /// The miner does not answer, or not as it should.
    Failed(String),
}

/// What was read.
#[derive(Debug)]
pub(crate) struct Rows {
    /// In the order of the file.
    pub(crate) receipts: Vec<Receipt>,
    /// Bytes of the page that are read now.
    pub(crate) read_to: u64,
    /// Rows that are not receipts.
    pub(crate) bad_count: usize,
    /// What is wrong with the first of them.
    pub(crate) first_fault: Option<String>,
}

impl Rows {
    fn new<E: std::error::Error>(
        rows: impl Iterator<Item = Result<Receipt, E>>,
        read_to: u64,
    ) -> Self {
        let mut read = Self {
            receipts: Vec::new(),
            read_to,
            bad_count: 0,
            first_fault: None,
        };
        for row in rows {
            match row {
                Ok(receipt) => read.receipts.push(receipt),
                Err(error) => {
                    read.bad_count += 1;
                    read.first_fault
                        .get_or_insert_with(|| Error::from(error).to_string());
                }
            }
        }
        read
    }
}

/// Reads the answer to a request.
pub(crate) fn read_answer(request: Request, response: HttpResponse) -> Answer {
    let answer = match response.result {
        Ok(answer) => answer,
        Err(failure) if failure.kind == HttpFailureKind::TooLarge => {
            return Answer::Unreadable(failure.text);
        }
        Err(failure) => return Answer::Failed(failure.text),
    };
    match (request, answer.status) {
        (_, 404) => Answer::Nothing,
        (Request::Page { from, .. }, 416) => match total_of(&answer) {
            Some(total) if total < from => Answer::Shrunk,
            _ => Answer::Nothing,
        },
        (Request::Page { from, .. }, 206) => match start_of(&answer) {
            Some(start) if start == from => read_page(&answer.body, from),
            _ => Answer::Failed(
                "the answer is another part of the page than was asked for".to_owned(),
            ),
        },
        // The miner does not know ranges.
        (Request::Page { from, .. }, 200) => {
            let from_index = usize::try_from(from).unwrap_or(usize::MAX);
            match answer.body.get(from_index..) {
                Some(rest) => read_page(rest, from),
                None => Answer::Shrunk,
            }
        }
        (Request::Csv, 200) => match csv::read_rows(&answer.body) {
            Ok(rows) => Answer::Rows(Rows::new(rows, 0)),
            Err(error) => Answer::Unreadable(Error::from(error).to_string()),
        },
        (_, status) => Answer::Failed(format!("the miner answers with status {status}")),
    }
}

fn read_page(added: &[u8], from: u64) -> Answer {
    let page = jsonl::read_page(added);
    let read_to = from + page.complete_bytes as u64;
    Answer::Rows(Rows::new(page.rows.into_iter(), read_to))
}

/// The number behind the slash of `Content-Range: bytes */120`.
fn total_of(answer: &HttpAnswer) -> Option<u64> {
    let (_, total) = answer.header("content-range")?.rsplit_once('/')?;
    total.trim().parse().ok()
}

/// The first number of `Content-Range: bytes 7-119/120`.
fn start_of(answer: &HttpAnswer) -> Option<u64> {
    let range = answer.header("content-range")?.trim();
    let (start, _) = range.strip_prefix("bytes ")?.split_once('-')?;
    start.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use tig_plugin_api::HttpFailure;

    use super::*;

    const PAGE: Request = Request::Page {
        number: 1,
        from: 10,
    };

    fn read(request: Request, status: u16, range: &str, body: &str) -> Answer {
        let headers = [("content-range", range.as_bytes())];
        let answer = HttpAnswer::new(status, body).with_headers(headers);
        let tag = "t".to_owned();
        let result = Ok(answer);
        read_answer(request, HttpResponse { tag, result })
    }

    fn read_to(answer: Answer) -> u64 {
        match answer {
            Answer::Rows(rows) => rows.read_to,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_whole_lines_are_read() {
        let answer = read(PAGE, 206, "bytes 10-15/16", "{}\n{}\n");
        assert_eq!(read_to(answer), 16);
        let answer = read(PAGE, 206, "bytes 10-13/14", "{}\n{");
        assert_eq!(read_to(answer), 13);
        let whole = read(PAGE, 200, "", "0123456789{}\n{");
        assert_eq!(read_to(whole), 13);
    }

    #[test]
    fn absent_and_unchanged_pages_are_nothing_new() {
        assert!(matches!(read(PAGE, 404, "", ""), Answer::Nothing));
        assert!(matches!(read(PAGE, 416, "bytes */10", ""), Answer::Nothing));
        assert!(matches!(read(PAGE, 416, "", ""), Answer::Nothing));
        assert!(matches!(read(Request::Csv, 404, "", ""), Answer::Nothing));
    }

    #[test]
    fn page_that_shrinks_is_noticed() {
        assert!(matches!(read(PAGE, 416, "bytes */9", ""), Answer::Shrunk));
        assert!(matches!(read(PAGE, 200, "", "012345678"), Answer::Shrunk));
    }

    #[test]
    fn other_part_than_asked_for_is_a_failure() {
        for range in [
            "bytes 0-15/16",
            "bytes */16",
            "lines 10-15/16",
            "",
            "bytes 10",
        ] {
            let answer = read(PAGE, 206, range, "{}\n");
            assert!(matches!(answer, Answer::Failed(_)), "{range}");
        }
        for status in [204, 301, 400, 403, 429, 500, 503] {
            let answer = read(PAGE, status, "", "");
            assert!(matches!(answer, Answer::Failed(_)), "{status}");
        }
        // A file has no parts.
        let answer = read(Request::Csv, 206, "bytes 0-1/2", "");
        assert!(matches!(answer, Answer::Failed(_)));
    }

    #[test]
    fn answer_that_never_ends_is_unreadable() {
        for (kind, is_final) in [
            (HttpFailureKind::TooLarge, true),
            (HttpFailureKind::Timeout, false),
            (HttpFailureKind::Connect, false),
            (HttpFailureKind::Other, false),
        ] {
            let tag = "t".to_owned();
            let result = Err(HttpFailure::new(kind, "why"));
            let answer = read_answer(PAGE, HttpResponse { tag, result });
            assert_eq!(matches!(answer, Answer::Unreadable(_)), is_final);
        }
        let html = read(Request::Csv, 200, "", "<html>");
        assert!(matches!(html, Answer::Unreadable(_)));
    }
}
