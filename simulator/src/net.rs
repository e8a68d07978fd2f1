//! The network's side: requests on their way, what befalls them, and blocks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tig_challenges::ChallengeKind;
use tig_devnet::{
    Api, ApiKey, DeclaredSolution, Fault, Genesis, Keys, Network, Outcome, PublishedAlgorithm,
    Request, Response, SolutionCheck, Status, devnet_config,
};
use tig_host::testing::{Go, RateLimiter, RateTable, Refusal, Sent, Ticket};
use tig_plugin_api::{HttpAnswer, HttpCall, HttpFailure, HttpFailureKind, Method};

use crate::site::{API_KEY, API_URL, PLAYER_ID};
use crate::stub;

/// Blocks in which a precommit can be proved.
pub const LIFESPAN_BLOCKS: u32 = 60;

/// A request or an answer is under way for so long, at most.
const LATENCY_MS_MAX: u64 = 80;

/// Believes what the stub algorithm says.
#[derive(Debug)]
struct StubCheck;

impl SolutionCheck for StubCheck {
    fn solves(&self, declared: DeclaredSolution<'_>) -> bool {
        let DeclaredSolution {
            settings,
            rand_hash,
            nonce,
            solution,
        } = declared;
        !solution.is_empty() && stub::output(settings, rand_hash, nonce).solution == *solution
    }
}

/// A request on its way.
struct Flight {
    sent: Sent,
    /// Its place among those that wait for their turn.
    ticket: Option<Ticket>,
    /// When the master gives up, once it has sent the request.
    until_ms: u64,
    result: Option<Result<HttpAnswer, HttpFailure>>,
}

/// For a while, some requests fail.
#[derive(Clone, Debug)]
struct Weather {
    fault: Fault,
    until_ms: u64,
    percent: u64,
}

/// What is next for a request, and when.
#[derive(Clone, Copy, Debug)]
pub enum Next {
    /// It looks whether its turn has come: [`Net::turn`].
    Looks(u64),
    /// It reaches the network: [`Net::arrive`].
    Arrives(u64),
}

/// What the network made of a request.
#[derive(Debug)]
pub struct Served {
    /// When the master knows.
    pub at_ms: u64,
    /// The method as requests spell it.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// Body of the request.
    pub body: Vec<u8>,
    /// Status of the answer; `None` if there was none.
    pub status: Option<u16>,
    /// What befell it.
    pub fault: Option<Fault>,
}

impl Served {
    fn new(call: &HttpCall, now_ms: u64, fault: Option<Fault>) -> Self {
        let path = call.url.strip_prefix(API_URL).unwrap_or(&call.url);
        Self {
            at_ms: now_ms,
            method: call.method.name(),
            path: path.to_owned(),
            body: call.body.clone(),
            status: None,
            fault,
        }
    }
}

/// The devnet with its faults, and the requests on their way to it.
pub struct Net {
    api: Api,
    rates: RateTable,
    limiter: RateLimiter,
    base: Instant,
    flights: BTreeMap<u64, Flight>,
    num_flights: u64,
    weather: Vec<Weather>,
    /// No blocks are made until then.
    pub paused_until_ms: u64,
    /// Blocks made.
    pub blocks: u64,
}

impl Net {
    /// A network with its first block, one player and a stub algorithm for each challenge; the master keeps to `rates`.
    ///
    /// # Errors
    ///
    /// The text says what is wrong.
    pub fn new(seed: u64, rates: RateTable) -> Result<Self, String> {
        let mut config = devnet_config();
        config.benchmark_submissions.lifespan_period = LIFESPAN_BLOCKS;
        let algorithms = ChallengeKind::ALL
            .into_iter()
            .map(|kind| PublishedAlgorithm::pretended(kind, 1, stub::NAME))
            .collect();
        let genesis = Genesis {
            seed,
            config,
            player_ids: vec![PLAYER_ID.to_owned()],
            algorithms,
            download_base_url: format!("{API_URL}/devnet/wasm"),
            solution_check: Arc::new(StubCheck),
        };
        let network = Network::new(genesis).map_err(|error| error.to_string())?;
        let mut keys = Keys::default();
        let key = ApiKey::new(API_KEY).map_err(|error| error.to_string())?;
        keys.insert(&key, PLAYER_ID);
        Ok(Self {
            api: Api::new(network, keys),
            limiter: RateLimiter::new(rates.clone()),
            rates,
            base: Instant::now(),
            flights: BTreeMap::new(),
            num_flights: 0,
            weather: Vec::new(),
            paused_until_ms: 0,
            blocks: 0,
        })
    }

    /// Takes a request of the master, which gets a number. The master's own limit of requests a minute is kept.
    pub fn send(&mut self, sent: Sent, now_ms: u64, rng: &mut fastrand::Rng) -> (u64, Next) {
        let (call, priority) = (&sent.queued().call, sent.queued().turn.priority);
        let (now, patience) = (self.instant(now_ms), sent.queued().patience());
        let go = self
            .limiter
            .enter(API_URL, call.method, priority, patience, now);
        self.num_flights += 1;
        let flight = Flight {
            sent,
            ticket: None,
            until_ms: now_ms,
            result: None,
        };
        self.flights.insert(self.num_flights, flight);
        (self.num_flights, self.go(self.num_flights, go, now_ms, rng))
    }

    /// Asks whether request `number` may go; `None` if it has gone already.
    pub fn turn(&mut self, number: u64, now_ms: u64, rng: &mut fastrand::Rng) -> Option<Next> {
        let now = self.instant(now_ms);
        let ticket = self.flights.get_mut(&number)?.ticket.take()?;
        let go = self.limiter.turn(ticket, now);
        Some(self.go(number, go, now_ms, rng))
    }

    fn go(
        &mut self,
        number: u64,
        go: Result<Go, Refusal>,
        now_ms: u64,
        rng: &mut fastrand::Rng,
    ) -> Next {
        let base = self.base;
        let Some(flight) = self.flights.get_mut(&number) else {
            return Next::Arrives(now_ms);
        };
        match go {
            Ok(Go::Now) => {
                flight.until_ms = now_ms + flight.sent.queued().call.timeout_ms;
                Next::Arrives(now_ms + rng.u64(1..=LATENCY_MS_MAX))
            }
            Ok(Go::Later(ticket)) => {
                let at = ticket.not_before().duration_since(base);
                flight.ticket = Some(ticket);
                Next::Looks(u64::try_from(at.as_millis()).unwrap_or(u64::MAX))
            }
            Err(refusal) => {
                flight.result = Some(Err(HttpFailure {
                    rate_limit: refusal.rate_limit(),
                    ..HttpFailure::new(HttpFailureKind::RateLimited, refusal.to_string())
                }));
                Next::Arrives(now_ms)
            }
        }
    }

    /// The master has ended, and with it what waited for its turn. The next one knows of no request.
    pub fn master_ended(&mut self) {
        self.flights.retain(|_, flight| flight.ticket.is_none());
        self.limiter = RateLimiter::new(self.rates.clone());
    }

    fn instant(&self, now_ms: u64) -> Instant {
        self.base + Duration::from_millis(now_ms)
    }

    /// Number of the last request.
    #[must_use]
    pub fn num_sent(&self) -> u64 {
        self.num_flights
    }

    /// Request `number` has arrived.
    pub fn arrive(&mut self, number: u64, now_ms: u64, rng: &mut fastrand::Rng) -> Option<Served> {
        let flight = self.flights.get(&number)?;
        if flight.result.is_some() {
            return Some(Served::new(&flight.sent.queued().call, now_ms, None));
        }
        let fault = self.fault(number, now_ms, rng);
        let flight = self.flights.get_mut(&number)?;
        let mut served = Served::new(&flight.sent.queued().call, now_ms, fault);
        let outcome = serve(&mut self.api, &flight.sent.queued().call, &served);
        let at_ms = now_ms + outcome.delay_ms + rng.u64(1..=LATENCY_MS_MAX);
        served.status = outcome.response.as_ref().map(|response| response.status);
        let response = outcome.response.filter(|_| at_ms < flight.until_ms);
        served.at_ms = match response {
            Some(_) => at_ms,
            None => flight.until_ms.max(now_ms),
        };
        if let Some(wait) = response.as_ref().and_then(retry_after) {
            let now = self.base + Duration::from_millis(now_ms);
            self.limiter
                .pause(API_URL, flight.sent.queued().call.method, now, wait);
        }
        let answer = response.map(answer);
        flight.result =
            Some(answer.ok_or_else(|| HttpFailure::new(HttpFailureKind::Timeout, "no answer")));
        Some(served)
    }

    /// What befalls the request now, if anything.
    fn fault(&mut self, number: u64, now_ms: u64, rng: &mut fastrand::Rng) -> Option<Fault> {
        self.weather.retain(|weather| now_ms < weather.until_ms);
        let call = &self.flights.get(&number)?.sent.queued().call;
        let is_get = call.method == Method::Get;
        let names_block = call.url.contains("block_id=");
        let fits = |weather: &Weather| match weather.fault {
            // A node that lags behind all the time still answers for the older block that it has shown; a mix of nodes may not.
            Fault::StaleBlock { .. } => is_get && !(names_block && weather.percent == 100),
            Fault::EmptyListing => is_get,
            _ => true,
        };
        let struck = self
            .weather
            .iter()
            .find(|weather| fits(weather) && rng.u64(0..100) < weather.percent)?;
        Some(struck.fault.clone())
    }

    /// The answer of request `number` has come back.
    pub fn answer(&mut self, number: u64) {
        if let Some(flight) = self.flights.remove(&number)
            && let Some(result) = flight.result
        {
            flight.sent.complete(result);
        }
    }

    /// For a while, some requests fail.
    pub fn begin_weather(&mut self, fault: Fault, until_ms: u64, percent: u64) {
        self.weather.push(Weather {
            fault,
            until_ms,
            percent,
        });
    }

    /// Takes the latest block back.
    pub fn rollback(&mut self) -> bool {
        self.api.rollback()
    }

    /// Verifies the proofs that wait and makes a block, unless none are made now.
    pub fn make_block(&mut self, now_ms: u64) -> bool {
        while let Some(reexecution) = self.api.next_reexecution() {
            let verdict = reexecution
                .compare(|settings, rand_hash, nonce| Ok(stub::output(settings, rand_hash, nonce)));
            self.api
                .record_reexecution(reexecution.benchmark_id(), &verdict);
        }
        if now_ms < self.paused_until_ms {
            return false;
        }
        self.api.produce_block();
        self.blocks += 1;
        true
    }

    /// How far each benchmark is.
    #[must_use]
    pub fn status(&self) -> Status {
        self.api.network().status()
    }
}

/// What the network makes of a request, and a fault of that.
fn serve(api: &mut Api, call: &HttpCall, served: &Served) -> Outcome {
    let mut headers = call.headers.iter();
    let key = headers.find(|(name, _)| name.eq_ignore_ascii_case("x-api-key"));
    let request = Request {
        method: served.method,
        path_and_query: &served.path,
        api_key: key.map(|(_, value)| value.as_str()),
        if_none_match: None,
        body: &call.body,
    };
    match served.fault.clone() {
        Some(fault) => fault.befall(api, &request),
        None => Outcome::at_once(api.answer(&request)),
    }
}

/// The response as the host passes it on.
fn answer(response: Response) -> HttpAnswer {
    let headers = response.headers.iter();
    let headers = headers.map(|(name, value)| (*name, value.as_bytes()));
    HttpAnswer::new(response.status, response.body).with_headers(headers)
}

fn retry_after(response: &Response) -> Option<Duration> {
    let mut headers = response.headers.iter();
    let (_, seconds) = headers.find(|(name, _)| *name == "retry-after")?;
    seconds.parse().ok().map(Duration::from_secs)
}
