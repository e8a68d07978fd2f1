//! A client of the chain's service, and chains for tests.

use std::time::Duration;

use horde_calc::weights::WeightsCommit;
use horde_devnet::chain::{
    Chain, ChainConfig, ChainControl, Extrinsic, Faults, Handling, Outcome, Refusal, WeightVector,
};
use horde_devnet::{Config, Devnet, miner_addresses};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::client::{soon, start, validator};

/// Blocks of an interval of commit and reveal in tests.
pub(super) const INTERVAL: u32 = 10;
/// The first block of an interval, and of the chain.
pub(super) const FIRST: u32 = 10_000;
pub(super) const NETUID: u16 = 12;
pub(super) const SALT: [u16; 3] = [7, 8, 9];
const SEED: u64 = 5;

pub(super) fn own_hotkey() -> String {
    validator().public().to_ss58()
}

/// Blocks by hand, short intervals.
pub(super) fn config() -> ChainConfig {
    let mut config = ChainConfig {
        block_ms: 0,
        first_block: FIRST,
        netuid: NETUID,
        validators: 2,
        ..ChainConfig::new(own_hotkey())
    };
    config.rules.commit_reveal_weights_interval = INTERVAL;
    config
}

/// The same without commitments.
pub(super) fn direct_config() -> ChainConfig {
    let mut config = config();
    config.rules.commit_reveal_weights_enabled = false;
    config
}

/// A chain with two miners and without a service.
pub(super) fn chain(config: &ChainConfig) -> Chain {
    Chain::new(config, SEED, &miner_addresses(SEED, 2, 8_000)).unwrap()
}

/// A network with a chain and two miners.
pub(super) async fn network(config: ChainConfig, faults: &[&str]) -> Devnet {
    start(Config {
        miners: 2,
        seed: SEED,
        chain: Some(config),
        chain_faults: Faults::parse(faults).unwrap(),
        ..Config::default()
    })
    .await
}

/// What comes of an extrinsic of the validator under test in the next block.
pub(super) fn include(chain: &mut Chain, extrinsic: Extrinsic) -> Result<u32, Refusal> {
    include_of(chain, &own_hotkey(), extrinsic)
}

pub(super) fn include_of(
    chain: &mut Chain,
    hotkey: &str,
    extrinsic: Extrinsic,
) -> Result<u32, Refusal> {
    let number = chain.submit(hotkey, extrinsic, Handling::Usual, None)?;
    chain.make_block();
    match chain.outcome(number).unwrap() {
        Outcome::Included { block } => Ok(block),
        Outcome::Refused { refusal, .. } => Err(refusal),
        other => panic!("{other:?}"),
    }
}

/// Makes blocks until the newest one has this number.
pub(super) fn go_to(chain: &mut Chain, number: u32) {
    while chain.newest().head.number < number {
        chain.make_block();
    }
}

pub(super) fn weights(uids: &[u16], values: &[u16]) -> WeightVector {
    WeightVector {
        uids: uids.to_vec(),
        values: values.to_vec(),
    }
}

/// The hash of weights by which the validator under test commits to them.
pub(super) fn commit_hash(weights: &WeightVector) -> String {
    let commit = WeightsCommit {
        netuid: NETUID,
        uids: weights.uids.clone(),
        values: weights.values.clone(),
        salt: SALT.to_vec(),
        version_key: 2,
    };
    let hash = commit.hash(validator().public().as_bytes()).unwrap();
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}

pub(super) fn commit(weights: &WeightVector) -> Extrinsic {
    Extrinsic::Commit {
        commit_hash: commit_hash(weights),
    }
}

pub(super) fn reveal(weights: &WeightVector) -> Extrinsic {
    Extrinsic::Reveal {
        weights: weights.clone(),
        salt: SALT.to_vec(),
        version_key: 2,
    }
}

pub(super) fn set(weights: &WeightVector) -> Extrinsic {
    Extrinsic::Set {
        weights: weights.clone(),
        version_key: 2,
    }
}

/// What a request gave.
pub(super) type Answer = (StatusCode, Value);

/// A client of the service.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) http: reqwest::Client,
    pub(super) root: String,
    pub(super) chain: ChainControl,
}

impl Client {
    pub(super) fn of(devnet: &Devnet) -> Self {
        Self {
            http: reqwest::Client::new(),
            root: format!("http://{}", devnet.chain_address().unwrap()),
            chain: devnet.chain().unwrap().clone(),
        }
    }

    /// The path behind the prefix of the identity.
    pub(super) fn url(&self, path: &str) -> String {
        let root = &self.root;
        format!("{root}/api/v1/identity/validator/subnet/{NETUID}/{path}")
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let answer = self.try_send(method, path, body).await;
        answer.unwrap()
    }

    pub(super) async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.http.request(method, self.url(path));
        if !body.is_null() {
            request = request.json(body);
        }
        let response = soon(request.send()).await?;
        let status = response.status();
        Ok((status, soon(response.json()).await?))
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &Value::Null).await
    }

    /// A `GET` that should be answered with 200.
    pub(super) async fn read(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    /// The text of an answer.
    pub(super) async fn text(&self, path: &str) -> String {
        let response = soon(self.http.get(self.url(path)).send()).await.unwrap();
        response.text().await.unwrap()
    }

    /// A `POST` of something for the next block, which is made as soon as it waits.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        let entries = self.chain.journal_from(0).len();
        let sent = {
            let (client, path, body) = (self.clone(), path.to_owned(), body.clone());
            tokio::spawn(async move { client.send(Method::POST, &path, &body).await })
        };
        soon(async {
            while self.chain.journal_from(0).len() == entries && !sent.is_finished() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
        self.chain.advance(1);
        soon(sent).await.unwrap()
    }
}
