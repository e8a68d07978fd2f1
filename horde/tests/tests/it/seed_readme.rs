//! The README of the earlier validator, line by line: from an empty folder, with the commands that took the place of its own
//! (sections 1.3, 1.4 and 2.9; docs/computehorde.md).

use std::fs;
use std::path::Path;
use std::process::Command;

use horde_system_tests::{Artifacts, LanguageOptions, Miners, MinersOptions, write_hotkey};
use serde_json::{Value, json};
use tempfile::TempDir;
use tig_system_tests::{Process, get, post, request, wait_for};

use crate::cli::{texts, write_private};
use crate::network::{WAIT_MAX, chain, network};

/// The variables, as a newcomer copies them.
const TEMPLATE: &str = include_str!("../../../../.env.template");
/// Header of users, with the stand-in's token.
const TOKEN: (&str, &str) = ("Authorization", "Token devnet");

/// A newcomer's folder, and the network around it.
struct Newcomer {
    network: Miners,
    home: TempDir,
    _folder: TempDir,
}

/// What a command has said, and its exit code.
struct Said {
    code: i32,
    text: String,
}

impl Newcomer {
    fn new() -> Self {
        let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let artifacts = Artifacts::of_running_test().unwrap();
        let options = MinersOptions {
            language: Some(LanguageOptions {
                executors: 1,
                trusted_executors: 1,
                trusted_vices: Vec::new(),
            }),
            ..network(2, &[], chain("direct"))
        };
        Self {
            network: Miners::start(&artifacts, folder.path(), &options).unwrap(),
            home,
            _folder: folder,
        }
    }

    fn path(&self) -> &Path {
        self.home.path()
    }

    /// The command line, in the folder and without variables of the shell but these.
    fn command(&self, line: &str, variables: &[(&str, &str)]) -> Command {
        let artifacts = Artifacts::of_running_test().unwrap();
        let mut command = Command::new(artifacts.program("compute-horde"));
        command
            .args(line.split(' '))
            .current_dir(self.path())
            .env_clear()
            .envs(variables.iter().copied());
        command
    }

    fn types_with(&self, line: &str, variables: &[(&str, &str)]) -> Said {
        let output = self.command(line, variables).output().unwrap();
        let (stdout, stderr) = texts(&output);
        Said {
            code: output.status.code().unwrap(),
            text: stdout + &stderr,
        }
    }

    fn types(&self, line: &str) -> Said {
        self.types_with(line, &[])
    }

    /// A line that ends with this code and says these words.
    fn line(&self, line: &str, code: i32, words: &str) -> String {
        let Said { code: ended, text } = self.types(line);
        assert_eq!(ended, code, "{line}: {text}");
        assert!(text.contains(words), "{line}: {text}");
        text
    }

    /// The same line again and again, until it ends with this code and says these words.
    fn line_until(&self, line: &str, code: i32, words: &str) {
        let mut last = String::new();
        let ended = wait_for(line, WAIT_MAX, || {
            let said = self.types(line);
            let is_so = said.code == code && said.text.contains(words);
            last = format!("{}: {}", said.code, said.text);
            is_so.then_some(())
        });
        ended.unwrap_or_else(|error| panic!("{error}: {last}"));
    }

    fn write_wallet(&self) {
        let hotkeys = self.path().join("wallets/validator/hotkeys");
        fs::create_dir_all(&hotkeys).unwrap();
        write_hotkey(&hotkeys).unwrap();
    }

    /// Fills the template in.
    fn write_env(&self) {
        let (s3, trusted) = self.network.language().unwrap();
        let (trusted_host, trusted_port) = trusted.address.rsplit_once(':').unwrap();
        let miner = &self.network.miners[0];
        let (host, port) = miner.address.rsplit_once(':').unwrap();
        let pylon = format!("http://{}", self.network.chain.as_ref().unwrap());
        let mut env = TEMPLATE.to_owned();
        for (key, value) in [
            ("BITTENSOR_WALLET_DIRECTORY", "wallets"),
            ("BITTENSOR_WALLET_NAME", "validator"),
            ("BITTENSOR_WALLET_HOTKEY_NAME", "hotkey"),
            ("PYLON_URL", &pylon),
            ("BITTENSOR_NETUID", "12"),
            (
                "FACILITATOR_URI",
                &self.network.facilitator.as_ref().unwrap().socket,
            ),
            ("STATS_COLLECTOR_URL", ""),
            ("AWS_ENDPOINT_URL", &s3.endpoint),
            ("TRUSTED_MINER_ADDRESS", trusted_host),
            ("TRUSTED_MINER_PORT", trusted_port),
            ("TRUSTED_MINER_KEY", &trusted.hotkey),
            ("DEBUG_MINER_KEY", &miner.hotkey),
            ("DEBUG_MINER_ADDRESS", host),
            ("DEBUG_MINER_PORT", port),
        ] {
            let start = format!("\n{key}=");
            let at = env
                .find(&start)
                .unwrap_or_else(|| panic!("{key} is not in the template"));
            let at = at + start.len();
            let end = at + env[at..].find('\n').unwrap();
            env.replace_range(at..end, value);
        }
        write_private(&self.path().join(".env"), &env);
    }

    /// Makes the buckets with the key of the account, which is not the validator's.
    fn provision(&self) {
        let (s3, _) = self.network.language().unwrap();
        let said = self.types_with(
            "provision-s3 my-prompts my-answers --region eu-central-1 --create-user",
            &[
                ("AWS_ACCESS_KEY_ID", &s3.access_key_id),
                ("AWS_SECRET_ACCESS_KEY", &s3.secret_access_key),
                ("AWS_ENDPOINT_URL_IAM", &s3.endpoint),
            ],
        );
        assert_eq!(said.code, 0, "{}", said.text);
        assert!(
            said.text.contains("public read of objects"),
            "{}",
            said.text
        );
    }

    /// Jobs for tests, as docs/computehorde.md says, and a pool that fills soon.
    fn make_jobs_and_pool_small(&self) {
        let path = self.path().join("config.json");
        let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        config["config"]["horde_job_hash"] = json!({ "small": true });
        let series = json!({ "description": "", "items": [{ "value": 4 }] });
        let report = &mut config["config"]["horde_report"];
        report["source"] = json!("inline");
        report["inline"] = json!({ "DYNAMIC_MAX_PROMPT_SERIES": series });
        fs::write(&path, config.to_string()).unwrap();
    }

    /// Workers, beat and facilitator client of the earlier validator are one program.
    fn up(&self) -> Process {
        let mut command = self.command("up --port 0", &[]);
        let mut process = Process::spawn("up", &mut command, self.path()).unwrap();
        let listens = process.address();
        listens.unwrap_or_else(|error| panic!("{error}: {}", process.log()));
        process
    }

    /// Options that name the first miner, whose address is `--miner_address` or `--miner_ip`.
    fn miner_options(&self, address: &str) -> String {
        let miner = &self.network.miners[0];
        let (host, port) = miner.address.rsplit_once(':').unwrap();
        format!(
            "--miner_hotkey {} --miner_{address} {host} --miner_port {port}",
            miner.hotkey
        )
    }

    fn set_s3_faults(&self, faults: &[&str]) {
        let (s3, _) = self.network.language().unwrap();
        let body = json!({ "faults": faults }).to_string();
        let answer = post(s3.address(), "/-/faults", body.as_bytes()).unwrap();
        assert!(answer.status < 300, "{}", answer.body);
    }

    /// What the facilitator has seen.
    fn facilitator(&self) -> Value {
        let address = self.network.facilitator_address().unwrap();
        get(address, "/control/report").unwrap().json().unwrap()
    }

    fn wait_for_connection(&self) {
        let connected = wait_for("the connection", WAIT_MAX, || {
            let report = self.facilitator();
            let mut connections = report["connections"].as_array()?.iter();
            let is_open = |it: &Value| it["ended_us"].is_null() && it["validator"].is_string();
            connections.any(is_open).then_some(())
        });
        connected.unwrap();
    }

    /// A user's job on the first miner; its status at the end.
    fn order(&self) -> String {
        let address = self.network.facilitator_address().unwrap();
        let body = json!({
            "docker_image": "backenddevelopersltd/print:v1", "args": ["echo", "hello"], "version": "V1",
            "miner_hotkey": self.network.miners[0].hotkey,
        });
        let path = "/api/v1/job-docker/";
        let answer = request(address, "POST", path, &[TOKEN], body.to_string().as_bytes()).unwrap();
        let job: Value = serde_json::from_str(&answer.body).unwrap();
        let ended = wait_for("the end of the job", WAIT_MAX, || {
            let report = self.facilitator();
            let mut jobs = report["jobs"].as_array()?.iter();
            let job = jobs.find(|it| it["uuid"] == job["uuid"])?;
            let statuses = job["statuses"].as_array()?.iter();
            let mut statuses = statuses.map(|it| it["status"].as_str().unwrap_or_default());
            let end = statuses.find(|status| *status != "accepted");
            end.map(str::to_owned)
        });
        ended.unwrap()
    }
}

/// Settings, database, buckets.
fn set_up(newcomer: &Newcomer) {
    assert_eq!(newcomer.types("up").code, 3, "without .env");
    newcomer.write_wallet();
    newcomer.write_env();
    newcomer.line("wait_for_database --timeout 10 --stable 1", 0, "");
    newcomer.line("migrate", 0, "store");
    newcomer.line("check_s3_setup", 11, "S3_BUCKET_NAME_PROMPTS is not set");
    newcomer.provision();
    newcomer.line(
        "check_s3_setup",
        0,
        "a presigned URL takes an object, anybody reads it",
    );
    newcomer.line("trusted-miner check", 0, "always_on.llm.a6000");
    newcomer.line(
        "celery -A compute_horde_validator worker",
        2,
        "compute-horde up",
    );
    newcomer.line(
        "config --allow-private --output config.json",
        0,
        "config.json is written",
    );
    newcomer.make_jobs_and_pool_small();
}

/// The three tasks of language models, each by its command.
fn run_llm_tasks(newcomer: &Newcomer, address: &str) {
    // The pool fills by itself; with the four series of config.json it is full soon, and then waits for the commands.
    newcomer.line("constance set DYNAMIC_MAX_PROMPT_SERIES 3", 0, "3");
    newcomer.line("constance get DYNAMIC_MAX_PROMPT_SERIES", 0, "local");
    let task = |action| format!("debug_run_llm_prompt_task --action {action}");
    newcomer.line_until(&task("generation"), 0, "1 series were generated");
    // Workloads are answered at once, unless the station has failed a moment ago.
    newcomer.set_s3_faults(&["403@put=my-answers/solved"]);
    newcomer.line_until(&task("sampling"), 0, "workloads were made");
    let paused = wait_for("the pause", WAIT_MAX, || {
        let pool: Value = get(address, "/horde/pool").ok()?.json().ok()?;
        (pool["stations"]["answering"]["state"] == "pauses after a failure").then_some(())
    });
    paused.unwrap();
    newcomer.set_s3_faults(&[]);
    newcomer.line_until(&task("answering"), 0, "samples are ready");
}

/// Commands that ask the running validator.
fn ask(newcomer: &Newcomer) {
    newcomer.line("debug_run_synthetic_jobs", 0, "right");
    let hotkey = &newcomer.network.miners[1].hotkey;
    newcomer.line("fetch_miners", 0, hotkey);
    let job = format!(
        "debug_run_organic_job --miner_hotkey {hotkey} --timeout 20 --docker_image backenddevelopersltd/print:v1 --cmd_args hostname --nonzero_if_not_complete true"
    );
    newcomer.line(&job, 0, "completed");
    newcomer.line_until("connect_facilitator", 0, "up");
    newcomer.line(
        &format!("fetch_receipts {}", newcomer.miner_options("ip")),
        0,
        "miners",
    );
    newcomer.line("fetch_dynamic_config", 8, "there is nothing to fetch");
    newcomer.line("evict_old_data", 0, "system_events");
    newcomer.line("debug_set_scores", 0, "cycles");
    newcomer.line_until("schedule_synthetic_jobs", 22, "overslept");
    newcomer.line("run_synthetic_jobs", 22, "overslept");
    newcomer.line("constance list", 0, "DYNAMIC_WEIGHTS_VERSION");
    newcomer.line("status", 0, "chain");
}

fn send_signal(process: &mut Process, name: &str) -> Option<i32> {
    let mut kill = Command::new("kill");
    let sent = kill
        .args([name, &process.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    let ended = wait_for("the end", WAIT_MAX, || process.exit_status());
    ended.unwrap().code()
}

#[test]
fn readme_of_the_seed_works_line_by_line() {
    let newcomer = Newcomer::new();
    set_up(&newcomer);
    let mut validator = newcomer.up();
    let address = validator.address().unwrap();
    run_llm_tasks(&newcomer, &address);
    ask(&newcomer);
    assert_eq!(
        send_signal(&mut validator, "-TERM"),
        Some(0),
        "{}",
        validator.log()
    );
    newcomer.line("status", 7, "host");

    // Users' jobs on one miner, without a validator.
    let options = newcomer.miner_options("address");
    let mut command = newcomer.command(&format!("debug_connect_facilitator {options}"), &[]);
    let mut client = Process::spawn("client", &mut command, newcomer.path()).unwrap();
    newcomer.wait_for_connection();
    assert_eq!(newcomer.order(), "completed", "{}", client.log());
    send_signal(&mut client, "-INT");
    newcomer.line(
        &format!("debug_run_synthetic_job_to_miner {options}"),
        0,
        "stored",
    );
}
