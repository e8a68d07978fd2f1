//! Config, key, token and PEM files as Windows editors and people write them.

use std::fs;

use rustix::fs::{CWD, mkfifoat};
use serde_json::{Value, json};

use crate::support::{Home, Ran};

const SECRET: &str = "0123456789abcdef";

fn utf_16(text: &str) -> Vec<u8> {
    let units = "\u{feff}".encode_utf16().chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

/// A home whose config names the key file `key`.
fn home_with_key(key: &[u8]) -> Home {
    let home = Home::new();
    let mut config = home.config();
    config["api_key_file"] = json!("key");
    home.write_config(&config);
    fs::write(home.path("key"), key).unwrap();
    home
}

fn check(home: &Home) -> Ran {
    home.tig_host(&["check", "config.json"])
}

#[tokio::test]
async fn files_of_windows_editors_start_a_host() {
    let home = home_with_key(format!("\u{feff}{SECRET}\r\n").as_bytes());
    fs::write(home.path("token"), format!("\u{feff}{SECRET}\r\n")).unwrap();
    let config = fs::read_to_string(home.path("config.json")).unwrap();
    let config = config.replace("\"port\":0", "\r\n\"port\":0.0").replacen(
        '{',
        "{\"access\": {\"token_file\": \"token\"},\r\n",
        1,
    );
    fs::write(home.path("config.json"), format!("\u{feff}{config}\r\n")).unwrap();
    let host = home.start();
    let request = reqwest::Client::new().get(format!("{}/total", host.url()));
    let answer = request.bearer_auth(SECRET).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[test]
fn utf_16_config_is_named_once_with_a_remedy() {
    let home = Home::new();
    let path = home.path("config.json");
    fs::write(&path, utf_16(&home.config().to_string())).unwrap();
    let ran = home.run();
    assert_eq!(ran.status.code(), Some(3));
    let text = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(text.matches("it is UTF-16 text").count(), 1, "{text}");
    assert!(text.contains("iconv -f UTF-16 -t UTF-8"), "{text}");
    assert!(!text.contains("give its path"), "{text}");
}

#[test]
fn slips_in_a_config_are_named_with_their_place() {
    let home = Home::new();
    for (text, expected) in [
        (
            "{\n  \"extensions\": [],\n  \"extensions\": [\"a\"]\n}",
            "the key \"extensions\" is given twice (line 2, column 3, and line 3, column 3)",
        ),
        (
            "{\n  // mine\n  \"extensions\": []\n}",
            "no comments; remove this one (line 2, column 3)",
        ),
        (
            "{\n  \"extensions\": [],\n}",
            "before the closing bracket; remove it (line 2, column 19)",
        ),
        ("", "it is empty"),
    ] {
        fs::write(home.path("config.json"), text).unwrap();
        let ran = check(&home);
        assert_eq!(ran.code, Some(3), "{ran:?}");
        assert!(ran.stderr.contains(expected), "{expected}: {ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
}

#[test]
fn other_things_in_place_of_a_config_are_named() {
    let home = Home::new();
    let path = home.path("config.json");
    fs::remove_file(&path).unwrap();
    mkfifoat(CWD, &path, 0o600.into()).unwrap();
    let ran = check(&home);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.stderr.contains("it is a pipe, not a file"), "{ran:?}");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(check(&home).stderr.contains("it is a folder, not a file"));
}

#[test]
fn bad_key_files_are_refused_by_name() {
    for (bytes, reason) in [
        (b"".to_vec(), "it is empty"),
        (b"\xef\xbb\xbf\r\n".to_vec(), "it is empty"),
        (format!("{SECRET}\nold\n").into_bytes(), "it has 2 lines"),
        (format!("{SECRET} #").into_bytes(), "column 17"),
        (utf_16(SECRET), "it is UTF-16 text"),
    ] {
        let ran = check(&home_with_key(&bytes));
        assert_eq!(ran.code, Some(3), "{ran:?}");
        let expected = format!("key: {reason}");
        assert!(ran.stdout.contains("api_key_file: cannot read"), "{ran:?}");
        assert!(ran.stdout.contains(&expected), "{ran:?}");
        assert!(!format!("{ran:?}").contains(SECRET), "{ran:?}");
    }
}

#[test]
fn pem_files_with_a_byte_order_mark_are_read() {
    let home = Home::new();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    fs::write(home.path("cert.pem"), format!("\u{feff}{cert}")).unwrap();
    fs::write(home.path("key.pem"), format!("\u{feff}{key}")).unwrap();
    let mut config: Value = home.config();
    config["tls"] = json!({ "cert_file": "cert.pem", "key_file": "key.pem" });
    home.write_config(&config);
    let ran = check(&home);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    fs::write(home.path("key.pem"), utf_16(&key)).unwrap();
    let ran = check(&home);
    assert!(ran.stdout.contains("tls.key_file: "), "{ran:?}");
    assert!(ran.stdout.contains("it is UTF-16 text"), "{ran:?}");
}
