//! `trusted-miner`, with miners of the devnet.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use horde_devnet::{Config, Devnet, TrustedConfig, Vices};
use horde_proto::ExecutorClass;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::{Said, Service, folder, run, write_private};

/// The validator's hotkey.
const HOTKEY: &str = "5CcyqxXnJucaCnQQvvUg5EPzj1uoNAxACZvzArHw5aVDvgNH";
/// A wallet of the folder.
const WALLET: &str =
    "BITTENSOR_WALLET_DIRECTORY=wallets\nBITTENSOR_WALLET_NAME=w\nBITTENSOR_WALLET_HOTKEY_NAME=h\n";

/// A folder with a hotkey, and these lines in its `.env`.
fn home(lines: &str) -> TempDir {
    let home = folder(&format!("{WALLET}{lines}"));
    write_hotkey(home.path());
    home
}

fn write_hotkey(home: &Path) {
    let hotkeys = home.join("wallets/w/hotkeys");
    fs::create_dir_all(&hotkeys).unwrap();
    let seed = format!("{{\"secretSeed\": \"0x{}\"}}", "01".repeat(32));
    write_private(&hotkeys.join("h"), &seed);
}

/// One miner, and the folder of a validator that names it.
struct Miner {
    home: TempDir,
    devnet: Option<Devnet>,
    runtime: Runtime,
}

impl Miner {
    fn start(class: ExecutorClass, vices: &[&str]) -> Self {
        let config = Config {
            classes: vec![class],
            vices: [(0, Vices::parse(vices).unwrap())].into(),
            ..Config::default()
        };
        let runtime = Runtime::new().unwrap();
        let devnet = runtime.block_on(Devnet::start(config)).unwrap();
        let miner = &devnet.miners()[0];
        let env = format!(
            "TRUSTED_MINER_ADDRESS=127.0.0.1\nTRUSTED_MINER_PORT={}\nTRUSTED_MINER_KEY={}\n",
            miner.address.port(),
            miner.hotkey
        );
        Self {
            home: home(&env),
            devnet: Some(devnet),
            runtime,
        }
    }

    fn check(&self) -> Said {
        run(self.home.path(), &["trusted-miner", "check"])
    }
}

impl Drop for Miner {
    fn drop(&mut self) {
        let _guard = self.runtime.enter();
        drop(self.devnet.take());
    }
}

#[test]
fn sound_miner_runs_a_job() {
    let miner = Miner::start(ExecutorClass::AlwaysOnLlmA6000, &[]);
    let said = miner.check();
    assert_eq!(said.code, 0, "{}", said.all());
    for parts in [
        &["good", "trusted miner", "admits", HOTKEY][..],
        &["good", "executors", "1 of class always_on.llm.a6000"],
        &["good", "job", "a short job ran"],
        &["note", "prompts", "are not tried", "S3_BUCKET_NAME_PROMPTS"],
    ] {
        assert!(said.has_line(parts), "{parts:?}: {}", said.all());
    }
}

/// A trusted miner for this validator, and two buckets that it reaches.
fn with_buckets(validator: &str, vices: &[&str]) -> (Service, Miner) {
    let config = Config {
        trusted: Some(TrustedConfig {
            validator: Some(validator.to_owned()),
            vices: Vices::parse(vices).unwrap(),
            ..TrustedConfig::default()
        }),
        ..Config::default()
    };
    let runtime = Runtime::new().unwrap();
    let devnet = runtime.block_on(Devnet::start(config)).unwrap();
    let port = devnet.trusted().unwrap().address().address.port();
    let service = Service::with_buckets();
    for bucket in ["prompts", "answers"] {
        service.set_policy(bucket, &["s3:GetObject"]);
    }
    service.add_env(&format!(
        "{WALLET}TRUSTED_MINER_ADDRESS=127.0.0.1\nTRUSTED_MINER_PORT={port}\n"
    ));
    write_hotkey(service.home.path());
    let miner = Miner {
        home: tempfile::tempdir().unwrap(),
        devnet: Some(devnet),
        runtime,
    };
    (service, miner)
}

#[test]
fn prompts_and_answers_come_by_the_buckets() {
    let (service, _miner) = with_buckets(HOTKEY, &[]);
    let said = service.run(&["trusted-miner", "check"]);
    assert_eq!(said.code, 0, "{}", said.all());
    for part in ["trusted miner", "executors", "job", "prompts", "answers"] {
        assert!(said.has_line(&["good", part]), "{part}: {}", said.all());
    }
    assert!(!said.all().contains("X-Amz-Signature"), "{}", said.all());
    for bucket in service.control().report().buckets {
        assert!(bucket.objects.is_empty(), "{:?}", bucket.objects);
    }
}

#[test]
fn bucket_that_hides_prompts_is_named() {
    let (service, _miner) = with_buckets(HOTKEY, &[]);
    service.set_faults(&["policy-removed"]);
    let said = service.run(&["trusted-miner", "check"]);
    assert_eq!(said.code, 11, "{}", said.all());
    assert!(
        said.has_line(&["FAULT", "prompts", "anybody must be able to read objects"]),
        "{}",
        said.all()
    );
    assert!(said.has_line(&["->", "check-s3"]), "{}", said.all());
    assert!(said.has_line(&["note", "answers"]), "{}", said.all());
}

#[test]
fn odd_prompts_and_answers_are_named() {
    for (vice, part, fault) in [
        ("no-upload", "prompts", "nothing was uploaded"),
        ("no-upload hides-missing", "prompts", "nothing was uploaded"),
        ("odd-series:html-page", "prompts", "a page of HTML"),
        ("odd-series:one-line", "prompts", "lines can be sampled"),
        ("odd-answers:missing-keys", "answers", "has no answer"),
        ("odd-answers:not-json", "answers", "not a JSON object"),
        ("odd-answers:not-text", "answers", "is not a text"),
        ("odd-answers:gzip", "answers", "gzip"),
    ] {
        // Those of the miner, and then of the buckets.
        let mut vices = vice.split(' ');
        let (service, _miner) = with_buckets(HOTKEY, &[vices.next().unwrap()]);
        service.set_faults(&vices.collect::<Vec<_>>());
        let said = service.run(&["trusted-miner", "check"]);
        assert_eq!(said.code, 11, "{vice}: {}", said.all());
        assert!(
            said.has_line(&["FAULT", part, fault]),
            "{vice}: {}",
            said.all()
        );
        // Nothing of it stays.
        for bucket in service.control().report().buckets {
            assert!(bucket.objects.is_empty(), "{vice}: {:?}", bucket.objects);
        }
    }
}

#[test]
fn trusted_miner_of_another_validator_refuses() {
    let (service, _miner) = with_buckets("5DiQDBQvjFkmUF3C8a7ape5rpRPoajmMj44Q9CTGPfVBaa6U", &[]);
    let said = service.run(&["doctor"]);
    assert!(
        said.has_line(&["FAULT", "trusted miner", "Unknown validator"]),
        "{}",
        said.all()
    );
    let remedy = format!("LOCAL_VALIDATOR_PUBLIC_KEY={HOTKEY}");
    assert!(said.has_line(&["->", &remedy]), "{}", said.all());
}

#[test]
fn findings_are_json_if_asked() {
    let miner = Miner::start(ExecutorClass::AlwaysOnLlmA6000, &[]);
    let said = run(miner.home.path(), &["trusted_miner", "check", "--json"]);
    let report = &said.json()[0];
    assert_eq!(report["ok"], true, "{report}");
    assert_eq!(report["findings"][0]["part"], "trusted miner", "{report}");
}

/// Class and vice of a miner, and a piece of what is found and of its remedy.
type Fault = (
    ExecutorClass,
    Option<&'static str>,
    &'static str,
    &'static str,
);

const FAULTS: [Fault; 15] = [
    (
        ExecutorClass::SpinUp4MinGpu24Gb,
        None,
        "need one of class",
        "DEFAULT_EXECUTOR_CLASS=always_on.llm.a6000",
    ),
    (
        ExecutorClass::AlwaysOnLlmA6000,
        Some("unknown-validator"),
        "Unknown validator",
        "LOCAL_VALIDATOR_PUBLIC_KEY=5Ccy",
    ),
    (
        ExecutorClass::AlwaysOnLlmA6000,
        Some("answers-404"),
        "404",
        "the port of the miner itself",
    ),
    (
        ExecutorClass::AlwaysOnLlmA6000,
        Some("speaks-tls"),
        "does not speak as a miner",
        "TRUSTED_MINER_PORT",
    ),
    (
        ExecutorClass::AlwaysOnLlmA6000,
        Some("clock-off"),
        "msg too old",
        "clocks of both",
    ),
    (
        ExecutorClass::AlwaysOnLlmA6000,
        Some("refuses"),
        "cannot be reached",
        "open its port",
    ),
    (
        ExecutorClass::AlwaysOnLlmA6000,
        Some("declines"),
        "declines the job",
        "may be busy",
    ),
    (
        ExecutorClass::AlwaysOnLlmA6000,
        Some("fails-to-prepare"),
        "could not be prepared",
        "Docker",
    ),
    (
        ExecutorClass::AlwaysOnLlmA6000,
        Some("fails-jobs"),
        "exit code 1",
        "nvidia-smi",
    ),
    (
        ExecutorClass::AlwaysOnLlmA6000,
        Some("failed-after-ready"),
        "could not be prepared",
        "Docker",
    ),
    (
        ExecutorClass::AlwaysOnLlmA6000,
        Some("drops"),
        "closed the connection",
        "look at the log",
    ),
    (
        ExecutorClass::AlwaysOnLlmA6000,
        Some("closes-1011:run"),
        "code 1011",
        "look at the log",
    ),
    (
        ExecutorClass::AlwaysOnLlmA6000,
        Some("not-json"),
        "not a message of a miner",
        "the port of the miner itself",
    ),
    (
        ExecutorClass::AlwaysOnLlmA6000,
        Some("binary-frames"),
        "a binary frame",
        "the port of the miner itself",
    ),
    (
        ExecutorClass::AlwaysOnLlmA6000,
        Some("wrong-answer"),
        "in place of its payload",
        "image",
    ),
];

#[test]
fn each_fault_of_a_miner_has_its_remedy() {
    for (class, vice, fault, remedy) in FAULTS {
        let vices: Vec<_> = vice.into_iter().collect();
        let said = Miner::start(class, &vices).check();
        assert_eq!(said.code, 11, "{vice:?}: {}", said.all());
        assert!(said.has_line(&["FAULT", fault]), "{vice:?}: {}", said.all());
        assert!(said.has_line(&["->", remedy]), "{vice:?}: {}", said.all());
    }
}

#[test]
fn miner_that_is_not_named_is_a_fault() {
    let said = run(home("").path(), &["trusted-miner", "check"]);
    assert_eq!(said.code, 11, "{}", said.all());
    assert!(
        said.has_line(&["->", "trusted-miner script"]),
        "{}",
        said.all()
    );
    let home = home("TRUSTED_MINER_ADDRESS=127.0.0.1\nTRUSTED_MINER_PORT=0\n");
    let said = run(home.path(), &["trusted-miner", "check"]);
    assert_eq!(said.code, 11, "{}", said.all());
    assert!(
        said.has_line(&["FAULT", "TRUSTED_MINER_PORT"]),
        "{}",
        said.all()
    );
}

#[test]
fn hotkey_that_cannot_be_read_is_a_fault() {
    let home = home("TRUSTED_MINER_ADDRESS=127.0.0.1\n");
    fs::remove_file(home.path().join("wallets/w/hotkeys/h")).unwrap();
    let said = run(home.path(), &["trusted-miner", "check"]);
    assert_eq!(said.code, 11, "{}", said.all());
    assert!(
        said.has_line(&["FAULT", "hotkey", "cannot read"]),
        "{}",
        said.all()
    );
    let said = run(home.path(), &["trusted-miner", "script"]);
    assert_eq!(said.code, 3, "{}", said.all());
}

/// To open a sealed hotkey takes half a gigabyte and some seconds: the check does it, and the doctor leaves it to the check.
#[test]
fn sealed_hotkey_is_opened_by_the_check_alone() {
    let miner = Miner::start(ExecutorClass::AlwaysOnLlmA6000, &[]);
    let home = miner.home.path();
    write_private(&home.join("wallets/w/hotkeys/h"), "$NACLxxxx");
    write_private(&home.join("password"), "s3cret\n");
    let env = fs::read_to_string(home.join(".env")).unwrap();
    write_private(
        &home.join(".env"),
        &format!("{env}HOTKEY_PASSWORD_FILE=password\n"),
    );
    let said = run(home, &["doctor"]);
    assert!(
        said.has_line(&["note", "trusted miner", "trusted-miner check"]),
        "{}",
        said.all()
    );
    let said = miner.check();
    assert_eq!(said.code, 11, "{}", said.all());
    assert!(
        said.has_line(&["FAULT", "hotkey", "is cut off"]),
        "{}",
        said.all()
    );
    assert!(!said.all().contains("s3cret"), "{}", said.all());
}

/// A mail server, for example.
#[test]
fn something_else_at_the_port_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let home = home(&format!(
        "TRUSTED_MINER_ADDRESS=127.0.0.1\nTRUSTED_MINER_PORT={port}\n"
    ));
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"220 mail\r\n");
    });
    let said = run(home.path(), &["trusted-miner", "check"]);
    assert_eq!(said.code, 11, "{}", said.all());
    assert!(
        said.has_line(&["FAULT", "does not speak as a miner"]),
        "{}",
        said.all()
    );
}

#[test]
fn script_is_one_that_a_shell_can_read() {
    let home = home("TRUSTED_MINER_PORT=8123\nPROMPT_GENERATION_MODEL=my'model\n");
    let said = run(home.path(), &["trusted-miner", "script"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.stdout
            .contains(&format!("LOCAL_VALIDATOR_PUBLIC_KEY={HOTKEY}\n")),
        "{}",
        said.stdout
    );
    assert!(said.stdout.contains("TRUSTED_MINER_PORT=8123"));
    assert!(!said.stdout.contains(&"01".repeat(32)), "{}", said.stdout);
    let mut shell = Command::new("sh")
        .arg("-n")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = shell.stdin.take().unwrap();
    stdin.write_all(said.stdout.as_bytes()).unwrap();
    drop(stdin);
    assert!(shell.wait().unwrap().success(), "{}", said.stdout);
}
