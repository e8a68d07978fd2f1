//! Prompts and their answers.

use std::collections::BTreeSet;

use horde_calc::llm::{
    AnswerFault, Answers, AnswersFault, SeriesFault, check_answers, draw_indices, mock_answer,
    read_series, solver_arguments, solver_lines,
};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use crate::vectors::load;

#[derive(Deserialize)]
struct MockAnswer {
    seed: u32,
    prompt: String,
    answer: String,
}

/// The solver image in mock mode (section 10.6).
#[test]
fn mock_answers_come_out() {
    let rows = load::<Vec<MockAnswer>>("mock_answers.json");
    assert_eq!(rows.len(), 16);
    for row in rows {
        assert_eq!(
            mock_answer(row.seed, &row.prompt),
            row.answer,
            "{}",
            row.prompt
        );
    }
}

#[test]
fn arguments_are_those_of_the_trace() {
    let expected = [
        "--temperature=0.5",
        "--top-p=0.8",
        "--max-tokens=256",
        "--seed",
        "1888809045",
        "/volume/name.txt",
    ];
    assert_eq!(solver_arguments("name", 1_888_809_045), expected);
}

fn lines(text: &str) -> Vec<&str> {
    solver_lines(text).collect()
}

#[test]
fn lines_are_those_of_the_solver() {
    assert!(lines("").is_empty());
    assert!(lines(" \n\r\n\t\u{a0}\u{3000}").is_empty());
    assert_eq!(lines("one line"), ["one line"]);
    assert_eq!(lines("a\nb\rc\r\nd"), ["a", "b", "c", "d"]);
    assert_eq!(lines("\u{2003} a b\u{1f}\n\u{85}c"), ["a b", "c"]);
    let others = "a\u{2028}b\u{2029}c\u{b}d\u{c}e\u{1c}f\u{85}g";
    assert_eq!(lines(others), [others], "no other character ends a line");
    assert_eq!(
        lines("\u{feff}a"),
        ["\u{feff}a"],
        "a byte order mark is a character"
    );
}

const LONG: usize = 299;

fn prompts(count: usize) -> String {
    (0..count)
        .map(|number| format!("the prompt {number}\n"))
        .collect()
}

#[test]
fn lines_of_other_lengths_are_not_sampled() {
    let long = "x".repeat(LONG);
    let umlauts = "ü".repeat(LONG);
    let text =
        format!("0123456789\n01234567890\n{long}\n{long}x\n{umlauts}\n{umlauts}ü\nüüüüüüüüüü\n");
    let read = read_series(text.as_bytes(), 1).unwrap();
    assert_eq!(read, ["01234567890", &*long, &*umlauts]);
    let endless = "x".repeat(10 << 20);
    let text = format!("{}{endless}", prompts(2));
    assert_eq!(read_series(text.as_bytes(), 1).unwrap().len(), 2);
}

#[test]
fn line_that_comes_twice_is_one_prompt() {
    let text = format!("{}{}", prompts(3), prompts(4));
    assert_eq!(read_series(text.as_bytes(), 1).unwrap().len(), 4);
}

#[test]
fn series_must_have_more_lines_than_are_sampled() {
    let few = |usable, wanted| Err(SeriesFault::TooFew { usable, wanted });
    assert_eq!(read_series(b"", 1), few(0, 1));
    assert_eq!(read_series(b"only one line", 1), few(1, 1));
    assert_eq!(read_series(prompts(3).as_bytes(), 3), few(3, 3));
    assert!(read_series(prompts(4).as_bytes(), 3).is_ok());
}

#[test]
fn other_files_are_not_series() {
    let gzip = [0x1f, 0x8b, 8, 0];
    assert_eq!(read_series(&gzip, 1), Err(SeriesFault::Gzip));
    assert_eq!(
        read_series(b"a prompt with \xff", 1),
        Err(SeriesFault::NotUtf8)
    );
    for page in [
        "\n<!DOCTYPE html>\n<title>Sorry</title>",
        "<HTML lang=en>",
        "<?xml version=\"1.0\"?>",
    ] {
        let page = format!("{page}\n{}", prompts(9));
        assert_eq!(read_series(page.as_bytes(), 1), Err(SeriesFault::Page));
    }
}

const PROMPT: &str = "Wie heißt der höchste Berg?";

fn read(file: &str, prompts: &[&str]) -> Answers {
    Answers::read(file.as_bytes(), prompts.iter().copied()).unwrap()
}

#[test]
fn answers_must_be_equal_for_each_sampled_prompt() {
    let file = json!({ "a": "1", "b": ["more"], "c": "3" }).to_string();
    let given = read(&file, &["a", "c", "d"]);
    assert_eq!(check_answers([("c", "3"), ("a", "1")], &given), Ok(()));
    let different = AnswerFault::Different { index: 1 };
    assert_eq!(
        check_answers([("c", "3"), ("a", "1 ")], &given),
        Err(different)
    );
    let missing = AnswerFault::Missing { index: 0 };
    assert_eq!(check_answers([("d", "")], &given), Err(missing));
}

#[test]
fn value_that_is_not_a_text_is_not_an_answer() {
    for value in ["null", "1", "[\"1\"]", "{\"a\":\"1\"}", "true"] {
        let given = read(&format!("{{\"a\": {value}}}"), &["a"]);
        let expected = AnswerFault::NotText { index: 7 };
        assert_eq!(given.answer(7, "a"), Err(expected), "{value}");
    }
}

#[test]
fn last_of_two_values_counts() {
    assert_eq!(
        read(r#"{"a": "1", "a": "2"}"#, &["a"]).answer(0, "a"),
        Ok("2")
    );
}

#[test]
fn nearly_equal_keys_are_named() {
    let decomposed = "Wie heißt der ho\u{308}chste Berg?";
    let answer = |key: &str| {
        let file = json!({ key: "1" }).to_string();
        read(&file, &[PROMPT]).answer(0, PROMPT).map(str::to_owned)
    };
    assert_eq!(answer(PROMPT), Ok("1".to_owned()));
    assert_eq!(
        answer(&format!(" {PROMPT}\n")),
        Err(AnswerFault::Blanks { index: 0 })
    );
    assert_eq!(answer(decomposed), Err(AnswerFault::KeyForm { index: 0 }));
    assert_eq!(answer("another"), Err(AnswerFault::Missing { index: 0 }));
    let given = read(&json!({ "a": decomposed }).to_string(), &["a"]);
    let fault = check_answers([("a", PROMPT)], &given);
    assert_eq!(fault, Err(AnswerFault::Form { index: 0 }));
}

#[test]
fn other_files_have_no_answers() {
    for file in [
        "[]",
        "\"a\"",
        "{\"a\": \"1\"",
        "{\"a\": \"1\"} x",
        "",
        "null",
    ] {
        let fault = Answers::read(file.as_bytes(), ["a"]);
        assert!(
            matches!(fault, Err(AnswersFault::NotObject(_))),
            "{file}: {fault:?}"
        );
    }
    let broken = b"{\"a\": \"\xff\"}";
    assert!(matches!(
        Answers::read(broken, ["a"]),
        Err(AnswersFault::NotObject(_))
    ));
    assert!(matches!(
        Answers::read(&[0x1f, 0x8b, 8], ["a"]),
        Err(AnswersFault::Gzip)
    ));
}

proptest! {
    #[test]
    fn drawn_indices_differ_and_are_in_range(
        count in 0_usize..50,
        wanted in 0_usize..60,
        mut random in any::<u64>(),
    ) {
        let drawn = draw_indices(count, wanted, || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            random
        });
        prop_assert_eq!(drawn.len(), wanted.min(count));
        let different: BTreeSet<_> = drawn.iter().collect();
        prop_assert_eq!(different.len(), drawn.len());
        prop_assert!(drawn.iter().all(|index| *index < count));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_series(&bytes, 1);
        let _ = Answers::read(&bytes, ["a"]);
    }

    /// What is sampled is found among the answers of the solver, whatever the series.
    #[test]
    fn sampled_prompts_are_keys_of_the_solver(text in "\\PC{0,40}([\\s\u{1c}\u{2028}]\\PC{0,40}){0,9}") {
        let keys: BTreeSet<&str> = solver_lines(&text).collect();
        if let Ok(prompts) = read_series(text.as_bytes(), 0) {
            let joined = prompts.join("\n");
            let again: Vec<&str> = solver_lines(&joined).collect();
            prop_assert_eq!(&again, &prompts);
            prop_assert!(prompts.iter().all(|prompt| keys.contains(prompt)));
        }
    }
}
