//! Who gets which batch, and when: long polls, failures, affinity, long leases, large queues.

use super::*;

fn poll(manager: &mut Manager, slave: &str, wait: &str) -> HttpReply {
    let path = format!("/get-batch?wait={wait}");
    manager
        .request("GET", &path, &[("user-agent", slave)], "")
        .unwrap()
}

#[test]
fn a_poll_is_held_only_on_request_and_without_work() {
    let mut manager = start();
    assert_eq!(poll(&mut manager, "ann", "20000").hold_ms, Some(20_000));
    assert_eq!(poll(&mut manager, "ann", "99999999").hold_ms, Some(50_000));
    for wait in ["0", "soon", "-1", ""] {
        let reply = poll(&mut manager, "ann", wait);
        assert_eq!((reply.status, reply.hold_ms), (404, None), "{wait}");
    }
    manager.event("new_batch", batch(ID, 0, &[]));
    let reply = poll(&mut manager, "ann", "20000");
    assert_eq!((reply.status, reply.hold_ms), (200, None));
}

#[test]
fn whatever_frees_a_batch_wakes_held_polls() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    manager.event("new_batch", batch(ID, 4, &[]));
    manager.event("new_batch", batch(ID, 4, &[]));
    assert_eq!(manager.woken(), 2, "one per batch that was not known");
    get(&mut manager, "ann").unwrap();
    get(&mut manager, "ann").unwrap();
    manager.update();
    assert_eq!(manager.woken(), 0);
    manager.advance_ms(LEASE_MS);
    manager.update();
    assert_eq!(manager.woken(), 2, "both leases are over");
    get(&mut manager, "ann").unwrap();
    release(&mut manager, "ann", 0, "out of memory");
    assert_eq!(manager.woken(), 1);
}

fn release(manager: &mut Manager, slave: &str, start_nonce: u64, reason: &str) {
    let path = format!("/release-batch/{ID}_{start_nonce}");
    let body = json!({ "reason": reason }).to_string();
    let reply = manager.request("POST", &path, &[("user-agent", slave)], body);
    assert_eq!(reply.unwrap().status, 200);
}

#[test]
fn a_failed_batch_goes_to_other_slaves_first() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    get(&mut manager, "ann").unwrap();
    release(&mut manager, "ann", 0, "out of memory");
    assert_eq!(get(&mut manager, "ann"), None);
    let report = slaves(&mut manager);
    assert_eq!(report["slaves"][0]["failures"], 1);
    assert_eq!(report["slaves"][0]["last_error"], "out of memory");
    manager.advance_ms(60_000);
    assert!(get(&mut manager, "ann").is_some(), "nobody else took it");
}

#[test]
fn failures_in_a_row_make_a_slave_rest_a_stop_not() {
    let mut manager = start();
    for start_nonce in [0, 4, 8, 12] {
        manager.event("new_batch", batch(ID, start_nonce, &[]));
    }
    get(&mut manager, "ann").unwrap();
    release(&mut manager, "ann", 0, "stopping");
    for start_nonce in [0, 4, 8] {
        let taken = get(&mut manager, "ann").unwrap();
        assert_eq!(taken["start_nonce"], start_nonce);
        release(&mut manager, "ann", start_nonce, "no such module");
    }
    assert_eq!(
        get(&mut manager, "ann"),
        None,
        "there is work, but not for it"
    );
    assert_eq!(slaves(&mut manager)["slaves"][0]["standing"], "resting");
    assert!(get(&mut manager, "bob").is_some());
    manager.advance_ms(5_000);
    assert_eq!(get(&mut manager, "ann").unwrap()["start_nonce"], 12);
}

#[test]
fn proofs_are_reserved_briefly_for_the_root_slave() {
    let mut manager = start();
    for start_nonce in [0, 4] {
        manager.event("new_batch", batch(ID, start_nonce, &[]));
    }
    for slave in ["ann", "bob"] {
        let batch = get(&mut manager, slave).unwrap();
        post(&mut manager, slave, &batch, &result(&batch));
    }
    manager.event("new_batch", batch(ID, 0, &[1]));
    manager.event("new_batch", batch(ID, 4, &[5]));
    assert_eq!(get(&mut manager, "bob").unwrap()["start_nonce"], 4);
    assert_eq!(get(&mut manager, "bob"), None, "the other is kept for ann");
    manager.advance_ms(5_000);
    manager.woken();
    manager.update();
    assert_eq!(manager.woken(), 1);
    assert_eq!(get(&mut manager, "bob").unwrap()["start_nonce"], 0);
}

#[test]
fn proofs_are_not_kept_for_a_slave_that_is_gone() {
    let mut manager = start();
    let plain = batch(ID, 0, &[]);
    manager.event("new_batch", plain.clone());
    get(&mut manager, "ann").unwrap();
    post(&mut manager, "ann", &plain, &result(&plain));
    manager.advance_ms(60_001);
    manager.event("new_batch", batch(ID, 0, &[1]));
    assert!(get(&mut manager, "bob").is_some());
}

#[test]
fn a_slow_batch_gets_longer_leases() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    for doubling in 0..8_u32 {
        get(&mut manager, "slow").unwrap();
        manager.advance_ms((LEASE_MS << doubling.min(5)) - 1);
        assert_eq!(get(&mut manager, "slow"), None, "{doubling}");
        manager.advance_ms(1);
    }
}

#[test]
fn jobs_that_expire_first_go_first() {
    let mut manager = start();
    manager.event(
        "new_block",
        block(150, &[("young", 140), ("old", 100)], &[]),
    );
    for id in ["unlisted", "young", "old"] {
        manager.event("new_batch", batch(id, 0, &[]));
    }
    let order: Vec<Value> = (0..3)
        .map(|_| get(&mut manager, "ann").unwrap()["benchmark_id"].clone())
        .collect();
    assert_eq!(order, ["old", "young", "unlisted"]);
}

#[test]
fn batches_without_slaves_are_reported_once() {
    let mut manager = start();
    manager.event("new_batch", batch(ID, 0, &[]));
    for height in [100, 101] {
        manager.event("new_block", block(height, &[], &[]));
    }
    let warned = |manager: &mut Manager| {
        let logs = manager.logs();
        logs.iter().filter(|(level, _)| level == "warn").count()
    };
    assert_eq!(warned(&mut manager), 1);
    assert_eq!(slaves(&mut manager)["waiting"], "no_slaves");
    poll(&mut manager, "ann", "0");
    manager.event("new_batch", batch(ID, 4, &[]));
    manager.event("new_block", block(102, &[], &[]));
    assert_eq!(slaves(&mut manager)["waiting"], "slaves_busy");
    manager.update();
    let queued = manager.metric("batches_queued", &[("version", "plain")]);
    assert_eq!(
        (queued, manager.metric("slaves_present", &[])),
        (Some(1.0), Some(1.0))
    );
    assert_eq!(warned(&mut manager), 0);
}
