//! What the program shows of a running host, and does to it, in one go.

use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Home, HostProcess, Ran, fixture, wait_until};

/// Lists `paneled`, whose names are hostile, and `operated`.
pub(crate) fn paneled_home() -> Home {
    let home = Home::new();
    for name in ["paneled", "operated"] {
        home.install(name, &std::fs::read(fixture(name)).unwrap());
    }
    let mut config = home.config();
    config["extensions"] = json!(["paneled", "operated"]);
    home.write_config(&config);
    home
}

/// A running host whose conditions are known.
pub(crate) fn start(home: &Home) -> HostProcess {
    let host = home.start();
    wait_until(
        || home.tig_host(&["why"]).stdout.contains("thing_lost"),
        || "the extension reports no condition".to_owned(),
    );
    host
}

/// Everything on standard output is text that a terminal shows as it is.
fn assert_harmless(ran: &Ran) {
    let is_harmful =
        |char: char| (char.is_control() && char != '\n') || matches!(char, '\u{202a}'..='\u{202e}');
    let text = format!("{}{}", ran.stdout, ran.stderr);
    assert!(!text.contains(is_harmful), "{ran:?}");
}

fn assert_code(ran: &Ran, code: i32) {
    assert_eq!(ran.code, Some(code), "{ran:?}");
    assert_harmless(ran);
}

#[test]
fn cli_why_shows_conditions_and_remedies() {
    let home = paneled_home();
    let _host = start(&home);
    let ran = home.tig_host(&["why"]);
    assert_code(&ran, 0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(
        lines[0].starts_with("critical  thing_lost  mallory"),
        "{ran:?}"
    );
    assert_eq!(lines[1..3], ["    It is gone.", "    > Look for it."]);
    assert!(
        lines[3].starts_with("info  thing_old  alice  paneled, for "),
        "{ran:?}"
    );
    for topic in ["alice", "thing_old"] {
        let ran = home.tig_host(&["why", topic, "--json"]);
        assert_code(&ran, 0);
        let conditions = ran.json()["conditions"].clone();
        assert_eq!(conditions.as_array().unwrap().len(), 1, "{conditions}");
        assert_eq!(conditions[0]["subject"], "alice");
    }
    let ran = home.tig_host(&["why", "bob"]);
    assert_code(&ran, 0);
    assert!(
        ran.stdout.starts_with("no condition is about `bob`"),
        "{ran:?}"
    );
}

#[test]
fn cli_why_of_a_sound_host_says_so() {
    let home = Home::new();
    let _host = home.start();
    let ran = home.tig_host(&["why", "--config", "config.json"]);
    assert_code(&ran, 0);
    // A machine without room has conditions of its own.
    let is_sound = ran.stdout.starts_with("nothing is wrong");
    assert!(is_sound || ran.stdout.contains("host"), "{ran:?}");
}

#[test]
fn cli_panel_is_aligned_and_harmless() {
    let home = paneled_home();
    let _host = start(&home);
    let ran = home.tig_host(&["panel"]);
    assert_code(&ran, 0);
    assert_eq!(ran.stdout, "PANEL   EXTENSION\nthings  paneled\n");
    let ran = home.tig_host(&["things"]);
    assert_code(&ran, 0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let expected = [
        "Paused  no",
        "",
        "    Thing                                     Share  State",
        "    alice                                      50 %  busy",
        "    日本語                                     50 %  busy",
        r"!!  mallory\u{1b}[2J\u{7}\nroot\u{202e}\u{9b}31m   50 %  busy",
        "",
        "Handled",
        "items  no values yet",
    ];
    assert_eq!(lines.len(), expected.len(), "{}", ran.stdout);
    for (line, expected) in lines.iter().zip(expected) {
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(squeezed(line), squeezed(expected));
    }
    let ran = home.tig_host(&["panel", "things", "--json", "--find", "ALICE"]);
    assert_code(&ran, 0);
    let rows = ran.json()["widgets"][1]["rows"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    let ran = home.tig_host(&["things", "--find", "nobody"]);
    assert!(ran.stdout.contains("no such thing"), "{ran:?}");
    let ran = home.tig_host(&["panel", "nothing"]);
    assert_code(&ran, 8);
}

#[test]
fn cli_panel_id_may_be_its_beginning() {
    let home = paneled_home();
    let _host = start(&home);
    let ran = home.tig_host(&["things", "id-of-ali"]);
    assert_code(&ran, 0);
    assert_eq!(ran.stdout, "Details of  id-of-alice-0123456789\n");
    let ran = home.tig_host(&["things", "id-of-"]);
    assert_code(&ran, 8);
    assert!(ran.stderr.contains("several ids begin with"), "{ran:?}");
    let ran = home.tig_host(&["panel", "things", "id-of-bob"]);
    assert_code(&ran, 8);
    assert!(
        ran.stderr.contains("no thing has the id id-of-bob"),
        "{ran:?}"
    );
}

#[test]
fn cli_word_is_a_command_with_positionals() {
    let home = paneled_home();
    let _host = start(&home);
    let ran = home.tig_host(&["cordon", "alice", "--json"]);
    assert_code(&ran, 0);
    let last = ran.stdout.lines().last().unwrap();
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!(last["finished"]["value"], json!(["alice", 0]));
    let ran = home.tig_host(&["call", "paneled", "cordon", "bob", "--hours", "2"]);
    assert_code(&ran, 0);
    assert!(home.tig_host(&["things"]).stdout.contains("cordoned"));
    let refused = [
        (&["cordon"][..], "thing"),
        (&["cordon", "a", "b"], "unexpected `b`"),
        (&["cordn", "a"], "did you mean `cordon`?"),
        (&["statsu"], "did you mean `status`?"),
        (&["things", "a", "b"], "one ID at most"),
        (&["things", "--port", "1"], "no option --port"),
    ];
    for (words, reason) in refused {
        let ran = home.tig_host(words);
        assert_code(&ran, 2);
        assert!(ran.stderr.contains(reason), "{words:?}: {ran:?}");
    }
}

#[test]
fn cli_pause_names_who_paused() {
    let home = paneled_home();
    let _host = start(&home);
    let ran = home.tig_host(&["pause"]);
    assert_code(&ran, 0);
    assert_eq!(ran.stdout, "paneled: pause done; paused\n");
    assert!(
        home.tig_host(&["why", "paused"])
            .stdout
            .contains("You paused it.")
    );
    let ran = home.tig_host(&["resume", "--json"]);
    assert_code(&ran, 3);
    assert_eq!(ran.json()["called"][0]["extension"], "paneled");
    drop(_host);
    let home = Home::new();
    let _host = home.start();
    let ran = home.tig_host(&["pause"]);
    assert_code(&ran, 8);
    assert!(
        ran.stderr
            .contains("no running extension has a command `pause`"),
        "{ran:?}"
    );
}

#[test]
fn cli_status_counts_conditions_fast() {
    let home = paneled_home();
    let _host = start(&home);
    let start = Instant::now();
    let ran = home.tig_host(&["status"]);
    let took = start.elapsed();
    assert_code(&ran, 0);
    assert!(ran.stdout.contains("conditions: 1 critical"), "{ran:?}");
    // A generous bound for a whole process on a busy machine.
    assert!(took.as_secs() < 10, "{took:?}");
    let status = home.tig_host(&["status", "--json"]).json();
    assert_eq!(status["conditions"][0]["code"], "thing_lost");
    assert!(
        status["page"].is_null(),
        "no extension has the page: {status}"
    );
}

#[test]
fn cli_without_a_host_ends_with_7() {
    let home = paneled_home();
    let words = [
        &["why"][..],
        &["panel", "things"],
        &["things"],
        &["cordon", "alice"],
        &["pause"],
        &["resume"],
        &["events", "tail"],
    ];
    for words in words {
        let ran = home.tig_host(words);
        assert_code(&ran, 7);
        assert!(ran.stderr.contains("no host runs"), "{words:?}: {ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
    let ran = home.tig_host(&["things", "--config", "nowhere.json"]);
    assert_code(&ran, 3);
}

#[test]
fn cli_config_starts_a_host_as_ever() {
    let home = paneled_home();
    std::fs::copy(home.path("config.json"), home.path("things")).unwrap();
    let starts = [
        &["config.json"][..],
        &["things"],
        &["./things", "--port", "0"],
    ];
    for words in starts {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tig-host"));
        command.args(words).arg("--exit-with-parent");
        command.current_dir(home.folder.path()).stdin(Stdio::null());
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            text.starts_with("listening on http://"),
            "{words:?}: {output:?}"
        );
    }
    // The three-argument form, of a config that is not there.
    let ran = home.tig_host(&["account", "secret-key", "missing.json"]);
    assert_code(&ran, 3);
    assert!(ran.stderr.contains("missing.json"), "{ran:?}");
    let ran = home.tig_host(&["account", "secret-key", "missing"]);
    assert!(!ran.stderr.contains("secret-key"), "{ran:?}");
}

#[test]
fn cli_output_that_nobody_reads_is_no_failure() {
    let home = paneled_home();
    let _host = start(&home);
    for words in [
        &["why"][..],
        &["things"],
        &["panel"],
        &["pause"],
        &["completions", "bash"],
        &["man"],
    ] {
        let closed = std::io::pipe().unwrap().1;
        let mut command = Command::new(env!("CARGO_BIN_EXE_tig-host"));
        command.args(words).current_dir(home.folder.path());
        let output = command
            .stdin(Stdio::null())
            .stdout(closed)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*text), (Some(0), ""), "{words:?}");
    }
}
