//! Requests of the host on their way: to the chain's service, to the network's config, and to miners, who serve nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use horde_devnet::chain::{
    ChainService, PendingReply, ServiceAnswer, ServiceBody, ServiceReply, ServiceRequest,
};
use tig_host::testing::Sent;
use tig_plugin_api::{HttpAnswer, HttpCall, HttpFailure, HttpFailureKind, Method};

use super::config::{CHAIN_URL, CONFIG_URL, network_config};

/// A request or an answer is under way for so long, at most, in milliseconds.
const LATENCY_MS_MAX: u64 = 80;

/// What the host gets.
type Answered = Result<HttpAnswer, HttpFailure>;

struct Flight {
    sent: Sent,
    /// When the host gives up.
    until_ms: u64,
    /// What arrives, once it is known.
    result: Option<Answered>,
    pending: Option<PendingReply>,
}

/// What is next for a request, and when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// It reaches its server.
    Arrives(u64),
    /// Its answer, or that there is none, reaches the host.
    Answers(u64),
    /// The server gives up its wait for a block.
    GivesUp(u64),
}

/// All requests on their way, and the servers.
pub(super) struct Http {
    pub(super) chain: ChainService,
    pub(super) weights_version: u64,
    flights: BTreeMap<u64, Flight>,
    count: u64,
}

impl Http {
    pub(super) fn new(chain: ChainService, weights_version: u64) -> Self {
        Self {
            chain,
            weights_version,
            flights: BTreeMap::new(),
            count: 0,
        }
    }

    /// Takes a request of the host. Returns its number and what is next.
    pub(super) fn send(&mut self, sent: Sent, now_ms: u64, rng: &mut fastrand::Rng) -> (u64, Next) {
        self.count += 1;
        let until_ms = now_ms + sent.queued().call.timeout_ms;
        let flight = Flight {
            sent,
            until_ms,
            result: None,
            pending: None,
        };
        self.flights.insert(self.count, flight);
        (
            self.count,
            Next::Arrives(now_ms + rng.u64(1..=LATENCY_MS_MAX)),
        )
    }

    /// A request has reached its server. Returns a label of it, and what is next.
    pub(super) fn arrive(
        &mut self,
        number: u64,
        now_ms: u64,
        rng: &mut fastrand::Rng,
    ) -> Option<(String, Next)> {
        let flight = self.flights.get_mut(&number)?;
        let call = &flight.sent.queued().call;
        let path = call.url.split('?').next().unwrap_or_default();
        let label = format!("{} {path}", call.method.name());
        let (after, answer) = match path.strip_prefix(CHAIN_URL) {
            Some(path) => match self.chain.request(&service_request(call, path)) {
                ServiceReply::Answer { after, answer } => (after, Some(answer)),
                ServiceReply::Drop { after } => (after, None),
                ServiceReply::Wait(pending) => {
                    let at_ms = now_ms + milliseconds(pending.timeout);
                    flight.pending = Some(pending);
                    return Some((label, Next::GivesUp(at_ms)));
                }
            },
            None if path == CONFIG_URL => {
                let body = network_config(self.weights_version).to_string();
                flight.result = Some(Ok(HttpAnswer::new(200, body.into_bytes())));
                return Some((label, Next::Answers(now_ms + rng.u64(1..=LATENCY_MS_MAX))));
            }
            None => {
                flight.result = Some(Ok(HttpAnswer::new(404, Vec::new())));
                return Some((label, Next::Answers(now_ms + rng.u64(1..=LATENCY_MS_MAX))));
            }
        };
        Some((
            label,
            flight.answer(answer, now_ms + milliseconds(after), rng),
        ))
    }

    /// The requests that a block, or the end of its wait, has settled; with what is next.
    pub(super) fn settle(&mut self, now_ms: u64, rng: &mut fastrand::Rng) -> Vec<(u64, Next)> {
        let mut settled = Vec::new();
        for (number, flight) in &mut self.flights {
            let answer = flight.pending.as_ref().and_then(|it| self.chain.settle(it));
            if let Some((after, answer)) = answer {
                flight.pending = None;
                let next = flight.answer(Some(answer), now_ms + milliseconds(after), rng);
                settled.push((*number, next));
            }
        }
        settled
    }

    /// The server waits no longer for a block.
    pub(super) fn give_up(
        &mut self,
        number: u64,
        now_ms: u64,
        rng: &mut fastrand::Rng,
    ) -> Option<Next> {
        let flight = self.flights.get_mut(&number)?;
        let (after, answer) = self.chain.give_up(&flight.pending.take()?);
        Some(flight.answer(Some(answer), now_ms + milliseconds(after), rng))
    }

    /// What a request has brought reaches the host.
    pub(super) fn answer(&mut self, number: u64) {
        if let Some(flight) = self.flights.remove(&number)
            && let Some(result) = flight.result
        {
            flight.sent.complete(result);
        }
    }
}

impl Flight {
    /// The server answers at this moment, or ends the connection.
    fn answer(
        &mut self,
        answer: Option<ServiceAnswer>,
        at_ms: u64,
        rng: &mut fastrand::Rng,
    ) -> Next {
        let at_ms = at_ms + rng.u64(1..=LATENCY_MS_MAX);
        let (result, at_ms) = match at_ms < self.until_ms {
            true => (http_answer(answer), at_ms),
            false => {
                let late = HttpFailure::new(HttpFailureKind::Timeout, "no answer");
                (Err(late), self.until_ms)
            }
        };
        self.result = Some(result);
        Next::Answers(at_ms)
    }
}

fn service_request<'a>(call: &'a HttpCall, path: &'a str) -> ServiceRequest<'a> {
    let header = |wanted: &str| {
        let mut headers = call.headers.iter();
        let found = headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.as_str())
    };
    ServiceRequest {
        method: call.method.name(),
        path,
        authorization: header("authorization"),
        timeout: header("x-pylon-timeout"),
        body: &call.body,
    }
}

/// The answer as the host passes it on.
fn http_answer(answer: Option<ServiceAnswer>) -> Answered {
    let broken = || HttpFailure::new(HttpFailureKind::Other, "the connection has ended");
    let answer = answer.ok_or_else(broken)?;
    match answer.body {
        ServiceBody::Text(text) => {
            let headers = [("content-type", answer.content_type.as_bytes())];
            Ok(HttpAnswer::new(answer.status, text.into_bytes()).with_headers(headers))
        }
        ServiceBody::CutShort(_) => Err(broken()),
        ServiceBody::Huge(_) => Err(HttpFailure::new(HttpFailureKind::TooLarge, "too long")),
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Whether a request is to change the weights.
pub(super) fn is_about_weights(call: &HttpCall) -> bool {
    call.method != Method::Get && call.url.contains("/weights")
}
