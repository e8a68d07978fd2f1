//! Jobs as they should go, and the barrier.

use horde_events::{JobTimes, Outcome};
use horde_proto::miner::{Admission, ToMiner};
use serde_json::json;

use super::world::*;

/// The first moment of the harness's clock.
const START_US: u64 = 1_700_000_000_000_000;

#[test]
fn link_authenticates_and_shows_its_manifest() {
    let mut world = start();
    world.0.event("horde_links_wanted", links_wanted(&[1]));
    let opened = world.0.ws_opened();
    let own = own_hotkey();
    let url = format!("ws://127.0.0.1:8001/v0.1/validator_interface/{own}");
    assert_eq!(opened[0].url, url);
    assert_eq!(opened[0].frame_bytes_max, 50 << 20);
    let tag = world.tag(1);
    world.0.ws_accept(&tag);
    let [ToMiner::Authenticate(request)] = &world.messages()[..] else {
        panic!("the first frame authenticates");
    };
    let admission = Admission {
        now: 1_700_000_000,
        miner_hotkey: Some(&miner(1)),
        validator_hotkey: &own,
    };
    admission.check(request).unwrap();
    world.0.ws_frame(&tag, &manifest());
    let manifest = json!([{ "executor_class": CLASS, "count": 2 }]);
    assert_eq!(
        world.events("horde_miner_link"),
        [json!({ "hotkey": miner(1), "state": { "up": { "manifest": manifest } } })]
    );
    assert!(world.0.timers().is_empty());
}

#[test]
fn whole_job_takes_every_step() {
    let mut world = start();
    world.link(&[1]);
    world.begin(&plans(&[(1, 1)]));
    assert_eq!(world.0.unfinished(), 1);
    let sent = world.write();
    assert!(matches!(parse(&sent[0]), ToMiner::InitialJob(_)));
    world.0.advance_ms(10);
    world.say(1, "AcceptJob", 1);
    assert_eq!(world.types(), ["V0JobAcceptedReceiptRequest"]);
    world.0.advance_ms(10);
    world.say(1, "ExecutorReady", 1);
    let sent = world.write();
    assert!(matches!(parse(&sent[0]), ToMiner::Job(_)));
    let steps = world.events("horde_job_step");
    let steps: Vec<_> = steps.iter().map(|step| &step["step"]).collect();
    assert_eq!(steps, ["accepted", "ready", "running"]);
    world.0.advance_ms(30);
    world.say(1, "JobFinished", 1);
    let over = world.over().remove(0);
    assert_eq!((over.group.as_str(), over.uuid), (GROUP, uuid(1)));
    let (stdout, stderr) = ("out".to_owned(), "err".to_owned());
    assert_eq!(over.outcome, Outcome::Finished { stdout, stderr });
    assert_eq!(
        over.times,
        JobTimes {
            reserved_us: Some(START_US),
            accepted_us: Some(START_US + 10_000),
            ready_us: Some(START_US + 20_000),
            run_us: Some(START_US + 20_000),
            answered_us: Some(START_US + 50_000),
        }
    );
    assert_eq!(world.0.unfinished(), 0);
    assert!(world.0.ws_sent().is_empty());
    let finished = world.0.metric("jobs_over", &[("outcome", "finished")]);
    assert_eq!(finished, Some(1.0));
}

#[test]
fn all_requests_to_run_are_of_one_handler() {
    const MINERS: usize = 64;
    const EXECUTORS: usize = 40;
    let mut world = start();
    let miners: Vec<usize> = (0..MINERS).collect();
    world.link(&miners);
    let jobs: Vec<(usize, usize)> = (0..MINERS * EXECUTORS)
        .map(|number| (number, number % MINERS))
        .collect();
    world.begin(&plans(&jobs));
    let reservations = world.write();
    assert_eq!(reservations.len(), jobs.len(), "of one handler, too");
    let tags: Vec<String> = miners.iter().map(|number| world.tag(*number)).collect();
    let (last, others) = jobs.split_last().unwrap();
    for kind in ["AcceptJob", "ExecutorReady"] {
        for (number, miner) in others {
            world.0.ws_frame(&tags[*miner], &message(kind, *number));
        }
    }
    let receipts = world.0.ws_sent();
    assert_eq!(receipts.len(), others.len());
    world.say(last.1, "DeclineJob", last.0);
    let requests = world.write();
    assert_eq!(requests.len(), others.len());
    assert!(matches!(parse(&requests[0]), ToMiner::Job(_)));
    world.0.advance_ms(1);
    world.0.emitted();
    for (number, miner) in others {
        world
            .0
            .ws_frame(&tags[*miner], &message("JobFinished", *number));
    }
    let over = world.over();
    assert_eq!(over.len(), others.len());
    assert!(over.iter().all(|over| over.outcome.is_answer()));
    assert_eq!(world.0.unfinished(), 0);
    assert!(world.0.timers().is_empty());
}

#[test]
fn fast_classes_are_reserved_later() {
    let mut world = start();
    world.link(&[1, 2]);
    world.begin(&[(1, 1, CLASS, 240), (2, 2, FAST, 2), (3, 2, FAST, 0)]);
    let first = world.write();
    assert_eq!(first.len(), 1);
    assert_eq!(parse(&first[0]).job_uuid(), Some(uuid(1).as_str()));
    world.say(1, "AcceptJob", 1);
    world.0.ws_sent();
    world.0.advance_ms(237_999);
    assert!(world.0.ws_sent().is_empty());
    world.0.advance_ms(1);
    let second = world.write();
    let uuids: Vec<_> = second.iter().map(parse).collect();
    let uuids: Vec<_> = uuids.iter().map(|message| message.job_uuid()).collect();
    assert_eq!(uuids, [Some(uuid(2).as_str()), Some(uuid(3).as_str())]);
    world.say_all("AcceptJob", &[(2, 2), (3, 2)]);
    world.say_all("ExecutorReady", &[(1, 1), (2, 2)]);
    world.0.ws_sent();
    world.say(2, "ExecutorReady", 3);
    assert_eq!(world.types(), ["V0JobRequest"; 3]);
}

#[test]
fn group_that_is_wanted_again_begins_nothing_twice() {
    let mut world = start();
    world.link(&[1]);
    let jobs = plans(&[(1, 1)]);
    world.begin(&jobs);
    assert_eq!(world.write().len(), 1);
    world.0.event("horde_group_wanted", group_wanted(&jobs));
    assert!(world.0.ws_sent().is_empty());
    world.say(1, "DeclineJob", 1);
    assert_eq!(world.outcome(), Outcome::Declined);
    for _ in 0..2 {
        world.begin(&jobs);
        assert!(world.0.ws_sent().is_empty());
        assert!(world.0.emitted().is_empty());
        world.0.kill();
        world.0.advance_ms(0);
        world.0.emitted();
    }
}

/// Jobs that are accepted, with requests to run of so many bytes.
fn accepted_with_long_requests(jobs: &[(usize, usize)], bytes: usize) -> World {
    let mut world = start();
    let miners: Vec<usize> = jobs.iter().map(|(_, miner)| *miner).collect();
    world.link(&miners);
    let mut made = jobs_made(&plans(jobs));
    for job in made["jobs"].as_array_mut().unwrap() {
        job["request"]["raw_script"] = json!("x".repeat(bytes));
    }
    world.0.event("horde_jobs_made", made);
    let wanted = group_wanted(&plans(jobs));
    world.0.event("horde_group_wanted", wanted);
    world.write();
    world.say_all("AcceptJob", jobs);
    world.0.ws_sent();
    world
}

/// In tests one connection takes 1 MiB.
#[test]
fn slow_reader_is_sent_no_more_than_it_takes() {
    let jobs = [(1, 1), (2, 1), (3, 1)];
    let mut world = accepted_with_long_requests(&jobs, 600_000);
    world.say_all("ExecutorReady", &jobs);
    for _ in jobs {
        let sent = world.0.ws_sent();
        assert_eq!(sent.len(), 1);
        world.0.reload();
        world.0.ws_written(&sent[0].tag, sent[0].frame.unwrap());
    }
    assert!(world.0.ws_sent().is_empty());
    world.0.advance_ms(1);
    world.0.emitted();
    world.say_all("JobFinished", &jobs);
    assert_eq!(world.over().len(), 3);
}

/// In tests one handler sends 4 MiB.
#[test]
fn group_beyond_the_hosts_limits_goes_out_in_parts() {
    let jobs: Vec<_> = (0..9).map(|number| (number, number)).collect();
    let mut world = accepted_with_long_requests(&jobs, 1_000_000);
    world.say_all("ExecutorReady", &jobs);
    assert_eq!(world.write().len(), 4);
    assert!(world.0.timers().contains_key("backlog"));
    // Two more handlers, one right after the other.
    world.0.advance_ms(0);
    assert_eq!(world.write().len(), 5);
    assert!(!world.0.timers().contains_key("backlog"));
}

/// A drop empties the queue of the host.
#[test]
fn connection_that_comes_back_has_room() {
    let jobs = [(1, 1), (2, 1)];
    let mut world = accepted_with_long_requests(&jobs, 600_000);
    world.say_all("ExecutorReady", &jobs);
    assert_eq!(world.0.ws_sent().len(), 1);
    world.reconnect(1);
    assert_eq!(
        world.write().len(),
        4,
        "authentication, two receipts and the first request"
    );
    assert_eq!(world.write().len(), 1, "the second one");
}

#[test]
fn frames_that_no_group_asks_for_are_dropped() {
    let mut world = start();
    world.link(&[1]);
    world
        .0
        .event("horde_jobs_made", jobs_made(&plans(&[(1, 1), (2, 1)])));
    world
        .0
        .event("horde_group_wanted", group_wanted(&plans(&[(1, 1)])));
    world
        .0
        .event("horde_group_wanted", group_wanted(&plans(&[(2, 1)])));
    assert_eq!(world.outcome(), Outcome::Interrupted);
}
