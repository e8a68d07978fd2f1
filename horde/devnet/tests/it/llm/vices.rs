//! The vices of miners with language models, and of the trusted miner.

use std::io::Read as _;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use horde_calc::llm::{AnswerFault, Answers, AnswersFault, SeriesFault, mock_answer, read_series};
use horde_devnet::Vices;
use horde_proto::ExecutorClass;
use horde_proto::miner::{ManifestClass, ToValidator};
use serde_json::Value;

use crate::client::{Client, Got, uuid, validator};

use super::site::{ANSWERS, LlmSite, PROMPTS, SEED, mock_answers, solved};

const PROMPT: &str = "What is 2+2?";
/// Lines of all series.
const LINES: usize = 10;

/// The file of answers of a miner with this vice, which reports that the job is finished.
async fn answers_with(vice: &str) -> Vec<u8> {
    let site = LlmSite::start(&[vice], &[]).await;
    let mut client = Client::admitted(&site.devnet).await;
    let (ended, file) = site
        .solve(&mut client, &format!("{PROMPT}\nCount to ten\n"))
        .await;
    assert!(
        matches!(ended, ToValidator::JobFinished(_)),
        "{vice}: {ended:?}"
    );
    site.s3.object(ANSWERS, &solved(&file)).unwrap().to_vec()
}

/// What the validator's reader makes of the answer to the prompt.
async fn answer_with(vice: &str) -> Result<String, AnswerFault> {
    let answers = Answers::read(&answers_with(vice).await, [PROMPT]).unwrap();
    answers.answer(0, PROMPT).map(str::to_owned)
}

#[tokio::test]
async fn wrong_answers_are_as_long_as_right_ones() {
    let right = mock_answer(SEED, PROMPT);
    let wrong = answer_with("odd-answers").await.unwrap();
    assert_ne!(wrong, right);
    assert_eq!(wrong.len(), right.len());
    let other = answer_with("odd-answers:other-seed").await.unwrap();
    assert_eq!(other, mock_answer(SEED - 1, PROMPT));
}

#[tokio::test]
async fn odd_keys_and_values_are_in_an_object() {
    let right = mock_answer(SEED, PROMPT);
    let index = 0;
    for (vice, expected) in [
        (
            "odd-answers:missing-keys",
            Err(AnswerFault::Missing { index }),
        ),
        ("odd-answers:blank-keys", Err(AnswerFault::Blanks { index })),
        ("odd-answers:not-text", Err(AnswerFault::NotText { index })),
        ("odd-answers:extra-keys", Ok(right)),
    ] {
        assert_eq!(answer_with(vice).await, expected, "{vice}");
    }
}

#[tokio::test]
async fn odd_files_are_not_an_object() {
    for vice in ["odd-answers:not-object", "odd-answers:not-json"] {
        let bytes = answers_with(vice).await;
        let error = Answers::read(&bytes, [PROMPT]).unwrap_err();
        assert!(
            matches!(error, AnswersFault::NotObject(_)),
            "{vice}: {error}"
        );
        let is_json = serde_json::from_slice::<Value>(&bytes).is_ok();
        assert_eq!(is_json, vice.ends_with("not-object"));
    }
    let bytes = answers_with("odd-answers:gzip").await;
    let error = Answers::read(&bytes, [PROMPT]).unwrap_err();
    assert!(matches!(error, AnswersFault::Gzip), "{error}");
    let mut text = String::new();
    GzDecoder::new(bytes.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    let answers: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answers, mock_answers(SEED, &[PROMPT, "Count to ten"]));
}

#[tokio::test]
async fn huge_file_has_the_right_answers_too() {
    let bytes = answers_with("odd-answers:huge").await;
    assert!(bytes.len() > 50 << 20, "{}", bytes.len());
    let answers = Answers::read(&bytes, [PROMPT]).unwrap();
    assert_eq!(
        answers.answer(0, PROMPT),
        Ok(mock_answer(SEED, PROMPT).as_str())
    );
}

#[tokio::test]
async fn upload_is_late_or_left_out() {
    let delay = Duration::from_millis(300);
    let site = LlmSite::start(&["late-upload:300"], &[]).await;
    let mut client = Client::admitted(&site.devnet).await;
    let begun = Instant::now();
    let (ended, file) = site.solve(&mut client, PROMPT).await;
    assert_eq!(ended.tag(), "V0JobFinishedRequest");
    assert!(begun.elapsed() >= delay);
    assert!(site.s3.object(ANSWERS, &solved(&file)).is_some());

    site.devnet
        .set_vices(None, &Vices::parse(&["no-upload"]).unwrap())
        .unwrap();
    let (ended, file) = site.solve(&mut client, PROMPT).await;
    assert_eq!(ended.tag(), "V0JobFinishedRequest");
    assert_eq!(site.s3.object(ANSWERS, &solved(&file)), None);
}

#[tokio::test]
async fn seed_that_comes_again_gets_other_answers() {
    let site = LlmSite::start(&[], &["changes-answers"]).await;
    let mut client = site.trusted_client().await;
    let (_, first) = site.solve(&mut client, PROMPT).await;
    let (_, second) = site.solve(&mut client, PROMPT).await;
    let [first, second] = [first, second].map(|file| site.text(ANSWERS, &solved(&file)));
    let right: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(right, mock_answers(SEED, &[PROMPT]));
    assert_ne!(first, second);

    // The answers of the time before the vice count, too.
    let site = LlmSite::start(&[], &[]).await;
    let mut client = site.trusted_client().await;
    let (_, before) = site.solve(&mut client, PROMPT).await;
    let vices = Vices::parse(&["changes-answers"]).unwrap();
    site.devnet.trusted().unwrap().set_vices(vices);
    let (_, after) = site.solve(&mut client, PROMPT).await;
    assert_eq!(site.text(ANSWERS, &solved(&before)), first);
    assert_eq!(site.text(ANSWERS, &solved(&after)), second);
}

#[tokio::test]
async fn busy_miner_declines_for_its_time() {
    let site = LlmSite::start(&[], &["busy-for:1"]).await;
    let mut client = site.trusted_client().await;
    let begun = Instant::now();
    let mut declined = 0;
    loop {
        let mut reservation = client.reservation(&uuid());
        reservation.executor_class = Some(ExecutorClass::AlwaysOnLlmA6000);
        client.reserve_as(reservation).await;
        match client.message().await.tag() {
            "V0DeclineJobRequest" => declined += 1,
            "V0AcceptJobRequest" => break,
            other => panic!("{other}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(declined > 0);
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn trusted_miner_shows_another_class() {
    let site = LlmSite::start(&[], &["manifest-other-class"]).await;
    let address = site.devnet.trusted().unwrap().address().clone();
    let mut client = Client::open_to(&address).await;
    client.authenticate().await;
    let ToValidator::ExecutorManifest(manifest) = client.message().await else {
        panic!("no manifest");
    };
    let classes = &manifest.manifest.executor_classes;
    assert_eq!(classes.len(), 1);
    let expected = ManifestClass::Named(ExecutorClass::AlwaysOnGpu24Gb);
    assert_eq!(classes[0].executor_class, expected);
    assert_eq!(classes[0].count, 2);
}

#[tokio::test]
async fn trusted_miner_refuses_the_key() {
    let site = LlmSite::start(&[], &["unknown-validator"]).await;
    let address = site.devnet.trusted().unwrap().address().clone();
    let mut client = Client::open_to(&address).await;
    let ToValidator::GenericError(error) = client.message().await else {
        panic!("the key was not refused");
    };
    let expected = format!("Unknown validator: {}", validator().public().to_ss58());
    assert_eq!(error.details, Some(expected));
    assert_eq!(client.next().await, Got::Closed(Some(1000)));
}

/// The first series of a job of a trusted miner with this vice; the second one is without fault.
async fn series_with(vice: &str) -> Vec<u8> {
    let site = LlmSite::start(&[], &[vice]).await;
    let mut client = site.trusted_client().await;
    let (ended, series) = site
        .generate(&mut client, 2, u32::try_from(LINES).unwrap())
        .await;
    assert!(
        matches!(ended, ToValidator::JobFinished(_)),
        "{vice}: {ended:?}"
    );
    let [first, second] = [0, 1].map(|index| site.s3.object(PROMPTS, &series[index]).unwrap());
    assert_eq!(read_series(&second, 1).unwrap().len(), LINES);
    first.to_vec()
}

#[tokio::test]
async fn series_cannot_be_read_or_has_too_few_lines() {
    let few = |usable| SeriesFault::TooFew { usable, wanted: 1 };
    for (how, expected) in [
        ("empty", few(0)),
        ("one-line", few(1)),
        ("not-utf8", SeriesFault::NotUtf8),
        ("html-page", SeriesFault::Page),
    ] {
        let bytes = series_with(&format!("odd-series:{how}")).await;
        assert_eq!(read_series(&bytes, 1), Err(expected), "{how}");
    }
}

#[tokio::test]
async fn odd_lines_are_in_the_series() {
    for (how, usable, mark) in [
        ("fewer-lines", LINES / 2, ".\n"),
        ("no-line-end", LINES, "."),
        ("crlf", LINES, ".\r\n"),
        ("outer-blanks", LINES, ".\u{a0} \n \t"),
        ("line-separator", LINES, "\u{2028}"),
        ("repeated-line", LINES - 1, ".\n"),
        ("long-line", LINES - 1, ".\n"),
    ] {
        let bytes = series_with(&format!("odd-series:{how}")).await;
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(
            read_series(text.as_bytes(), 1).unwrap().len(),
            usable,
            "{how}"
        );
        assert!(text.contains(mark), "{how}");
        match how {
            "no-line-end" => assert!(text.ends_with('.')),
            "long-line" => assert!(text.len() > 10_000_000),
            "repeated-line" => {
                let lines: Vec<_> = text.lines().collect();
                assert_eq!(lines.len(), LINES);
                assert_eq!(lines[0], lines[1]);
            }
            _ => {}
        }
    }
}
