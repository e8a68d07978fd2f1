//! This validator's receipts: stored once, signed by the miner too when it was seen, served.

use serde_json::json;

use super::support::*;

fn page(world: &mut World, name: &str) -> (u16, String) {
    let path = format!("/horde/receipts/{name}");
    let reply = world.harness.request("GET", &path, &[], "").unwrap();
    (reply.status, String::from_utf8(reply.body).unwrap())
}

#[test]
fn own_receipts_are_stored_once_and_served() {
    let mut world = World::start();
    let receipts: Vec<_> = (0..3).map(|n| receipt(n, &own(), &miner(1), 0)).collect();
    world
        .harness
        .event("horde_receipts_signed", signed_event(&receipts));
    // They come again after each start.
    world.harness.kill();
    world
        .harness
        .event("horde_receipts_signed", signed_event(&receipts));
    assert_eq!(world.report()["own"], 3);
    let (status, text) = page(&mut world, &format!("{PAGE}.jsonl"));
    assert_eq!(status, 200);
    let lines = horde_proto::receipt::jsonl::read_page(text.as_bytes());
    let served: Vec<_> = lines.rows.into_iter().map(Result::unwrap).collect();
    assert_eq!(served.len(), 3);
    assert_eq!(served[0].payload, receipts[0].payload);
    assert_eq!(
        served[0].validator_signature,
        receipts[0].validator_signature
    );
    assert_eq!(served[0].miner_signature, "");
    for name in [
        "1.jsonl",
        "x.jsonl",
        "1",
        "-1.jsonl",
        "99999999999999999999.jsonl",
    ] {
        assert_eq!(page(&mut world, name).0, 404, "{name}");
    }
}

#[test]
fn signature_of_the_miner_is_added() {
    let mut world = World::with_miners(&[1]);
    let both = receipt(1, &own(), &miner(1), 0);
    world.harness.event(
        "horde_receipts_signed",
        signed_event(std::slice::from_ref(&both)),
    );
    world.miners.add(1, std::slice::from_ref(&both));
    world.serve();
    let (_, text) = page(&mut world, &format!("{PAGE}.jsonl"));
    assert_eq!(text, both.to_text() + "\n");
    assert_eq!(world.report()["own_countersigned"], 1);
    assert_eq!(world.report()["foreign"], 0);
}

#[test]
fn false_signature_of_the_miner_is_not_added() {
    let mut world = World::with_miners(&[1]);
    let both = receipt(1, &own(), &miner(1), 0);
    world.harness.event(
        "horde_receipts_signed",
        signed_event(std::slice::from_ref(&both)),
    );
    let mut forged = both.clone();
    forged.miner_signature = both.validator_signature.clone();
    world.miners.add(1, &[forged]);
    world.serve();
    assert_eq!(world.report()["own_countersigned"], 0);
}

#[test]
fn receipts_of_another_hotkey_are_not_own() {
    let mut world = World::start();
    let foreign = receipt(1, &other(), &miner(1), 0);
    let mut event = signed_event(&[foreign, receipt(2, &own(), &miner(1), 0)]);
    let unreadable = json!({ "payload": { "receipt_type": "x\u{1b}" }, "signature": "" });
    event["receipts"].as_array_mut().unwrap().push(unreadable);
    world.harness.event("horde_receipts_signed", event);
    assert_eq!(world.report()["own"], 1);
    let logs = world.harness.logs();
    assert_eq!(logs.iter().filter(|(level, _)| level == "error").count(), 2);
    assert!(logs.iter().all(|(_, text)| !text.contains('\u{1b}')));
}

#[test]
fn receipts_are_deleted_after_two_days() {
    let mut world = World::with_miners(&[1]);
    let many: Vec<_> = (0..600).map(|n| receipt(n, &own(), &miner(1), 0)).collect();
    world
        .harness
        .event("horde_receipts_signed", signed_event(&many));
    world.miners.add(1, &[receipt(1, &other(), &miner(1), 0)]);
    world.serve();
    assert_eq!((world.stored("own/"), world.foreign()), (600, 1));
    world.harness.advance_ms(2 * 86_400_000 - 400_000);
    world.harness.update();
    assert_eq!(world.stored("own/"), 600);
    world.harness.advance_ms(1_000_000);
    world.harness.update();
    assert_eq!(world.stored("own/"), 100, "a bounded number at a time");
    world.harness.update();
    assert_eq!((world.stored("own/"), world.foreign()), (0, 0));
    assert_eq!(world.report()["own"], 0);
    assert_eq!(world.stored("count/"), 0);
    // What comes once more is too old to be stored.
    world
        .harness
        .event("horde_receipts_signed", signed_event(&many[..1]));
    assert_eq!(world.stored("own/"), 0);
}
