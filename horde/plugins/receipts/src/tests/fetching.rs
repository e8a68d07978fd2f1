//! Pages are fetched once, byte by byte, of the miners that the chain names.

use horde_proto::receipt::csv;
use serde_json::json;
use tig_plugin_api::HttpFailureKind;

use super::support::*;

#[test]
fn neurons_are_wanted_and_their_miners_asked() {
    let mut world = World::start();
    let wanted = ("horde_neurons_wanted".to_owned(), json!({ "block": null }));
    assert_eq!(world.harness.emitted(), std::slice::from_ref(&wanted));
    // Until they come, and again after ten minutes.
    world.harness.advance_ms(60_000);
    assert_eq!(world.harness.emitted(), std::slice::from_ref(&wanted));
    world.harness.event("horde_neurons", neurons(1, &[]));
    world.harness.advance_ms(599_999);
    assert!(world.harness.emitted().is_empty());
    world.harness.advance_ms(1);
    assert_eq!(world.harness.emitted(), [wanted]);
}

#[test]
fn first_fetch_has_the_pages_of_five_hours() {
    let mut world = World::with_miners(&[1]);
    world
        .miners
        .add(1, &[receipt(1, &other(), &miner(1), -4 * 3_600)]);
    world.serve();
    let asked = world.asked();
    let pages: Vec<_> = (PAGE - 59..=PAGE)
        .map(|page| (page_url(1, page), None))
        .collect();
    assert_eq!(asked, pages);
    assert_eq!(world.foreign(), 1);
}

#[test]
fn later_fetches_go_on_where_they_were() {
    let mut world = World::with_miners(&[1]);
    let first = receipt(1, &other(), &miner(1), 0);
    world.miners.add(1, std::slice::from_ref(&first));
    world.serve();
    world.asked();
    world.poll();
    let read = first.to_text().len() + 1;
    let range = Some(format!("bytes={read}-"));
    let expected = [
        (page_url(1, PAGE - 1), None),
        (page_url(1, PAGE), range.clone()),
    ];
    assert_eq!(world.asked(), expected);
    world.miners.add(1, &[receipt(2, &other(), &miner(1), 0)]);
    world.poll();
    assert_eq!(world.foreign(), 2);
    world.asked();
    // A kill forgets nothing of it.
    world.harness.kill();
    world.harness.event("horde_neurons", neurons(1, &[1]));
    world.serve();
    let asked = world.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].0, page_url(1, PAGE));
    assert!(asked[0].1.is_some() && asked[0].1 != range);
    assert_eq!(world.foreign(), 2);
}

#[test]
fn line_that_is_being_written_is_read_later() {
    let mut world = World::with_miners(&[1]);
    let line = receipt(1, &other(), &miner(1), 0).to_text();
    let (head, _) = line.split_at(100);
    world.miners.put(page_url(1, PAGE), head);
    world.serve();
    assert_eq!(world.foreign(), 0);
    world.miners.put(page_url(1, PAGE), line + "\n");
    world.poll();
    assert_eq!(world.foreign(), 1);
    let logs = world.harness.logs();
    assert!(logs.iter().all(|(level, _)| level == "info"), "{logs:?}");
}

#[test]
fn older_miner_is_read_by_its_file() {
    let mut world = World::with_miners(&[1]);
    let receipts: Vec<_> = ["Started", "Accepted", "Finished"]
        .into_iter()
        .map(|kind| {
            signed(
                payload(kind, 1, &other(), &miner(1), -60),
                &other(),
                &miner(1),
            )
        })
        .collect();
    let mut file = Vec::new();
    csv::write_rows(&mut file, &receipts).unwrap();
    let url = format!("http://8.8.8.1:8000{}", csv::CSV_PATH);
    world.miners.put(url.clone(), file);
    world.serve();
    assert_eq!(world.foreign(), 3);
    let asked = world.asked();
    assert_eq!(asked.last(), Some(&(url.clone(), None)));
    world.poll();
    assert!(!world.asked().contains(&(url.clone(), None)));
    world.harness.advance_ms(600_000);
    world.serve();
    assert!(world.asked().contains(&(url, None)));
    // What is stored is not stored or counted again.
    assert_eq!(world.harness.metric("new", &[]), Some(3.0));
    assert_eq!(world.report()["foreign"], 3);
}

#[test]
fn sample_of_the_reference_is_read() {
    let sample = include_bytes!("../../../../../vectors/horde/receipts.sample.csv");
    let rows: Vec<_> = csv::read_rows(sample)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let first = &rows[0];
    let mut world = World::start();
    let made_s = first.payload.timestamp().unix_micros() / 1_000_000;
    let passed_s = u64::try_from(made_s - START_S).unwrap() + 60;
    world.harness.advance_ms(passed_s * 1_000);
    let mut event = neurons(1, &[1]);
    event["neurons"][0]["hotkey"] = json!(first.payload.miner_hotkey());
    world.harness.event("horde_neurons", event);
    let url = format!("http://8.8.8.1:8000{}", csv::CSV_PATH);
    world.miners.put(url, sample);
    world.serve();
    assert_eq!(world.foreign(), rows.len());
}

#[test]
fn requests_at_one_time_are_bounded() {
    let numbers: Vec<u8> = (1..30).collect();
    let mut world = World::with_miners(&numbers);
    assert_eq!(world.harness.http_calls().len(), 8);
    let urls: std::collections::BTreeSet<_> = world
        .harness
        .http_calls()
        .iter()
        .map(|call| call.url.clone())
        .collect();
    assert_eq!(urls.len(), 8, "each to another miner");
    for number in &numbers {
        world
            .miners
            .add(*number, &[receipt(1, &other(), &miner(*number), 0)]);
    }
    world.serve();
    assert_eq!(world.foreign(), numbers.len());
}

#[test]
fn silent_miner_is_asked_less_and_less() {
    let mut world = World::with_miners(&[1]);
    for minutes in [2, 4, 8, 16, 32, 60, 60] {
        world.fail(HttpFailureKind::Connect);
        assert!(world.harness.http_calls().is_empty());
        world.harness.advance_ms(minutes * 60_000 - 1);
        assert!(world.harness.http_calls().is_empty(), "{minutes}");
        world.harness.advance_ms(1);
        assert_eq!(world.harness.http_calls().len(), 1, "{minutes}");
    }
    // The log has it once.
    let logs = world.harness.logs();
    assert_eq!(logs.iter().filter(|(level, _)| level == "warn").count(), 1);
    world.serve();
    assert_eq!(world.report()["miners"][0]["failures"], 0);
}

#[test]
fn addresses_that_lead_inside_are_not_asked() {
    let mut event = neurons(1, &[1, 2, 3, 4]);
    for (index, host) in ["127.0.0.1", "10.0.0.1", "localhost", "0.0.0.0"]
        .iter()
        .enumerate()
    {
        event["neurons"][index]["axon"]["host"] = json!(host);
    }
    let mut world = World::start();
    world.harness.event("horde_neurons", event.clone());
    assert!(world.harness.http_calls().is_empty());
    let mut harness = start_with(json!({ "allow_private": true }));
    harness.event("horde_neurons", event);
    assert_eq!(harness.http_calls().len(), 3);
    // This validator is not a miner.
    let mut event = neurons(1, &[1]);
    event["neurons"][0]["hotkey"] = json!(hotkey(&own()));
    let mut world = World::start();
    world.harness.event("horde_neurons", event);
    assert!(world.harness.http_calls().is_empty());
}

#[test]
fn miners_follow_the_newest_block() {
    let mut world = World::with_miners(&[1, 2]);
    world.serve();
    world.harness.event("horde_neurons", neurons(7, &[2, 3]));
    world.serve();
    // A list of an older block changes nothing.
    world.harness.event("horde_neurons", neurons(6, &[1]));
    world.serve();
    let report = world.report();
    let miners = report["miners"].as_array().unwrap();
    let hotkeys: std::collections::BTreeSet<_> = miners
        .iter()
        .map(|miner| miner["hotkey"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(hotkeys, [2, 3].map(|n| hotkey(&miner(n))).into());
    // One that has moved is asked at its new address, from where it was read to.
    let mut moved = neurons(8, &[2, 3]);
    moved["neurons"][0]["axon"]["port"] = json!(9_000);
    world.asked();
    world.harness.event("horde_neurons", moved);
    let call = &world.harness.http_calls()[0];
    assert!(call.url.starts_with("http://8.8.8.2:9000/"), "{}", call.url);
    assert!(call.url.ends_with(&format!("{}.jsonl", PAGE - 1)));
}

#[test]
fn nothing_is_fetched_if_it_is_off() {
    let mut harness = start_with(json!({ "enabled": false }));
    harness.advance_ms(0);
    harness.event("horde_neurons", neurons(1, &[1]));
    harness.advance_ms(3_600_000);
    assert!(harness.http_calls().is_empty());
    assert!(harness.emitted().is_empty());
}

#[test]
fn miner_that_is_gone_meanwhile_harms_nothing() {
    let mut world = World::with_miners(&[1]);
    world.harness.event("horde_neurons", neurons(2, &[2]));
    world.serve();
    assert_eq!(world.report()["miners"].as_array().unwrap().len(), 1);
    // A response to an instance that is gone.
    let mut world = World::with_miners(&[1]);
    world.harness.restart();
    world.serve();
    world.harness.event("horde_neurons", neurons(1, &[1]));
    world.serve();
    assert_eq!(world.report()["requests"], 0);
}
