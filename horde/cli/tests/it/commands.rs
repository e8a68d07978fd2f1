//! Commands that need no host, and those that are not there any more.

use serde_json::json;

use crate::support::{Service, folder, run, run_with};

const WALLET: &str = "BITTENSOR_WALLET_NAME=w\nBITTENSOR_WALLET_HOTKEY_NAME=h\n";

#[test]
fn former_commands_say_what_took_their_place() {
    let home = tempfile::tempdir().unwrap();
    for (words, place) in [
        (&["runserver", "0.0.0.0:8000"][..], "compute-horde up"),
        (&["createsuperuser", "--noinput"], "no pages with users"),
        (&["celery", "-A", "validator", "worker"], "compute-horde up"),
        (&["shell"], "tig-host store ls"),
        (&["dumpdata", "--all"], "tig-host store export"),
        (&["makemigrations"], "compute-horde migrate"),
        (&["check", "--deploy"], "compute-horde doctor"),
    ] {
        let said = run(home.path(), words);
        assert_eq!(said.code, 2, "{words:?}: {}", said.all());
        assert!(said.stderr.contains(place), "{words:?}: {}", said.stderr);
        assert_eq!(said.stdout, "", "{words:?}");
    }
    let said = run(home.path(), &["help"]);
    assert!(!said.stdout.contains("collectstatic"), "{}", said.stdout);
}

#[test]
fn config_is_one_object_if_asked() {
    let home = folder(&format!("{WALLET}REDIS_HOST=x\n"));
    let said = run(home.path(), &["config", "--json"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{}", said.all());
    let shown = &said.json()[0];
    assert!(shown["config"]["extensions"].is_array(), "{shown}");
    let note = shown["notes"][0].as_str().unwrap();
    assert!(note.starts_with("REDIS_HOST is not needed"), "{note}");
    let said = run(home.path(), &["config", "--json", "--output", "c.json"]);
    assert_eq!(said.json()[0]["written"], json!("c.json"), "{}", said.all());
}

/// Provisioning may use a key that expires; whoever signs for weeks may not.
#[test]
fn key_that_expires_is_refused_by_the_config() {
    let service = Service::with_buckets();
    service.add_env(&format!(
        "{WALLET}PYLON_URL=http://127.0.0.1:1\nBITTENSOR_NETUID=12\n"
    ));
    let token = [("AWS_SESSION_TOKEN", "t0ken")];
    for words in [&["config"][..], &["up", "--no-check"]] {
        let said = run_with(service.home.path(), words, &token);
        assert_eq!(said.code, 3, "{words:?}: {}", said.all());
        assert!(
            said.stderr
                .contains("AWS_SESSION_TOKEN is set, so the access key expires"),
            "{words:?}: {}",
            said.stderr
        );
        assert!(!said.all().contains("t0ken"), "{}", said.all());
    }
    let said = run_with(service.home.path(), &["check-s3"], &token);
    assert!(
        said.has_line(&["warning", "AWS_SESSION_TOKEN is set"]),
        "{}",
        said.all()
    );
    let said = run_with(service.home.path(), &["doctor"], &token);
    assert!(
        said.has_line(&["FAULT", ".env", "AWS_SESSION_TOKEN"]),
        "{}",
        said.all()
    );
}

#[test]
fn config_that_differs_from_env_is_a_warning() {
    let home = folder(WALLET);
    assert_eq!(
        run(home.path(), &["config", "--output", "config.json"]).code,
        0
    );
    let doctor = |version: &str| {
        let variables = [("DEBUG_OVERRIDE_WEIGHTS_VERSION", version)];
        run_with(home.path(), &["doctor"], &variables)
    };
    assert!(!doctor("1").stdout.contains("weights_version"));
    let said = doctor("3");
    assert!(
        said.has_line(&["warning", "config", "weights_version is 1; .env gives 3"]),
        "{}",
        said.all()
    );
    assert!(said.has_line(&["->", "compute-horde up"]), "{}", said.all());
    let path = home.path().join("config.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let edited = text.replace("\"weights_version\": 1", "\"weights_version\": 2");
    assert_ne!(text, edited);
    std::fs::write(&path, edited).unwrap();
    let said = doctor("1");
    assert!(
        said.has_line(&["warning", "config", "was edited", "is 2; .env gives 1"]),
        "{}",
        said.all()
    );
    assert!(
        said.has_line(&["->", "make both the same"]),
        "{}",
        said.all()
    );
}

/// A later `up` goes on to allow them, without being asked again.
#[test]
fn private_addresses_of_a_config_are_a_warning() {
    let home = folder(WALLET);
    for (words, is_warned) in [
        (&["config", "--output", "config.json"][..], false),
        (
            &["config", "--allow-private", "--output", "config.json"],
            true,
        ),
    ] {
        let _ = std::fs::remove_file(home.path().join("config.json"));
        assert_eq!(run(home.path(), words).code, 0);
        let said = run(home.path(), &["doctor"]);
        assert_eq!(
            said.has_line(&["warning", "addresses", "--allow-private has set"]),
            is_warned,
            "{}",
            said.all()
        );
        assert_eq!(
            said.has_line(&["->", "for a real network move"]),
            is_warned,
            "{}",
            said.all()
        );
    }
}

/// Otherwise the service of the folder's owner could not read its secrets or open its store at its next start.
#[test]
fn root_is_refused_in_folder_of_a_service() {
    let home = folder(&format!(
        "{WALLET}AWS_ACCESS_KEY_ID=i\nAWS_SECRET_ACCESS_KEY=s\n"
    ));
    if std::os::unix::fs::chown(home.path(), Some(1), None).is_err() {
        // Not root.
        return;
    }
    for words in [
        &["up", "--no-check"][..],
        &["config", "--output", "config.json"],
        &["provision-s3", "p", "a"],
    ] {
        let said = run(home.path(), words);
        assert_eq!(said.code, 6, "{words:?}: {}", said.all());
        assert!(said.stderr.contains("`sudo -u "), "{}", said.all());
        let files = std::fs::read_dir(home.path()).unwrap();
        assert_eq!(files.count(), 1, "{words:?}: nothing but .env");
    }
}
