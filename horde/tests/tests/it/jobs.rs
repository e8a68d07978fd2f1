//! Users' jobs, from the facilitator to a miner and back.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use tig_system_tests::{get, post, request};

use crate::network::{CYCLE, Validator};
use crate::support::{sum, violations};

/// Header of users, with the stand-in's token.
const TOKEN: (&str, &str) = ("Authorization", "Token devnet");

/// A validator that is connected to the facilitator, and users.
pub(crate) struct Users {
    pub(crate) validator: Validator,
    address: String,
}

impl Users {
    pub(crate) fn start() -> Self {
        let validator = Validator::start("direct");
        let address = validator.miners.facilitator_address().unwrap().to_owned();
        let users = Self { validator, address };
        users.wait_for_connection(0);
        // Only a miner that has shown its manifest is chosen.
        let uuid = users.order("V1", &["echo", "first"]);
        assert_eq!(users.end(&uuid)["stdout"], "first\n");
        users
    }

    /// Waits until the validator has a connection after this one, has said who it is on it.
    fn wait_for_connection(&self, after: usize) {
        self.validator.wait("the connection", |_| {
            let report = self.report();
            let connections = report["connections"].as_array().unwrap().iter().skip(after);
            let mut open = connections.filter(|it| it["ended_us"].is_null());
            open.any(|it| it["validator"].is_string()).then_some(())
        });
    }

    fn report(&self) -> Value {
        get(&self.address, "/control/report")
            .unwrap()
            .json()
            .unwrap()
    }

    fn set_faults(&self, faults: &[&str]) {
        let body = json!({ "faults": faults }).to_string();
        let answer = post(&self.address, "/control/faults", body.as_bytes()).unwrap();
        assert!(answer.status < 300, "{}", answer.body);
    }

    /// Orders a job whose container runs this program, of the first miner if the version names one; its uuid.
    pub(crate) fn order(&self, version: &str, program: &[&str]) -> String {
        self.order_of(0, version, program)
    }

    /// As [`order`](Self::order), of this miner.
    pub(crate) fn order_of(&self, miner: usize, version: &str, program: &[&str]) -> String {
        let mut body = json!({
            "docker_image": "backenddevelopersltd/print:v1", "args": program, "version": version,
        });
        if version != "V2" {
            body["miner_hotkey"] = json!(self.validator.miners.miners[miner].hotkey);
        }
        let body = body.to_string();
        let path = "/api/v1/job-docker/";
        let answer = request(&self.address, "POST", path, &[TOKEN], body.as_bytes()).unwrap();
        assert!(answer.status < 300, "{}", answer.body);
        let job: Value = serde_json::from_str(&answer.body).unwrap();
        job["uuid"].as_str().unwrap().to_owned()
    }

    fn job(&self, uuid: &str) -> Value {
        let report = self.report();
        let mut jobs = report["jobs"].as_array().unwrap().iter();
        jobs.find(|it| it["uuid"] == uuid).unwrap().clone()
    }

    /// Neither the facilitator nor a miner has seen a violation of the protocol.
    pub(crate) fn check_protocol(&self) {
        let report = self.report();
        assert_eq!(report["violation_count"], 0, "{}", report["violations"]);
        let violations = violations(&self.validator.miners);
        assert!(violations.is_empty(), "{violations:?}");
    }

    /// Waits for the end of a job.
    pub(crate) fn end(&self, uuid: &str) -> Value {
        self.validator.wait("the end of the job", |_| {
            let ends = ends(&self.job(uuid));
            ends.first().cloned()
        })
    }
}

/// The terminal statuses that a job has.
fn ends(job: &Value) -> Vec<Value> {
    let statuses = job["statuses"].as_array().unwrap().iter();
    let ends = statuses.filter(|it| it["is_stored"] == true && it["status"] != "accepted");
    ends.cloned().collect()
}

/// A program that notes that it runs, and ends when it may.
struct Held {
    folder: TempDir,
}

impl Held {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn order(&self, users: &Users, version: &str) -> String {
        let folder = self.folder.path().display();
        let script = format!(
            "echo run >> {folder}/runs; while [ ! -e {folder}/go ]; do sleep 0.05; done; echo over"
        );
        users.order(version, &["sh", "-c", &script])
    }

    /// How often it was started.
    fn runs(&self) -> usize {
        let runs = fs::read_to_string(self.folder.path().join("runs"));
        runs.unwrap_or_default().lines().count()
    }

    fn wait_until_it_runs(&self, users: &Users) {
        let validator = &users.validator;
        validator.wait("the job's start", |_| (self.runs() > 0).then_some(()));
    }

    fn let_it_end(&self) {
        fs::write(self.folder.path().join("go"), "").unwrap();
    }
}

#[test]
fn job_of_each_version_is_completed_with_its_output() {
    let users = Users::start();
    for version in ["V0", "V1", "V2"] {
        let uuid = users.order(version, &["echo", version]);
        let end = users.end(&uuid);
        assert_eq!(end["status"], "completed", "{end}");
        assert_eq!(end["stdout"], format!("{version}\n"), "{end}");
    }
    users.check_protocol();
}

#[test]
fn signature_that_does_not_fit_is_rejected() {
    let users = Users::start();
    for (fault, reason) in [
        ("unsigned", "is not signed"),
        ("unknown-signer", "may not order jobs"),
        ("forged", "not one of this request by its signatory"),
        ("tampered:args", "not one of this request by its signatory"),
        (
            "tampered:executor_class",
            "not one of this request by its signatory",
        ),
        ("old-signature:600", "600 s old"),
        ("bad-uuid", "not a UUID"),
        ("no-program", "neither `docker_image` nor `raw_script`"),
    ] {
        users.set_faults(&[fault]);
        let uuid = users.order("V2", &["echo", "x"]);
        let end = users.end(&uuid);
        let comment = end["comment"].as_str().unwrap();
        assert_eq!(end["status"], "rejected", "{fault}: {end}");
        assert!(comment.contains(reason), "{fault}: {comment}");
    }
    users.check_protocol();
}

#[test]
fn replayed_signature_is_rejected() {
    let users = Users::start();
    users.set_faults(&["replayed"]);
    let uuid = users.order("V2", &["echo", "x"]);
    assert_eq!(users.end(&uuid)["status"], "completed");
    let replay = users.validator.wait("the replay", |_| {
        let report = users.report();
        let mut jobs = report["jobs"].as_array().unwrap().iter();
        let replay = jobs.find(|it| it["replay_of"] == uuid.as_str())?;
        Some(replay["uuid"].as_str().unwrap().to_owned())
    });
    let end = users.end(&replay);
    assert_eq!(end["status"], "rejected", "{end}");
    let comment = end["comment"].as_str().unwrap();
    assert!(comment.contains("was used for job"), "{comment}");
}

#[test]
fn job_that_comes_again_and_again_runs_once() {
    let users = Users::start();
    users.set_faults(&[
        "sends-twice",
        "closes-1011:status-once",
        "again-after-auth",
        "again-when-over:50",
    ]);
    let held = Held::new();
    let uuid = held.order(&users, "V2");
    held.wait_until_it_runs(&users);
    users.wait_for_connection(1);
    held.let_it_end();
    assert_eq!(users.end(&uuid)["stdout"], "over\n");
    let job = users.validator.wait("the job after its end", |_| {
        let job = users.job(&uuid);
        let ended_us = ends(&job)[0]["at_us"].as_i64();
        let mut deliveries = job["deliveries"].as_array().unwrap().iter();
        let is_late = deliveries.any(|it| it["at_us"].as_i64() > ended_us);
        is_late.then_some(job)
    });
    assert!(job["deliveries"].as_array().unwrap().len() >= 4, "{job}");
    // The next job's end says that the one before it was dealt with.
    users.set_faults(&[]);
    let next = users.order("V2", &["echo", "x"]);
    assert_eq!(users.end(&next)["status"], "completed");
    assert_eq!(held.runs(), 1);
    assert_eq!(ends(&users.job(&uuid)).len(), 1, "{job}");
    users.check_protocol();
}

#[test]
fn executor_with_a_users_job_is_not_tested() {
    let users = Users::start();
    let held = Held::new();
    let uuid = held.order(&users, "V1");
    held.wait_until_it_runs(&users);
    let batch = users.validator.run_batch_of(CYCLE);
    assert_eq!(
        (sum(&batch, "jobs"), sum(&batch, "right")),
        (3, 3),
        "{batch}"
    );
    let class = &batch["miners"][0]["classes"][0];
    assert_eq!(
        (&class["announced"], &class["user_jobs"]),
        (&json!(2), &json!(1)),
        "{batch}"
    );
    held.let_it_end();
    assert_eq!(users.end(&uuid)["status"], "completed");
    users.check_protocol();
}

#[test]
fn each_status_arrives_in_spite_of_faults() {
    let users = Users::start();
    for (fault, count) in [
        ("closes-1011:status-once", 3),
        ("drops:status-once", 3),
        ("slow-answer:1000", 2),
        ("unknown-fields", 2),
    ] {
        users.set_faults(&[fault]);
        let uuid = users.order("V1", &["echo", "x"]);
        let end = users.end(&uuid);
        assert_eq!(end["status"], "completed", "{fault}: {end}");
        assert_eq!(end["stdout"], "x\n", "{fault}: {end}");
        let job = users.job(&uuid);
        assert_eq!(job["status_count"], count, "{fault}: {job}");
        // Its answer comes before the next status.
        users.set_faults(&[]);
    }
    users.check_protocol();
}

#[test]
fn early_status_is_repeated_until_the_job_has_its_row() {
    let users = Users::start();
    // Longer than the first status takes on a busy machine; the validator repeats it every second.
    users.set_faults(&["late-row:8000"]);
    let uuid = users.order("V1", &["echo", "x"]);
    assert_eq!(users.end(&uuid)["status"], "completed");
    let job = users.job(&uuid);
    let first = &job["statuses"][0];
    assert_eq!(first["answer"], "not_found", "{job}");
    assert_eq!(ends(&job).len(), 1);
    users.check_protocol();
}

/// It was reported to the user, once, that the job was cut; nobody runs it again unasked.
fn check_interrupted(users: &Users, held: &Held, uuid: &str, end: &Value) {
    assert_eq!(end["status"], "failed", "{end}");
    let comment = end["comment"].as_str().unwrap();
    assert!(
        comment.starts_with("the validator was restarted while"),
        "{comment}"
    );
    // The next job's end says that whatever else was to come has come.
    let next = users.order("V1", &["echo", "x"]);
    assert_eq!(users.end(&next)["status"], "completed");
    assert_eq!(held.runs(), 1);
    assert_eq!(ends(&users.job(uuid)).len(), 1);
    users.check_protocol();
}

#[test]
fn kill_while_a_job_runs_leaves_it_one_end() {
    let mut users = Users::start();
    let held = Held::new();
    let uuid = held.order(&users, "V2");
    held.wait_until_it_runs(&users);
    users.validator.kill();
    users.wait_for_connection(1);
    held.let_it_end();
    let end = users.end(&uuid);
    check_interrupted(&users, &held, &uuid, &end);
}

#[test]
fn kill_until_a_job_is_over_leaves_it_one_end() {
    let mut users = Users::start();
    let held = Held::new();
    let uuid = held.order(&users, "V2");
    held.wait_until_it_runs(&users);
    users.validator.host.kill();
    held.let_it_end();
    users.validator.kill();
    let end = users.end(&uuid);
    check_interrupted(&users, &held, &uuid, &end);
}
