//! The recording is switched, and what is recorded comes and goes.

use std::fs;

use serde_json::json;
use tig_host::HostError;
use tig_recording::series::files;

use super::support::{FILE, calls, home, readable, reload, replay, replay_same, stop, texts};
use crate::support::{Home, fixture, wait_until};

#[tokio::test]
async fn extension_added_again_replays_the_same() {
    let home = home();
    let host = home.start();
    host.count(5).await;
    let mut config = home.config();
    config["record"] = json!({ "file": FILE });
    config["extensions"] = json!(["recorder"]);
    home.write_config(&config);
    reload(&home);
    config["extensions"] = json!(["recorder", "counter"]);
    home.write_config(&config);
    reload(&home);
    for total in 6..=9 {
        assert_eq!(host.count(1).await.1, format!("[{total},{}]", total - 5));
    }
    stop(host);
    let report = replay_same(&home, &[]);
    assert!(calls(&report, "counter") >= 7, "{report:#}");
}

#[tokio::test]
async fn file_is_added_changed_and_removed() {
    let home = home();
    let mut config = home.config();
    home.write_config(&config);
    let host = home.start();
    host.count(5).await;
    for file in ["a.rec", "b.rec"] {
        config["record"] = json!({ "file": file });
        home.write_config(&config);
        reload(&home);
        host.count(1).await;
        host.count(1).await;
    }
    config.as_object_mut().unwrap().remove("record");
    home.write_config(&config);
    reload(&home);
    let lengths = || ["a.rec", "b.rec"].map(|file| fs::metadata(home.path(file)).unwrap().len());
    let before = lengths();
    host.count(1).await;
    stop(host);
    assert_eq!(lengths(), before, "nothing is recorded any more");
    for file in ["a.rec", "b.rec"] {
        // The checkpoint asks for the state; two calls follow.
        let report = replay_same(&home, &[file]);
        assert!(calls(&report, "counter") >= 2, "{report:#}");
        let contents = super::support::contents(&home.path(file));
        assert!(super::support::holds(
            &contents,
            "the config has switched it off"
        ));
    }
}

/// The thread that writes waits for a minute where nothing is recorded.
#[tokio::test]
async fn switched_on_recording_is_written_at_once() {
    let home = home();
    let mut config = home.config();
    config.as_object_mut().unwrap().remove("record");
    home.write_config(&config);
    let host = home.start();
    host.count(1).await;
    config["record"] = json!({ "file": FILE });
    home.write_config(&config);
    reload(&home);
    let length = || fs::metadata(home.path(FILE)).map_or(0, |file| file.len());
    let begun = length();
    host.count(1).await;
    wait_until(
        || length() > begun,
        || "the call is not in the file".to_owned(),
    );
    stop(host);
    replay_same(&home, &[]);
}

#[tokio::test]
async fn file_of_the_command_line_survives_reloads() {
    let home = home();
    let given = home.path("given.rec").display().to_string();
    let host = home.start_with(&["--record", &given]);
    host.count(5).await;
    reload(&home);
    host.count(5).await;
    stop(host);
    assert!(!home.path(FILE).exists());
    let report = replay_same(&home, &["given.rec"]);
    assert!(calls(&report, "counter") >= 3, "{report:#}");
}

#[tokio::test]
async fn second_host_with_the_same_file_is_refused() {
    let (home, other) = (home(), Home::new());
    let host = home.start();
    host.count(5).await;
    let mut config = other.config();
    config["record"] = json!({ "file": home.path(FILE) });
    other.write_config(&config);
    let ran = other.run();
    let text = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(3), "{text}");
    assert!(text.contains("another tig-host writes to it"), "{text}");
    assert!(text.contains("give another `record.file`"), "{text}");
    stop(host);
    replay_same(&home, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn host_that_cannot_record_does_not_start() {
    let home = Home::new();
    let mut config = home.config();
    config["record"] = json!({ "file": "plugins" });
    let refused = home.try_host_inside(&config).err().unwrap();
    assert!(matches!(refused, HostError::Recording { .. }), "{refused}");
    assert!(home.path("plugins").is_dir(), "it is not moved away");
    // Its spellings need more room than all may take.
    config["record"] = json!({ "file": FILE });
    config["config"] = json!({ "recorder": { "secret": "s".repeat(900_000) } });
    let refused = home.try_host_inside(&config).err().unwrap();
    assert!(matches!(refused, HostError::Secrets(_)), "{refused}");
    assert!(!home.path(FILE).exists());
}

#[tokio::test]
async fn full_disk_of_the_recording_stops_no_start() {
    let home = home();
    fs::create_dir(home.path("disk")).unwrap();
    let mut config = home.config();
    config["record"] = json!({ "file": "disk/night.rec" });
    home.write_config(&config);
    let Some(host) = home.start_beside_full_disk("disk") else {
        return;
    };
    home.wait_for_log(&["cannot write the recording", "No space left on device"]);
    assert_eq!(host.count(5).await.0, 200);
    let has_ended = || home.tig_host(&["why"]).stdout.contains("recording_ended");
    wait_until(has_ended, || home.tig_host(&["why"]).stdout);
    // It begins where there is room.
    config["record"] = json!({ "file": FILE });
    home.write_config(&config);
    reload(&home);
    host.count(1).await;
    host.count(1).await;
    stop(host);
    let report = replay_same(&home, &[]);
    assert!(calls(&report, "counter") >= 2, "{report:#}");
}

#[tokio::test]
async fn storage_beyond_the_bounds_ends_the_recording() {
    let home = Home::new();
    home.install("passer", &fs::read(fixture("passer")).unwrap());
    let mut config = home.config();
    config["extensions"] = json!(["counter", "recorder", "passer"]);
    home.write_config(&config);
    let host = home.start();
    let noise = async |bytes: usize| {
        let url = format!("{}/noise/{bytes}", host.url());
        let answer = reqwest::Client::new().post(url).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
    };
    noise(24 << 20).await;
    config["record"] = json!({ "file": FILE, "mib_max": 8 });
    home.write_config(&config);
    reload(&home);
    noise(1).await;
    let ended = || home.log().contains("the recording has ended");
    wait_until(ended, || home.log());
    assert_eq!(host.count(5).await, (200, "[5,1]".to_owned()));
    let log = home.log();
    assert!(
        log.contains("more than the 8 MiB of the recording"),
        "{log}"
    );
    assert!(fs::metadata(home.path(FILE)).unwrap().len() <= 8 << 20);
    // A reload begins again, with more room.
    config["record"]["mib_max"] = json!(200);
    home.write_config(&config);
    reload(&home);
    host.count(5).await;
    noise(1).await;
    stop(host);
    let (_, report) = replay(&home, &[]);
    assert!(calls(&report, "passer") >= 1, "{report:#}");
    assert_eq!(report["has_differences"], false, "{report:#}");
}

#[tokio::test]
async fn full_parts_continue_bit_for_bit() {
    let home = Home::new();
    home.install("passer", &fs::read(fixture("passer")).unwrap());
    let mut config = home.config();
    config["extensions"] = json!(["passer"]);
    config["record"] = json!({ "file": FILE, "mib_max": 8 });
    home.write_config(&config);
    let host = home.start();
    let mut parts = 1;
    while parts < 3 {
        let url = format!("{}/noise/1", host.url());
        let answer = reqwest::Client::new().post(url).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        parts = files(&home.path(FILE)).len();
    }
    stop(host);
    let bytes: u64 = files(&home.path(FILE))
        .iter()
        .map(|file| fs::metadata(file).unwrap().len())
        .sum();
    assert!(bytes <= 8 << 20, "{bytes}");
    let report = replay_same(&home, &[]);
    assert!(calls(&report, "passer") >= 3, "{report:#}");
    // Without its earlier parts, a part begins with its own state.
    fs::rename(home.path(FILE), home.path("later.rec")).unwrap();
    let (_, report) = replay(&home, &["later.rec"]);
    assert_eq!(report["has_differences"], false, "{report:#}");
}

#[tokio::test]
async fn killed_hosts_leave_parts_that_replay() {
    let home = home();
    for total in 1..=3 {
        let host = home.start();
        assert_eq!(host.count(1).await.1, format!("[{total},1]"));
        // The begin of the part is written at once, its calls within half a second.
        let answer = format!("[{total},1]");
        let written = || super::support::holds(&readable(&home.path(FILE)), &answer);
        wait_until(written, || "the call is not written".to_owned());
        host.kill();
    }
    assert!(home.path("night.rec.2").exists());
    let report = replay_same(&home, &[]);
    assert!(calls(&report, "counter") >= 4, "{report:#}");
    // Files in the wrong order, and a later part alone: each begins with its own state.
    for words in [
        &["night.rec", "night.rec.2", "night.rec.1"][..],
        &["night.rec", "night.rec"],
    ] {
        let (code, report) = replay(&home, words);
        assert_eq!(code, Some(0), "{report:#}");
        assert_eq!(texts(&report, "skipped"), [""; 0], "{report:#}");
    }
}
