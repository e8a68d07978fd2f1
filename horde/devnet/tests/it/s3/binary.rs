//! S3 of the program `horde-devnet` as a process.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use horde_devnet::s3::{S3Account, S3FaultKind, s3_credentials};
use horde_s3::{Credentials, Endpoint, Method, presign};

use super::client::{http, sent, unix_seconds};
use crate::binary::{command, ready};

#[tokio::test]
async fn program_starts_the_service_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let env = folder.path().join("s3.env");
    let mut command = command();
    command
        .args([
            "--seed",
            "9",
            "--s3-port",
            "0",
            "--s3-bucket",
            "prompts@eu-west-3",
        ])
        .args([
            "--s3-bucket",
            "answers@eu-west-3",
            "--s3-fault",
            "403@get*1",
            "--s3-env",
        ])
        .arg(&env)
        .arg("--exit-with-parent")
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let ready = ready(&mut child);
    let text = |name: &str| ready["s3"][name].as_str().unwrap();
    let key = Credentials::new(text("access_key_id"), text("secret_access_key"));
    assert_eq!(key, s3_credentials(9, S3Account::Validator));
    assert_eq!(
        ready["s3"]["buckets"],
        serde_json::json!(["prompts", "answers"])
    );
    let endpoint =
        Endpoint::parse(Some(text("endpoint")), Some(text("region")), "answers").unwrap();
    assert_eq!(endpoint.region(), "eu-west-3");
    let url = presign(Method::Put, &endpoint, "k", &key, unix_seconds(), 60);
    sent(http().put(url).body("line")).await.ok();
    let get = || sent(http().get(endpoint.object_url("k")));
    get().await.refused(403, "AccessDenied");
    assert_eq!(get().await.ok().body, b"line");

    let mode = std::fs::metadata(&env).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let expected = format!(
        "AWS_ENDPOINT_URL={}\nAWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\nAWS_DEFAULT_REGION=eu-west-3\n",
        endpoint.base_url(),
        key.access_key_id,
        key.secret_access_key.as_str()
    );
    assert_eq!(std::fs::read_to_string(&env).unwrap(), expected);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn help_and_list_show_every_fault() {
    for argument in ["s3-faults", "--help"] {
        let output = command().arg(argument).output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        for info in S3FaultKind::list() {
            assert!(text.contains(info.name), "{argument}: {}", info.name);
        }
    }
}

#[test]
fn faulty_services_on_the_command_line_are_rejected() {
    for (arguments, expected) in [
        (["--s3-bucket", "prompts"], "--s3-port"),
        (["--s3-bucket", "Prompts"], "write NAME or NAME@REGION"),
        (["--s3-fault", "sloth"], "\"sloth\" is not a fault of S3"),
        (["--s3-env", "x"], "--s3-port"),
    ] {
        let output = command().args(arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(expected), "{text}");
    }
    let unwritable = ["--s3-port", "0", "--s3-env", "/dev/null/env"];
    let output = command().args(unwritable).output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("cannot write /dev/null/env"), "{text}");
}
