//! `provision-s3`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::support::{REGION, Said, Service, command, run, run_with};

/// A service without buckets, whose IAM answers at the same address.
fn provision(service: &Service, more: &[&str]) -> Said {
    let arguments = [&["provision-s3", "prompts", "answers"], more].concat();
    // As an administrator has them: in the shell, and not in the file of the validator.
    let env = service.admin();
    let variables: Vec<_> = env.iter().map(|(a, b)| (*a, b.as_str())).collect();
    run_with(service.home.path(), &arguments, &variables)
}

#[test]
fn provisioned_buckets_pass_the_check() {
    let service = Service::start(&[]);
    fs::remove_file(service.home.path().join(".env")).unwrap();
    let first = provision(&service, &["--create-user"]);
    assert_eq!(first.code, 0, "{}", first.all());
    assert!(
        first.has_line(&["done", "prompts", "public read"]),
        "{}",
        first.all()
    );
    let env = service.env();
    let secret = env
        .lines()
        .find_map(|line| line.strip_prefix("AWS_SECRET_ACCESS_KEY="));
    let secret = secret.unwrap();
    assert!(
        !first.all().contains(secret),
        "the secret is in the file only"
    );
    let mode = fs::metadata(service.home.path().join(".env"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // With the key of the user, who has the two rights.
    let check = service.run(&["check-s3"]);
    assert_eq!(check.code, 0, "{}", check.all());
    let second = provision(&service, &["--create-user"]);
    assert_eq!(second.code, 0, "{}", second.all());
    assert!(
        second
            .stdout
            .lines()
            .all(|line| line.starts_with("was there")),
        "{}",
        second.all()
    );
    assert_eq!(service.env(), env);
    let report = service.control().report();
    assert_eq!(report.users.len(), 1);
    assert_eq!(report.users[0].access_key_ids.len(), 1);
    for bucket in report.buckets {
        assert_eq!(
            (bucket.region.as_str(), bucket.expires_days),
            (REGION, Some(14))
        );
        assert!(bucket.is_public);
    }
}

#[test]
fn dry_run_changes_nothing() {
    let service = Service::start(&[]);
    let env = service.env();
    let said = provision(
        &service,
        &["--create-user", "--dry-run", "--expire-days", "3"],
    );
    assert!(
        said.has_line(&["to be done", "prompts", "region eu-west-3"]),
        "{}",
        said.all()
    );
    assert_eq!(service.env(), env);
    let report = service.control().report();
    assert_eq!((report.buckets.len(), report.users.len()), (0, 0));
}

#[test]
fn key_is_printed_once_if_asked() {
    let service = Service::start(&[]);
    let env = service.env();
    let said = provision(&service, &["--create-user", "--print", "--json"]);
    assert_eq!(said.code, 0, "{}", said.all());
    let printed = |said: &Said| {
        let keys = said
            .json()
            .into_iter()
            .filter(|line| line["env"]["AWS_ACCESS_KEY_ID"].is_string());
        keys.count()
    };
    assert_eq!(printed(&said), 1, "{}", said.all());
    let again = provision(&service, &["--create-user", "--print", "--json"]);
    assert_eq!((again.code, printed(&again)), (0, 0), "{}", again.all());
    assert_eq!(service.env(), env);
}

#[test]
fn foreign_bucket_is_refused() {
    let service = Service::start(&["!prompts@eu-west-3"]);
    let env = service.env();
    let said = provision(&service, &[]);
    assert_eq!(said.code, 11, "{}", said.all());
    assert!(
        said.has_line(&["REFUSED", "prompts", "somebody else"]),
        "{}",
        said.all()
    );
    assert!(
        said.has_line(&["done", "answers", "public read"]),
        "{}",
        said.all()
    );
    assert_eq!(
        service.env(),
        env,
        "the name of a foreign bucket is of no use"
    );
}

#[test]
fn bucket_in_another_region_is_refused() {
    let service = Service::start(&["answers@us-west-2"]);
    let said = provision(&service, &[]);
    assert_eq!(said.code, 11, "{}", said.all());
    assert!(
        said.has_line(&["REFUSED", "answers", "us-west-2"]),
        "{}",
        said.all()
    );
    assert!(
        said.has_line(&["->", "--region us-west-2"]),
        "{}",
        said.all()
    );
}

#[test]
fn right_that_is_missing_is_what_to_ask_for() {
    let service = Service::start(&[]);
    service.set_faults(&["403@put-policy"]);
    let said = provision(&service, &[]);
    assert_eq!(said.code, 11, "{}", said.all());
    assert!(
        said.has_line(&["->", "\"Action\":\"s3:PutBucketPolicy\""]),
        "{}",
        said.all()
    );
    service.set_faults(&[]);
    let said = provision(&service, &[]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.has_line(&["was there", "answers", "bucket"]),
        "{}",
        said.all()
    );
}

/// The call is carried out and its answer lost, as if the cable were pulled; the next run completes the work.
#[test]
fn lost_answer_is_made_up_for() {
    for call in [
        "create-bucket",
        "put-block",
        "put-policy",
        "put-lifecycle",
        "iam",
    ] {
        let service = Service::start(&[]);
        fs::remove_file(service.home.path().join(".env")).unwrap();
        service.set_faults(&[&format!("drops@{call}")]);
        let said = provision(&service, &["--create-user"]);
        assert_eq!(said.code, 11, "{call}: {}", said.all());
        assert!(
            said.has_line(&["REFUSED", "cannot be reached"]),
            "{call}: {}",
            said.all()
        );
        service.set_faults(&[]);
        assert_complete(&service, call);
    }
}

/// Runs the command to its end, and then all is there once.
fn assert_complete(service: &Service, when: &str) {
    let said = provision(service, &["--create-user"]);
    assert_eq!(said.code, 0, "{when}: {}", said.all());
    let check = service.run(&["check-s3"]);
    assert_eq!(check.code, 0, "{when}: {}", check.all());
    let keys = &service.control().report().users[0].access_key_ids;
    assert_eq!(keys.len(), 1, "{when}");
    assert!(service.env().contains(&keys[0]), "{when}");
}

#[test]
fn killed_run_is_completed_by_the_next() {
    for milliseconds in (20..600).step_by(45) {
        let service = Service::start(&[]);
        fs::remove_file(service.home.path().join(".env")).unwrap();
        service.set_faults(&["slow:15"]);
        let env = service.admin();
        let variables: Vec<_> = env.iter().map(|(a, b)| (*a, b.as_str())).collect();
        let arguments = ["provision-s3", "prompts", "answers", "--create-user"];
        let mut command = command(service.home.path(), &arguments, &variables);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        service.set_faults(&[]);
        assert_complete(&service, &format!("{milliseconds} ms"));
    }
}

#[test]
fn user_needs_aws() {
    let service = Service::start(&[]);
    let said = service.run(&["provision-s3", "prompts", "answers", "--create-user"]);
    assert_eq!(said.code, 11, "{}", said.all());
    assert!(said.has_line(&["FAULT", "is not AWS"]), "{}", said.all());
    assert_eq!(service.control().report().buckets.len(), 0);
}

#[test]
fn wrong_command_line_is_refused() {
    let service = Service::start(&[]);
    for arguments in [
        &["provision-s3", "prompts"][..],
        &["provision-s3", "prompts", "answers", "--new-key"],
        &["provision-s3", "prompts", "answers", "--expire-days", "1"],
    ] {
        assert_eq!(service.run(arguments).code, 2, "{arguments:?}");
    }
    for arguments in [
        ["provision-s3", "same", "same"],
        ["provision-s3", "A_B", "answers"],
    ] {
        let said = service.run(&arguments);
        assert_eq!(said.code, 11, "{}", said.all());
        assert!(said.has_line(&["FAULT"]), "{}", said.all());
    }
    let said = run(
        service.home.path(),
        &["provision-s3", "a", "b", "--endpoint", "ftp://x"],
    );
    assert!(said.has_line(&["FAULT", "ftp://x"]), "{}", said.all());
}
