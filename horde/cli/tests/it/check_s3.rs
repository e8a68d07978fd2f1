//! `check-s3`.

use std::fs;

use serde_json::json;

use crate::support::{Service, folder, run, run_with};

#[test]
fn good_buckets_pass_and_stay_empty() {
    let service = Service::with_buckets();
    let said = service.run(&["check-s3"]);
    assert_eq!(said.code, 0, "{}", said.all());
    for bucket in ["prompts", "answers"] {
        assert!(
            said.has_line(&["good", bucket, "anybody reads it"]),
            "{}",
            said.all()
        );
    }
    assert!(said.has_line(&["good", "clock"]), "{}", said.all());
    for bucket in service.control().report().buckets {
        assert!(bucket.objects.is_empty(), "{:?}", bucket.objects);
    }
}

#[test]
fn earlier_name_and_json_are_known() {
    let service = Service::with_buckets();
    for name in ["check_s3_setup", "check_s3", "check-s3"] {
        let said = service.run(&[name, "--json"]);
        assert_eq!(
            (said.code, &said.json()[0]["ok"]),
            (0, &true.into()),
            "{}",
            said.all()
        );
    }
}

/// Each fault of a service is a finding of its own with its remedy.
#[test]
fn faults_are_found_with_their_remedies() {
    let service = Service::with_buckets();
    for (fault, text, remedy) in [
        ("403@put", "no right", "\"Action\":\"s3:PutObject\""),
        ("403@get", "anybody must be able to read", "provision-s3"),
        (
            "policy-removed",
            "anybody must be able to read",
            "provision-s3",
        ),
        (
            "wrong-region",
            "region \"eu-south-2\"",
            "AWS_DEFAULT_REGION=eu-south-2",
        ),
        ("status:503", "status 503", "again in some minutes"),
        ("status:500@get", "status 500", "again in some minutes"),
        ("html", "other content than was written", "AWS_ENDPOINT_URL"),
        ("no-path-style", "path-style", "another service"),
        ("clock-off:1200", "clocks differ", "clock of this machine"),
        ("clock-off:600", "600 s behind", "clock of this machine"),
        ("bucket-deleted", "bucket is not there", "provision-s3"),
        (
            "keys-revoked",
            "does not know the access key",
            "AWS_ACCESS_KEY_ID",
        ),
        ("drops@put", "cannot be reached", "network"),
        ("cut-short@get", "cannot be reached", "network"),
    ] {
        service.set_faults(&[fault]);
        let said = service.run(&["check-s3"]);
        assert_eq!(said.code, 11, "{fault}: {}", said.all());
        assert!(said.stdout.contains(text), "{fault}: {}", said.all());
        assert!(said.has_line(&["->", remedy]), "{fault}: {}", said.all());
        let anybody = "anybody can";
        assert!(!said.stdout.contains(anybody), "{fault}: {}", said.all());
    }
    service.set_faults(&[]);
    assert_eq!(service.run(&["check-s3"]).code, 0);
}

#[test]
fn object_that_is_shown_late_is_waited_for() {
    let service = Service::with_buckets();
    for faults in [&["eventual:300"][..], &["eventual:300", "hides-missing"]] {
        service.set_faults(faults);
        let said = service.run(&["check-s3"]);
        assert_eq!(said.code, 0, "{faults:?}: {}", said.all());
    }
}

#[test]
fn bucket_that_anybody_can_list_or_write_is_a_fault() {
    let service = Service::start(&[]);
    let provisioned = service.run(&["provision-s3", "prompts", "answers"]);
    assert_eq!(provisioned.code, 0, "{}", provisioned.all());
    for (bucket, action) in [("prompts", "s3:ListBucket"), ("answers", "s3:PutObject")] {
        service.set_policy(bucket, &["s3:GetObject", action]);
    }
    let said = service.run(&["check-s3"]);
    assert_eq!(said.code, 11, "{}", said.all());
    assert!(
        said.has_line(&["FAULT", "prompts", "anybody can list"]),
        "{}",
        said.all()
    );
    assert!(
        said.has_line(&["FAULT", "answers", "anybody can write"]),
        "{}",
        said.all()
    );
    for bucket in service.control().report().buckets {
        assert!(bucket.objects.is_empty(), "{:?}", bucket.objects);
    }
}

/// A miner has nothing but the URL; a user with the two rights cannot delete what the check wrote.
#[test]
fn user_without_the_right_to_delete_passes() {
    let service = Service::with_buckets();
    service.set_faults(&["403@delete"]);
    let said = service.run(&["check-s3"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.has_line(&["note", "diagnostic-", "lifecycle rule"]),
        "{}",
        said.all()
    );
}

/// Prompts that a rule deletes while they are used would fail the jobs of honest miners.
#[test]
fn rule_that_deletes_prompts_in_use_is_a_warning() {
    let service = Service::with_buckets();
    let provision = ["provision-s3", "prompts", "answers", "--expire-days"];
    let provisioned = service.run(&[&provision[..], &["14"]].concat());
    assert_eq!(provisioned.code, 0, "{}", provisioned.all());
    let said = service.run(&["check-s3"]);
    assert!(!said.stdout.contains("lifecycle"), "{}", said.all());
    let section = json!({ "config": { "horde_crossval": { "expiry_hours": 336 } } });
    let config = service.home.path().join("config.json");
    fs::write(config, section.to_string()).unwrap();
    let said = service.run(&["check-s3"]);
    assert_eq!(said.code, 0, "{}", said.all());
    let warning = ["warning", "prompts", "after 14 days", "used for 336 h"];
    assert!(said.has_line(&warning), "{}", said.all());
    let remedy = ["->", "--expire-days 15", "at most 312"];
    assert!(said.has_line(&remedy), "{}", said.all());
}

#[test]
fn missing_variables_are_named() {
    let home = folder("");
    let said = run(home.path(), &["check-s3"]);
    assert_eq!(said.code, 11, "{}", said.all());
    for name in [
        "AWS_ACCESS_KEY_ID",
        "S3_BUCKET_NAME_PROMPTS",
        "S3_BUCKET_NAME_ANSWERS",
    ] {
        assert!(said.has_line(&["FAULT", name]), "{name}: {}", said.all());
    }
}

#[test]
fn options_take_the_place_of_variables() {
    let service = Service::with_buckets();
    let said = service.run(&["check-s3", "--region", "us-east-1"]);
    assert!(
        said.has_line(&["->", "AWS_DEFAULT_REGION=eu-west-3"]),
        "{}",
        said.all()
    );
    let said = service.run(&[
        "check-s3",
        "--prompts",
        "Not_A_Name",
        "--answers",
        "nowhere",
    ]);
    assert!(said.has_line(&["FAULT", "Not_A_Name"]), "{}", said.all());
    assert!(
        said.has_line(&["FAULT", "nowhere", "not there"]),
        "{}",
        said.all()
    );
    let said = service.run(&["check-s3", "--secret-access-key", "s3cret"]);
    assert!(
        said.has_line(&["FAULT", "secret is not the one"]),
        "{}",
        said.all()
    );
    assert!(!said.all().contains("s3cret"), "{}", said.all());
}

#[test]
fn conflicting_variables_are_warnings() {
    let service = Service::with_buckets();
    let variables = [
        ("AWS_REGION", "us-west-2"),
        ("AWS_DEFAULT_REGION", "eu-west-2"),
    ];
    let said = run_with(service.home.path(), &["check-s3"], &variables);
    assert!(
        said.has_line(&["warning", "AWS_DEFAULT_REGION of the process"]),
        "{}",
        said.all()
    );
    assert!(
        said.has_line(&["warning", "AWS_REGION is \"us-west-2\""]),
        "{}",
        said.all()
    );
    assert!(
        said.has_line(&["FAULT", "region \"eu-west-3\""]),
        "{}",
        said.all()
    );
}

#[test]
fn service_that_is_gone_is_a_fault() {
    let mut service = Service::with_buckets();
    service.stop();
    let said = service.run(&["check-s3"]);
    assert_eq!(said.code, 11, "{}", said.all());
    assert!(
        said.has_line(&["FAULT", "cannot be reached"]),
        "{}",
        said.all()
    );
    assert!(!said.all().contains("X-Amz-Signature"), "{}", said.all());
}
