//! `.env` as operators write it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{folder, run, write_private};

/// What a command that reads `.env` says of a file with this text.
fn said_of(text: &str) -> crate::support::Said {
    run(folder(text).path(), &["config"])
}

const WALLET: &str = "BITTENSOR_WALLET_NAME=w\nBITTENSOR_WALLET_HOTKEY_NAME=h\n";

#[test]
fn usual_forms_are_read() {
    let text = "# mine\r\nexport BITTENSOR_WALLET_NAME='w # 1'\r\nBITTENSOR_WALLET_HOTKEY_NAME=\"h\\\"2\" # why\r\n";
    let said = said_of(text);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.stdout.contains("w # 1/hotkeys/h\\\"2"),
        "{}",
        said.stdout
    );
    assert!(!said.stderr.contains("note:"), "{}", said.stderr);
}

#[test]
fn faults_name_their_lines_and_no_secret() {
    for (line, text) in [
        ("AWS_SECRET_ACCESS_KEY s3cret", "line 3 has no `=`"),
        ("AWS-KEY=s3cret", "line 3 has a key"),
        (
            "AWS_SECRET_ACCESS_KEY='s3cret",
            "AWS_SECRET_ACCESS_KEY in line 3 has no closing quote",
        ),
        (
            "AWS_SECRET_ACCESS_KEY='s3cret' more",
            "has text after its closing quote",
        ),
        (
            "BITTENSOR_WALLET_NAME=s3cret",
            "another value in line 3 than in line 1",
        ),
    ] {
        let said = said_of(&format!("{WALLET}{line}\n"));
        assert_eq!(said.code, 3, "{line}: {}", said.all());
        assert!(said.stderr.contains(text), "{line}: {}", said.all());
        assert!(!said.all().contains("s3cret"), "{line}: {}", said.all());
    }
}

#[test]
fn unknown_and_former_keys_are_named() {
    let said = said_of(&format!(
        "{WALLET}AWS_ACESS_KEY_ID=x\nREDIS_HOST=redis\nAWS_SIGNATURE_VERSION=s3v4\n"
    ));
    assert_eq!(said.code, 0, "{}", said.all());
    for text in [
        "AWS_ACESS_KEY_ID is unknown; did you mean AWS_ACCESS_KEY_ID?",
        "REDIS_HOST is not needed any more",
        "AWS_SIGNATURE_VERSION is not needed any more",
    ] {
        assert!(said.stderr.contains(text), "{text}: {}", said.stderr);
    }
}

#[test]
fn file_that_others_can_read_is_a_warning() {
    let home = folder(WALLET);
    let path = home.path().join(".env");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let said = run(home.path(), &["config"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.stderr.contains("(mode 644); `chmod 600` it"),
        "{}",
        said.stderr
    );
}

#[test]
fn missing_and_unreadable_files_are_told_apart() {
    let home = tempfile::tempdir().unwrap();
    let said = run(home.path(), &["config"]);
    assert_eq!(said.code, 3, "{}", said.all());
    assert!(
        said.stderr.contains("BITTENSOR_WALLET_NAME"),
        "{}",
        said.stderr
    );
    fs::create_dir(home.path().join(".env")).unwrap();
    let said = run(home.path(), &["config"]);
    assert_eq!(said.code, 3, "{}", said.all());
    assert!(said.stderr.contains("cannot read"), "{}", said.stderr);
    let said = run(home.path(), &["config", "--folder", "nowhere"]);
    assert!(said.stderr.contains("no folder"), "{}", said.stderr);
}

#[test]
fn template_is_a_file_without_notes() {
    let home = tempfile::tempdir().unwrap();
    let template = include_str!("../../../../.env.template");
    let filled = template
        .replace("\nBITTENSOR_WALLET_NAME=\n", "\nBITTENSOR_WALLET_NAME=w\n")
        .replace(
            "\nBITTENSOR_WALLET_HOTKEY_NAME=\n",
            "\nBITTENSOR_WALLET_HOTKEY_NAME=h\n",
        );
    write_private(&home.path().join(".env"), &filled);
    let said = run(home.path(), &["config"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{}", said.all());
}
