//! The TIG API (tig-api.md section 4), and the devnet's own routes under `/devnet`, as a function from request to
//! answer.
//!
//! Invariant: no I/O, no clock, no threads. The HTTP server and a simulation in virtual time call the same code; a
//! client that sees block N sees what N confirmed.

mod errors;
mod keys;
mod message;
mod queries;
mod submissions;

use errors::ApiError;
pub use keys::{Keys, SharedKey};
pub use message::{Request, Response};
use serde::de::DeserializeOwned;

use crate::network::{AddAlgorithmError, Edits, ProofChecks, Reexecution, Verdict};
use crate::{Network, PublishedAlgorithm, page};

/// Bytes of a request body; a benchmark of some 400,000 solution nonces fits.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Paths that begin so are the devnet's own, and so is the page.
const OWN_PATHS: &str = "/devnet/";
const PAGE_PATH: &str = "/";

const GET_PATHS: [&str; 9] = [
    "/get-block",
    "/get-algorithms",
    "/get-players",
    "/get-benchmarks",
    "/get-challenges",
    "/get-benchmark-data",
    "/get-fee-balance",
    "/devnet/status",
    "/devnet/state",
];
const POST_PATHS: [&str; 4] = [
    "/submit-precommit",
    "/submit-benchmark",
    PROOF_PATH,
    "/submit-topup",
];
const PROOF_PATH: &str = "/submit-proof";
/// The only submission without a key.
const API_KEY_PATH: &str = "/request-api-key";
const WASM_PATHS: &str = "/devnet/wasm/";

/// Purpose of a request.
enum Endpoint {
    /// A path of `GET_PATHS`.
    Query,
    /// The module of an algorithm.
    Wasm,
    Page,
    ApiKey,
    /// A path of `POST_PATHS` that needs a key.
    Submission,
}

impl Endpoint {
    fn of(request: &Request<'_>) -> Result<Self, ApiError> {
        let path = request.path();
        let (endpoint, is_query) = if GET_PATHS.contains(&path) {
            (Self::Query, true)
        } else if path.starts_with(WASM_PATHS) {
            (Self::Wasm, true)
        } else if path == PAGE_PATH {
            (Self::Page, true)
        } else if path == API_KEY_PATH {
            (Self::ApiKey, false)
        } else if POST_PATHS.contains(&path) {
            (Self::Submission, false)
        } else {
            return Err(ApiError::NotFound("no such endpoint".to_owned()));
        };
        match (request.method, is_query) {
            ("GET" | "HEAD", true) | ("POST", false) => Ok(endpoint),
            (_, true) => Err(ApiError::MethodNotAllowed("GET, HEAD")),
            (_, false) => Err(ApiError::MethodNotAllowed("POST")),
        }
    }
}

/// A network and the keys of its players.
#[derive(Debug)]
pub struct Api {
    network: Network,
    keys: Keys,
}

impl Api {
    /// The API of `network`; submissions need one of `keys`, or one that the network has handed out. A key that is of
    /// both is the network's: see [`Keys::check_with`].
    pub fn new(network: Network, mut keys: Keys) -> Self {
        for (player_id, key) in network.handed_out_keys() {
            keys.insert(&key, player_id);
        }
        Self { network, keys }
    }

    /// Answers a request; one that is refused changes nothing.
    pub fn answer(&mut self, request: &Request<'_>) -> Response {
        self.answer_as_of(request, 0)
    }

    /// Answers as a network would that lags `blocks_back` blocks: the latest block is an earlier one, and an answer
    /// about a block is about its ancestor. Submissions are not affected.
    pub fn answer_as_of(&mut self, request: &Request<'_>, blocks_back: u32) -> Response {
        self.dispatch(request, blocks_back)
            .unwrap_or_else(|error| error.response())
    }

    /// Answer to a request with a body over [`BODY_BYTES_MAX`], of which the caller has read no more than that.
    pub fn answer_too_large(&self, request: &Request<'_>) -> Response {
        let error = match Endpoint::of(request) {
            Ok(Endpoint::Submission) => self
                .player(request)
                .map_or_else(|error| error, |_| ApiError::TooLarge),
            Ok(_) => ApiError::TooLarge,
            Err(error) => error,
        };
        error.response()
    }

    /// Makes the next block; returns its id.
    pub fn produce_block(&mut self) -> &str {
        self.network.produce_block()
    }

    /// Takes the latest block back; `false` if no block before it is known. See [`Network::rollback`].
    pub fn rollback(&mut self) -> bool {
        self.network.rollback()
    }

    /// See [`Network::publish`].
    ///
    /// # Errors
    /// The name is taken, or there are too many algorithms.
    pub fn publish(&mut self, algorithm: PublishedAlgorithm) -> Result<String, AddAlgorithmError> {
        self.network.publish(algorithm)
    }

    /// See [`Network::track_changes`].
    pub fn track_changes(&mut self) {
        self.network.track_changes();
    }

    /// See [`Network::take_edits`].
    ///
    /// # Errors
    /// The state cannot be written as JSON, which never happens.
    pub fn take_edits(&mut self) -> Result<Edits, serde_json::Error> {
        self.network.take_edits()
    }

    /// The slow part of answering a proof, to be done before the answer; `None` for any other request.
    pub fn proof_checks(&self, request: &Request<'_>) -> Option<ProofChecks> {
        if (request.method, request.path()) != ("POST", PROOF_PATH) {
            return None;
        }
        let player_id = self.player(request).ok()?;
        self.network
            .proof_checks(player_id, decode_body(request).ok()?)
    }

    /// See [`Network::next_reexecution`].
    pub fn next_reexecution(&mut self) -> Option<Reexecution> {
        self.network.next_reexecution()
    }

    /// See [`Network::record_reexecution`].
    pub fn record_reexecution(&mut self, benchmark_id: &str, verdict: &Verdict) {
        self.network.record_reexecution(benchmark_id, verdict);
    }

    /// The state behind the API.
    pub fn network(&self) -> &Network {
        &self.network
    }

    fn dispatch(&mut self, request: &Request<'_>, blocks_back: u32) -> Result<Response, ApiError> {
        match Endpoint::of(request)? {
            Endpoint::Query => self.query(request, blocks_back),
            Endpoint::Wasm => self.wasm(request),
            Endpoint::Page => Ok(self.page()),
            Endpoint::ApiKey => self.request_api_key(request),
            Endpoint::Submission => self.submit(request),
        }
    }

    /// The player who owns the key of the request.
    fn player(&self, request: &Request<'_>) -> Result<&str, ApiError> {
        request
            .api_key
            .and_then(|key| self.keys.player_of(key))
            .ok_or(ApiError::Unauthorized)
    }

    fn page(&self) -> Response {
        let headers = [
            ("content-security-policy", page::POLICY),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ];
        Response {
            status: 200,
            content_type: page::CONTENT_TYPE,
            headers: headers
                .map(|(name, value)| (name, value.to_owned()))
                .to_vec(),
            body: page::html(&self.network.view()).into_bytes(),
        }
    }

    fn wasm(&self, request: &Request<'_>) -> Result<Response, ApiError> {
        let file = request.path().strip_prefix(WASM_PATHS).unwrap_or_default();
        let wasm = file
            .strip_suffix(".wasm")
            .and_then(|algorithm_id| self.network.wasm(algorithm_id))
            .ok_or_else(|| ApiError::NotFound(format!("no algorithm module {file}")))?;
        // A slave asks for each job whether the module is still the same.
        let etag = format!("\"{}\"", blake3::hash(wasm).to_hex());
        let (status, body) = match request.if_none_match {
            Some(known) if known == etag => (304, Vec::new()),
            _ => (200, wasm.to_vec()),
        };
        Ok(Response {
            status,
            content_type: "application/wasm",
            headers: vec![("etag", etag)],
            body,
        })
    }
}

fn decode_query<T: DeserializeOwned>(request: &Request<'_>) -> Result<T, ApiError> {
    serde_urlencoded::from_str(request.query())
        .map_err(|error| ApiError::Malformed(format!("query string: {error}")))
}

fn decode_body<T: DeserializeOwned>(request: &Request<'_>) -> Result<T, ApiError> {
    if request.body.len() > BODY_BYTES_MAX {
        return Err(ApiError::TooLarge);
    }
    // The reader would pass over what is not UTF-8 in fields that nobody knows.
    let text = std::str::from_utf8(request.body)
        .map_err(|error| ApiError::Malformed(format!("the body is not UTF-8: {error}")))?;
    serde_json::from_str(text).map_err(|error| ApiError::Malformed(error.to_string()))
}
