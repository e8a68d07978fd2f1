//! Requests that are refused, each with its reason, at once; and requests that come twice.

use tig_keyring::Keypair;

use super::*;

/// A world in which a V2 job would run.
fn routed() -> World {
    let mut world = start();
    world.up(1, 5);
    world.0.emitted();
    world
}

#[track_caller]
fn assert_rejected(request: &Value, expected: &str) {
    let mut world = routed();
    world.request(request);
    let statuses = world.statuses();
    assert_eq!(statuses.len(), 1, "{statuses:?}");
    assert_eq!(statuses[0]["uuid"], request["uuid"]);
    assert_eq!(statuses[0]["status"], "rejected");
    let comment = statuses[0]["metadata"]["comment"].as_str().unwrap();
    assert!(comment.contains(expected), "{comment}");
    assert!(world.open_records().is_empty());
    assert_eq!(world.0.unfinished(), 0);
    // It comes twice, also after a restart.
    world.request(request);
    world.kill();
    world.request(request);
    assert!(world.statuses().is_empty());
}

fn with(field: &str, value: Value) -> Value {
    let mut request = v1(1, 1);
    request[field] = value;
    request
}

#[test]
fn invalid_fields_are_named() {
    let long = "x".repeat(1 << 20);
    for (field, value, expected) in [
        ("docker_image", json!(""), "neither"),
        ("executor_class", json!("huge"), "executor_class"),
        ("miner_hotkey", json!("5abc"), "not an SS58 address"),
        ("args", json!([long]), "1048576 bytes, more than 100000"),
        (
            "args",
            json!(vec!["x".repeat(90_000); 6]),
            "in all, more than 500000",
        ),
        ("args", json!(["a\0"]), "NUL"),
        ("args", json!([1]), "args[0]"),
        ("env", json!({ "A": long }), "more than 100000"),
        (
            "env",
            json!({ "A=B": "" }),
            "environment variable 1 has a name",
        ),
        (
            "env",
            json!({ "": "" }),
            "environment variable 1 has a name",
        ),
        ("use_gpu", json!("yes"), "use_gpu"),
        ("surprise", json!(1), "surprise"),
    ] {
        assert_rejected(&with(field, value), expected);
    }
    let mut request = v1(1, 1);
    request.as_object_mut().unwrap().remove("args");
    assert_rejected(&request, "args");
    assert_rejected(&with("message_type", json!("V9JobRequest")), "V9JobRequest");
}

#[test]
fn uuid_that_is_none_is_rejected() {
    for uuid in [
        "",
        "1",
        "0B8F5AB8-6F7A-4A3C-9F57-5F1B8B0F7A01",
        &"x".repeat(1 << 20),
        "../job",
    ] {
        assert_rejected(&with("uuid", json!(uuid)), "not a UUID");
    }
}

#[test]
fn request_of_another_uuid_is_rejected() {
    let mut world = start();
    let mut event = requested(&v1(1, 1), START_MS);
    event["uuid"] = json!(uuid(2));
    world.0.event("horde_job_requested", event);
    world.assert_status("rejected", "not a UUID");
}

#[test]
fn files_need_web_addresses_and_paths_inside() {
    let zip =
        |url: &str| json!({ "volume_type": "zip_url", "contents": url, "relative_path": null });
    let secret = "ftp://files/in.zip?secret";
    for url in [
        secret,
        "",
        "http://",
        "https:///x",
        "http://a b/",
        "http://a/\n",
        "file:///etc",
        "http:a",
    ] {
        assert_rejected(
            &with("volume", zip(url)),
            "the URL of volume 1 is not an http",
        );
    }
    assert_rejected(
        &with("volume", zip(&format!("http://a/{}", "x".repeat(20_000)))),
        "volume 1",
    );
    let mut world = start();
    world.request(&with("volume", zip(secret)));
    assert!(!world.status().1.contains("secret"));

    let file = |path: &str| json!({ "volume_type": "single_file", "url": "http://a/b", "relative_path": path });
    for path in ["/etc/passwd", "../x", "a/../../b", "a\0"] {
        assert_rejected(
            &with("volume", file(path)),
            "the path of volume 1 leaves its folder",
        );
    }
    let several = json!({ "volume_type": "multi_volume", "volumes": [file("a"), zip("x")] });
    assert_rejected(&with("volume", several), "the URL of volume 2");
    let put = |url: &str| json!({ "output_upload_type": "zip_and_http_put", "url": url });
    assert_rejected(
        &with("output_upload", put("x")),
        "the URL of the output upload",
    );
    let single = |path: &str| json!({ "output_upload_type": "single_file_put", "url": "http://a/b", "relative_path": path, "signed_headers": null });
    assert_rejected(
        &with("output_upload", single("/x")),
        "the path of the output upload",
    );
    let multi = json!({ "output_upload_type": "multi_upload", "uploads": [single("..")], "system_output": null });
    assert_rejected(&with("output_upload", multi), "the path of output upload 1");
    let multi =
        json!({ "output_upload_type": "multi_upload", "uploads": [], "system_output": put("x") });
    assert_rejected(
        &with("output_upload", multi),
        "the URL of the system output",
    );
}

#[test]
fn good_files_are_taken() {
    let mut world = start();
    let volumes = json!([
        { "volume_type": "inline", "contents": "", "relative_path": "" },
        { "volume_type": "zip_url", "contents": "http://127.0.0.1:9000/in.zip?a=b", "relative_path": null },
        { "volume_type": "single_file", "url": "https://a", "relative_path": "x/y..z" },
        { "volume_type": "huggingface_volume", "repo_id": "r", "revision": null, "relative_path": "m" },
    ]);
    let mut request = with(
        "volume",
        json!({ "volume_type": "multi_volume", "volumes": volumes }),
    );
    // Both an image and a script: the image runs the script.
    request["raw_script"] = json!("print()");
    world.request(&request);
    assert!(world.statuses().is_empty());
    assert_eq!(world.0.unfinished(), 1);
}

#[test]
fn tampering_with_any_signed_field_is_noticed() {
    let mut request = unsigned_v2(1);
    request["volume"] =
        json!({ "volume_type": "zip_url", "contents": "http://a/b", "relative_path": null });
    request["output_upload"] =
        json!({ "output_upload_type": "zip_and_http_put", "url": "http://a/b" });
    request["env"] = json!({ "A": "1" });
    let signed = sign(&request, &user(), START_MS);
    for (field, value) in [
        ("executor_class", json!(SPIN_UP)),
        ("docker_image", json!("other")),
        ("raw_script", json!("print()")),
        ("args", json!(["x"])),
        ("env", json!({ "A": "2" })),
        ("use_gpu", json!(true)),
        ("volume", Value::Null),
        ("output_upload", Value::Null),
    ] {
        let mut tampered = signed.clone();
        tampered[field] = value;
        assert_rejected(&tampered, "not one of this request by its signatory");
    }
    let mut tampered = signed.clone();
    tampered["signature"]["timestamp_ns"] = json!(START_MS * 1_000_000 + 1);
    assert_rejected(&tampered, "not one of this request by its signatory");
    let mut tampered = signed.clone();
    tampered["signature"]["signatory"] = json!(hotkey(3));
    assert_rejected(&tampered, "not one of this request by its signatory");
    let mut world = routed();
    world.request(&signed);
    assert!(world.statuses().is_empty());
}

#[test]
fn signature_must_be_there_known_and_readable() {
    assert_rejected(&unsigned_v2(1), "is not signed");
    let signed = v2(1, START_MS);
    for (field, value, expected) in [
        (
            "signature_type",
            json!("other"),
            "signature type \"other\" is unknown",
        ),
        ("signature", json!("AAAA"), "has 3 bytes"),
        ("signature", json!("%"), "not base64"),
        ("signatory", json!("5x"), "not an SS58 address"),
    ] {
        let mut request = signed.clone();
        request["signature"][field] = value;
        assert_rejected(&request, expected);
    }
    let stranger = Keypair::from_seed(&[3; 32]);
    let request = sign(&unsigned_v2(1), &stranger, START_MS);
    assert_rejected(&request, "may not order jobs");
}

#[test]
fn signature_counts_for_five_minutes() {
    for (at_ms, expected) in [
        (START_MS - 300_001, Some("300 s old")),
        (START_MS - 300_000, None),
        (START_MS + 60_000, None),
        (START_MS + 60_001, Some("60 s ahead")),
        (1, Some("s old")),
    ] {
        match expected {
            Some(expected) => assert_rejected(&v2(1, at_ms), expected),
            None => {
                let mut world = routed();
                world.request(&v2(1, at_ms));
                assert!(world.statuses().is_empty(), "{at_ms}");
            }
        }
    }
}

#[test]
fn signature_is_used_once() {
    let mut world = routed();
    let first = v2(1, START_MS);
    world.request(&first);
    let asked_before = world.open_records().len();
    let mut replayed = first.clone();
    replayed["uuid"] = json!(uuid(2));
    world.request(&replayed);
    world.assert_status("rejected", &format!("was used for job {}", uuid(1)));
    // Not by a restart either, and not by a part that the signature does not cover.
    world.kill();
    world.0.emitted();
    replayed["uuid"] = json!(uuid(3));
    world.request(&replayed);
    world.assert_status("rejected", "was used for job");
    assert_eq!(world.open_records().len(), asked_before);
}

#[test]
fn used_signature_is_forgotten_when_it_is_too_old() {
    let mut world = routed();
    let at_ms = START_MS + 60_000;
    world.request(&v2(1, at_ms));
    let has = |world: &World| {
        let keys = world.0.stored().into_keys();
        keys.filter(|key| key.starts_with("signed/")).count()
    };
    world.0.advance_ms(360_000);
    world.0.update();
    assert_eq!(has(&world), 1);
    let mut replayed = v2(1, at_ms);
    replayed["uuid"] = json!(uuid(2));
    world.0.emitted();
    world.request(&replayed);
    world.assert_status("rejected", "was used");
    world.0.advance_ms(1);
    world.0.update();
    assert_eq!(has(&world), 0);
    replayed["uuid"] = json!(uuid(3));
    world.request(&replayed);
    world.assert_status("rejected", "s old");
}

#[test]
fn request_that_comes_twice_is_one_job() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.request(&v1(1, 1));
    world.request(&v1(1, 2));
    assert!(world.0.emitted().is_empty());
    world.over(&asked, &finished());
    world.statuses();
    world.request(&v1(1, 1));
    assert!(world.0.emitted().is_empty());
}

#[test]
fn blocked_miner_gets_no_job_by_name() {
    let mut world = start_with(json!({ "blocked": [hotkey(1)] }));
    world.serve(&[1]);
    world.request(&v1(1, 1));
    world.assert_status("rejected", "is blocked by this validator");
}

#[test]
fn request_that_has_waited_too_long_is_rejected() {
    let mut world = start();
    world.0.event(
        "horde_job_requested",
        requested(&v1(1, 1), START_MS - 295_001),
    );
    world.assert_status("rejected", "time was over before");
    world.0.event(
        "horde_job_requested",
        requested(&v1(2, 1), START_MS - 295_000),
    );
    assert!(world.statuses().is_empty());
    // The clock of the sender is ahead, or ours was set back.
    world.0.event(
        "horde_job_requested",
        requested(&v1(3, 1), START_MS + 86_400_000),
    );
    assert_eq!(world.report()["jobs"][1]["deadline_ms"], START_MS + 300_000);
}

#[test]
fn jobs_under_way_are_bounded() {
    let mut world = start();
    for number in 0..1_000 {
        world.request(&v1(number, 1));
    }
    assert!(world.statuses().is_empty());
    world.request(&v1(1_000, 1));
    world.assert_status("rejected", "1000 users' jobs are under way");
}
