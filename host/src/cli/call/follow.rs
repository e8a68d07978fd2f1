//! Sends a call to the running host, and reads its reports as they come.

use reqwest::{Client, Response};
use serde_json::Value;
use tig_process::error_chain::error_chain;

use super::super::admin::AdminError;
use super::{CallFailure, Target};
use crate::control::report::{CallLine, FailureReport};

/// Bytes of a line. A handler's text and value together have less, unless most of it needs escapes.
const LINE_BYTES_MAX: usize = 1 << 30;

/// A call that has started.
pub(super) struct Reports<'a> {
    target: &'a Target,
    response: Response,
    /// Bytes of lines that were not returned.
    read: Vec<u8>,
}

/// Calls the command. The reply begins when it has started.
///
/// # Errors
///
/// See [`CallFailure`].
pub(super) async fn start<'a>(
    target: &'a Target,
    arguments: &Value,
) -> Result<Reports<'a>, CallFailure> {
    let (address, pid) = (target.file.address, target.file.pid);
    let unreachable = |source| AdminError::Unreachable { pid, source };
    // No time limit: a command may take hours. On loopback, the end of the host ends the connection.
    let client = Client::builder().no_proxy().build().map_err(unreachable)?;
    // Both names are in the host's own list: letters, digits and `_`.
    let path = format!("/call/{}/{}", target.extension, target.command);
    let request = client
        .post(format!("http://{address}{path}"))
        .bearer_auth(target.file.token.reveal())
        .json(arguments);
    let sent = request.send().await.map_err(|source| {
        if source.is_connect() {
            CallFailure::from(unreachable(source))
        } else {
            target.gone(&error_chain(&source))
        }
    });
    let response = sent?;
    let status = response.status();
    if status.is_success() {
        let read = Vec::new();
        return Ok(Reports {
            target,
            response,
            read,
        });
    }
    let failure = response.json::<FailureReport>().await;
    let failure = failure.map_err(|source| target.gone(&error_chain(&source)))?;
    Err(AdminError::from_failure(status, failure).into())
}

impl Reports<'_> {
    /// The next line, as text and as its meaning.
    ///
    /// # Errors
    ///
    /// See [`CallFailure`].
    pub(super) async fn next(&mut self) -> Result<(String, CallLine), CallFailure> {
        let text = self.next_text().await?;
        let line = serde_json::from_str(&text).map_err(AdminError::Reply)?;
        Ok((text, line))
    }

    async fn next_text(&mut self) -> Result<String, CallFailure> {
        let mut searched = 0;
        loop {
            let unsearched = self.read.iter().skip(searched);
            if let Some(offset) = unsearched.clone().position(|byte| *byte == b'\n') {
                let rest = self.read.split_off(searched + offset + 1);
                let mut line = std::mem::replace(&mut self.read, rest);
                line.pop();
                return String::from_utf8(line)
                    .map_err(|_| self.target.gone("its reply is not UTF-8"));
            }
            searched = self.read.len();
            if searched > LINE_BYTES_MAX {
                return Err(self.target.gone("a line of its reply has no end"));
            }
            match self.response.chunk().await {
                Ok(Some(bytes)) => self.read.extend_from_slice(&bytes),
                Ok(None) => return Err(self.target.gone("its reply has ended")),
                Err(source) => return Err(self.target.gone(&error_chain(&source))),
            }
        }
    }
}
