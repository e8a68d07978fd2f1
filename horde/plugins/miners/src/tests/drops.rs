//! Connections that are lost while jobs are under way.

use horde_events::Outcome;
use tig_plugin_api::{WsCloseClass, WsEventKind};

use super::world::*;

/// The connection comes back; what was sent on it at once, without authentication and receipts.
fn come_back(world: &mut World, miner: usize) -> Vec<&'static str> {
    world.0.ws_sent();
    world.accept(miner);
    let types = world.types();
    assert_eq!(types[0], "V0AuthenticateRequest");
    let mut sent = types[1..].to_vec();
    sent.retain(|name| *name != "V0JobAcceptedReceiptRequest");
    sent
}

fn finish(world: &mut World) {
    world.0.advance_ms(1);
    world.say(1, "JobFinished", 1);
    assert!(world.outcome().is_answer());
}

#[test]
fn job_goes_on_after_a_drop_at_each_step() {
    for step in ["reserved", "accepted", "running"] {
        let mut world = start();
        world.link(&[1]);
        world.begin_at(step, &[(1, 1)]);
        world.drop_connection(1);
        assert!(world.over().is_empty());
        let again = come_back(&mut world, 1);
        let expected: &[&str] = match step {
            // It was not answered, so the miner may not have read it.
            "reserved" => &["V0InitialJobRequest"],
            _ => &[],
        };
        assert_eq!(again, expected, "{step}");
        if step == "reserved" {
            world.say(1, "AcceptJob", 1);
        }
        if step != "running" {
            world.say(1, "ExecutorReady", 1);
            world.write();
        }
        world.over();
        finish(&mut world);
    }
}

#[test]
fn reservation_that_was_not_written_is_sent_again() {
    let mut world = start();
    world.link(&[1]);
    world.begin(&plans(&[(1, 1)]));
    let first = world.0.ws_sent().remove(0).text;
    world.reconnect(1);
    let sent = world.write();
    assert_eq!(sent[1].text, first, "with the same receipt");
    world.say(1, "AcceptJob", 1);
    world.say(1, "ExecutorReady", 1);
    world.write();
    world.over();
    finish(&mut world);
}

/// A miner that is busy with it may end the connection at each copy, because of its receipt. A third one would cost it its other jobs.
#[test]
fn written_reservation_is_sent_twice_at_most() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("reserved", &[(1, 1), (2, 1)]);
    world.say(1, "AcceptJob", 1);
    world.write();
    world.reconnect(1);
    assert_eq!(
        world.write().len(),
        2,
        "the authentication and the second reservation"
    );
    world.drop_connection(1);
    world.0.advance_ms(5_000);
    assert!(come_back(&mut world, 1).is_empty());
    world.say(1, "ExecutorReady", 1);
    world.0.advance_ms(5_000);
    let late = "accept".to_owned();
    assert_eq!(world.outcome(), Outcome::Late { step: late });
    world.write();
    finish(&mut world);
}

/// A miner reads its frames one after another: at the last reservation it is least likely to have a copy, and end the connection.
#[test]
fn repeated_reservations_come_last_to_first() {
    let mut world = start();
    world.link(&[1, 2]);
    let jobs = [(1, 1), (2, 1), (3, 1), (4, 1), (5, 2)];
    world.begin_at("reserved", &jobs);
    world.say(1, "AcceptJob", 4);
    world.0.ws_sent();
    world.drop_connection(1);
    let tag = world.tag(1);
    world.0.ws_accept(&tag);
    let sent = world.messages();
    assert_eq!(sent[1].tag(), "V0JobAcceptedReceiptRequest");
    let uuids: Vec<_> = sent[2..].iter().map(|message| message.job_uuid()).collect();
    let expected = [3, 2, 1].map(uuid);
    assert_eq!(uuids, expected.each_ref().map(|uuid| Some(uuid.as_str())));
}

#[test]
fn request_that_was_not_written_is_sent_again() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("accepted", &[(1, 1)]);
    world.say(1, "ExecutorReady", 1);
    world.drop_connection(1);
    assert_eq!(come_back(&mut world, 1), ["V0JobRequest"]);
    world.0.advance_ms(10_000);
    // Not twice: it is with the kernel now.
    let number = 3;
    let tag = world.tag(1);
    world.0.ws_written(&tag, number);
    world.drop_connection(1);
    assert!(come_back(&mut world, 1).is_empty());
    world.over();
    finish(&mut world);
}

/// The miner had the request, but its connection ended before the host could report that: the answer comes on the next one, before
/// the request that is sent again is with the kernel.
#[test]
fn answer_to_a_request_without_report_counts() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("accepted", &[(1, 1)]);
    world.say(1, "ExecutorReady", 1);
    world.0.ws_sent();
    world.drop_connection(1);
    world.0.advance_ms(1);
    assert_eq!(come_back(&mut world, 1), ["V0JobRequest"]);
    world.say(1, "JobFinished", 1);
    assert!(world.outcome().is_answer());
}

/// The executor was ready before the connection came back: the miner says so again before it gets the request.
#[test]
fn request_of_this_connection_is_not_repeated() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("accepted", &[(1, 1)]);
    world.say(1, "ExecutorReady", 1);
    world.drop_connection(1);
    assert_eq!(come_back(&mut world, 1), ["V0JobRequest"]);
    let tag = world.tag(1);
    world.0.ws_written(&tag, 3);
    world.say(1, "ExecutorReady", 1);
    assert!(world.0.ws_sent().is_empty(), "it is on its way");
    world.over();
    finish(&mut world);
}

#[test]
fn drop_before_the_reservation_excuses_nothing() {
    let mut world = start();
    world.link(&[1, 2]);
    world.begin(&[(1, 1, FAST, 2), (2, 2, CLASS, 240)]);
    world.say(2, "AcceptJob", 2);
    world.drop_connection(1);
    come_back(&mut world, 1);
    world.0.advance_ms(238_000);
    world.write();
    world.over();
    world.say(1, "ExecutorReady", 1);
    assert!(matches!(world.outcome(), Outcome::OutOfOrder { .. }));
}

/// The kernel had the request, but the miner did not get it: it says again that its executor is ready.
#[test]
fn request_that_was_lost_is_sent_again_once() {
    let mut world = running();
    world.drop_connection(1);
    assert!(come_back(&mut world, 1).is_empty());
    world.0.advance_ms(50);
    world.say_all("ExecutorReady", &[(1, 1), (1, 1)]);
    let sent = world.write();
    assert_eq!(sent.len(), 1);
    assert_eq!(parse(&sent[0]).tag(), "V0JobRequest");
    assert!(world.0.emitted().is_empty(), "it was running before");
    world.say(1, "ExecutorReady", 1);
    assert!(world.0.ws_sent().is_empty(), "once for each connection");
    world.0.advance_ms(1);
    world.say(1, "JobFinished", 1);
    let over = world.over().remove(0);
    assert_eq!(
        over.times.taken_us(),
        Some(52_000),
        "its time began with the first request"
    );
}

#[test]
fn answer_counts_although_the_request_is_sent_again() {
    for is_lost_again in [false, true] {
        let mut world = running();
        world.drop_connection(1);
        come_back(&mut world, 1);
        world.say(1, "ExecutorReady", 1);
        if is_lost_again {
            world.0.advance_ms(10_000);
            world.drop_connection(1);
            assert_eq!(come_back(&mut world, 1), ["V0JobRequest"]);
        }
        world.say(1, "JobFinished", 1);
        assert!(world.outcome().is_answer());
    }
}

#[test]
fn failure_while_away_is_one_of_the_executor() {
    for step in ["reserved", "accepted", "ready"] {
        let mut world = start();
        world.link(&[1, 2]);
        world.begin_at(step, &[(1, 1), (2, 2)]);
        world.drop_connection(1);
        come_back(&mut world, 1);
        world.over();
        world.say(1, "JobFailed", 1);
        assert_eq!(world.outcome(), Outcome::ExecutorFailed, "{step}");
    }
}

#[test]
fn group_runs_while_a_miner_is_away() {
    let mut world = start();
    world.link(&[1, 2]);
    world.begin_at("ready", &[(1, 1), (2, 2)]);
    world.drop_connection(1);
    world.0.ws_sent();
    world.say(2, "ExecutorReady", 2);
    assert_eq!(world.types(), ["V0JobRequest"], "the other one's");
    assert_eq!(come_back(&mut world, 1), ["V0JobRequest"]);
}

#[test]
fn ready_after_a_drop_counts_as_accepted_too() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("reserved", &[(1, 1)]);
    world.drop_connection(1);
    come_back(&mut world, 1);
    world.say(1, "ExecutorReady", 1);
    let steps = world.events("horde_job_step");
    let steps: Vec<_> = steps.iter().map(|step| &step["step"]).collect();
    assert_eq!(steps, ["accepted", "ready"]);
    assert_eq!(
        world.types(),
        ["V0JobAcceptedReceiptRequest", "V0JobRequest"]
    );
}

#[test]
fn accepted_receipt_is_repeated_as_it_was_signed() {
    let mut world = start();
    world.link(&[1, 2]);
    world.begin_at("reserved", &[(1, 1), (2, 2)]);
    world.say(1, "AcceptJob", 1);
    let receipt = world.0.ws_sent().remove(0).text;
    world.0.advance_ms(5);
    let lost = WsEventKind::Closed {
        code: None,
        reason: String::new(),
        class: WsCloseClass::Broken,
        unsent: 1,
    };
    let tag = world.tag(1);
    world.0.try_ws(&tag, lost).unwrap();
    let tag = world.tag(1);
    world.0.ws_end(&tag, WsCloseClass::Connect);
    world.0.advance_ms(5_000);
    world.accept(1);
    let sent = world.write();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[1].text, receipt);
}

/// The miner stores one receipt per job, and its handler may die of a second one: that would cost it all its jobs.
#[test]
fn written_accepted_receipt_is_not_repeated() {
    let mut world = start();
    world.link(&[1, 2]);
    world.begin_at("reserved", &[(1, 1), (2, 2)]);
    world.say(1, "AcceptJob", 1);
    assert_eq!(world.write().len(), 1);
    world.reconnect(1);
    assert_eq!(world.types(), ["V0AuthenticateRequest"]);
}

#[test]
fn answer_to_a_request_that_was_never_sent_is_early() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("accepted", &[(1, 1)]);
    world.say(1, "ExecutorReady", 1);
    world.say(1, "JobFinished", 1);
    world.over();
    world.drop_connection(1);
    assert!(matches!(world.outcome(), Outcome::OutOfOrder { .. }));
}

#[test]
fn connection_that_stays_away_ends_its_jobs_only() {
    let mut world = start();
    world.link(&[1, 2]);
    world.begin_at("running", &[(1, 1), (2, 2), (3, 1)]);
    world.drop_connection(1);
    let mut attempts = 1;
    while let Some(tag) = world.try_tag(1) {
        world.0.ws_end(&tag, WsCloseClass::Connect);
        world.0.advance_ms(20_000);
        attempts += 1;
    }
    assert_eq!(attempts, 4, "one was lost, and three did not come about");
    let emitted = world.0.emitted();
    let names: Vec<&str> = emitted.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["horde_miner_link", "horde_job_over", "horde_job_over"]
    );
    let reason = "no connection to the miner: made by the test (4 attempts)";
    for (_, over) in &emitted[1..] {
        assert_eq!(over["outcome"], "unreachable");
        assert_eq!(over["reason"], reason);
    }
    world.say(2, "JobFinished", 2);
    assert!(world.outcome().is_answer());
}

#[test]
fn deadline_of_an_absent_miner_is_unreachable() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("reserved", &[(1, 1)]);
    world.drop_connection(1);
    world.0.advance_ms(10_000);
    let Outcome::Unreachable { reason } = world.outcome() else {
        panic!("not the miner's answer was late");
    };
    assert_eq!(
        reason,
        "the connection did not come back in time: the miner has closed the connection: made by the test"
    );
}

#[test]
fn result_of_another_connection_of_the_miner_counts() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("running", &[(1, 1), (2, 1)]);
    world.drop_connection(1);
    come_back(&mut world, 1);
    world.say_all("JobFinished", &[(2, 1), (1, 1)]);
    let over = world.over();
    assert_eq!(over.len(), 2);
    assert!(over.iter().all(|over| over.outcome.is_answer()));
}
