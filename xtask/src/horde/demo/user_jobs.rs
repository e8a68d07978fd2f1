//! The jobs that users order, and how far they are. Pure.

use serde_json::{Value, json};

/// What a user wants to have run, and what it prints.
#[derive(Debug)]
pub(super) struct UserJob {
    pub(super) arguments: &'static [&'static str],
    pub(super) output: &'static str,
}

/// All of them. They need no more than what each machine has.
pub(super) const USER_JOBS: [UserJob; 3] = [
    UserJob {
        arguments: &["echo", "hello from a container"],
        output: "hello from a container",
    },
    UserJob {
        arguments: &["expr", "6", "*", "7"],
        output: "42",
    },
    UserJob {
        arguments: &["basename", "/output/result.txt", ".txt"],
        output: "result",
    },
];

/// Image of all of them; the miners of the network run programs of this machine in its place.
const IMAGE: &str = "backenddevelopersltd/print:v1";
/// Version of jobs whose miner the validator chooses.
const VERSION: &str = "V2";

impl UserJob {
    /// The order.
    pub(super) fn body(&self) -> Value {
        json!({ "docker_image": IMAGE, "args": self.arguments, "version": VERSION })
    }

    /// The job as the facilitator shows it, if it was ordered.
    pub(super) fn find<'a>(&self, jobs: &'a [Value]) -> Option<&'a Value> {
        jobs.iter().find(|job| job["args"] == json!(self.arguments))
    }

    /// As a person types it.
    pub(super) fn text(&self) -> String {
        self.arguments.join(" ")
    }

    /// How far it is, with what it has printed.
    pub(super) fn progress(&self, jobs: &[Value]) -> String {
        let Some(job) = self.find(jobs) else {
            return "not ordered".to_owned();
        };
        let status = job["status"].as_str().unwrap_or_default();
        match job["stdout"].as_str().unwrap_or_default().trim_end() {
            "" => status.to_owned(),
            output => format!("{status}: {output}"),
        }
    }

    /// Whether it is over and has printed what it should.
    pub(super) fn is_done(&self, jobs: &[Value]) -> bool {
        self.find(jobs).is_some_and(|job| {
            let output = job["stdout"].as_str().unwrap_or_default();
            job["status"] == "Completed" && output.trim_end() == self.output
        })
    }
}
