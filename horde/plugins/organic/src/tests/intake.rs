//! Requests that are refused, each with its reason, at once; and requests that come twice.

use super::*;

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
fn job_of_few_seconds_is_begun() {
    let mut world = start_with_job_seconds(3);
    world.request(&v1(1, 1));
    assert!(world.statuses().is_empty());
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

#[test]
fn bytes_under_way_are_bounded() {
    let mut world = start();
    let contents = "x".repeat(8 << 20);
    let large = |number: u64| {
        let mut request = v1(number, 1);
        request["volume"] =
            json!({ "volume_type": "inline", "contents": contents, "relative_path": null });
        request
    };
    for number in 0..7 {
        world.request(&large(number));
    }
    assert!(world.statuses().is_empty());
    world.request(&large(7));
    world.assert_status("rejected", "have 64 MiB");
    world.request(&v1(8, 1));
    assert!(world.statuses().is_empty());
}
