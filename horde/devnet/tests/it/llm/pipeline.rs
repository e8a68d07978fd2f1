//! Series, workloads and answers, from the generator to a miner that is tested.

use horde_calc::llm::{Answers, check_answers, read_series};
use horde_proto::miner::ToValidator;
use serde_json::Value;

use crate::client::{Client, stdout_of, uuid};

use super::site::{ANSWERS, LlmSite, PROMPTS, SEED, mock_answers, run, solved};

#[tokio::test]
async fn miner_agrees_with_the_trusted_one() {
    let site = LlmSite::start(&[], &[]).await;
    let mut trusted = site.trusted_client().await;
    let (generated, series) = site.generate(&mut trusted, 25, 240).await;
    assert!(
        matches!(generated, ToValidator::JobFinished(_)),
        "{generated:?}"
    );

    // The sampled prompts are a workload, which the trusted miner answers.
    let sampled: Vec<String> = series
        .iter()
        .map(|uuid| {
            let text = site.text(PROMPTS, uuid);
            let lines = read_series(text.as_bytes(), 1).unwrap();
            assert_eq!(lines.len(), 240);
            lines[7].to_owned()
        })
        .collect();
    let (answered, workload) = site.solve(&mut trusted, &sampled.join("\n")).await;
    assert!(
        matches!(answered, ToValidator::JobFinished(_)),
        "{answered:?}"
    );
    let text = site.text(ANSWERS, &solved(&workload));
    let expected = Answers::read(text.as_bytes(), sampled.iter().map(String::as_str)).unwrap();

    // A miner that is tested gets a whole series.
    let mut client = Client::admitted(&site.devnet).await;
    let (job, file) = (uuid(), uuid());
    let request = site.solving(&job, &file, site.url(PROMPTS, &series[3]));
    assert_eq!(stdout_of(run(&mut client, request).await, &job), "");
    let text = site.text(ANSWERS, &solved(&file));
    let given = Answers::read(text.as_bytes(), [sampled[3].as_str()]).unwrap();
    let answer = expected.answer(3, &sampled[3]).unwrap();
    check_answers([(sampled[3].as_str(), answer)], &given).unwrap();
    let answers: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answers.as_object().unwrap().len(), 240);
}

#[tokio::test]
async fn solver_reads_lines_by_its_own_rule() {
    let site = LlmSite::start(&[], &[]).await;
    let mut client = site.trusted_client().await;
    // U+2028 is part of a line, a carriage return ends one.
    let text = "  What is 2+2?\u{a0}\r\n\r\nWie heißt\u{2028}der Berg?\rCount to ten\n\n \u{1c}";
    let (ended, file) = site.solve(&mut client, text).await;
    assert!(matches!(ended, ToValidator::JobFinished(_)), "{ended:?}");
    let answers: Value = serde_json::from_str(&site.text(ANSWERS, &solved(&file))).unwrap();
    let prompts = ["What is 2+2?", "Wie heißt\u{2028}der Berg?", "Count to ten"];
    assert_eq!(answers, mock_answers(SEED, &prompts));
}

#[tokio::test]
async fn solver_fails_as_a_python_program() {
    let site = LlmSite::start(&[], &[]).await;
    let mut client = site.trusted_client().await;
    let file = uuid();
    site.s3
        .put_object(ANSWERS, &file, vec![0xff, b'a'])
        .unwrap();
    let url = site.url(ANSWERS, &file);
    let not_utf8 = site.solving(&uuid(), &file, url.clone());
    let mut no_file = site.solving(&uuid(), &file, url.clone());
    no_file.docker_run_cmd.pop();
    no_file.docker_run_cmd.push("/volume/other.txt".to_owned());
    let mut server = site.solving(&uuid(), &file, url.clone());
    server.docker_run_cmd.splice(3..5, ["--server".to_owned()]);
    let mut no_seed = site.solving(&uuid(), &file, url);
    no_seed.docker_run_cmd.drain(3..5);
    for (request, status, expected) in [
        (not_utf8, 1, "is not UTF-8"),
        (
            no_file,
            1,
            "No such file or directory: \"/volume/other.txt\"",
        ),
        (server, 1, "--server is not offered"),
        (no_seed, 2, "--seed"),
    ] {
        let ToValidator::JobFailed(failed) = run(&mut client, request).await else {
            panic!("the job was finished; expected: {expected}");
        };
        assert_eq!(
            failed.docker_process_exit_status,
            Some(status),
            "{failed:?}"
        );
        let stderr = &failed.docker_process_stderr;
        assert!(stderr.contains(expected), "{stderr}");
    }
    assert_eq!(site.s3.object(ANSWERS, &solved(&file)), None);
}
