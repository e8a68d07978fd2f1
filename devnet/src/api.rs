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

use serde::de::DeserializeOwned;

use crate::{
    Network,
    network::{Reexecution, Verdict},
};
use errors::ApiError;

pub use keys::Keys;
pub use message::{Request, Response};

/// Bytes of a request body; a benchmark of some 400,000 solution nonces fits.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Paths that begin so are the devnet's own.
pub const OWN_PATHS: &str = "/devnet/";

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
const POST_PATHS: [&str; 5] = [
    "/submit-precommit",
    "/submit-benchmark",
    "/submit-proof",
    "/submit-topup",
    API_KEY_PATH,
];
/// The only submission without a key.
const API_KEY_PATH: &str = "/request-api-key";
const WASM_PATHS: &str = "/devnet/wasm/";

/// A network and the keys of its players.
#[derive(Debug)]
pub struct Api {
    network: Network,
    keys: Keys,
}

impl Api {
    /// The API of `network`; submissions need one of `keys`.
    pub fn new(network: Network, keys: Keys) -> Self {
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

    /// What a request with a body over [`BODY_BYTES_MAX`] gets, of which the caller has read no more than that.
    pub fn answer_too_large(&self, request: &Request<'_>) -> Response {
        let error = self
            .player(request)
            .map_or_else(|error| error, |_| ApiError::TooLarge);
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
        let path = request.path();
        match (request.method, path) {
            ("GET" | "HEAD", _) if GET_PATHS.contains(&path) => self.query(request, blocks_back),
            ("GET" | "HEAD", _) if path.starts_with(WASM_PATHS) => self.wasm(request),
            ("POST", API_KEY_PATH) => self.request_api_key(request),
            ("POST", _) if POST_PATHS.contains(&path) => self.submit(request),
            _ if GET_PATHS.contains(&path)
                || POST_PATHS.contains(&path)
                || path.starts_with(WASM_PATHS) =>
            {
                Err(ApiError::MethodNotAllowed)
            }
            _ => Err(ApiError::NotFound("no such endpoint".to_owned())),
        }
    }

    /// The player who owns the key of the request.
    fn player(&self, request: &Request<'_>) -> Result<&str, ApiError> {
        request
            .api_key
            .and_then(|key| self.keys.player_of(key))
            .ok_or(ApiError::Unauthorized)
    }

    fn wasm(&self, request: &Request<'_>) -> Result<Response, ApiError> {
        let file = request.path().trim_start_matches(WASM_PATHS);
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
    serde_json::from_slice(request.body).map_err(|error| ApiError::Malformed(error.to_string()))
}
