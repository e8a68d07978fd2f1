//! A miner that knows each password solves the job from its payload alone.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::fernet::Key;
use super::*;

const HOTKEY: &str = "5F6ee7zfqr6EX7X7ZTQLRWtVsr3stUXhC6tkZZKLhKj8V2Ht";
const VERSIONS: [HashJobVersion; 2] = [HashJobVersion::V1, HashJobVersion::V2];

/// The stages of the job from this seed, with their passwords.
fn stages(version: HashJobVersion, seed: &[u8; SEED_BYTES]) -> [Stage; 3] {
    let mut draws = Draws::new(seed);
    if version == HashJobVersion::V2 {
        draws.start_key(HOTKEY);
    }
    JobSize::Full
        .stages()
        .map(|spec| Stage::draw(spec, &mut draws))
}

/// What the script prints, if hashcat finds each password whose hash is in the text of its stage.
fn solve(job: &HashJob, stages: &[Stage; 3]) -> String {
    let payload: Value = serde_json::from_str(job.payload()).unwrap();
    let mut key = job.arguments().get(1).map(|text| Key::of_text(text));
    let mut found = String::new();
    for (stage, known) in payload["stages"].as_array().unwrap().iter().zip(stages) {
        let text = stage["text"].as_str().unwrap();
        let text = match &key {
            Some(key) => key.decrypt(text),
            None => text.to_owned(),
        };
        let mut passwords = find(&text, known);
        passwords.sort();
        found += &passwords.concat();
        key = Some(Key::of_text(&passwords.join("\n")));
        let mode = stage["hashcat_mode"].as_u64();
        assert_eq!(mode, Some(known.spec.algorithm.hashcat_mode().into()));
    }
    URL_SAFE.encode(Sha256::digest(found))
}

/// The passwords of a stage's text in the order of its lines.
fn find<'a>(text: &str, known: &'a Stage) -> Vec<&'a str> {
    let hash = |password: &'a String| {
        let hash = known.spec.algorithm.hash(password, &known.salt);
        (hash, password.as_str())
    };
    let by_hash: BTreeMap<_, _> = known.passwords.iter().map(hash).collect();
    let find = |line: &str| {
        let (hash, salt) = line.split_once(':').unwrap();
        assert_eq!(hex::decode(salt).unwrap(), known.salt);
        by_hash[hash]
    };
    text.lines().map(find).collect()
}

#[test]
fn solver_finds_the_answer_of_each_version() {
    for version in VERSIONS {
        let job = HashJob::draw(version.into(), HOTKEY, &[7; SEED_BYTES]);
        let answer = solve(&job, &stages(version, &[7; SEED_BYTES]));
        assert_eq!(answer.len(), 44);
        assert!(job.is_answer(&answer) && job.is_answer(&format!("{answer}\n")));
        assert!(!job.is_answer(&answer[1..]) && !job.is_answer(""));
        let is_right = |seed: &_, answer: &str| is_answer(version.into(), HOTKEY, seed, answer);
        assert!(is_right(&[7; SEED_BYTES], &answer) && !is_right(&[8; SEED_BYTES], &answer));
    }
}

#[test]
fn only_version_two_hides_its_first_stage() {
    for (version, is_hidden) in [(HashJobVersion::V1, false), (HashJobVersion::V2, true)] {
        let job = HashJob::draw(version.into(), HOTKEY, &[7; SEED_BYTES]);
        let payload: Value = serde_json::from_str(job.payload()).unwrap();
        let texts = payload["stages"].as_array().unwrap();
        let is_token = |stage: &Value| stage["text"].as_str().unwrap().starts_with("gAAAAA");
        let hidden: Vec<_> = texts.iter().map(is_token).collect();
        assert_eq!(hidden, [is_hidden, true, true]);
        let arguments = job.arguments();
        assert_eq!(arguments[0], "/script.py");
        assert_eq!(arguments.len(), if is_hidden { 2 } else { 1 });
        if let Some(key) = arguments.get(1) {
            let random = key.strip_prefix(HOTKEY).unwrap().strip_prefix('-').unwrap();
            assert_eq!(random.len(), 48);
            assert!(random.chars().all(|it| it.is_ascii_alphanumeric()));
        }
    }
}

#[test]
fn masks_name_each_character() {
    assert_eq!(
        JobSize::Full
            .stages()
            .map(|spec| (spec.algorithm.hashcat_mode(), spec.mask())),
        [
            (1410, "?1?1?1?1?1?1".to_owned()),
            (10810, "?1?1?1?1?1?d".to_owned()),
            (1710, "?1?1?1?1?1?d".to_owned()),
        ]
    );
}

#[test]
fn volume_holds_the_payload() {
    let job = HashJob::draw(HashJobVersion::V2.into(), HOTKEY, &[7; SEED_BYTES]);
    let mut archive = ZipArchive::new(Cursor::new(job.volume())).unwrap();
    assert_eq!(archive.len(), 1);
    let mut payload = String::new();
    let mut file = archive.by_name("payload.txt").unwrap();
    file.read_to_string(&mut payload).unwrap();
    assert_eq!(payload, job.payload());
    assert_eq!(job.volume(), job.clone().volume());
}

#[test]
fn debug_shows_no_part_of_a_job() {
    let job = HashJob::draw(HashJobVersion::V2.into(), HOTKEY, &[7; SEED_BYTES]);
    assert_eq!(format!("{job:?}"), "HashJob { .. }");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn seed_and_miner_decide_the_job(seed: [u8; SEED_BYTES], other: [u8; SEED_BYTES]) {
        prop_assume!(seed != other);
        for version in VERSIONS {
            let draw = |seed| HashJob::draw(version.into(), HOTKEY, seed);
            prop_assert!(draw(&seed) == draw(&seed));
            let answer = solve(&draw(&other), &stages(version, &other));
            prop_assert!(!draw(&seed).is_answer(&answer));
        }
        let [one, two] = [HOTKEY, "5Dh7"].map(|it| HashJob::draw(HashJobVersion::V2.into(), it, &seed));
        prop_assert!(one.payload() != two.payload());
    }

    #[test]
    fn passwords_are_distinct_and_fit_their_mask(seed: [u8; SEED_BYTES]) {
        for Stage { spec, passwords, .. } in stages(HashJobVersion::V1, &seed) {
            prop_assert_eq!(passwords.len(), 100);
            for password in &passwords {
                let (letters, digits) = password.split_at(spec.letters);
                prop_assert!(letters.chars().all(|it| it.is_ascii_alphanumeric()));
                prop_assert!(digits.chars().all(|it| it.is_ascii_digit()));
                prop_assert_eq!(digits.len(), spec.digits);
            }
        }
    }
}
