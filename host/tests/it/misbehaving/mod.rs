//! Whatever a plugin does, the host lives, the other extensions get every event, and the log says what and why.
//!
//! Each test provokes one misbehaviour in the fixture `misbehaving` or in a doctored copy of its file, beside two
//! extensions that behave. What a native library can do and no host can survive (`exit`, a stack overflow, writing
//! anywhere) is not here.

mod files;
mod handlers;
mod successors;
mod versions;

use std::time::Instant;

use crate::reload::reload_event;
use crate::support::{Home, HostProcess, PATIENCE, fixture};

/// Sent at a time.
const RUN: u64 = 3;

/// A host with an extension that misbehaves on request, beside `counter` and `recorder`.
struct Scene {
    host: HostProcess,
    home: Home,
    /// All numbers that were counted.
    counted: Vec<u64>,
}

impl Scene {
    fn new() -> Self {
        Self::with_fixture("misbehaving")
    }

    /// As [`Scene::new`], with another fixture.
    fn with_fixture(name: &str) -> Self {
        let home = Home::new();
        home.install(name, &file(name));
        let mut config = home.config();
        config["extensions"] = serde_json::json!([name, "counter", "recorder"]);
        home.write_config(&config);
        let host = home.start();
        Self {
            host,
            home,
            counted: Vec::new(),
        }
    }

    /// A scene whose extension has its order to misbehave.
    async fn ordered(how: &str) -> Self {
        let scene = Self::new();
        scene.order(how).await;
        scene
    }

    async fn order(&self, how: &str) {
        let url = format!("{}/misbehave/{how}", self.host.url());
        let answer = reqwest::Client::new().post(url).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
    }

    /// Events go on, and each of them reaches the extensions that behave, once and in order.
    async fn others_get_every_event(&mut self) {
        for _ in 0..RUN {
            // 13 and some beyond mean something to the fixtures.
            let n = self.counted.len() as u64 % 12 + 1;
            assert_eq!(self.host.count(n).await.0, 200, "counter counts {n}");
            self.counted.push(n);
        }
        let deadline = Instant::now() + PATIENCE;
        let mut seen: Vec<u64> = Vec::new();
        while seen.len() < self.counted.len() {
            assert!(Instant::now() < deadline, "the recorder has only {seen:?}");
            let answer = self.host.get("/seen").await;
            seen = serde_json::from_value(answer[0].clone()).unwrap();
        }
        assert_eq!(seen, self.counted);
    }

    /// The log has a line that blames the extension, and has all of `parts`.
    fn operator_sees(&self, parts: &[&str]) {
        let parts: Vec<&str> = ["misbehaving"].iter().chain(parts).copied().collect();
        self.home.wait_for_log(&parts);
    }

    /// Offers a file in place of the extension's; it is refused for `reason`, and the running version goes on.
    async fn refuses(&mut self, bytes: &[u8], reason: &str) {
        self.home.install("misbehaving", bytes);
        let event = reload_event(&self.host, 0).await;
        assert_eq!(event["name"], "misbehaving");
        assert_eq!(event["running"], "0.1.0");
        let said = event["reason"].as_str().unwrap();
        assert!(said.contains(reason), "{said}");
        self.operator_sees(&["rejected", "0.1.0", reason]);
        self.order("nothing").await;
        self.others_get_every_event().await;
    }
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

/// The file with each `old` replaced by a `new` of the same length.
pub(crate) fn doctored(mut bytes: Vec<u8>, old: &str, new: &str) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let places: Vec<usize> = (0..=bytes.len() - old.len())
        .filter(|&place| bytes[place..].starts_with(old.as_bytes()))
        .collect();
    assert!(!places.is_empty(), "{old} is not in the file");
    for place in places {
        bytes[place..place + old.len()].copy_from_slice(new.as_bytes());
    }
    bytes
}
