//! Reloads under load, with the host inside the test's own process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tig_host::{Control, Kind, Outcome};

use crate::support::{Home, fixture, wait_until, with_version};

const RELOADS: u64 = 100;

/// Publishes 1, 2, 3, .. at 10,000 a second until it is stopped.
fn publish(control: &Control, stop: &AtomicBool, last: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..100 {
            let number = last.fetch_add(1, Ordering::Relaxed) + 1;
            let payload = number.to_string();
            control
                .publish("numbered", payload.as_bytes(), Kind::Plain)
                .unwrap();
        }
        // The pace of the stream; nothing waits for it.
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_reloads_lose_and_reorder_no_event() {
    let home = Home::new();
    home.install("tally", &std::fs::read(fixture("tally")).unwrap());
    let mut config = home.config();
    config["extensions"] = json!(["tally"]);
    let host = home.host_inside(&config);
    let control = host.control();

    let (stop, last) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
    let publisher = std::thread::spawn({
        let (control, stop, last) = (control.clone(), Arc::clone(&stop), Arc::clone(&last));
        move || publish(&control, &stop, &last)
    });
    for reload in 1..=RELOADS {
        let version = format!("1.{}.{}", reload / 10, reload % 10);
        let version = version.chars().take(5).collect::<String>();
        home.install("tally", &with_version("tally", &version));
        let outcome = control.reload("tally").await.unwrap();
        let by_itself = Outcome::Unchanged {
            version: version.clone(),
        };
        let reloaded = matches!(&outcome, Outcome::Reloaded { to, .. } if *to == version);
        assert!(reloaded || outcome == by_itself, "{outcome:?}");
    }
    stop.store(true, Ordering::Relaxed);
    publisher.join().unwrap();

    let last = last.load(Ordering::Relaxed);
    wait_until(
        || control.extensions()[0].handled >= last,
        || format!("{:?}", control.extensions()),
    );
    let url = format!("http://{}/tally", host.address());
    let tally: serde_json::Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(tally, json!([last, []]), "last number and faults");
    assert_eq!(control.extensions()[0].reloads, RELOADS);
    assert!(control.extensions()[0].last_switch_us.is_some());
    assert!(last >= RELOADS, "{last}");
    tokio::task::spawn_blocking(|| host.stop()).await.unwrap();
}
