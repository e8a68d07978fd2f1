//! A plugin API in a git repository: cargo takes the commit that is asked for.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{new_plugin, text};

fn git(repository: &Path, words: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
        .args(words)
        .current_dir(repository)
        // Settings of the machine, such as signatures, would be in the way.
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).trim().to_owned()
}

/// Makes the next commit; its name.
fn commit(repository: &Path) -> String {
    git(repository, &["commit", "-q", "--allow-empty", "-m", "next"]);
    git(repository, &["rev-parse", "HEAD"])
}

/// A repository that holds a package of the API's name. Its commits: of a tag, of a branch, of no name, and of the main branch.
fn make_repository(repository: &Path) -> [String; 4] {
    let api = repository.join("plugin-api");
    fs::create_dir_all(api.join("src")).unwrap();
    fs::write(api.join("src/lib.rs"), "").unwrap();
    let package = "[package]\nname = \"tig-plugin-api\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    fs::write(api.join("Cargo.toml"), package).unwrap();
    git(repository, &["init", "-q", "-b", "trunk"]);
    git(repository, &["add", "."]);
    let of_tag = commit(repository);
    git(repository, &["tag", "v1"]);
    git(repository, &["checkout", "-q", "-b", "topic/one"]);
    let of_branch = commit(repository);
    git(repository, &["checkout", "-q", "trunk"]);
    let of_no_name = commit(repository);
    [of_tag, of_branch, of_no_name, commit(repository)]
}

/// Resolves the API alone, as cargo does before it builds. The lock file.
fn resolve(package: &Path) -> String {
    let path = package.join("Cargo.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    let is_other = |line: &str| line.starts_with("serde") && line.contains('=');
    let kept: Vec<&str> = manifest.lines().filter(|line| !is_other(line)).collect();
    fs::write(&path, kept.join("\n")).unwrap();
    let cargo_home = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .arg("generate-lockfile")
        .current_dir(package)
        .env("CARGO_HOME", cargo_home.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    fs::read_to_string(package.join("Cargo.lock")).unwrap()
}

#[test]
fn git_source_resolves_to_what_is_asked_for() {
    let repository = tempfile::tempdir().unwrap();
    let [of_tag, of_branch, of_no_name, newest] = make_repository(repository.path());
    let url = format!("file://{}", repository.path().display());
    let cases: [(&[&str], &str); 5] = [
        (&[], &newest),
        (&["--api-tag", "v1"], &of_tag),
        (&["--api-branch", "topic/one"], &of_branch),
        (&["--api-rev", &of_no_name], &of_no_name),
        (&["--api-rev", &of_no_name[..9]], &of_no_name),
    ];
    for (reference, commit) in cases {
        let place = tempfile::tempdir().unwrap();
        let words = [&["zebra", "--api-git", &url], reference].concat();
        let output = new_plugin(place.path(), &words);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let lock = resolve(&place.path().join("zebra"));
        assert!(
            lock.contains(&format!("#{commit}\"")),
            "{reference:?}: {lock}"
        );
    }
}
