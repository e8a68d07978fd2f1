//! The Containerfile, as far as it can be checked without an engine that builds it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Instructions that builders know, but for those that are deprecated.
const INSTRUCTIONS: [&str; 16] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// Where images of others come from. Debian's podman has no default for names without it.
const REGISTRY: &str = "docker.io/library/";

/// An instruction and its words.
type Instruction = (String, String);

#[derive(Debug)]
struct Stage {
    name: String,
    instructions: Vec<Instruction>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn instructions() -> Vec<Instruction> {
    let path = root().join("deploy/container/Containerfile");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let joined = lines.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    let lines = joined.lines().filter(|line| !line.trim().is_empty());
    let split = |line: &str| {
        let (instruction, words) = line.split_once(' ').unwrap();
        (instruction.to_owned(), words.trim().to_owned())
    };
    lines.map(split).collect()
}

fn stages() -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for (instruction, words) in instructions() {
        if instruction == "FROM" {
            let (_image, name) = words.split_once(" AS ").unwrap();
            stages.push(Stage {
                name: name.to_owned(),
                instructions: Vec::new(),
            });
        } else {
            stages
                .last_mut()
                .unwrap()
                .instructions
                .push((instruction, words));
        }
    }
    stages
}

/// Words of an instruction of a stage.
fn words<'a>(stage: &'a Stage, wanted: &'a str) -> impl Iterator<Item = &'a str> {
    let found = stage.instructions.iter();
    found
        .filter(move |(instruction, _)| instruction == wanted)
        .map(|(_, words)| words.as_str())
}

#[test]
fn containerfile_has_only_known_instructions() {
    let known = BTreeSet::from(INSTRUCTIONS);
    for (instruction, words) in instructions() {
        assert!(
            known.contains(instruction.as_str()),
            "{instruction} {words}"
        );
        if words.starts_with('[') {
            // A list that is not JSON would be run by a shell.
            serde_json::from_str::<Vec<String>>(&words).unwrap();
        }
    }
}

#[test]
fn base_images_name_their_registry() {
    let instructions = instructions();
    let bases = instructions.iter().filter(|(name, _)| name == "FROM");
    let bases: Vec<&str> = bases.map(|(_, words)| words.as_str()).collect();
    assert!(!bases.is_empty());
    for base in bases {
        assert!(base.starts_with(REGISTRY), "{base}");
    }
}

#[test]
fn volumes_of_images_belong_to_their_user() {
    let stages = stages();
    for (name, user) in [("host", "10001"), ("slave", "10002")] {
        let stage = stages.iter().find(|stage| stage.name == name).unwrap();
        let volume = words(stage, "VOLUME").next().unwrap();
        let run = words(stage, "RUN").collect::<Vec<_>>().join(" && ");
        let steps: Vec<&str> = run.split("&&").map(str::trim).collect();
        let step = |word| {
            steps
                .iter()
                .position(|step| step.starts_with(word))
                .unwrap()
        };
        let (useradd, install) = (step("useradd"), step("install -d"));
        // A system user's group has any number; a home that is made has the files of a login shell, which a new volume takes over.
        for option in ["--system", "--create-home"] {
            assert!(!steps[useradd].contains(option), "{name}: {option}");
        }
        assert!(steps[useradd].contains(&format!("--uid {user} ")), "{name}");
        let owner = format!("-o tig-{name} -g tig-{name} -m 700");
        assert!(steps[install].contains(&owner), "{name}");
        assert!(
            steps[install].split(' ').any(|word| word == volume),
            "{name}"
        );
    }
}

#[test]
fn copied_files_of_images_exist() {
    let mut earlier = BTreeSet::new();
    for stage in stages() {
        for words in words(&stage, "COPY") {
            match words.strip_prefix("--from=") {
                Some(words) => {
                    let (from, _) = words.split_once(' ').unwrap();
                    assert!(earlier.contains(from), "{words}");
                }
                None => {
                    let (sources, _to) = words.rsplit_once(' ').unwrap();
                    for source in sources.split(' ') {
                        assert!(root().join(source).exists(), "{source}");
                    }
                }
            }
        }
        earlier.insert(stage.name);
    }
}

#[test]
fn images_run_as_users_and_hold_no_secrets() {
    let stages = stages();
    let named = |name| stages.iter().find(|stage| stage.name == name).unwrap();
    for name in ["host", "slave"] {
        let stage = named(name);
        let user = words(stage, "USER").last().unwrap();
        assert!(user.parse::<u32>().unwrap() > 0, "{name} runs as {user}");
        assert!(words(stage, "ENTRYPOINT").count() == 1, "{name}");
        // Only what the build stage has packaged comes in.
        assert!(words(stage, "COPY").all(|words| words.starts_with("--from=build")));
    }
    assert!(words(named("host"), "HEALTHCHECK").count() == 1);
    for (instruction, words) in instructions() {
        assert!(!["ARG", "ENV"].contains(&instruction.as_str()), "{words}");
    }
    let ignored = root().join("deploy/container/Containerfile.dockerignore");
    let ignored = std::fs::read_to_string(ignored).unwrap();
    for secret in [
        "**/api_key",
        "**/operator_token",
        "config",
        "config.json",
        ".env",
        "**/s3-secret",
        "**/pylon-token",
        "wallets",
    ] {
        assert!(ignored.lines().any(|line| line == secret), "{secret}");
    }
}
