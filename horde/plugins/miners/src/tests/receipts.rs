//! Receipts: what they say, when they are stored, and that they are signed once.

use horde_proto::Payload;
use horde_proto::miner::ToMiner;
use horde_proto::receipt::{JobAcceptedReceiptPayload, JobStartedReceiptPayload, ReceiptPayload};
use serde_json::{Value, json};
use tig_plugin_api::WsCloseClass;

use super::links::{down_reason, move_miner, want};
use super::manifests::{INVALID, assert_silence};
use super::world::*;

const DAYS_2_MS: u64 = 2 * 24 * 3_600_000;

fn scored(jobs: &[usize], score: &str) -> Value {
    let jobs = jobs.iter();
    let jobs: Vec<Value> = jobs
        .map(|job| json!({ "uuid": uuid(*job), "score_text": score }))
        .collect();
    json!({ "group": GROUP, "jobs": jobs })
}

fn stored(world: &World, kind: &str, job: usize) -> Option<Value> {
    let key = format!("receipt/{kind}/{}", uuid(job));
    world.0.stored().remove(&key)
}

/// A job that was answered after 30 ms.
fn answered() -> World {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("accepted", &[(1, 1)]);
    world.say(1, "ExecutorReady", 1);
    world.write();
    world.0.advance_ms(30);
    world.say(1, "JobFinished", 1);
    world
}

#[test]
fn receipts_are_signed_and_stored() {
    let mut world = start();
    let own = own_hotkey();
    world.link(&[1]);
    world.begin(&plans(&[(1, 1)]));
    let sent = world.write();
    let ToMiner::InitialJob(reservation) = parse(&sent[0]) else {
        panic!("a reservation");
    };
    let receipt = &reservation.job_started_receipt_payload;
    let JobStartedReceiptPayload {
        max_timeout,
        ttl,
        is_organic,
        ..
    } = *receipt;
    assert_eq!((max_timeout, ttl, is_organic), (53, 240, false));
    assert_eq!(receipt.miner_hotkey, miner(1));
    let signature = &reservation.job_started_receipt_signature;
    receipt.verify(signature, &own).unwrap();
    let kept = stored(&world, "started", 1).unwrap();
    assert_eq!(kept, json!({ "payload": receipt, "signature": signature }));

    world.0.advance_ms(10);
    world.say(1, "AcceptJob", 1);
    let sent = world.0.ws_sent().remove(0);
    let ToMiner::JobAcceptedReceipt(accepted) = parse(&sent) else {
        panic!("the accepted receipt");
    };
    let JobAcceptedReceiptPayload {
        time_accepted, ttl, ..
    } = accepted.payload;
    assert_eq!(time_accepted.to_string(), "2023-11-14T22:13:20.010000Z");
    assert_eq!(ttl, 360);
    accepted.payload.verify(&accepted.signature, &own).unwrap();
    let kept = stored(&world, "accepted", 1).unwrap();
    assert_eq!(kept, serde_json::to_value(&accepted).unwrap());
}

#[test]
fn finished_receipt_states_time_and_score() {
    let mut world = answered();
    world.0.event("horde_jobs_scored", scored(&[1], "33.3"));
    let sent = world.0.ws_sent().remove(0);
    let ToMiner::JobFinishedReceipt(finished) = parse(&sent) else {
        panic!("the finished receipt");
    };
    assert_eq!(finished.payload.time_took_us, 30_000);
    assert_eq!(finished.payload.score_str, "33.3");
    assert_eq!(
        finished.payload.time_started.to_string(),
        "2023-11-14T22:13:20Z"
    );
    finished
        .payload
        .verify(&finished.signature, &own_hotkey())
        .unwrap();
    let kept = stored(&world, "finished", 1).unwrap();
    assert_eq!(kept, serde_json::to_value(&finished).unwrap());
}

/// The scores come at the end of the batch, when the miner may have come back with an invalid manifest.
#[test]
fn invalid_manifest_costs_no_finished_receipt() {
    for is_answered_before in [false, true] {
        let mut world = running();
        if is_answered_before {
            world.say(1, "JobFinished", 1);
        }
        world.reconnect(1);
        world.frame(1, INVALID);
        if !is_answered_before {
            world.say(1, "JobFinished", 1);
        }
        world.0.ws_sent();
        world.0.event("horde_jobs_scored", scored(&[1], "1"));
        assert_eq!(world.types(), ["V0JobFinishedReceiptRequest"]);
    }
}

/// A user's job can ask about the miner before the batch sends its receipts.
#[test]
fn silent_miner_gets_its_finished_receipt() {
    let mut world = answered();
    world.reconnect(1);
    want(&mut world, &[1]);
    world.0.emitted();
    world.0.advance_ms(35_000);
    assert_silence(&mut world);
    assert!(world.0.ws_closed().is_empty());
    world.0.ws_sent();
    world.0.event("horde_jobs_scored", scored(&[1], "1"));
    assert_eq!(world.types(), ["V0JobFinishedReceiptRequest"]);
}

/// No attempt to connect comes about until the link is given up.
fn give_up(world: &mut World) {
    while let Some(tag) = world.try_tag(1) {
        world.0.ws_end(&tag, WsCloseClass::Connect);
        world.0.advance_ms(20_000);
    }
}

/// The batch ends, and the next connection to miner 1 brings the receipt. It is closed then.
fn assert_delivered(world: &mut World) {
    world.0.event("horde_jobs_scored", scored(&[1], "1"));
    want(world, &[]);
    world.0.ws_closed();
    world.0.ws_sent();
    world.accept(1);
    let expected = ["V0AuthenticateRequest", "V0JobFinishedReceiptRequest"];
    assert_eq!(world.types(), expected);
    assert_eq!(world.0.ws_closed().len(), 1);
    world.0.advance_ms(START_PAUSE_MS_MAX);
    assert!(world.0.timers().is_empty());
}

/// A miner can be away for a while after its answer, and be back before the batch ends.
#[test]
fn receipt_for_a_link_that_is_down_opens_it() {
    let mut world = answered();
    world.drop_connection(1);
    give_up(&mut world);
    assert_delivered(&mut world);
}

/// The new link knows no manifest of the miner: one that shows none is given up.
#[test]
fn silence_after_a_kill_costs_no_receipt() {
    for is_silent in [false, true] {
        let mut world = answered();
        world.0.kill();
        world.0.advance_ms(0);
        world.accept(1);
        if is_silent {
            world.0.advance_ms(35_000);
        } else {
            world.frame(1, INVALID);
        }
        down_reason(&mut world);
        assert_delivered(&mut world);
    }
}

/// A manifest that is too old is asked for again, and does not come.
#[test]
fn silence_of_a_replaced_link_costs_no_receipt() {
    let mut world = answered();
    world.0.advance_ms(600_001);
    want(&mut world, &[1]);
    world.accept(1);
    world.0.emitted();
    world.0.advance_ms(35_000);
    down_reason(&mut world);
    assert_delivered(&mut world);
}

/// The host can be killed in the handler of the scores, which are redelivered before links are opened.
#[test]
fn receipt_before_the_links_are_open_opens_one() {
    let mut world = answered();
    world.0.kill();
    assert_delivered(&mut world);
}

#[test]
fn receipt_opens_no_link_that_is_not_wanted() {
    let mut world = answered();
    want(&mut world, &[]);
    world.0.ws_opened();
    world.0.event("horde_jobs_scored", scored(&[1], "1"));
    assert!(world.0.ws_opened().is_empty());
}

/// The miner at another address may not know the job, and some end the connection then.
#[test]
fn receipt_outlives_its_link_unless_the_miner_moves() {
    for is_moved in [false, true] {
        let mut world = answered();
        world.drop_connection(1);
        world.0.event("horde_jobs_scored", scored(&[1], "1"));
        if is_moved {
            move_miner(&mut world);
        } else {
            give_up(&mut world);
            want(&mut world, &[1]);
        }
        world.0.ws_sent();
        let opened = world.0.ws_opened().pop().unwrap();
        world.0.ws_accept(&opened.tag);
        let expected = ["V0AuthenticateRequest", "V0JobFinishedReceiptRequest"];
        assert_eq!(world.types(), expected[..2 - usize::from(is_moved)]);
    }
}

/// The operator allows private addresses again.
#[test]
fn refused_address_costs_no_receipt() {
    let mut world = answered();
    world.drop_connection(1);
    world.0.event("horde_jobs_scored", scored(&[1], "1"));
    give_up(&mut world);
    for allow_private in [false, true] {
        let state = serde_json::to_value(&world.0.extension().state).unwrap();
        world = start_with(json!({ "allow_private": allow_private }));
        world.0.succeed_to(1, &state).unwrap();
        want(&mut world, &[1]);
    }
    world.accept(1);
    let expected = ["V0AuthenticateRequest", "V0JobFinishedReceiptRequest"];
    assert_eq!(world.types(), expected);
}

/// A batch lets its links go when it is over. After a kill that is before they are open again.
#[test]
fn link_that_is_let_go_stays_for_its_receipts() {
    for is_killed in [false, true] {
        let mut world = answered();
        if is_killed {
            world.0.kill();
            world.0.advance_ms(0);
        } else {
            world.drop_connection(1);
        }
        world.0.event("horde_jobs_scored", scored(&[1], "1"));
        want(&mut world, &[]);
        assert!(world.0.ws_closed().is_empty());
        world.0.ws_sent();
        world.accept(1);
        let expected = ["V0AuthenticateRequest", "V0JobFinishedReceiptRequest"];
        assert_eq!(world.types(), expected);
        assert_eq!(world.0.ws_closed().len(), 1);
        assert!(world.0.timers().is_empty());
    }
}

#[test]
fn link_that_stays_for_receipts_is_given_up() {
    let mut world = answered();
    world.drop_connection(1);
    world.0.event("horde_jobs_scored", scored(&[1], "1"));
    want(&mut world, &[]);
    world.0.emitted();
    give_up(&mut world);
    assert_eq!(world.0.extension().state.links.iter().count(), 0);
    assert!(world.0.timers().is_empty());
    assert!(world.events("horde_miner_link").is_empty());
}

#[test]
fn receipt_asks_no_refused_address_again() {
    let mut world = answered();
    let nowhere = json!({ "hotkey": miner(1), "host": "0.0.0.0", "port": 8001 });
    let wanted = json!({ "holder": "horde_batch", "miners": [nowhere] });
    world.0.event("horde_links_wanted", wanted);
    down_reason(&mut world);
    world.0.event("horde_jobs_scored", scored(&[1], "1"));
    assert!(world.events("horde_miner_link").is_empty());
}

#[test]
fn finished_receipt_is_signed_once() {
    let mut world = answered();
    world.0.event("horde_jobs_scored", scored(&[1], "1"));
    assert_eq!(world.0.ws_sent().len(), 1);
    let first = stored(&world, "finished", 1);
    world.0.event("horde_jobs_scored", scored(&[1], "2"));
    assert!(world.0.ws_sent().is_empty(), "it was sent");
    world.0.advance_ms(1_000);
    world.0.kill();
    world.0.advance_ms(0);
    // The event is redelivered: the miner may have the receipt, and its handler may die of a second one.
    world.0.event("horde_jobs_scored", scored(&[1], "3"));
    world.accept(1);
    assert_eq!(world.types(), ["V0AuthenticateRequest"]);
    assert_eq!(stored(&world, "finished", 1), first, "the same bytes");
}

#[test]
fn finished_receipt_waits_for_a_connection() {
    let mut world = answered();
    world.drop_connection(1);
    world.0.event("horde_jobs_scored", scored(&[1], "1"));
    assert!(world.0.ws_sent().is_empty());
    world.accept(1);
    let expected = ["V0AuthenticateRequest", "V0JobFinishedReceiptRequest"];
    assert_eq!(world.types(), expected);
}

#[test]
fn finished_receipt_can_be_signed_after_a_kill() {
    let mut world = answered();
    world.0.kill();
    world.0.advance_ms(0);
    world.accept(1);
    world.0.ws_sent();
    world.0.event("horde_jobs_scored", scored(&[1], "1"));
    let [ToMiner::JobFinishedReceipt(finished)] = &world.messages()[..] else {
        panic!("the finished receipt");
    };
    assert_eq!(finished.payload.time_took_us, 30_000);
}

#[test]
fn only_answers_get_a_finished_receipt() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("reserved", &[(1, 1), (2, 1)]);
    world.say(1, "DeclineJob", 1);
    world.0.event("horde_jobs_scored", scored(&[1, 2, 3], "1"));
    assert!(world.0.ws_sent().is_empty());
    assert!(stored(&world, "finished", 1).is_none());
}

#[test]
fn receipts_are_kept_for_two_days() {
    let mut world = answered();
    world.0.event("horde_jobs_scored", scored(&[1], "1"));
    world.0.advance_ms(DAYS_2_MS - 1_000);
    world.0.update();
    assert!(stored(&world, "finished", 1).is_some());
    world.0.advance_ms(2_000);
    world.0.update();
    let left: Vec<String> = world.0.stored().into_keys().collect();
    assert_eq!(left, ["wanted"]);
}

#[test]
fn old_groups_are_deleted_in_slices() {
    let mut world = start();
    let jobs: Vec<_> = (0..1_200).map(|number| (number, 1)).collect();
    world.begin(&plans(&jobs));
    world.0.advance_ms(DAYS_2_MS + 1_000);
    let count = |world: &World| world.0.stored().len();
    assert_eq!(count(&world), 1_201);
    let mut left = Vec::new();
    for _ in 0..3 {
        world.0.update();
        left.push(count(&world));
    }
    assert_eq!(left, [701, 201, 0]);
}

/// Each attempt of a user's job is a group of its own, and more than one may come between two updates.
#[test]
fn many_old_groups_are_deleted_at_once() {
    let mut world = start();
    for number in 0..700 {
        world.begin(&plans(&[(number, 1)]));
    }
    world.0.advance_ms(DAYS_2_MS + 1_000);
    let mut left = Vec::new();
    for _ in 0..2 {
        world.0.update();
        left.push(world.0.stored().len());
    }
    assert_eq!(left, [2 * 200, 0]);
}

#[test]
fn receipt_of_a_user_counts_for_longer() {
    let mut world = start();
    world.link(&[1]);
    let jobs = [(1, 1, CLASS, 0)];
    world.0.event("horde_jobs_made", jobs_made(&jobs));
    let mut wanted = group_wanted(&jobs);
    wanted["is_organic"] = json!(true);
    world.0.event("horde_group_wanted", wanted);
    let [ToMiner::InitialJob(reservation)] = &world.messages()[..] else {
        panic!("a reservation");
    };
    let receipt = &reservation.job_started_receipt_payload;
    assert_eq!((receipt.is_organic, receipt.ttl), (true, 30));
}

/// The receipts that were emitted since the last call: type, job and whether the signature is the validator's.
fn emitted_receipts(world: &mut World) -> Vec<(String, String, bool)> {
    let events = world.events("horde_receipts_signed");
    let receipts = events
        .iter()
        .flat_map(|event| event["receipts"].as_array().unwrap());
    receipts
        .map(|receipt| {
            let payload: ReceiptPayload =
                serde_json::from_value(receipt["payload"].clone()).unwrap();
            let signature = receipt["signature"].as_str().unwrap();
            let is_signed = payload.verify(signature, &own_hotkey()).is_ok();
            let kind = receipt["payload"]["receipt_type"].as_str().unwrap();
            (kind.to_owned(), payload.job_uuid().to_owned(), is_signed)
        })
        .collect()
}

#[test]
fn receipts_are_emitted_at_updates() {
    let mut world = answered();
    world.0.event("horde_jobs_scored", scored(&[1], "1"));
    // Not in the middle of a batch's frames.
    assert!(emitted_receipts(&mut world).is_empty());
    world.0.update();
    let all = [
        "JobStartedReceipt",
        "JobAcceptedReceipt",
        "JobFinishedReceipt",
    ];
    let expected: Vec<_> = all
        .map(|kind| (kind.to_owned(), uuid(1), true))
        .into_iter()
        .collect();
    assert_eq!(emitted_receipts(&mut world), expected);
    world.0.reload();
    world.0.update();
    assert!(emitted_receipts(&mut world).is_empty());
    // What was emitted before a kill may be lost with it.
    world.0.kill();
    world.0.update();
    assert_eq!(emitted_receipts(&mut world), expected);
}

#[test]
fn receipts_wait_for_the_barrier_of_a_batch() {
    let mut world = start();
    world.link(&[1, 2]);
    world.begin_at("ready", &[(1, 1), (2, 2)]);
    world.0.update();
    assert!(emitted_receipts(&mut world).is_empty());
    world.say(2, "ExecutorReady", 2);
    world.0.update();
    assert_eq!(emitted_receipts(&mut world).len(), 4);
}

#[test]
fn reload_hands_over_what_is_not_emitted() {
    let mut world = answered();
    world.0.reload();
    world.0.update();
    assert_eq!(emitted_receipts(&mut world).len(), 2);
}
