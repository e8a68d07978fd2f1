//! The reports of a call as lines of JSON, each sent as it comes.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::value::RawValue;
use tig_process::error_chain::error_chain;

use super::calls::{Call, CallError};
use super::report::CallLine;
use crate::runtime::commands::CommandReport;

/// What is still to be sent.
enum Rest {
    Start(Call),
    Reports(Call),
    Nothing,
}

/// The reply to a call that has started.
pub(super) fn reply(call: Call) -> Response {
    let lines = stream::unfold(Rest::Start(call), async |rest| {
        let (line, rest) = next(rest).await?;
        Some((Ok::<_, Infallible>(encode(&line)), rest))
    });
    let kind = [(CONTENT_TYPE, "application/x-ndjson")];
    (kind, Body::from_stream(lines)).into_response()
}

async fn next(rest: Rest) -> Option<(CallLine, Rest)> {
    match rest {
        Rest::Start(call) => {
            let ticket = call.ticket();
            Some((CallLine::Started { ticket }, Rest::Reports(call)))
        }
        Rest::Reports(mut call) => {
            let line = line(call.next().await);
            let is_last = matches!(line, CallLine::Finished { .. } | CallLine::Error(_));
            let rest = if is_last {
                Rest::Nothing
            } else {
                Rest::Reports(call)
            };
            Some((line, rest))
        }
        Rest::Nothing => None,
    }
}

fn line(report: Result<CommandReport, CallError>) -> CallLine {
    match report {
        Ok(CommandReport::Progress(text)) => CallLine::Progress(text),
        Ok(CommandReport::Finished { code, value }) => match raw_line(&value) {
            Ok(value) => CallLine::Finished { code, value },
            // Checked when the handler called `finish`.
            Err(error) => CallLine::Error(format!("the value is not JSON: {error}")),
        },
        Err(error) => CallLine::Error(error_chain(&error)),
    }
}

/// JSON on one line. Line ends between its tokens become spaces; within texts there are none.
fn raw_line(json: &[u8]) -> serde_json::Result<Box<RawValue>> {
    let is_line_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let one_line = |byte: &u8| if is_line_end(byte) { b' ' } else { *byte };
    let json: Vec<u8> = json.iter().map(one_line).collect();
    serde_json::from_slice(&json)
}

fn encode(line: &CallLine) -> Bytes {
    // The lines have a JSON form.
    let mut bytes = serde_json::to_vec(line).unwrap_or_default();
    bytes.push(b'\n');
    bytes.into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tig_plugin_api::Ticket;

    use super::*;

    #[test]
    fn each_report_is_one_line() {
        let finished = |json: &str| {
            let value = Arc::from(json.as_bytes());
            line(Ok(CommandReport::Finished { code: 3, value }))
        };
        let ticket = Ticket::from_number(u64::MAX);
        let lines = [
            CallLine::Started { ticket },
            line(Ok(CommandReport::Progress("a\nb".to_owned()))),
            finished("{\r\n  \"a\":\n 1.50\n}"),
        ];
        let text: Vec<u8> = lines.iter().flat_map(encode).collect();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "{\"started\":{\"ticket\":18446744073709551615}}\n\
             {\"progress\":\"a\\nb\"}\n\
             {\"finished\":{\"code\":3,\"value\":{    \"a\":  1.50 }}}\n"
        );
    }

    #[test]
    fn lines_read_back_as_they_were_written() {
        let written = [
            r#"{"progress":"1 of 2"}"#,
            r#"{"finished":{"code":0,"value":{"b":1,"a":[]}}}"#,
            r#"{"error":"gone"}"#,
        ];
        for text in written {
            let line: CallLine = serde_json::from_str(text).unwrap();
            assert_eq!(encode(&line), format!("{text}\n"));
        }
    }
}
