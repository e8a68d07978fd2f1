//! A host inside the test's own process, with time and randomness in the test's hands.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tig_host::{Clock, Config, Host, Kind, Overrides, Random, VirtualTime};
use tokio::runtime::Handle;

use crate::support::Home;

fn start(home: &Home, time: &VirtualTime, seed: u64) -> Host {
    let config = Config::load(&home.path("config.json"), Overrides::default()).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_tig-host"));
    let sources = (Clock::Virtual(time.clone()), Random::seeded(seed));
    Host::start_with(&config, program, Handle::current(), sources).unwrap()
}

async fn get(host: &Host, path: &str) -> Value {
    let url = format!("http://{}{path}", host.address());
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

async fn draws(seed: u64) -> Vec<Value> {
    let home = Home::new();
    let time = VirtualTime::from_ms(1_000);
    let host = start(&home, &time, seed);
    let mut drawn = Vec::new();
    for _ in 0..3 {
        drawn.push(get(&host, "/draw").await);
        time.advance(Duration::from_millis(500));
    }
    tokio::task::spawn_blocking(move || host.stop())
        .await
        .unwrap();
    drawn
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_and_the_same_clock_give_the_same_run() {
    let first = draws(7).await;
    assert_eq!(first, draws(7).await);
    let times: Vec<&Value> = first.iter().map(|drawn| &drawn[0]).collect();
    assert_eq!(times, [1_000, 1_500, 2_000]);
    assert_ne!(first[0][1], first[1][1]);
    assert_ne!(first[0][1], draws(8).await[0][1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ticks_come_only_from_whoever_moves_the_clock() {
    let home = Home::new();
    let host = start(&home, &VirtualTime::from_ms(0), 1);
    assert_eq!(get(&host, "/seen").await[1], 0);
    for expected in 1..=3 {
        host.control()
            .publish("update", b"{}", Kind::Latest)
            .unwrap();
        // The request waits in the same queue behind the event.
        assert_eq!(get(&host, "/seen").await[1], expected);
    }
    tokio::task::spawn_blocking(move || host.stop())
        .await
        .unwrap();
}
