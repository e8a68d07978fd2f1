//! Signatures of users: whose, of what, from when, and for the first time.

use tig_keyring::Keypair;

use super::*;

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
