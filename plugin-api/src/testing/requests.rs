//! HTTP requests of an extension: the test is the server.

use super::Harness;
use crate::abi::event;
use crate::{
    Extension, HttpAnswer, HttpCall, HttpFailure, HttpFailureKind, HttpResponse, RateLimit, Result,
    Turn,
};

impl<E: Extension> Harness<E> {
    /// The requests that wait for an answer, in order.
    #[must_use]
    pub fn http_calls(&self) -> &[HttpCall] {
        &self.host.calls
    }

    /// How each of [`Harness::http_calls`] waits for its turn.
    #[must_use]
    pub fn turns(&self) -> &[Turn] {
        &self.host.turns
    }

    /// Responds to the oldest open request with this tag.
    ///
    /// ```
    /// # use tig_plugin_api::{RateLimit, prelude::*, testing::Harness};
    /// # struct Fetcher;
    /// # #[extension]
    /// # impl Fetcher {
    /// #     fn new(_config: serde_json::Value, _ctx: &mut Context<'_>) -> Result<Self> { Ok(Self) }
    /// #     fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
    /// #         ctx.http(&HttpCall { tag: "rates".into(), method: Method::Get, url: "http://127.0.0.1/".into(),
    /// #             headers: vec![], body: vec![], timeout_ms: 1_000, max_body_bytes: 1_000 })
    /// #     }
    /// #     fn on_http_response(&mut self, ctx: &mut Context<'_>, response: HttpResponse) -> Result<()> {
    /// #         match response.result {
    /// #             Ok(answer) => ctx.emit_json("fetched", &answer.status),
    /// #             Err(failure) => ctx.emit_json("not_fetched", &failure.kind),
    /// #         }
    /// #     }
    /// # }
    /// # fn main() {
    /// let mut fetcher = Harness::<Fetcher>::start(serde_json::json!({ "name": "fetcher" }));
    /// for _ in 0..3 {
    ///     fetcher.update();
    /// }
    /// fetcher.respond("rates", 503, "busy");
    /// fetcher.fail("rates", HttpFailureKind::Timeout);
    /// fetcher.limit("rates", RateLimit { allowed_per_minute: Some(20), wait_ms: 3_000 });
    /// let emitted = fetcher.emitted();
    /// let outcomes: Vec<_> = emitted.iter().map(|(_, outcome)| outcome.to_string()).collect();
    /// assert_eq!(outcomes, ["503", "\"timeout\"", "\"rate_limited\""]);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// There is no such request, or the handler fails.
    pub fn respond(&mut self, tag: &str, status: u16, body: impl Into<Vec<u8>>) {
        self.try_respond(tag, status, body)
            .unwrap_or_else(|error| panic!("on_http_response: {error}"));
    }

    /// Responds to the oldest open request with this tag, and closes it.
    ///
    /// # Errors
    ///
    /// The handler fails; none of its effects is kept.
    ///
    /// # Panics
    ///
    /// There is no such request.
    pub fn try_respond(&mut self, tag: &str, status: u16, body: impl Into<Vec<u8>>) -> Result<()> {
        self.try_answer(tag, Ok(HttpAnswer::new(status, body)))
    }

    /// Like [`Harness::respond`], with headers; a host leaves out what [`HttpAnswer::with_headers`] leaves out.
    ///
    /// # Panics
    ///
    /// As for [`Harness::respond`].
    pub fn respond_with_headers(
        &mut self,
        tag: &str,
        status: u16,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) {
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()));
        let answer = HttpAnswer::new(status, body).with_headers(headers);
        self.try_answer(tag, Ok(answer))
            .unwrap_or_else(|error| panic!("on_http_response: {error}"));
    }

    /// Lets the oldest open request with this tag fail.
    ///
    /// # Panics
    ///
    /// There is no such request, or the handler fails.
    pub fn fail(&mut self, tag: &str, kind: HttpFailureKind) {
        self.try_fail(tag, kind)
            .unwrap_or_else(|error| panic!("on_http_response: {error}"));
    }

    /// Fails the oldest open request with this tag, and closes it.
    ///
    /// # Errors
    ///
    /// The handler fails; none of its effects is kept.
    ///
    /// # Panics
    ///
    /// There is no such request.
    pub fn try_fail(&mut self, tag: &str, kind: HttpFailureKind) -> Result<()> {
        self.try_answer(tag, Err(HttpFailure::new(kind, "made by the test")))
    }

    /// Fails the oldest open request with this tag by the rate limiter.
    ///
    /// # Panics
    ///
    /// As for [`Harness::fail`].
    pub fn limit(&mut self, tag: &str, rate_limit: RateLimit) {
        let failure = HttpFailure {
            rate_limit: Some(rate_limit),
            ..HttpFailure::new(HttpFailureKind::RateLimited, "limited by the test")
        };
        self.try_answer(tag, Err(failure))
            .unwrap_or_else(|error| panic!("on_http_response: {error}"));
    }

    /// Answers the oldest open request with this tag by a response or a failure of any form, and closes it.
    ///
    /// # Errors
    ///
    /// The handler fails; none of its effects is kept.
    ///
    /// # Panics
    ///
    /// There is no such request.
    pub fn try_answer(&mut self, tag: &str, result: Result<HttpAnswer, HttpFailure>) -> Result<()> {
        let open = self.host.calls.iter().position(|call| call.tag == tag);
        let index = open.unwrap_or_else(|| panic!("no open request `{tag}`"));
        self.host.calls.remove(index);
        self.host.turns.remove(index);
        let response = HttpResponse {
            tag: tag.to_owned(),
            result,
        };
        self.handle(event::HTTP_RESPONSE, &response.encode()?)
    }
}
