//! What can be said of a stopped host's store.

use serde_json::{Value, json};

use crate::support::Home;

/// A home whose host has counted and is gone, with an event that nobody has handled.
async fn used() -> Home {
    let home = Home::new();
    let host = home.start();
    host.count(5).await;
    host.counted_until(5).await;
    // The recorder refuses this one, so that it stays in the outbox.
    host.count(40).await;
    home.wait_for_log(&["40 is refused"]);
    host.kill();
    home
}

#[tokio::test]
async fn a_stopped_hosts_store_is_listed_and_shown() {
    let home = used().await;
    let ran = home.tig_host(&["store", "ls", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let listed = ran.json();
    assert_eq!(listed[0]["extension"], "counter");
    assert_eq!(listed[0]["keys"], 1);
    assert_eq!(listed[1]["undelivered"], 1);

    let ran = home.tig_host(&["store", "ls", "counter"]);
    assert_eq!(ran.stdout, "KEY    BYTES\ntotal  2\n");
    let ran = home.tig_host(&["store", "ls", "counter", "--prefix", "x", "--json"]);
    assert_eq!(ran.json(), json!([]));
    let ran = home.tig_host(&["store", "get", "counter", "total"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "45\n"));
    let ran = home.tig_host(&["store", "get", "counter", "nothing"]);
    assert!(
        ran.code == Some(1) && ran.stderr.contains("no key `nothing`"),
        "{ran:?}"
    );
}

#[tokio::test]
async fn a_store_that_a_host_has_is_refused() {
    let home = Home::new();
    let ran = home.tig_host(&["store", "ls"]);
    assert!(
        ran.code == Some(6) && ran.stderr.contains("there is no store"),
        "{ran:?}"
    );
    let host = home.start();
    for command in [&["store", "ls"][..], &["store", "import", "config.json"]] {
        let ran = home.tig_host(command);
        assert!(
            ran.code == Some(6) && ran.stderr.contains("in use by another tig-host"),
            "{ran:?}"
        );
    }
    assert_eq!(host.count(1).await.0, 200);
}

#[tokio::test]
async fn an_export_makes_the_same_store_elsewhere() {
    let home = used().await;
    assert_eq!(home.tig_host(&["store", "export", "lines"]).code, Some(0));
    let lines = std::fs::read_to_string(home.path("lines")).unwrap();
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["store"]["account"], "ours");
    let again = home.tig_host(&["store", "export", "lines"]);
    assert!(again.code == Some(1), "no file is overwritten: {again:?}");

    let ran = home.tig_host(&["store", "import", "lines", "--backup", "other"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let copied = home.tig_host(&["store", "export", "--backup", "other"]);
    assert_eq!(copied.stdout, lines);
    let twice = home.tig_host(&["store", "import", "lines", "--backup", "other"]);
    assert!(
        twice.code == Some(6) && twice.stderr.contains("not empty"),
        "{twice:?}"
    );

    let mut config = home.config();
    config["backup_folder"] = json!("other");
    home.write_config(&config);
    let host = home.start();
    assert_eq!(host.count(1).await, (200, "[46,1]".to_owned()));
}

#[tokio::test]
async fn backup_of_a_running_host_makes_the_same_store() {
    let home = Home::new();
    let host = home.start();
    host.count(5).await;
    host.counted_until(5).await;
    let ran = home.tig_host(&["store", "backup", "lines"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    let mode = std::fs::metadata(home.path("lines")).unwrap().permissions();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777,
        0o600
    );
    let again = home.tig_host(&["store", "backup", "lines"]);
    assert!(again.code == Some(1), "no file is overwritten: {again:?}");
    // The host goes on, and the backup shows the moment at which it was made.
    host.count(6).await;
    host.kill();
    let lines = std::fs::read_to_string(home.path("lines")).unwrap();
    let ran = home.tig_host(&["store", "import", "lines", "--backup", "other"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let copied = home.tig_host(&["store", "export", "--backup", "other"]);
    assert_eq!(copied.stdout, lines);
    let total = home.tig_host(&["store", "get", "counter", "total", "--backup", "other"]);
    assert_eq!(total.stdout, "5\n");
}

#[tokio::test]
async fn backup_of_a_host_that_dies_leaves_no_file() {
    let home = Home::new();
    let host = home.start();
    let admin = home.path("backup/admin.json");
    let text = std::fs::read_to_string(&admin).unwrap();
    let mut file: Value = serde_json::from_str(&text).unwrap();
    file["address"] = json!("127.0.0.1:1");
    std::fs::write(&admin, file.to_string()).unwrap();
    let ran = home.tig_host(&["store", "backup", "lines"]);
    assert!(
        ran.code == Some(7) && ran.stderr.contains("does not answer"),
        "{ran:?}"
    );
    assert!(!home.path("lines").exists());
    drop(host);
}

#[tokio::test]
async fn a_torn_export_imports_nothing() {
    let home = used().await;
    let lines = home.tig_host(&["store", "export"]).stdout;
    let cases = [
        (lines[..lines.len() - 9].to_owned(), "line 4"),
        (
            lines.lines().skip(1).collect::<Vec<_>>().join("\n"),
            "the owner of a store",
        ),
        (
            lines.replacen("\"layout\":\"2\"", "\"layout\":\"9\"", 1),
            "layout 1 to 2",
        ),
        (String::new(), "line 1: it is missing"),
    ];
    for (text, reason) in cases {
        std::fs::write(home.path("torn"), text).unwrap();
        let ran = home.tig_host(&["store", "import", "torn", "--backup", "other"]);
        assert!(
            ran.code == Some(6) && ran.stderr.contains(reason),
            "{ran:?}"
        );
    }
    std::fs::write(home.path("whole"), lines).unwrap();
    let ran = home.tig_host(&["store", "import", "whole", "--backup", "other"]);
    assert_eq!(
        ran.code,
        Some(0),
        "a refused import leaves the folder usable: {ran:?}"
    );
}
