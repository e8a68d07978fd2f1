//! Requests become one job each, whatever happens.

use serde_json::json;

use super::support::*;

#[test]
fn request_is_given_away_as_it_came() {
    let mut world = start_up();
    let mut request = request_with(&uuid(1), "args", json!(["\0", "\u{1b}[1m", "é"]));
    world.frame(&request.to_string());
    let emitted = world.0.emitted();
    let [(name, event)] = &emitted[..] else {
        panic!("{emitted:?}")
    };
    assert_eq!(name, "horde_job_requested");
    assert_eq!(event["uuid"], uuid(1));
    assert_eq!(event["request"], request);
    assert_eq!(event["received_ms"], world.0.now_ms());
    // A newer facilitator: what is unknown is dropped, and the job runs.
    request["artifacts_dir"] = json!("/a");
    request["uuid"] = json!(uuid(2));
    world.frame(&request.to_string());
    let event = &world.0.emitted()[0].1;
    assert_eq!(event["request"].get("artifacts_dir"), None);
    let logs = world.0.logs();
    assert!(logs.iter().any(|(_, text)| text.contains("artifacts_dir")));
    assert_eq!(
        world.0.metric("requests", &[("result", "taken")]),
        Some(2.0)
    );
}

#[test]
fn repeated_request_is_one_job() {
    let mut world = start_up();
    let text = request(&uuid(1)).to_string();
    world.frame(&text);
    world.frame(&text);
    // Another text under the same name is not another job.
    let other = request_with(&uuid(1), "docker_image", json!("other"));
    world.frame(&other.to_string());
    assert_eq!(world.requested(), [uuid(1)]);
    // On another connection, after a kill, and when the job is over.
    world.close(None);
    world.reconnect();
    world.frame(&text);
    world.0.kill();
    world.0.advance_ms(0);
    world.come_up();
    world.frame(&text);
    world.give(&uuid(1), "completed");
    world.frame(SUCCESS);
    world.frame(&text);
    assert!(world.requested().is_empty());
    let repeated = world.0.metric("requests", &[("result", "repeated")]);
    assert_eq!(repeated, Some(5.0));
}

#[test]
fn job_on_a_stray_connection_is_one_job() {
    let mut world = start_up();
    let old = world.tag();
    // The instance is made again, as after a panic, and the connection lives on.
    world.0.restart();
    world.0.advance_ms(0);
    world.come_up();
    let text = request(&uuid(1)).to_string();
    world.0.ws_frame(&old, &text);
    world.frame(&text);
    assert_eq!(world.requested(), [uuid(1)]);
    let closed = world.0.ws_closed();
    assert_eq!(closed.len(), 1);
    assert_eq!(closed[0].0, old);
    world.0.ws_end(&old, tig_plugin_api::WsCloseClass::Local);
    assert_eq!(world.state(), "up");
}

#[test]
fn old_jobs_are_forgotten() {
    let mut world = start_up();
    world.frame(&request(&uuid(1)).to_string());
    world.0.advance_ms(24 * 3_600_000);
    world.0.update();
    assert_eq!(world.0.stored().len(), 1);
    world.0.advance_ms(1);
    world.0.update();
    assert!(world.0.stored().is_empty());
}

/// A clock that was ahead must not keep jobs and statuses for years.
#[test]
fn clock_set_back_a_day_keeps_nothing_longer() {
    let mut world = start_up();
    world.frame(&request(&uuid(1)).to_string());
    world.give(&uuid(1), "failed");
    world.0.set_back_ms(24 * 3_600_000);
    world.0.kill();
    world.0.advance_ms(3_600_001);
    world.0.update();
    assert_eq!(world.stored_statuses(), 0);
    world.0.advance_ms(23 * 3_600_000);
    world.0.update();
    assert!(world.0.stored().is_empty());
}

#[test]
fn damaged_records_do_not_keep_it_from_starting() {
    let mut world = start_up();
    world.frame(&request(&uuid(1)).to_string());
    world.give(&uuid(1), "failed");
    let keys: Vec<_> = world.0.stored().into_keys().collect();
    for key in keys {
        world.0.store(&key, "{");
    }
    world.0.store(
        "status/x",
        r#"{"uuid":"u","status":"failed","metadata":{},"queued_ms":1}"#,
    );
    world.0.kill();
    world.0.advance_ms(0);
    world.come_up();
    assert!(world.statuses().is_empty());
    let stored = world.0.stored();
    assert!(stored.keys().all(|key| key.starts_with("damaged/")));
    assert_eq!(stored.len(), 3);
}
