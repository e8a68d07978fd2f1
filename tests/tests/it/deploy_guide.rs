//! `docs/operating.md`, and how a validator is operated by `docs/computehorde.md`, against the sources, the programs and the packages:
//! every condition is explained, every command and file exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tig_system_tests::Artifacts;

/// Words that stand for commands of extensions and panels, which only a running host knows.
const OF_EXTENSIONS: [&str; 9] = [
    "cordon",
    "difficulty",
    "jobs",
    "network",
    "pardon",
    "precommits",
    "slaves",
    "submissions",
    "uncordon",
];
const PROGRAMS: [&str; 4] = ["compute-horde", "tig-host", "tig-slave", "tig-worker"];
/// The sources of the host's own conditions.
const HOST_CONDITIONS: &str = "host/src/observe/own_conditions.rs";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn guide() -> String {
    fs::read_to_string(root().join("docs/operating.md")).unwrap()
}

/// Each code with each extension that reports it, of the table.
fn explained() -> BTreeSet<(String, String)> {
    let text = guide();
    let (_, table) = text.split_once("| code | of | means | do |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let pairs = rows.flat_map(|row| {
        let (code, rest) = row.split_once("` | ").unwrap();
        let (of, _) = rest.split_once(" | ").unwrap();
        of.split(", ").map(|of| (code.to_owned(), of.to_owned()))
    });
    pairs.collect()
}

/// The text between the quotes with which `text` begins, behind white space; for a constant its value in `source`.
fn literal(text: &str, source: &str) -> Option<String> {
    let text = text.trim_start();
    if let Some(text) = text.strip_prefix('"') {
        return text.split_once('"').map(|(literal, _)| literal.to_owned());
    }
    let name: String = text
        .trim_start_matches("crate::")
        .chars()
        .take_while(|char| char.is_ascii_uppercase() || *char == '_')
        .collect();
    let (_, value) = source.split_once(&format!("const {name}: &str = "))?;
    (!name.is_empty()).then(|| literal(value, source))?
}

/// The codes that these sources report.
fn codes(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut behind = |mark: &str, text: &str| {
        let pieces = text.split(mark).skip(1);
        found.extend(pieces.filter_map(|piece| literal(piece, source)));
    };
    behind("Condition::new(", source);
    behind("code: ", source);
    // Of a class of troubles: its code and how its sentence goes on.
    for function in source.split("fn trouble(").skip(1) {
        let (body, _) = function.split_once("\n}").unwrap();
        behind("=> (", body);
    }
    for function in source.split("fn code(").skip(1) {
        let (body, _) = function.split_once("\n    }").unwrap();
        behind("=> ", body);
    }
    found
}

/// What stands before the tests of a file.
fn without_tests(source: &str) -> &str {
    let split = source.split_once("#[cfg(test)]\nmod tests {");
    split.map_or(source, |(before, _)| before)
}

/// The sources in a folder, without those of tests.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "tests" || name == "tests.rs" {
            continue;
        }
        if path.is_dir() {
            text += &sources(&path);
        } else if name.ends_with(".rs") {
            let source = fs::read_to_string(&path).unwrap();
            text += without_tests(&source);
        }
    }
    text
}

#[test]
fn guide_explains_every_condition() {
    let mut reported = BTreeSet::new();
    let host = fs::read_to_string(root().join(HOST_CONDITIONS)).unwrap();
    let host = without_tests(&host);
    reported.extend(
        codes(host)
            .into_iter()
            .map(|code| (code, "host".to_owned())),
    );
    for entry in fs::read_dir(root().join("plugins")).unwrap() {
        let path = entry.unwrap().path();
        let source = path.join("src");
        let name = path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .replace('-', "_");
        if name == "events" || !source.exists() {
            continue;
        }
        let source = sources(&source);
        let found = codes(&source).into_iter();
        reported.extend(found.map(|code| (code, name.clone())));
    }
    let explained = explained();
    let missing: Vec<_> = reported.difference(&explained).collect();
    assert!(missing.is_empty(), "not in docs/operating.md: {missing:?}");
    let extra: Vec<_> = explained.difference(&reported).collect();
    assert!(extra.is_empty(), "reported by no source: {extra:?}");
}

/// How a validator runs as a service.
fn service_guide() -> String {
    let text = fs::read_to_string(root().join("docs/computehorde.md")).unwrap();
    let (_, section) = text.split_once("\n## As a service\n").unwrap();
    section.split("\n## ").next().unwrap().to_owned()
}

/// The words of a command without what stands before its program: `sudo`, a user, `env` and variables.
fn words(text: &str) -> Vec<String> {
    let text = text.split(" #").next().unwrap_or_default();
    let mut words = text
        .split_whitespace()
        .map(|word| word.trim_end_matches(';'))
        .peekable();
    while let Some(word) =
        words.next_if(|word| ["sudo", "-u", "env"].contains(word) || word.contains('='))
    {
        if word == "-u" {
            words.next();
        }
    }
    words.map(str::to_owned).collect()
}

/// The commands of a guide: lines after `$`, and what stands between back quotes.
fn commands(guide: &str) -> Vec<Vec<String>> {
    let lines = guide.lines().filter_map(|line| line.strip_prefix("$ "));
    let quoted = guide.split('`').skip(1).step_by(2);
    let all = lines.chain(quoted).flat_map(|text| text.split("&&"));
    let is_ours = |words: &Vec<String>| words.len() > 1 && PROGRAMS.contains(&words[0].as_str());
    all.map(words).filter(is_ours).collect()
}

fn help(program: &str, words: &[&str]) -> Option<String> {
    let artifacts = Artifacts::of_running_test().unwrap();
    let mut command = Command::new(artifacts.program(program));
    let output = command.args(words).arg("--help").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    output.status.success().then_some(text)
}

/// The help of the subcommand that `words` begin with, or of the one below it.
fn help_of(words: &[String]) -> Option<String> {
    let (program, first) = (&words[0], &words[1]);
    let first_help = help(program, &[first])?;
    let is_word = |word: &&String| word.starts_with(|char: char| char.is_ascii_lowercase());
    match words.get(2).filter(is_word) {
        Some(second) if first_help.contains("<COMMAND>") => help(program, &[first, second]),
        _ => Some(first_help),
    }
}

fn assert_exist(commands: Vec<Vec<String>>) {
    for words in commands {
        let first = words[1].as_str();
        if OF_EXTENSIONS.contains(&first) {
            continue;
        }
        let help = match first.starts_with('-') {
            true => help(&words[0], &[]),
            false => help_of(&words),
        };
        let help = help.unwrap_or_else(|| panic!("no such command: {words:?}"));
        for flag in words.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(flag.as_str()), "{flag} of {words:?}: {help}");
        }
    }
}

#[test]
fn guide_names_only_commands_that_exist() {
    let commands = commands(&guide());
    assert!(commands.len() > 20, "{commands:?}");
    assert_exist(commands);
}

#[test]
fn service_guide_names_only_commands_that_exist() {
    let commands = commands(&service_guide());
    for program in ["compute-horde", "tig-host"] {
        let is_named = |words: &Vec<String>| words[0] == program;
        assert!(commands.iter().any(is_named), "{program}: {commands:?}");
    }
    assert_exist(commands);
}

/// Where the files of the validator's package are installed.
fn installed() -> Vec<String> {
    let manifest = fs::read_to_string(root().join("horde/cli/Cargo.toml")).unwrap();
    let (_, assets) = manifest.split_once("\nassets = [\n").unwrap();
    let (assets, _) = assets.split_once("\n]\n").unwrap();
    let path = |line: &str| {
        let words: Vec<&str> = line.split('"').collect();
        let (source, target) = (words[1], words[3]);
        let name = source.rsplit('/').next().unwrap();
        match target.ends_with('/') {
            true => format!("/{target}{name}"),
            false => format!("/{target}"),
        }
    };
    assets.lines().map(path).collect()
}

#[test]
fn service_guide_names_only_files_of_the_package() {
    let (guide, installed) = (service_guide(), installed());
    let words = guide.split(|char: char| char.is_whitespace() || "`=|".contains(char));
    let named: BTreeSet<&str> = words.filter(|word| word.starts_with("/usr/")).collect();
    assert!(named.len() > 3, "{named:?}");
    for path in named {
        let folder = format!("{path}/");
        let has = |file: &String| file == path || file.starts_with(&folder);
        assert!(installed.iter().any(has), "{path}: {installed:?}");
    }
    let unit = "/usr/lib/systemd/system/compute-horde.service";
    assert!(installed.iter().any(|file| file == unit), "{installed:?}");
}

/// The anchor of a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    kept.map(|char| if char == ' ' { '-' } else { char })
        .collect()
}

#[test]
fn guides_link_to_files_and_headings() {
    let docs = root().join("docs");
    for (name, text) in [
        ("operating.md", guide()),
        ("computehorde.md", service_guide()),
    ] {
        for link in text.split("](").skip(1) {
            let (target, _) = link.split_once(')').unwrap();
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = docs.join(if file.is_empty() { name } else { file });
            assert!(file.exists(), "{target} of {name}");
            if !heading.is_empty() {
                let text = fs::read_to_string(&file).unwrap();
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                assert!(
                    headings.any(|line| anchor(line) == heading),
                    "{target} of {name}"
                );
            }
        }
    }
}
