//! The REST of users.

use horde_devnet::facilitator::{Facilitator, Faults, user_keypair};
use horde_proto::facilitator::JobStatus::{Accepted, Failed};
use horde_proto::facilitator::{JobRequest, V2JobRequest};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::validator::{Validator, echo_order, with};
use crate::client::ECHO_IMAGE;

async fn ask(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let request = request.header("Authorization", "Token devnet");
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

fn url(facilitator: &Facilitator, path: &str) -> String {
    format!("http://{}{path}", facilitator.address())
}

async fn post(facilitator: &Facilitator, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = reqwest::Client::new().post(url(facilitator, path));
    ask(request.json(body)).await
}

async fn get(facilitator: &Facilitator, path: &str) -> (StatusCode, Value) {
    ask(reqwest::Client::new().get(url(facilitator, path))).await
}

#[tokio::test]
async fn docker_job_is_ordered_and_watched() {
    let facilitator = with(&[]).await;
    let mut socket = Validator::admitted(&facilitator).await;
    // The body of the published client.
    let body = json!({
        "docker_image": ECHO_IMAGE, "args": "a  b", "env": {"X": "1"}, "use_gpu": true, "input_url": "",
    });
    let (status, ordered) = post(&facilitator, "/api/v1/job-docker/", &body).await;
    assert_eq!(
        (status, &ordered["status"]),
        (StatusCode::CREATED, &json!("Sent"))
    );
    let JobRequest::V2(request) = socket.job().await else {
        panic!("another version");
    };
    assert_eq!(json!(request.uuid), ordered["uuid"]);
    assert_eq!(request.args, ["a", "b"]);
    assert_eq!(request.env["X"], "1");
    assert!(request.use_gpu);
    assert_eq!(request.verify().unwrap(), user_keypair(0).public());

    let path = format!("/api/v1/jobs/{}/", request.uuid);
    for (status, stdout, shown) in [(Accepted, "", "Accepted"), (Failed, "out", "Failed")] {
        socket.send_status(&request.uuid, status, stdout).await;
        socket.response().await;
        let (code, job) = get(&facilitator, &path).await;
        assert_eq!(code, StatusCode::OK);
        assert_eq!(job["status"], shown);
        assert_eq!(job["stdout"], stdout);
        assert_eq!(job["comment"], format!("it is {status}"));
        assert_eq!(job["is_dead"], json!(false));
    }
}

#[tokio::test]
async fn raw_jobs_go_out_in_the_version_of_choice() {
    let facilitator = with(&[]).await;
    let mut socket = Validator::admitted(&facilitator).await;
    for version in ["V0", "V1"] {
        let body = json!({"raw_script": "print(1)", "version": version, "miner_hotkey": "5F6"});
        let (status, _) = post(&facilitator, "/api/v1/job-raw/", &body).await;
        assert_eq!(status, StatusCode::CREATED);
        let request = socket.job().await;
        assert_eq!(request.tag(), format!("{version}JobRequest"));
    }
}

#[tokio::test]
async fn jobs_are_listed_by_pages_newest_first() {
    let facilitator = with(&[]).await;
    let _socket = Validator::admitted(&facilitator).await;
    let uuids: Vec<_> = (0..3)
        .map(|_| facilitator.submit(&echo_order()).unwrap())
        .collect();
    let (_, first) = get(&facilitator, "/api/v1/jobs/?page=1&page_size=2").await;
    assert_eq!(first["count"], 3);
    assert_eq!(first["results"][0]["uuid"], json!(uuids[2]));
    assert_eq!(first["previous"], Value::Null);
    let (_, second) = get(&facilitator, first["next"].as_str().unwrap()).await;
    assert_eq!(second["results"].as_array().unwrap().len(), 1);
    assert_eq!(second["results"][0]["uuid"], json!(uuids[0]));
    assert_eq!(second["next"], Value::Null);
}

#[tokio::test]
async fn own_signature_of_a_user_is_passed_on() {
    let facilitator = with(&[]).await;
    let mut socket = Validator::admitted(&facilitator).await;
    let mut signed = V2JobRequest {
        signature: None,
        uuid: String::new(),
        executor_class: Default::default(),
        docker_image: ECHO_IMAGE.to_owned(),
        raw_script: String::new(),
        args: Vec::new(),
        env: Default::default(),
        use_gpu: false,
        volume: None,
        output_upload: None,
    };
    signed.sign(&user_keypair(9), 123, &[1; 32]);
    let signature = signed.signature.unwrap();
    let order = |image: &str| {
        reqwest::Client::new()
            .post(url(&facilitator, "/api/v1/job-docker/"))
            .header("X-CH-Signature-Type", &signature.signature_type)
            .header("X-CH-Signatory", &signature.signatory)
            .header("X-CH-Timestamp-NS", signature.timestamp_ns)
            .json(&json!({"docker_image": image}))
    };
    let with_signature = |image| order(image).header("X-CH-Signature", &signature.signature);
    let (status, _) = ask(with_signature(ECHO_IMAGE)).await;
    assert_eq!(status, StatusCode::CREATED);
    let JobRequest::V2(request) = socket.job().await else {
        panic!("another version");
    };
    assert_eq!(request.signature.as_ref(), Some(&signature));
    let (status, answer) = ask(with_signature("another")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        answer["detail"].as_str().unwrap().contains("X-CH-*"),
        "{answer}"
    );
    let (status, answer) = ask(order(ECHO_IMAGE)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        answer["detail"]
            .as_str()
            .unwrap()
            .contains("x-ch-signature"),
        "{answer}"
    );
}

#[tokio::test]
async fn faulty_orders_are_refused_with_their_remedy() {
    let facilitator = with(&[]).await;
    let docker = "/api/v1/job-docker/";
    let (status, answer) = post(&facilitator, docker, &json!({"docker_image": "i"})).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        answer["detail"]
            .as_str()
            .unwrap()
            .starts_with("no validator"),
        "{answer}"
    );
    let _socket = Validator::admitted(&facilitator).await;
    for (body, expected) in [
        (json!({}), "docker_image alone"),
        (
            json!({"docker_image": "i", "raw_script": "s"}),
            "docker_image alone",
        ),
        (json!({"docker_image": "i", "x": 1}), "unknown field `x`"),
        (
            json!({"docker_image": "i", "executor_class": "abacus"}),
            "abacus",
        ),
        (json!({"docker_image": "i", "version": "V3"}), "V3"),
        (
            json!({"docker_image": "i", "version": "V1"}),
            "names its miner",
        ),
        (
            json!({"docker_image": "i", "output_url": "u"}),
            "cannot carry output_url",
        ),
    ] {
        let (status, answer) = post(&facilitator, docker, &body).await;
        assert!(status.is_client_error(), "{body}");
        assert!(
            answer["detail"].as_str().unwrap().contains(expected),
            "{answer}"
        );
    }
    assert!(facilitator.jobs().is_empty());
    let (status, _) = get(&facilitator, "/api/v1/jobs/none/").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn users_without_the_token_are_refused() {
    let facilitator = with(&[]).await;
    let client = reqwest::Client::new();
    for value in ["", "Token other", "Bearer devnet", "Token devnet2"] {
        for path in ["/api/v1/jobs/", "/api/v1/jobs/none/"] {
            let request = client.get(url(&facilitator, path));
            let response = request.header("Authorization", value).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{value}");
        }
        let request = client.post(url(&facilitator, "/api/v1/job-raw/"));
        let request = request.json(&json!({"raw_script": "s"}));
        let response = request.header("Authorization", value).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{value}");
    }
}

#[tokio::test]
async fn argument_of_1_mib_reaches_the_validator() {
    let facilitator = with(&["large-args:1000"]).await;
    let mut socket = Validator::admitted(&facilitator).await;
    facilitator.submit(&echo_order()).unwrap();
    socket.job().await;
    facilitator.set_faults(Faults::default());
    let order = json!({"docker_image": ECHO_IMAGE, "args": ["y".repeat(1 << 20)]});
    let (status, _) = post(&facilitator, "/api/v1/job-docker/", &order).await;
    assert_eq!(status, StatusCode::CREATED);
    let JobRequest::V2(request) = socket.job().await else {
        panic!("another version");
    };
    assert_eq!(request.args[0].len(), 1 << 20);
}
