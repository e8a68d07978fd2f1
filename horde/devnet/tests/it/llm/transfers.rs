//! Volumes that are downloaded, and outputs that are uploaded, for programs and images.

use std::io::{Cursor, Read as _, Write as _};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::any;
use horde_devnet::Config;
use horde_proto::miner::{JobRequest, ToValidator};
use horde_proto::upload::{
    MultiUpload, SingleFilePostUpload, ZipAndHttpPostUpload, ZipAndHttpPutUpload, ZipUpload,
};
use horde_proto::volume::{HuggingfaceVolume, MultiVolume, SingleFileVolume, ZipUrlVolume};
use horde_proto::{ExecutorClass, OutputUpload, TextMap, Volume};
use tokio::net::TcpListener;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::client::{Client, ECHO_IMAGE, echo_volume, start, stdout_of, uuid};

use super::site::{ANSWERS, LlmSite, PROMPTS, fault_of, run};

/// A program that copies `/volume/` to its output, and prints the names of its files.
const SCRIPT: &str = "
import os, shutil
shutil.copytree('volume', 'output', dirs_exist_ok=True)
for folder, _, files in sorted(os.walk('output')):
    for name in sorted(files):
        print(os.path.join(folder, name))
";

fn script_job(volume: Option<Volume>, upload: Option<OutputUpload>) -> JobRequest {
    JobRequest {
        executor_class: Some(ExecutorClass::default()),
        docker_image_name: None,
        raw_script: Some(SCRIPT.to_owned()),
        volume,
        output_upload: upload,
        ..super::site::llm_job(&uuid(), "")
    }
}

fn zip(name: &str, contents: &str) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // As `zip` makes it: compressed.
    archive
        .start_file(name, SimpleFileOptions::DEFAULT)
        .unwrap();
    archive.write_all(contents.as_bytes()).unwrap();
    archive.finish().unwrap().into_inner()
}

/// The files of a zip file.
fn unzipped(bytes: &[u8]) -> Vec<(String, String)> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        files.push((entry.name().to_owned(), text));
    }
    files
}

#[tokio::test]
async fn program_gets_each_kind_of_volume() {
    let site = LlmSite::start(&[], &[]).await;
    let text = "compressed ".repeat(1_000);
    site.s3
        .put_object(PROMPTS, "a.zip", zip("in/a.txt", &text))
        .unwrap();
    site.s3.put_object(PROMPTS, "b.txt", "single").unwrap();
    let zip_url = ZipUrlVolume {
        contents: site.url(PROMPTS, "a.zip").into(),
        relative_path: Some("zipped".to_owned()),
    };
    let single = SingleFileVolume {
        url: site.url(PROMPTS, "b.txt").into(),
        relative_path: "deep/b.txt".to_owned(),
    };
    let Volume::Single(inline) = echo_volume() else {
        panic!("an inline volume is single");
    };
    let multi = Volume::Multi(MultiVolume {
        volumes: vec![inline, zip_url.clone().into(), single.clone().into()],
    });
    let mut client = Client::admitted(&site.devnet).await;
    let all = "output/payload.txt\noutput/deep/b.txt\noutput/zipped/in/a.txt\n";
    for (volume, expected) in [
        (multi, all),
        (zip_url.into(), "output/zipped/in/a.txt\n"),
        (single.into(), "output/deep/b.txt\n"),
    ] {
        let request = script_job(Some(volume), None);
        let uuid = request.job_uuid.clone();
        assert_eq!(stdout_of(run(&mut client, request).await, &uuid), expected);
    }
}

#[tokio::test]
async fn image_gets_a_volume_by_url() {
    let site = LlmSite::start(&[], &[]).await;
    site.s3
        .put_object(PROMPTS, "a.zip", zip("payload.txt", "by URL"))
        .unwrap();
    let volume = ZipUrlVolume {
        contents: site.url(PROMPTS, "a.zip").into(),
        relative_path: None,
    };
    let request = JobRequest {
        docker_image_name: Some(ECHO_IMAGE.to_owned()),
        raw_script: None,
        ..script_job(Some(volume.into()), None)
    };
    let mut client = Client::admitted(&site.devnet).await;
    let uuid = request.job_uuid.clone();
    assert_eq!(stdout_of(run(&mut client, request).await, &uuid), "by URL");
}

#[tokio::test]
async fn passing_fault_of_a_download_is_retried() {
    let site = LlmSite::start(&[], &[]).await;
    site.s3.put_object(PROMPTS, "b.txt", "single").unwrap();
    site.set_s3_faults(&[
        "status:500@get=prompts/b.txt*1",
        "cut-short@get=prompts/b.txt*1",
    ]);
    let single = SingleFileVolume {
        url: site.url(PROMPTS, "b.txt").into(),
        relative_path: "b.txt".to_owned(),
    };
    let request = script_job(Some(single.into()), None);
    let mut client = Client::admitted(&site.devnet).await;
    let uuid = request.job_uuid.clone();
    let stdout = stdout_of(run(&mut client, request).await, &uuid);
    assert_eq!(stdout, "output/b.txt\n");
}

#[tokio::test]
async fn failed_download_ends_the_job() {
    let site = LlmSite::start(&[], &[]).await;
    site.s3
        .put_object(PROMPTS, "b.txt", "not a zip file")
        .unwrap();
    let zip_url = |key| ZipUrlVolume {
        contents: site.url(PROMPTS, key).into(),
        relative_path: None,
    };
    let huggingface = HuggingfaceVolume {
        repo_id: "org/model".to_owned(),
        revision: None,
        relative_path: None,
    };
    let outside = SingleFileVolume {
        url: site.url(PROMPTS, "b.txt").into(),
        relative_path: "../b.txt".to_owned(),
    };
    let no_url = SingleFileVolume {
        url: "file:///etc/passwd".into(),
        relative_path: "b.txt".to_owned(),
    };
    let no_host = SingleFileVolume {
        url: "http://127.0.0.1:1/secret?X-Amz-Signature=5ec4e7".into(),
        relative_path: "b.txt".to_owned(),
    };
    let mut client = Client::admitted(&site.devnet).await;
    for (volume, expected) in [
        (
            zip_url("missing").into(),
            "part 0 of the volume cannot be downloaded: the other side answers with status 404",
        ),
        (
            zip_url("b.txt").into(),
            "the contents of the zip_url volume are not a zip file",
        ),
        (
            Volume::from(huggingface),
            "this miner has no access to repositories of huggingface.co",
        ),
        (
            outside.into(),
            "the name of a file in the volume leads out of it",
        ),
        (
            no_url.into(),
            "part 0 of the volume cannot be downloaded: the URL, or a header that goes with it",
        ),
        (
            no_host.into(),
            "part 0 of the volume cannot be downloaded: no answer of the other side",
        ),
    ] {
        let fault = fault_of(run(&mut client, script_job(Some(volume), None)).await);
        assert!(fault.starts_with(expected), "{fault}");
        assert!(!fault.contains("5ec4e7"), "{fault}");
    }
}

#[tokio::test]
async fn program_uploads_single_files_and_the_rest() {
    let site = LlmSite::start(&[], &[]).await;
    let single = site.put(ANSWERS, "payload", "payload.txt");
    let rest = ZipAndHttpPutUpload {
        url: site.presigned(ANSWERS, "rest").into(),
    };
    let upload = MultiUpload {
        uploads: vec![single.into()],
        system_output: Some(ZipUpload::Put(rest)),
    };
    let mut client = Client::admitted(&site.devnet).await;
    let request = script_job(Some(echo_volume()), Some(upload.into()));
    let ended = run(&mut client, request).await;
    assert_eq!(ended.tag(), "V0JobFinishedRequest");
    assert_eq!(site.text(ANSWERS, "payload"), "organic!");
    let rest = unzipped(&site.s3.object(ANSWERS, "rest").unwrap());
    let expected = [
        ("stderr.txt".to_owned(), String::new()),
        ("stdout.txt".to_owned(), "output/payload.txt\n".to_owned()),
    ];
    assert_eq!(rest, expected);

    let whole = ZipAndHttpPutUpload {
        url: site.presigned(ANSWERS, "whole").into(),
    };
    let request = script_job(Some(echo_volume()), Some(whole.into()));
    assert_eq!(
        run(&mut client, request).await.tag(),
        "V0JobFinishedRequest"
    );
    let whole = unzipped(&site.s3.object(ANSWERS, "whole").unwrap());
    assert_eq!(whole[0], ("payload.txt".to_owned(), "organic!".to_owned()));
    assert_eq!(whole.len(), 3);
}

/// What was posted: types and bodies.
type Posted = Arc<Mutex<Vec<(String, String)>>>;

async fn take_post(State(posted): State<Posted>, headers: HeaderMap, body: Bytes) {
    let content_type = headers["content-type"].to_str().unwrap().to_owned();
    let body = String::from_utf8_lossy(&body).into_owned();
    posted.lock().unwrap().push((content_type, body));
}

#[tokio::test]
async fn posts_are_forms_with_their_fields() {
    let posted = Posted::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/up", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/up", any(take_post))
        .with_state(posted.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let fields: TextMap = [("key".to_owned(), "solved/1".to_owned())]
        .into_iter()
        .collect();
    let single = SingleFilePostUpload {
        url: url.as_str().into(),
        form_fields: Some(fields.clone()),
        relative_path: "payload.txt".to_owned(),
        signed_headers: None,
    };
    let whole = ZipAndHttpPostUpload {
        url: url.as_str().into(),
        form_fields: Some(fields),
    };
    let devnet = start(Config::default()).await;
    let mut client = Client::admitted(&devnet).await;
    for (upload, name) in [
        (OutputUpload::from(single), "payload.txt"),
        (whole.into(), "output.zip"),
    ] {
        let request = script_job(Some(echo_volume()), Some(upload));
        assert_eq!(
            run(&mut client, request).await.tag(),
            "V0JobFinishedRequest"
        );
        let (content_type, body) = posted.lock().unwrap().pop().unwrap();
        let boundary = content_type
            .strip_prefix("multipart/form-data; boundary=")
            .unwrap();
        let start = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nsolved/1\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        assert!(body.starts_with(&start), "{body}");
        assert!(body.ends_with(&format!("\r\n--{boundary}--\r\n")), "{body}");
        if name == "payload.txt" {
            assert!(body.contains("\r\n\r\norganic!\r\n"), "{body}");
        }
    }
}

#[tokio::test]
async fn failed_upload_fails_the_job() {
    let site = LlmSite::start(&[], &[]).await;
    let mut client = Client::admitted(&site.devnet).await;
    let missing = site.put(ANSWERS, "missing", "missing.txt");
    let fault = fault_of(run(&mut client, script_job(None, Some(missing.into()))).await);
    let expected = "the job has left no file \"missing.txt\" in /output/ to upload";
    assert_eq!(fault, expected);

    site.set_s3_faults(&["403@put=answers/payload"]);
    let refused = site.put(ANSWERS, "payload", "payload.txt");
    let request = script_job(Some(echo_volume()), Some(refused.clone().into()));
    let fault = fault_of(run(&mut client, request).await);
    let expected = "payload.txt cannot be uploaded: the other side answers with status 403";
    assert_eq!(fault, expected);
    // Two failures are retried.
    site.set_s3_faults(&["status:503@put=answers/payload*2"]);
    let request = script_job(Some(echo_volume()), Some(refused.into()));
    let ended = run(&mut client, request).await;
    assert!(matches!(ended, ToValidator::JobFinished(_)), "{ended:?}");
    assert_eq!(site.text(ANSWERS, "payload"), "organic!");
}

#[tokio::test]
async fn failed_program_uploads_nothing() {
    let site = LlmSite::start(&[], &[]).await;
    let mut client = Client::admitted(&site.devnet).await;
    let upload = site.put(ANSWERS, "stdout", "stdout.txt");
    let mut request = script_job(None, Some(upload.into()));
    request.raw_script = Some("import sys; print('x'); sys.exit(3)".to_owned());
    let ToValidator::JobFailed(failed) = run(&mut client, request).await else {
        panic!("the program ended well");
    };
    assert_eq!(failed.docker_process_exit_status, Some(3));
    assert_eq!(failed.docker_process_stdout, "x\n");
    assert_eq!(site.s3.object(ANSWERS, "stdout"), None);
}
