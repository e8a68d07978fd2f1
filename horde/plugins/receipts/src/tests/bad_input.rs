//! Miners that serve what is not theirs, not signed, not true or without end.

use horde_proto::receipt::csv;
use tig_plugin_api::HttpFailureKind;

use super::support::*;

/// The reason for which a receipt is refused, among two that are not.
fn refusal(line: &str) -> String {
    let mut world = World::with_miners(&[1]);
    world.miners.add(1, &[receipt(1, &other(), &miner(1), 0)]);
    world.miners.add_line(1, PAGE, line);
    world.miners.add(1, &[receipt(2, &other(), &miner(1), 0)]);
    world.serve();
    assert_eq!(world.foreign(), 2, "{line}");
    let reasons = [
        "other_miner",
        "miner_signature",
        "validator_signature",
        "name",
        "future",
        "old",
        "unreadable",
    ];
    let refused = reasons.into_iter().find(|reason| {
        world
            .harness
            .metric("refused", &[("reason", reason)])
            .is_some()
    });
    let reason = refused.expect("it is refused");
    let report = world.report();
    let fault = report["miners"][0]["last_fault"].as_str().unwrap();
    assert!(world.logged("warn", "receipts of a miner"), "{fault}");
    reason.to_owned()
}

#[test]
fn receipts_that_do_not_count_are_refused() {
    let valid = receipt(9, &other(), &miner(1), 0);
    let changed = |change: fn(&mut horde_proto::receipt::Receipt)| {
        let mut receipt = valid.clone();
        change(&mut receipt);
        refusal(&receipt.to_text())
    };
    // Signed by somebody else.
    let by_other = signed(valid.payload.clone(), &own(), &miner(1));
    assert_eq!(refusal(&by_other.to_text()), "validator_signature");
    let by_other = signed(valid.payload.clone(), &other(), &miner(2));
    assert_eq!(refusal(&by_other.to_text()), "miner_signature");
    // Cut short.
    let short = changed(|receipt| receipt.miner_signature.truncate(100));
    assert_eq!(short, "miner_signature");
    let short = changed(|receipt| receipt.validator_signature.truncate(3));
    assert_eq!(short, "validator_signature");
    let none = changed(|receipt| receipt.validator_signature.clear());
    assert_eq!(none, "validator_signature");
    // Another miner's.
    let of_other = receipt(9, &other(), &miner(2), 0);
    assert_eq!(refusal(&of_other.to_text()), "other_miner");
    // From the future, and from long ago.
    let future = receipt(9, &other(), &miner(1), 61);
    assert_eq!(refusal(&future.to_text()), "future");
    let old = receipt(9, &other(), &miner(1), -172_801);
    assert_eq!(refusal(&old.to_text()), "old");
}

#[test]
fn lines_that_are_not_receipts_are_left_out() {
    for line in [
        "x",
        "{}",
        "[]",
        "{\"payload\":{}}",
        "\u{1b}[2J",
        &"[".repeat(10_000),
    ] {
        assert_eq!(refusal(line), "unreadable", "{line}");
    }
}

#[test]
fn receipt_with_a_false_name_is_refused() {
    let valid = receipt(9, &other(), &miner(1), 0).to_text();
    let uuid = horde_proto::uuid_v4([9, 9]);
    assert_eq!(refusal(&valid.replace(&uuid, "../own")), "name");
    assert_eq!(refusal(&valid.replace(&hotkey(&other()), "a/b")), "name");
}

/// Each is verified, which costs more than to forge it.
#[test]
fn page_of_forged_receipts_is_given_up() {
    let mut world = World::with_miners(&[1]);
    let payload = payload("Accepted", 1, &other(), &miner(1), 0);
    let forged = signed(payload, &own(), &miner(1)).to_text();
    for _ in 0..1_000 {
        world.miners.add_line(1, PAGE, &forged);
    }
    world.serve();
    let refused = world
        .harness
        .metric("refused", &[("reason", "validator_signature")]);
    assert!(refused < Some(300.0), "{refused:?}");
    world.asked();
    world.miners.add_line(1, PAGE, &forged);
    world.poll();
    assert_eq!(world.asked().len(), 1, "only the page before");
    assert!(world.harness.logs().len() < 10);
}

#[test]
fn page_that_shrinks_is_reported_and_read_on() {
    let mut world = World::with_miners(&[1]);
    let receipts: Vec<_> = (0..4).map(|n| receipt(n, &other(), &miner(1), 0)).collect();
    world.miners.add(1, &receipts[..2]);
    world.serve();
    let all = receipts[0].to_text() + "\n";
    world.miners.put(page_url(1, PAGE), all);
    world.poll();
    assert!(world.logged("warn", "a page has become shorter"));
    assert_eq!(
        world.harness.metric("faults", &[("kind", "shrunk")]),
        Some(1.0)
    );
    // What comes behind the place that was read is read.
    world.miners.add(1, &receipts[2..]);
    world.poll();
    assert_eq!(world.foreign(), 3);
}

#[test]
fn page_without_news_ends_with_its_time() {
    let mut world = World::with_miners(&[1]);
    world.miners.add(1, &[receipt(1, &other(), &miner(1), 0)]);
    world.serve();
    for _ in 0..10 {
        world.poll();
    }
    world.asked();
    world.poll();
    let asked = world.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|(url, _)| *url != page_url(1, PAGE)));
}

#[test]
fn miner_with_too_many_receipts_gets_no_more() {
    let mut world = World::with_miners(&[1, 2]);
    let counts = serde_json::json!({
        "own": 0, "countersigned": 0, "foreign": { hotkey(&miner(1)): 20_000 },
    });
    let record = serde_json::to_vec(&counts).unwrap();
    world.harness.store(&format!("count/{PAGE:010}"), record);
    world.harness.kill();
    world.harness.event("horde_neurons", neurons(1, &[1, 2]));
    for number in [1, 2] {
        let miner = miner(number);
        world.miners.add(number, &[receipt(1, &other(), &miner, 0)]);
    }
    world.serve();
    assert_eq!(world.foreign(), 1);
    let refused = world.harness.metric("refused", &[("reason", "surplus")]);
    assert_eq!(refused, Some(1.0));
}

/// The host unpacks at most so many bytes.
#[test]
fn page_without_end_is_given_up() {
    let mut world = World::with_miners(&[1]);
    world.serve();
    world.harness.advance_ms(POLL_MS);
    let call = world.harness.http_calls()[0].clone();
    assert_eq!(call.max_body_bytes, 4 << 20);
    assert_eq!(call.timeout_ms, 5_000);
    world.harness.fail(&call.tag, HttpFailureKind::TooLarge);
    world.serve();
    world.asked();
    world.poll();
    let given_up = page_url(1, PAGE - 1);
    assert!(world.asked().iter().all(|(url, _)| *url != given_up));
    // Other pages of the miner are read all the same.
    world.miners.add(1, &[receipt(1, &other(), &miner(1), 0)]);
    world.poll();
    assert_eq!(world.foreign(), 1);
}

#[test]
fn file_that_is_not_one_of_receipts_is_left_out() {
    for body in ["<html>", "", "a,b\n1,2\n"] {
        let mut world = World::with_miners(&[1]);
        let url = format!("http://8.8.8.1:8000{}", csv::CSV_PATH);
        world.miners.put(url, body);
        world.serve();
        assert!(world.logged("warn", "not a file of receipts"), "{body}");
        assert_eq!(world.foreign(), 0);
    }
}

#[test]
fn miner_that_answers_with_errors_is_left_for_a_while() {
    for status in [204, 301, 403, 429, 500, 503] {
        let mut world = World::with_miners(&[1]);
        let call = world.harness.http_calls()[0].clone();
        world.harness.respond(&call.tag, status, "<html>");
        assert!(world.harness.http_calls().is_empty(), "{status}");
        assert_eq!(world.report()["miners"][0]["failures"], 1);
    }
}

#[test]
fn damaged_records_do_not_keep_it_from_starting() {
    let mut world = World::with_miners(&[1]);
    world.miners.add(
        1,
        &[
            receipt(1, &other(), &miner(1), 0),
            receipt(2, &own(), &miner(1), 0),
        ],
    );
    world.serve();
    let keys: Vec<_> = world.harness.stored().into_keys().collect();
    for key in keys {
        world.harness.store(&key, "{");
    }
    world.harness.kill();
    world.harness.event("horde_neurons", neurons(1, &[1]));
    world.serve();
    // It is read once more from the beginning.
    assert_eq!(world.foreign(), 1);
}
