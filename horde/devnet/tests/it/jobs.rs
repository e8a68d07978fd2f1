//! Whole jobs of an honest miner.

use horde_devnet::{Config, MessageKind, miner_keypair};
use horde_proto::miner::{ExecutorClassManifest, JobRequest, ManifestClass, ToMiner, ToValidator};
use horde_proto::volume::InlineVolume;
use horde_proto::{ExecutorClass, Payload};

use crate::client::{Client, echo_job, echo_volume, one, start, stdout_of, uuid};

#[tokio::test]
async fn echo_job_runs_from_reservation_to_receipt() {
    let devnet = one(&[]).await;
    let mut client = Client::authenticated(&devnet).await;
    let ToValidator::ExecutorManifest(manifest) = client.message().await else {
        panic!("no manifest");
    };
    let expected = ExecutorClassManifest {
        executor_class: ManifestClass::Named(ExecutorClass::default()),
        count: 1,
    };
    assert_eq!(manifest.manifest.executor_classes, [expected]);
    let uuid = uuid();
    client.prepare(&uuid).await;
    client.run(echo_job(&uuid)).await;
    let specs = ToValidator::parse(&client.text().await).unwrap();
    assert!(matches!(specs, ToValidator::MachineSpecs(_)), "{specs:?}");
    assert_eq!(stdout_of(client.message().await, &uuid), "organic!");
    client.acknowledge(&uuid).await;
    client.settle().await;

    let report = devnet.report(0).unwrap();
    assert_eq!(report.violations, []);
    let hotkey = miner_keypair(0, 0).public().to_ss58();
    assert_eq!(report.hotkey, hotkey);
    assert_eq!(report.receipts.len(), 3);
    for receipt in &report.receipts {
        receipt.verify(&hotkey).unwrap();
        assert_eq!(receipt.payload.job_uuid(), uuid);
    }
    for kind in [
        MessageKind::Authentication,
        MessageKind::Reservation,
        MessageKind::AcceptedReceipt,
        MessageKind::Run,
        MessageKind::FinishedReceipt,
    ] {
        assert_eq!(report.count(kind), 1, "{kind:?}");
        assert_eq!(report.times_us(kind).count(), 1, "{kind:?}");
    }
    assert!(report.reads.is_sorted_by_key(|read| read.at_us));
    assert_eq!(report.unfinished_job_count, 0);
    assert!(
        report.receipts[0]
            .payload
            .to_blob()
            .contains("JobStartedReceipt")
    );
}

#[tokio::test]
async fn frames_before_authentication_are_handled_after_it() {
    let devnet = one(&[]).await;
    let mut client = Client::open(&devnet).await;
    let uuid = uuid();
    client.authenticate().await;
    client.reserve(&uuid).await;
    let tags = client.tags().await;
    let expected = [
        "V0ExecutorManifestRequest",
        "V0AcceptJobRequest",
        "V0ExecutorReadyRequest",
    ];
    assert_eq!(tags, expected);
}

#[tokio::test]
async fn busy_miner_declines_and_stores_the_receipt() {
    let devnet = one(&[]).await;
    let mut client = Client::admitted(&devnet).await;
    let (first, second) = (uuid(), uuid());
    client.prepare(&first).await;
    client.reserve(&second).await;
    assert_eq!(client.tags().await, ["V0DeclineJobRequest"]);
    let report = devnet.report(0).unwrap();
    assert_eq!(report.receipts.len(), 3);
    // The executor of a finished job is free again.
    client.run(echo_job(&first)).await;
    assert_eq!(client.tags().await, ["V0JobFinishedRequest"]);
    client.prepare(&uuid()).await;
}

#[tokio::test]
async fn instant_miner_answers_at_once_without_specs() {
    let devnet = start(Config {
        is_instant: true,
        executors: 10,
        ..Config::default()
    })
    .await;
    let mut client = Client::admitted(&devnet).await;
    for _ in 0..10 {
        let uuid = uuid();
        client.prepare(&uuid).await;
        client.run(echo_job(&uuid)).await;
        let text = client.text().await;
        let message = ToValidator::parse(&text).unwrap();
        assert_eq!(stdout_of(message, &uuid), "organic!");
    }
}

/// The request to run a script without an image.
fn script_job(uuid: &str, script: &str) -> JobRequest {
    JobRequest {
        docker_image_name: None,
        raw_script: Some(script.to_owned()),
        volume: None,
        ..echo_job(uuid)
    }
}

/// Runs one job and returns its result.
async fn result_of(change: impl FnOnce(&mut JobRequest)) -> ToValidator {
    let devnet = one(&[]).await;
    let mut client = Client::admitted(&devnet).await;
    let uuid = uuid();
    client.prepare(&uuid).await;
    let mut request = script_job(&uuid, "");
    change(&mut request);
    client.run(request).await;
    client.message().await
}

#[tokio::test]
async fn script_runs_in_python_as_in_the_recording() {
    let result = result_of(|job| job.raw_script = Some("print('raw hi')".to_owned())).await;
    let ToValidator::JobFinished(finished) = result else {
        panic!("{result:?}");
    };
    assert_eq!(finished.docker_process_stdout, "raw hi\n");
}

#[tokio::test]
async fn failed_script_reports_status_and_short_output() {
    let script = "import sys; print('x'*1200); sys.exit(3)";
    let result = result_of(|job| job.raw_script = Some(script.to_owned())).await;
    let ToValidator::JobFailed(failed) = result else {
        panic!("{result:?}");
    };
    assert_eq!(failed.docker_process_exit_status, Some(3));
    let expected = format!("{} ... {}\n", "x".repeat(100), "x".repeat(99));
    assert_eq!(failed.docker_process_stdout, expected);
}

#[tokio::test]
async fn program_sees_its_volume_and_no_environment() {
    let command = ["env", "cat", "/volume/payload.txt"];
    let result = result_of(|job| {
        job.docker_image_name = Some("backenddevelopersltd/any:v1".to_owned());
        job.raw_script = None;
        job.docker_run_cmd = command.map(str::to_owned).to_vec();
        job.volume = Some(echo_volume());
    });
    let ToValidator::JobFinished(finished) = result.await else {
        panic!("the program failed");
    };
    assert_eq!(finished.docker_process_stdout, "organic!");
    let result = result_of(|job| {
        job.docker_image_name = Some("backenddevelopersltd/any:v1".to_owned());
        job.raw_script = None;
        job.docker_run_cmd = vec!["env".to_owned()];
    });
    let ToValidator::JobFinished(finished) = result.await else {
        panic!("the program failed");
    };
    let mut names = finished.docker_process_stdout.lines();
    assert!(names.all(|line| line.starts_with("PATH=")), "{finished:?}");
}

#[tokio::test]
async fn program_is_stopped_at_its_timeout() {
    let devnet = one(&[]).await;
    let mut client = Client::admitted(&devnet).await;
    let uuid = uuid();
    let mut reservation = client.reservation(&uuid);
    reservation.timeout_seconds = Some(1);
    client
        .send(ToMiner::InitialJob(Box::new(reservation)))
        .await;
    client.tags::<2>().await;
    client.confirm(&uuid).await;
    // The child of the program would hold its output open for longer than the test may take.
    let script = "import subprocess; subprocess.run(['sleep', '100'])";
    client.run(script_job(&uuid, script)).await;
    let ToValidator::JobFailed(failed) = client.message().await else {
        panic!("the program ended");
    };
    assert_eq!(failed.docker_process_exit_status, None);
    assert_eq!(
        failed.docker_process_stdout,
        "the program was stopped after 1 s"
    );
}

#[tokio::test]
async fn image_of_another_house_fails() {
    let devnet = one(&[]).await;
    let mut client = Client::admitted(&devnet).await;
    let uuid = uuid();
    client.prepare(&uuid).await;
    let request = JobRequest {
        docker_image_name: Some("python:3.11-slim".to_owned()),
        ..echo_job(&uuid)
    };
    client.run(request).await;
    assert_eq!(client.tags().await, ["V0ExecutorFailedRequest"]);
}

#[tokio::test]
async fn missing_program_fails_with_127() {
    let result = result_of(|job| {
        job.docker_image_name = Some("backenddevelopersltd/any:v1".to_owned());
        job.raw_script = None;
        job.docker_run_cmd = vec!["no-such-program".to_owned()];
    });
    let ToValidator::JobFailed(failed) = result.await else {
        panic!("the program ran");
    };
    assert_eq!(failed.docker_process_exit_status, Some(127));
}

#[tokio::test]
async fn frame_of_more_than_50_mib_is_read() {
    let devnet = one(&[]).await;
    let mut client = Client::admitted(&devnet).await;
    let uuid = uuid();
    client.prepare(&uuid).await;
    let volume = InlineVolume {
        contents: "A".repeat(55 << 20),
        relative_path: None,
    };
    let request = JobRequest {
        volume: Some(volume.into()),
        ..echo_job(&uuid)
    };
    client.run(request).await;
    let ToValidator::JobFailed(failed) = client.message().await else {
        panic!("the volume was unpacked");
    };
    let expected = "the contents of the inline volume are not a zip file";
    assert!(
        failed.docker_process_stdout.starts_with(expected),
        "{failed:?}"
    );
}
