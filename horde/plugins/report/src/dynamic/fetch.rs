//! A request for a config file, and what its answer is.

use horde_dynamic::ParamFile;
use horde_extension::shown;
use tig_plugin_api::prelude::*;

use super::file::FileName;
use crate::limits::{FETCH_TIMEOUT_MS, FILE_BYTES_MAX};

/// Sent with every request: the server of the network's files refuses requests without one.
const USER_AGENT: &str = concat!("tig-host-horde-report/", env!("CARGO_PKG_VERSION"));

/// What begins the tags of these requests.
const TAG: &str = "fetch/";

/// What came of a request.
#[derive(Debug, PartialEq)]
pub(crate) enum Fetched {
    /// A file without a fault.
    File { text: String, file: ParamFile },
    /// There is no such file.
    Missing,
    /// The file has a fault.
    Refused { reason: String },
    /// The file did not come.
    Failed { reason: String },
}

pub(crate) fn call(name: FileName, url: &str, round: u64) -> HttpCall {
    HttpCall {
        tag: format!("{TAG}{}/{round}", name.name()),
        method: Method::Get,
        url: url.to_owned(),
        headers: vec![("User-Agent".to_owned(), USER_AGENT.to_owned())],
        body: Vec::new(),
        timeout_ms: FETCH_TIMEOUT_MS,
        max_body_bytes: FILE_BYTES_MAX,
    }
}

/// File and round of a tag, if it is one of these requests.
pub(crate) fn parse_tag(tag: &str) -> Option<(FileName, u64)> {
    let (name, round) = tag.strip_prefix(TAG)?.split_once('/')?;
    Some((FileName::find(name)?, round.parse().ok()?))
}

pub(crate) fn read(result: Result<HttpAnswer, HttpFailure>) -> Fetched {
    let answer = match result {
        Ok(answer) => answer,
        Err(failure) => {
            let reason = shown(&failure.text);
            return Fetched::Failed { reason };
        }
    };
    match answer.status {
        200 => read_body(answer.body),
        404 => Fetched::Missing,
        status => Fetched::Failed {
            reason: format!("status {status}"),
        },
    }
}

fn read_body(body: Vec<u8>) -> Fetched {
    let Ok(text) = String::from_utf8(body) else {
        let reason = "the file is not UTF-8".to_owned();
        return Fetched::Refused { reason };
    };
    match ParamFile::parse(text.as_bytes()) {
        Ok(file) => Fetched::File { text, file },
        Err(fault) => Fetched::Refused {
            reason: shown(&fault.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_names_file_and_round() {
        for name in FileName::ALL {
            let tag = call(name, "http://h/", 7).tag;
            assert_eq!(parse_tag(&tag), Some((name, 7)));
        }
        for tag in ["fetch/other/7", "fetch/common/x", "send/1"] {
            assert_eq!(parse_tag(tag), None);
        }
    }

    #[test]
    fn body_that_is_not_text_is_refused() {
        let fetched = read(Ok(HttpAnswer::new(200, *b"{\"\xff\":1}")));
        assert!(matches!(fetched, Fetched::Refused { reason } if reason.contains("UTF-8")));
    }
}
