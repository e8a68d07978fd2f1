//! A devnet behind its HTTP API, and a client.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Response, StatusCode};
use serde_json::Value;
use tig_challenges::ChallengeKind;
use tig_devnet::{Api, Devnet, Faults, Genesis, Network, RealCheck, devnet_config, router};
use tig_protocol::BenchmarkSettings;

use crate::support::{self, API_KEY, PLAYER_ID};

const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct Server {
    pub(crate) devnet: Devnet,
    pub(crate) url: String,
    pub(crate) client: reqwest::Client,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(Faults::none()).await
    }

    pub(crate) async fn start_with(faults: Faults) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let network = Network::new(Genesis {
            seed: 5,
            config: devnet_config(),
            player_ids: vec![PLAYER_ID.to_owned()],
            algorithms: support::algorithms(),
            download_base_url: format!("{url}/devnet/wasm"),
            solution_check: Arc::new(RealCheck),
        })
        .unwrap();
        let devnet = Devnet::new(Api::new(network, support::keys()), faults);
        tokio::spawn(devnet.clone().reexecute_proofs());
        let router = router(devnet.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        Self {
            devnet,
            url,
            client: reqwest::Client::new(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap()
    }

    /// The JSON of an answer that must be good.
    pub(crate) async fn get_json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    pub(crate) async fn post_as(
        &self,
        api_key: Option<&str>,
        path: &str,
        body: impl Into<reqwest::Body>,
    ) -> Response {
        let mut request = self.client.post(format!("{}{path}", self.url)).body(body);
        if let Some(api_key) = api_key {
            request = request.header("X-Api-Key", api_key);
        }
        request.send().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        self.post_as(Some(API_KEY), path, body.to_string()).await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Value {
        let response = self.post(path, body).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    pub(crate) async fn block_id(&self) -> String {
        text(&self.get_json("/get-block").await["block"]["id"])
    }

    pub(crate) async fn settings(&self, kind: ChallengeKind) -> BenchmarkSettings {
        let mut settings = support::settings(&support::network(5), kind);
        settings.block_id = self.block_id().await;
        settings
    }

    pub(crate) async fn benchmarks(&self) -> Value {
        let block_id = self.block_id().await;
        self.get_json(&format!(
            "/get-benchmarks?block_id={block_id}&player_id={PLAYER_ID}"
        ))
        .await
    }

    pub(crate) async fn stages(&self) -> Vec<String> {
        let status = self.get_json("/devnet/status").await;
        status["benchmarks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|benchmark| text(&benchmark["stage"]))
            .collect()
    }

    /// Makes blocks until the benchmarks are at `stages`.
    pub(crate) async fn wait_for(&self, stages: &[&str]) {
        let start = Instant::now();
        loop {
            self.devnet.produce_block();
            let found = self.stages().await;
            if found == stages {
                return;
            }
            assert!(
                start.elapsed() < DEADLINE,
                "the benchmarks are at {found:?}, not at {stages:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
