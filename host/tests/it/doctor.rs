//! `tig-host doctor`, with one trouble planted after another.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tig_host::Store;

use crate::support::{Home, fixture};

/// Exit code of doctor when something does not work.
const FAULTS: i32 = 11;

/// A server that gives each request the same reply, and keeps the first line of each.
pub(crate) struct Api {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Api {
    /// `head` is the status line with headers, without the empty line.
    pub(crate) fn serve(head: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || reply(stream, head, &kept));
            }
        });
        Self { url, asked }
    }

    pub(crate) fn ok() -> Self {
        Self::serve("HTTP/1.1 200 OK")
    }

    /// First lines of all requests.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn reply(mut stream: TcpStream, head: &str, asked: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    let mut piece = [0; 1024];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(count @ 1..) => request.extend_from_slice(&piece[..count]),
            _ => return,
        }
        // The beginning of TLS, which this server does not speak.
        if request.first() == Some(&0x16) {
            let _ = write!(stream, "HTTP/1.1 400 Bad Request\r\n\r\n");
            return;
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let line = text.lines().next().unwrap_or_default().to_owned();
    asked.lock().unwrap().push(line);
    let _ = write!(
        stream,
        "{head}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
    );
}

/// What doctor has found.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) code: Option<i32>,
    findings: Value,
    text: String,
}

impl Report {
    fn new(output: &Output) -> Self {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let shown: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{errors}"));
        let is_ok = output.status.code() == Some(0);
        assert_eq!(shown["ok"], json!(is_ok), "{text}");
        Self {
            code: output.status.code(),
            findings: shown["findings"].clone(),
            text,
        }
    }

    /// Whether there is a finding of this level and part, with these pieces of text and remedy.
    pub(crate) fn has(&self, [level, part, text, remedy]: [&str; 4]) -> bool {
        let holds = |finding: &Value, key: &str, piece: &str| {
            finding[key].as_str().unwrap_or_default().contains(piece)
        };
        let mut findings = self.findings.as_array().into_iter().flatten();
        findings.any(|finding| {
            finding["level"] == level
                && finding["part"] == part
                && holds(finding, "text", text)
                && holds(finding, "remedy", remedy)
        })
    }

    #[track_caller]
    pub(crate) fn expect(&self, finding: [&str; 4]) {
        assert!(self.has(finding), "no {finding:?} in {}", self.text);
        let is_failure = finding[0] == "fail";
        assert!(!is_failure || self.code == Some(FAULTS), "{self:?}");
    }

    /// A finding whose level depends on how busy the machine is.
    #[track_caller]
    fn expect_measured(&self, part: &str, text: &str) {
        let mut levels = ["ok", "warn"].into_iter();
        let found = levels.any(|level| self.has([level, part, text, ""]));
        assert!(found, "no {part} with {text:?} in {}", self.text);
    }
}

fn program(home: &Home) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tig-host"));
    command.current_dir(home.folder.path()).stdin(Stdio::null());
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command
}

pub(crate) fn doctor_with(home: &Home, arguments: &[&str], variables: &[(&str, &str)]) -> Report {
    let mut command = program(home);
    command
        .args(["doctor", "config.json", "--json"])
        .args(arguments);
    Report::new(&command.envs(variables.iter().copied()).output().unwrap())
}

/// Looks at the machine only.
fn offline(home: &Home) -> Report {
    doctor_with(home, &["--offline"], &[])
}

/// With the APIs, and a trial run of a second.
fn online(home: &Home) -> Report {
    doctor_with(home, &["--wait", "1"], &[])
}

fn home_with(change: impl FnOnce(&Home, &mut Value)) -> Home {
    let home = Home::new();
    let mut config = home.config();
    change(&home, &mut config);
    home.write_config(&config);
    home
}

fn write_secret(home: &Home, name: &str, mode: u32) {
    let path = home.path(name);
    fs::write(&path, "0123456789abcdef").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn doctor_finds_nothing_wrong_with_a_sound_host() {
    let api = Api::ok();
    let home = home_with(|home, config| {
        config["identity"]["api_url"] = json!(api.url);
        config["api_key_file"] = json!("api_key");
        write_secret(home, "api_key", 0o600);
    });
    let report = online(&home);
    assert_eq!(report.code, Some(0), "{report:?}");
    for finding in [
        ["ok", "config", "is valid", ""],
        ["ok", "plugin", "counter 0.1.0, recorder 0.1.0", ""],
        ["ok", "secret", "api_key_file is ", ""],
        ["ok", "host", "no host runs", ""],
        ["ok", "port", "a free one", ""],
        ["ok", "store", "does not exist yet", ""],
        ["ok", "open files", "allowed", ""],
        ["ok", "trial run", "2 extensions ran", ""],
    ] {
        report.expect(finding);
    }
    report.expect_measured("disk", "MB/s");
    report.expect_measured("api", "replies in");
    let left: Vec<_> = fs::read_dir(home.folder.path()).unwrap().collect();
    assert_eq!(
        left.len(),
        3,
        "nothing but config, key and plugins: {left:?}"
    );
}

#[test]
fn doctor_finds_faults_of_the_config() {
    let home = Home::new();
    let written = |text: &str| {
        fs::write(home.path("config.json"), text).unwrap();
        offline(&home)
    };
    written("[").expect(["fail", "config", "not JSON", "tig-host init"]);
    fs::remove_file(home.path("config.json")).unwrap();
    offline(&home).expect(["fail", "config", "config.json", "tig-host init"]);
    let home = home_with(|_, config| config["prot"] = json!(1));
    offline(&home).expect(["fail", "config", "did you mean `port`?", "tig-host check"]);
    let home = home_with(|_, config| config["api_key_file"] = json!("nowhere"));
    offline(&home).expect(["fail", "config", "cannot read", "correct it"]);
    let home = home_with(|_, config| config["config"] = json!({ "counter": { "start": -1 } }));
    offline(&home).expect(["fail", "config", "config.counter.start: -1", "correct it"]);
    let home = home_with(|_, config| config["config"] = json!({ "recorder": { "refuze": true } }));
    offline(&home).expect(["fail", "plugin", "unknown field `refuze`", "plugin list"]);
}

#[test]
fn doctor_finds_faults_of_plugin_files() {
    let home = Home::new();
    offline(&home).expect(["warn", "plugin", "not sealed", "plugin seal"]);
    home.install("counter", b"#!/bin/sh");
    let other = fs::read(fixture("of_another_api")).unwrap();
    home.install("recorder", &other);
    let report = offline(&home);
    report.expect(["fail", "plugin", "not a plugin", "put a plugin file"]);
    report.expect(["fail", "plugin", "plugin API 999", "put a plugin file"]);
    fs::remove_file(home.path("plugins/libcounter.so")).unwrap();
    offline(&home).expect(["fail", "plugin", "no file", "put a plugin file"]);
}

#[test]
fn doctor_finds_exposed_secrets() {
    let home = home_with(|home, config| {
        config["api_key_file"] = json!("api_key");
        config["operator"] = json!({ "token_file": "token" });
        write_secret(home, "api_key", 0o644);
        write_secret(home, "token", 0o640);
    });
    let report = offline(&home);
    report.expect(["warn", "config", "mode 644", "`chmod 600` it"]);
    report.expect(["warn", "config", "mode 640", "`chmod 600` it"]);
    let home = home_with(|home, config| {
        config["keys"] =
            json!({ "k": { "kind": "hmac-sha256", "file": "key", "extensions": ["counter"] } });
        write_secret(home, "key", 0o604);
    });
    offline(&home).expect(["fail", "config", "keys.k.file", "correct it"]);
    let home = Home::new();
    let report = offline(&home);
    report.expect(["warn", "api key", "there is no API key", "api_key_file"]);
}

#[test]
fn doctor_finds_faults_of_the_listener() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let home = home_with(|_, config| config["port"] = json!(port));
    offline(&home).expect(["fail", "port", "cannot listen", "stop what uses the port"]);
    let home = home_with(|_, config| config["bind"] = json!("203.0.113.1"));
    offline(&home).expect(["fail", "port", "203.0.113.1", "an address of this machine"]);
    let home = home_with(|_, config| config["bind"] = json!("0.0.0.0"));
    let report = offline(&home);
    report.expect([
        "warn",
        "config",
        "whoever reaches this address",
        "access.allow",
    ]);
    report.expect(["warn", "tls", "without TLS", "tls.cert_file"]);
}

#[test]
fn doctor_finds_faults_of_the_store() {
    let home = home_with(|home, _| {
        let identity = [("account".to_owned(), "another".to_owned())];
        let identity = identity.into_iter().collect();
        drop(Store::open(&home.path("backup"), &identity).unwrap());
    });
    offline(&home).expect([
        "fail",
        "store",
        "belongs to account `another`",
        "backup_folder",
    ]);
    let home = Home::new();
    let held = Store::open(&home.path("backup"), &Default::default()).unwrap();
    offline(&home).expect(["fail", "store", "in use", "stop the program"]);
    drop(held);
    offline(&home).expect(["ok", "store", "no program uses it", ""]);
    fs::write(home.path("backup/tig-host.redb"), [0x5a; 9_000]).unwrap();
    offline(&home).expect(["fail", "store", "tig-host.redb", "put back a copy"]);
}

#[test]
fn doctor_finds_faults_of_the_admin_file() {
    let home = Home::new();
    fs::create_dir(home.path("backup")).unwrap();
    let written = |text: &str, mode: u32| {
        let path = home.path("backup/admin.json");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        offline(&home)
    };
    let of_process = |pid: u32| {
        json!({ "address": "127.0.0.1:9", "token": "0123456789", "pid": pid }).to_string()
    };
    let killed = of_process(u32::MAX >> 1);
    written(&killed, 0o600).expect(["warn", "admin file", "left over", "the next start"]);
    let stuck = of_process(std::process::id());
    written(&stuck, 0o600).expect(["fail", "host", "does not answer", "kill "]);
    written("{", 0o600).expect(["warn", "admin file", "cannot be used", "restart the host"]);
    let report = written(&killed, 0o644);
    report.expect(["fail", "admin file", "mode 644", "chmod 600"]);
}

#[test]
fn doctor_finds_a_disk_that_takes_nothing() {
    let home = home_with(|_, config| config["backup_folder"] = json!("config.json/backup"));
    offline(&home).expect(["fail", "disk", "cannot write", "backup_folder"]);
    // A limit of file sizes is refused like a full disk, and needs no rights; 512 bytes each.
    let home = Home::new();
    let script = r#"trap "" XFSZ; ulimit -f 8192; exec "$@""#;
    let run = through_shell(&home, script);
    Report::new(&run).expect(["fail", "disk", "cannot write", "make room"]);
}

/// Runs doctor by a shell script that sets limits.
fn through_shell(home: &Home, script: &str) -> Output {
    let program = program(home).get_program().to_owned();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script, "sh"])
        .arg(program)
        .args(["doctor", "config.json", "--json", "--offline"])
        .current_dir(home.folder.path());
    shell.output().unwrap()
}

#[test]
fn doctor_finds_a_low_limit_of_open_files() {
    let home = Home::new();
    let run = through_shell(&home, r#"ulimit -n 512; exec "$@""#);
    Report::new(&run).expect(["fail", "open files", "512 are allowed", "LimitNOFILE="]);
    let run = through_shell(&home, r#"ulimit -n 2048; exec "$@""#);
    Report::new(&run).expect(["warn", "open files", "2048 are allowed", "LimitNOFILE="]);
}

#[test]
fn doctor_finds_mounts_that_do_not_serve() {
    let home = home_with(|home, _| fs::create_dir(home.path("backup")).unwrap());
    for (options, findings) in [
        (
            "noexec,size=1m",
            [
                ["fail", "disk", "mounted noexec", "plugin_cache_folder"],
                ["warn", "disk", "is in memory", "a disk of this machine"],
                ["fail", "disk", "MiB are free", "delete what nobody needs"],
            ],
        ),
        (
            "ro,size=1m",
            [
                ["fail", "disk", "mounted read-only", "mount it for writing"],
                ["warn", "disk", "is in memory", "a disk of this machine"],
                ["fail", "disk", "MiB are free", "delete what nobody needs"],
            ],
        ),
    ] {
        let script = format!(r#"mount -t tmpfs -o {options} none backup && exec "$@""#);
        let program = program(&home).get_program().to_owned();
        let output = Command::new("unshare")
            .args(["--mount", "sh", "-c", &script, "sh"])
            .arg(program)
            .args(["doctor", "config.json", "--json", "--offline"])
            .current_dir(home.folder.path())
            .output();
        // Where file systems cannot be mounted, the unit tests of the decisions remain.
        let Ok(output) = output else { return };
        if output.stdout.is_empty() {
            return;
        }
        let report = Report::new(&output);
        findings
            .into_iter()
            .for_each(|finding| report.expect(finding));
    }
}

#[test]
fn doctor_finds_faults_of_an_api() {
    let with_api = |url: &str| home_with(|_, config| config["identity"]["api_url"] = json!(url));
    let cases: [(&str, [&str; 4]); 4] = [
        (
            "http://127.0.0.1:1",
            ["fail", "api", "cannot be reached", "correct the URL"],
        ),
        (
            "http://nowhere.invalid",
            ["fail", "api", "nowhere.invalid", "correct"],
        ),
        (
            "https://[",
            ["fail", "api", "is not a URL", "https://api.example.com"],
        ),
        ("ws://x", ["ok", "trial run", "extensions ran", ""]),
    ];
    for (url, finding) in cases {
        online(&with_api(url)).expect(finding);
    }
    let heads: [(&str, [&str; 4]); 4] = [
        (
            "HTTP/1.1 503 Unavailable",
            ["warn", "api", "replies 503", "the host tries again"],
        ),
        (
            "HTTP/1.1 429 Slow Down",
            ["warn", "api", "no more requests", "gets_per_minute"],
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://x/",
            ["warn", "api", "not followed", "new address"],
        ),
        (
            "HTTP/1.1 200 OK\r\ndate: Mon, 01 Jan 2024 00:00:00 GMT",
            ["fail", "clock", "ahead of http://127.0.0.1", "timedatectl"],
        ),
    ];
    for (head, finding) in heads {
        online(&with_api(&Api::serve(head).url)).expect(finding);
    }
    // A server without TLS, where TLS is expected.
    let url = Api::ok().url.replace("http://", "https://");
    online(&with_api(&url)).expect(["fail", "api", "cannot be reached", "does not speak TLS"]);
}

#[test]
fn doctor_finds_a_proxy_and_hides_its_password() {
    let api = Api::ok();
    let home = home_with(|_, config| config["identity"]["api_url"] = json!(api.url));
    let proxy = Api::serve("HTTP/1.1 407 Proxy Authentication Required");
    let address = proxy.url.strip_prefix("http://").unwrap();
    for scheme in ["http://", ""] {
        let variable = format!("{scheme}me:hunter2@{address}");
        let report = doctor_with(&home, &["--wait", "1"], &[("http_proxy", &variable)]);
        let text = format!("through {address} (http_proxy), though it is on this machine");
        report.expect(["warn", "proxy", &text, "NO_PROXY"]);
        report.expect(["fail", "api", "asks for a password", "proxy's variable"]);
        assert!(!report.text.contains("hunter2"), "{report:?}");
    }
    let variables = [
        ("http_proxy", "http://127.0.0.1:1"),
        ("NO_PROXY", "127.0.0.1"),
    ];
    let report = doctor_with(&home, &["--wait", "1"], &variables);
    report.expect_measured("api", "replies in");
}

#[test]
fn doctor_prints_lines_for_people() {
    let home = home_with(|_, config| config["bind"] = json!("203.0.113.1"));
    let ran = home.tig_host(&["doctor", "config.json", "--offline"]);
    assert_eq!(ran.code, Some(FAULTS), "{ran:?}");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let failed = lines
        .iter()
        .position(|line| line.starts_with("FAIL  port: "));
    let remedy = lines[failed.unwrap() + 1];
    assert!(remedy.starts_with("      -> set `bind`"), "{ran:?}");
    assert!(lines.last().unwrap().ends_with("1 FAIL"), "{ran:?}");
    assert_eq!(ran.stderr, "", "progress is for terminals");
}

#[test]
fn doctor_without_a_reader_ends_as_otherwise() {
    let home = Home::new();
    let mut child = program(&home)
        .args(["doctor", "config.json", "--offline"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
