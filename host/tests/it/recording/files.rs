//! Recordings that are damaged, cut short, of others, or not recordings.

use std::fs;

use serde_json::Value;
use tig_recording::Reader;

use super::support::{FILE, calls, error, home, replay, replay_same, stop, texts};
use crate::support::{Home, wait_until};

/// The extensions that are recorded.
const EXTENSIONS: [&str; 2] = ["counter", "recorder"];

/// A recording of a counter and a recorder in several blocks each.
async fn recorded() -> Home {
    let home = home();
    let host = home.start();
    for blocks in 1..=3 {
        host.count(1).await;
        let are_written = || {
            let written = EXTENSIONS.map(|name| num_blocks(&home, name));
            written.into_iter().all(|written| written >= blocks)
        };
        wait_until(are_written, || "a call is not in the file".to_owned());
    }
    stop(host);
    home
}

/// Number of whole blocks of an extension in a file that is still written.
fn num_blocks(home: &Home, extension: &str) -> usize {
    let mut count = 0;
    if let Ok(mut reader) = Reader::open(&home.path(FILE)) {
        while let Ok(Some(Ok(block))) = reader.next_block() {
            count += usize::from(block.extension == extension);
        }
    }
    count
}

/// Where the blocks of an extension end.
fn ends(home: &Home, extension: &str) -> Vec<usize> {
    let bytes = fs::read(home.path(FILE)).unwrap();
    let magic = tig_recording::block::MAGIC;
    let windows = bytes.windows(magic.len()).enumerate();
    let begins: Vec<usize> = windows
        .filter(|(_, window)| *window == magic)
        .map(|(at, _)| at)
        .skip(1)
        .chain([bytes.len()])
        .collect();
    let mut reader = Reader::open(&home.path(FILE)).unwrap();
    let mut ends = Vec::new();
    for end in &begins[1..] {
        let block = reader.next_block().unwrap().unwrap().unwrap();
        if block.extension == extension {
            ends.push(*end);
        }
    }
    ends
}

fn skipped(report: &Value) -> String {
    texts(report, "skipped").join("\n")
}

#[tokio::test]
async fn damaged_block_costs_one_extension_its_part() {
    let home = recorded().await;
    let whole = replay_same(&home, &[]);
    let ends = ends(&home, "counter");
    assert!(ends.len() >= 3, "{ends:?}");
    let mut bytes = fs::read(home.path(FILE)).unwrap();
    bytes[ends[1] - 5] ^= 1;
    fs::write(home.path("damaged.rec"), bytes).unwrap();
    let (code, report) = replay(&home, &["damaged.rec"]);
    assert_eq!(code, Some(0), "{report:#}");
    let damage = texts(&report, "damage");
    assert!(
        damage.len() == 1 && damage[0].contains("the checksum does not match"),
        "{damage:?}"
    );
    let text = skipped(&report);
    assert!(text.contains("counter: a part is lost"), "{text}");
    assert!(!text.contains("recorder:"), "{text}");
    assert_eq!(calls(&report, "recorder"), calls(&whole, "recorder"));
    assert!(calls(&report, "counter") < calls(&whole, "counter"));
}

#[tokio::test]
async fn recording_cut_short_replays_up_to_there() {
    let home = recorded().await;
    let whole = calls(&replay_same(&home, &[]), "counter");
    let bytes = fs::read(home.path(FILE)).unwrap();
    let end = ends(&home, "counter")[1];
    for length in [end, end + 1, bytes.len() - 1] {
        fs::write(home.path("cut.rec"), &bytes[..length]).unwrap();
        let (code, report) = replay(&home, &["cut.rec"]);
        assert_eq!(code, Some(0), "{length}: {report:#}");
        let found = calls(&report, "counter");
        assert!((1..=whole).contains(&found), "{report:#}");
        let damage = texts(&report, "damage");
        assert_eq!(damage.is_empty(), length == end, "{damage:?}");
        assert!(damage.iter().all(|it| it.contains("cut short")));
    }
}

#[tokio::test]
async fn extension_without_a_plugin_is_said_once() {
    let home = recorded().await;
    fs::create_dir(home.path("some")).unwrap();
    fs::copy(
        home.path("plugins/librecorder.so"),
        home.path("some/librecorder.so"),
    )
    .unwrap();
    let ran = home.tig_host(&["replay", "--json", "--plugins", "some", FILE]);
    let report = ran.json();
    assert_eq!(ran.code, Some(0), "{report:#}");
    let texts = texts(&report, "skipped");
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(
        texts[0].contains("counter: ") && texts[0].contains("name its folder by --plugins"),
        "{texts:?}"
    );
    assert!(calls(&report, "recorder") > 0 && calls(&report, "counter") == 0);
}

#[tokio::test]
async fn broken_plugin_file_hides_no_later_one() {
    let home = recorded().await;
    fs::create_dir(home.path("broken")).unwrap();
    fs::write(home.path("broken/libcounter.so"), "#!/bin/sh").unwrap();
    let replay = ["replay", "--json", "--plugins", "broken"];
    let ran = home.tig_host(&[&replay[..], &["--plugins", "plugins", FILE]].concat());
    let report = ran.json();
    assert_eq!(ran.code, Some(0), "{report:#}");
    assert_eq!(texts(&report, "skipped"), [""; 0], "{report:#}");
    assert!(calls(&report, "counter") > 0, "{report:#}");
    // Without a later one it is named.
    let text = skipped(&home.tig_host(&[&replay[..], &[FILE]].concat()).json());
    assert!(text.contains("broken/libcounter.so"), "{text}");
}

#[tokio::test]
async fn what_is_not_a_recording_is_named() {
    let home = Home::new();
    fs::write(home.path("empty.rec"), "").unwrap();
    fs::write(home.path("text.rec"), "{}").unwrap();
    let mut newer = tig_recording::block::MAGIC.to_vec();
    newer.extend([99, 0]);
    newer.resize(100, 0);
    fs::write(home.path("newer.rec"), newer).unwrap();
    for (file, expected) in [
        ("empty.rec", "empty.rec is not a recording"),
        ("text.rec", "text.rec is not a recording"),
        ("plugins", "plugins is not a recording"),
        ("missing.rec", "missing.rec: No such file"),
        ("newer.rec", "format 99, which is newer than this program's"),
    ] {
        let text = error(&home, &["replay", file]);
        assert!(text.contains(expected), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[tokio::test]
async fn one_unreadable_part_leaves_the_others() {
    let home = recorded().await;
    fs::rename(home.path(FILE), home.path("night.rec.1")).unwrap();
    fs::write(home.path(FILE), "").unwrap();
    let (code, report) = replay(&home, &[]);
    assert_eq!(code, Some(0), "{report:#}");
    let damage = texts(&report, "damage");
    assert!(damage.len() == 1 && damage[0].contains("night.rec is not a recording"));
    assert!(calls(&report, "counter") > 0);
}
