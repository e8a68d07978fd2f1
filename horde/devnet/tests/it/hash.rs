//! Hash jobs with small masks. Payloads and answers were made by the validator's own script under Python, with a program in
//! place of hashcat that tries all passwords.

use std::io::{Cursor, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use horde_calc::hash_job::{DOCKER_IMAGE, SCRIPT};
use horde_proto::Volume;
use horde_proto::miner::{JobRequest, ToMiner};
use horde_proto::volume::InlineVolume;
use serde::Deserialize;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::client::{Client, echo_job, one, stdout_of, uuid};

#[derive(Deserialize)]
struct HashJob {
    version: String,
    start_key: Option<String>,
    payload: String,
    stdout: String,
}

fn jobs() -> Vec<HashJob> {
    serde_json::from_str(include_str!("hash_jobs.json")).unwrap()
}

fn volume(payload: &str) -> Volume {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::DEFAULT.compression_method(CompressionMethod::Stored);
    archive.start_file("payload.txt", stored).unwrap();
    archive.write_all(payload.as_bytes()).unwrap();
    let zip = archive.finish().unwrap().into_inner();
    InlineVolume {
        contents: STANDARD.encode(zip),
        relative_path: None,
    }
    .into()
}

fn hash_job(uuid: &str, job: &HashJob) -> JobRequest {
    let script = Some("/script.py".to_owned()).into_iter();
    JobRequest {
        docker_image_name: Some(DOCKER_IMAGE.to_owned()),
        raw_script: Some(SCRIPT.to_owned()),
        docker_run_cmd: script.chain(job.start_key.clone()).collect(),
        volume: None,
        ..echo_job(uuid)
    }
}

#[tokio::test]
async fn hash_jobs_are_solved_as_by_the_script() {
    let devnet = one(&[]).await;
    let mut client = Client::admitted(&devnet).await;
    for job in jobs() {
        let uuid = uuid();
        let mut reservation = client.reservation(&uuid);
        let mut request = hash_job(&uuid, &job);
        // The volume of version 2 comes with the reservation, which only the key opens.
        match job.start_key {
            Some(_) => reservation.volume = Some(volume(&job.payload)),
            None => request.volume = Some(volume(&job.payload)),
        }
        client
            .send(ToMiner::InitialJob(Box::new(reservation)))
            .await;
        let tags = client.tags().await;
        assert_eq!(tags, ["V0AcceptJobRequest", "V0ExecutorReadyRequest"]);
        client.confirm(&uuid).await;
        client.run(request).await;
        let stdout = stdout_of(client.message().await, &uuid);
        assert_eq!(stdout, job.stdout, "{}", job.version);
    }
    assert_eq!(devnet.report(0).unwrap().violations, []);
}
