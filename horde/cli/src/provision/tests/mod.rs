//! Provisioning against services in memory.

mod fake;

use std::fs;
use std::path::Path;

use self::fake::{Bucket, Failing, Fake, S3_URL, USERS_URL, User, credentials};
use super::*;
use crate::environment::Environment;

const USER: &str = "validator";

/// A plan as the command makes it for this folder.
fn plan(folder: &Path, dry_run: bool) -> Plan {
    let environment = Environment::load(folder, |_| None).unwrap();
    let bucket = |name| Endpoint::parse(Some(S3_URL), Some("eu-central-1"), name).unwrap();
    Plan {
        buckets: [bucket("prompts"), bucket("answers")],
        days: None,
        url: Some(S3_URL.to_owned()),
        user: Some(UserPlan {
            name: USER.to_owned(),
            key_in_file: environment.in_file("AWS_ACCESS_KEY_ID").map(str::to_owned),
            has_secret: environment.in_file("AWS_SECRET_ACCESS_KEY").is_some(),
            folder: folder.to_owned(),
            new_key: false,
        }),
        lines: EnvLines::File(folder.to_owned()),
        dry_run,
        policy_pauses: [Duration::ZERO; 3],
    }
}

fn run(fake: &Fake, plan: &Plan) -> (bool, Vec<Step>) {
    let signed = Signed {
        transport: fake,
        credentials: &credentials(),
        users_url: USERS_URL,
    };
    let mut steps = Vec::new();
    let is_there = plan.run(&signed, &mut |step| steps.push(step));
    (is_there, steps)
}

fn env(folder: &Path) -> String {
    fs::read_to_string(folder.join(".env")).unwrap_or_default()
}

fn outcome<'a>(steps: &'a [Step], part: &str, step: &str) -> &'a Outcome {
    let found = steps
        .iter()
        .find(|it| it.part.contains(part) && it.step == step);
    &found
        .unwrap_or_else(|| panic!("{part}, {step}: {steps:?}"))
        .outcome
}

#[test]
fn second_run_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::default();
    let (is_there, steps) = run(&fake, &plan(folder.path(), false));
    assert!(is_there, "{steps:?}");
    let is_done = |step: &Step| matches!(step.outcome, Outcome::Done { .. });
    assert!(steps.iter().all(is_done), "{steps:?}");
    let (changes, text) = (fake.changes.get(), env(folder.path()));
    for line in [
        "S3_BUCKET_NAME_PROMPTS=prompts\n",
        "AWS_DEFAULT_REGION=eu-central-1\n",
        "AWS_ENDPOINT_URL=http://s3.test\n",
        "AWS_ACCESS_KEY_ID=AKIA1\nAWS_SECRET_ACCESS_KEY='secret/AKIA1+x'\n",
    ] {
        let bare = line.replace('\'', "");
        assert!(
            text.contains(line) || text.contains(&bare),
            "{line}: {text}"
        );
    }
    let (is_there, steps) = run(&fake, &plan(folder.path(), false));
    assert!(is_there, "{steps:?}");
    let was_there = |step: &Step| matches!(step.outcome, Outcome::WasThere { .. });
    assert!(steps.iter().all(was_there), "{steps:?}");
    assert_eq!((fake.changes.get(), env(folder.path())), (changes, text));
}

#[test]
fn dry_run_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::default();
    let (is_there, steps) = run(&fake, &plan(folder.path(), true));
    assert!(is_there, "{steps:?}");
    let is_planned = |step: &Step| matches!(step.outcome, Outcome::Planned { .. });
    assert!(steps.iter().all(is_planned), "{steps:?}");
    assert_eq!(fake.changes.get(), 0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Whatever call is the last, and whether its answer comes or not, the next run ends as one that was not interrupted.
#[test]
fn interrupted_run_is_completed_by_the_next() {
    let whole = Fake::default();
    let folder = tempfile::tempdir().unwrap();
    run(&whole, &plan(folder.path(), false));
    for first in 0..whole.calls.get() {
        for failing in [Failing::Before, Failing::After] {
            let folder = tempfile::tempdir().unwrap();
            let mut fake = Fake {
                fails: Some((first, failing)),
                ..Fake::default()
            };
            let (is_there, _) = run(&fake, &plan(folder.path(), false));
            assert!(!is_there, "{first} {failing:?}");
            fake.fails = None;
            let (is_there, steps) = run(&fake, &plan(folder.path(), false));
            assert!(is_there, "{first} {failing:?}: {steps:?}");
            assert_eq!(fake.buckets, whole.buckets, "{first} {failing:?}");
            let users = fake.users.borrow();
            let [key] = &users[USER].keys[..] else {
                panic!("{first} {failing:?}: {users:?}");
            };
            let text = env(folder.path());
            assert!(
                text.contains(&format!("AWS_ACCESS_KEY_ID={key}\n")),
                "{first}: {text}"
            );
            assert_eq!(users[USER].policies, whole.users.borrow()[USER].policies);
            assert!(!folder.path().join(".provision-s3").exists());
        }
    }
}

fn with_bucket(name: &str, bucket: Bucket) -> Fake {
    let fake = Fake::default();
    fake.buckets.borrow_mut().insert(name.to_owned(), bucket);
    fake
}

fn refused(fake: &Fake, part: &str, step: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let (is_there, steps) = run(fake, &plan(folder.path(), false));
    assert!(!is_there);
    match outcome(&steps, part, step) {
        Outcome::Refused { text, remedy } => (text.clone(), remedy.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn bucket_of_somebody_else_is_left_alone() {
    let fake = with_bucket(
        "prompts",
        Bucket {
            is_foreign: true,
            ..Bucket::default()
        },
    );
    let before = fake.buckets.borrow()["prompts"].clone();
    let (text, remedy) = refused(&fake, "prompts", "bucket");
    assert!(text.contains("somebody else"), "{text}");
    assert!(remedy.contains("another name"), "{remedy}");
    assert_eq!(fake.buckets.borrow()["prompts"], before);
    assert_eq!(
        fake.buckets.borrow()["answers"].parts.len(),
        3,
        "the other one is set up"
    );
}

#[test]
fn bucket_of_another_region_is_named() {
    let fake = with_bucket(
        "answers",
        Bucket {
            region: "us-west-2".to_owned(),
            ..Bucket::default()
        },
    );
    let (text, remedy) = refused(&fake, "answers", "bucket");
    assert!(text.contains("us-west-2"), "{text}");
    assert!(remedy.contains("--region us-west-2"), "{remedy}");
}

#[test]
fn missing_right_is_what_to_ask_for() {
    for (call, part, step, action) in [
        ("PUT", "prompts", "bucket", "s3:CreateBucket"),
        (
            "PUT policy",
            "answers",
            "public read of objects",
            "s3:PutBucketPolicy",
        ),
        (
            "GET lifecycle",
            "answers",
            "expiry of objects",
            "s3:GetLifecycleConfiguration",
        ),
        ("CreateUser", "validator", "user", "iam:CreateUser"),
        (
            "PutUserPolicy",
            "validator",
            "two rights",
            "iam:PutUserPolicy",
        ),
        (
            "CreateAccessKey",
            "validator",
            "access key",
            "iam:CreateAccessKey",
        ),
    ] {
        let fake = Fake {
            denied: vec![call],
            ..Fake::default()
        };
        let (_, remedy) = refused(&fake, part, step);
        assert!(remedy.contains(action), "{call}: {remedy}");
    }
}

/// The note would take a key that somebody makes by hand for one whose secret is lost, and delete it.
#[test]
fn refused_access_key_leaves_no_note() {
    let fake = Fake {
        denied: vec!["CreateAccessKey"],
        ..Fake::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let (is_there, _) = run(&fake, &plan(folder.path(), false));
    assert!(!is_there);
    assert!(!folder.path().join(".provision-s3").exists());
}

/// AWS refuses a policy for some seconds after the block of public access was changed.
#[test]
fn policy_is_tried_again_after_the_block_is_gone() {
    let fake = Fake {
        late_policies: 3.into(),
        ..Fake::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let (is_there, steps) = run(&fake, &plan(folder.path(), false));
    assert!(is_there, "{steps:?}");
    assert_eq!(fake.late_policies.get(), 0);
}

/// A service whose bucket for prompts has one part.
fn with_part(part: &str, text: &str) -> Fake {
    let parts = [(part.to_owned(), text.to_owned())];
    with_bucket(
        "prompts",
        Bucket {
            region: "eu-central-1".to_owned(),
            parts: parts.into(),
            ..Bucket::default()
        },
    )
}

#[test]
fn policy_that_allows_more_stays() {
    let policy = r#"{"Statement":[{"Sid":"x","Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}"#;
    let fake = with_part("policy", policy);
    let (text, _) = refused(&fake, "prompts", "public read of objects");
    assert!(text.contains("\"x\""), "{text}");
    assert_eq!(fake.buckets.borrow()["prompts"].parts["policy"], policy);
}

/// Samples would be used longer than their prompts are there.
#[test]
fn earlier_rule_of_somebody_else_is_told() {
    let rule = "<Rule><ID>all</ID><Filter></Filter><Status>Enabled</Status><Expiration><Days>7</Days></Expiration></Rule>";
    let fake = with_part("lifecycle", rule);
    let folder = tempfile::tempdir().unwrap();
    // The second run finds our rule beside the other one.
    for _ in 0..2 {
        let (is_there, steps) = run(&fake, &plan(folder.path(), false));
        assert!(is_there, "{steps:?}");
        let step = format!("{:?}", outcome(&steps, "prompts", "expiry of objects"));
        assert!(step.contains("after 14 days, but"), "{step}");
        assert!(step.contains("after 7 days"), "{step}");
    }
}

#[test]
fn service_without_block_and_rules_needs_none() {
    for unknown in [
        ["publicAccessBlock", "lifecycle"],
        ["PUT publicAccessBlock", "PUT lifecycle"],
    ] {
        let fake = Fake {
            unknown: unknown.to_vec(),
            ..Fake::default()
        };
        let folder = tempfile::tempdir().unwrap();
        let (is_there, steps) = run(&fake, &plan(folder.path(), false));
        assert!(is_there, "{steps:?}");
        let is_not_needed = |step: &&Step| matches!(step.outcome, Outcome::NotNeeded { .. });
        assert_eq!(steps.iter().filter(is_not_needed).count(), 4);
    }
}

fn with_user(user: User) -> Fake {
    let fake = Fake::default();
    fake.users.borrow_mut().insert(USER.to_owned(), user);
    fake
}

#[test]
fn user_that_exists_gets_rights_and_a_key() {
    let fake = with_user(User::default());
    let folder = tempfile::tempdir().unwrap();
    let (is_there, steps) = run(&fake, &plan(folder.path(), false));
    assert!(is_there, "{steps:?}");
    assert_eq!(outcome(&steps, USER, "user"), &Outcome::was_there(""));
    assert_eq!(fake.users.borrow()[USER].policies.len(), 1);
}

#[test]
fn user_with_other_rights_is_refused() {
    let fake = with_user(User {
        groups: vec!["admins".to_owned()],
        ..User::default()
    });
    let (text, _) = refused(&fake, USER, "two rights");
    assert!(text.contains("group \"admins\""), "{text}");
}

#[test]
fn user_with_two_keys_gets_no_third() {
    let fake = with_user(User {
        keys: vec!["AKIAX".to_owned(), "AKIAY".to_owned()],
        ..User::default()
    });
    let (text, remedy) = refused(&fake, USER, "access key");
    assert!(text.contains("2 access keys"), "{text}");
    assert!(
        remedy.contains("delete-access-key --user-name validator --access-key-id AKIAX"),
        "{remedy}"
    );
    assert_eq!(fake.users.borrow()[USER].keys.len(), 2);
}

#[test]
fn key_of_the_operator_in_the_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    let text = "AWS_ACCESS_KEY_ID=ADMIN\nAWS_SECRET_ACCESS_KEY=s\n";
    fs::write(folder.path().join(".env"), text).unwrap();
    let fake = Fake::default();
    let (is_there, steps) = run(&fake, &plan(folder.path(), false));
    assert!(!is_there);
    assert!(matches!(
        outcome(&steps, USER, "access key"),
        Outcome::Refused { .. }
    ));
    assert!(env(folder.path()).starts_with(text));
    assert_eq!(fake.users.borrow()[USER].keys, [""; 0]);
}

/// A key whose secret can be written nowhere is not left behind.
#[test]
fn key_that_cannot_be_stored_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), false);
    fs::create_dir(folder.path().join(".env")).unwrap();
    let fake = Fake::default();
    let (is_there, steps) = run(&fake, &plan);
    assert!(!is_there);
    assert!(matches!(
        outcome(&steps, USER, "access key"),
        Outcome::Refused { .. }
    ));
    assert_eq!(fake.users.borrow()[USER].keys, [""; 0]);
    assert!(!folder.path().join(".provision-s3").exists());
}
