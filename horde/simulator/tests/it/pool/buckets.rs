//! Both buckets in memory, which fail now and then.

use std::collections::BTreeMap;

use tig_plugin_api::{HttpAnswer, HttpCall, HttpFailure, HttpFailureKind, Method};

/// Where the buckets are; nothing listens there.
pub(super) const STORE: &str = "http://127.0.0.1:9";

/// What a store that lets nobody else write or list answers.
const DENIED: &str = "<Error><Code>AccessDenied</Code></Error>";
const MISSING: &str = "<Error><Code>NoSuchKey</Code></Error>";

/// The objects by path, such as `/prompts/<uuid>`.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    pub(super) objects: BTreeMap<String, Vec<u8>>,
}

impl Buckets {
    /// Answers a request; with `is_faulty` it may be done or not, and nobody learns which.
    pub(super) fn answer(
        &mut self,
        call: &HttpCall,
        is_faulty: bool,
        rng: &mut fastrand::Rng,
    ) -> Result<HttpAnswer, HttpFailure> {
        if is_faulty && rng.bool() {
            return Ok(HttpAnswer::new(503, "<Error><Code>SlowDown</Code></Error>"));
        }
        let answer = self.serve(call);
        match is_faulty {
            true => Err(HttpFailure::new(HttpFailureKind::Timeout, "no answer")),
            false => Ok(answer),
        }
    }

    fn serve(&mut self, call: &HttpCall) -> HttpAnswer {
        let path = path_of(&call.url);
        let is_signed = call.url.contains("X-Amz-Signature");
        match call.method {
            Method::Get if call.url.contains("list-type") => HttpAnswer::new(403, DENIED),
            Method::Get => match self.objects.get(&path) {
                Some(body) => HttpAnswer::new(200, body.clone()),
                None => HttpAnswer::new(404, MISSING),
            },
            _ if !is_signed => HttpAnswer::new(403, DENIED),
            Method::Put => {
                self.objects.insert(path, call.body.clone());
                HttpAnswer::new(200, "")
            }
            _ => {
                self.objects.remove(&path);
                HttpAnswer::new(204, "")
            }
        }
    }
}

/// The path of a URL of the store, without its query.
pub(super) fn path_of(url: &str) -> String {
    let path = url.strip_prefix(STORE).unwrap_or(url);
    path.split('?').next().unwrap_or_default().to_owned()
}
