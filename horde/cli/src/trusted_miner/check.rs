//! The check: what is found at each step, and what to do about it. A step whose predecessor fails is not tried.

use std::path::Path;
use std::time::Instant;

use horde_events::{MinerAddress, quote};
use horde_proto::miner::ExecutorManifest;
use tig_keyring::Keypair;
use tig_process::error_chain::error_chain;

use super::PART;
use super::job::{CLASS, Job};
use super::link::authority;
use super::prompts::{Pipeline, new_uuid};
use super::session::Session;
use crate::environment::Environment;
use crate::finding::{self, Finding, Level};
use crate::hotkey::{Hotkey, HotkeyFault};
use crate::http::Transport;
use crate::miners;
use crate::s3::account::{self, Account, AccountOptions, BUCKETS};
use crate::settings::Settings;

/// Model that makes prompts, if none is named.
const MODEL_DEFAULT: &str = "phi3";

/// The model that makes prompts.
pub(crate) fn model(environment: &Environment) -> String {
    let model = environment.get("PROMPT_GENERATION_MODEL");
    model.unwrap_or_else(|| MODEL_DEFAULT.to_owned())
}

/// How far a check goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Depth {
    /// No further than the miner's executors, which takes no time of theirs. An encrypted hotkey is not opened.
    Executors,
    /// A short job, prompts and answers.
    Jobs,
}

/// What is to be said of the trusted miner.
pub(crate) fn check(
    environment: &Environment,
    folder: &Path,
    transport: &dyn Transport,
    depth: Depth,
) -> Vec<Finding> {
    let miner = match miners::trusted(environment) {
        Ok(Some(miner)) => miner,
        Ok(None) => return vec![unnamed(environment, depth)],
        Err(error) => {
            return vec![Finding::fault(
                PART,
                error.to_string(),
                "correct the variable in .env",
            )];
        }
    };
    let settings = match Settings::read(environment) {
        Ok(settings) => settings,
        Err(error) => {
            return vec![Finding::fault(
                "hotkey",
                error.to_string(),
                "correct the variables of the wallet",
            )];
        }
    };
    let keypair = match Hotkey::read(&settings, folder) {
        Ok(Hotkey::Encrypted(_)) if depth == Depth::Executors => {
            let text =
                "the hotkey is encrypted; `compute-horde trusted-miner check` opens it and asks";
            return vec![Finding::note(PART, text)];
        }
        Ok(hotkey) => hotkey.open(),
        Err(fault) => Err(fault),
    };
    match keypair {
        Ok(keypair) => ask(environment, &miner, &keypair, transport, depth),
        Err(fault) => vec![of_hotkey(&fault)],
    }
}

fn of_hotkey(fault: &HotkeyFault) -> Finding {
    Finding::fault("hotkey", error_chain(fault), fault.remedy())
}

/// A validator without buckets needs none; whoever asks for the check wants one.
fn unnamed(environment: &Environment, depth: Depth) -> Finding {
    let text =
        "TRUSTED_MINER_ADDRESS is not set: no prompts are made, and language models are not tested";
    let remedy = "set TRUSTED_MINER_ADDRESS and TRUSTED_MINER_PORT in .env; `compute-horde trusted-miner script` prints how to set one up";
    match depth {
        Depth::Jobs => Finding::fault(PART, text, remedy),
        Depth::Executors if has_buckets(environment) => Finding::warning(PART, text, remedy),
        Depth::Executors => Finding::note(PART, text),
    }
}

fn has_buckets(environment: &Environment) -> bool {
    BUCKETS
        .iter()
        .all(|(_, variable)| environment.get(variable).is_some())
}

/// Asks the miner, from the connection to the answers.
fn ask(
    environment: &Environment,
    miner: &MinerAddress,
    keypair: &Keypair,
    transport: &dyn Transport,
    depth: Depth,
) -> Vec<Finding> {
    let address = authority(miner);
    let fault = |text: String, remedy: String| vec![Finding::fault(PART, text, remedy)];
    let mut session = match Session::open(keypair, miner) {
        Ok(session) => session,
        Err(error) => return fault(error.to_string(), error.remedy().to_owned()),
    };
    let manifest = match session.authenticate() {
        Ok(manifest) => manifest,
        Err(error) => {
            let remedy = error.remedy(&keypair.public().to_ss58());
            return fault(format!("{address}: {error}"), remedy);
        }
    };
    let mut findings = vec![
        Finding::good(
            PART,
            format!("{address} admits {}", keypair.public().to_ss58()),
        ),
        executors(&manifest),
    ];
    if depth == Depth::Executors || !finding::are_good(&findings) {
        return findings;
    }
    let ran = short_job(&mut session);
    let has_run = ran.level == Level::Good;
    findings.push(ran);
    if has_run {
        findings.extend(prompts(environment, &mut session, transport));
    }
    findings
}

/// The executors of the class that runs language models.
fn executors(manifest: &ExecutorManifest) -> Finding {
    let part = "executors";
    let classes = manifest.executor_classes.iter();
    let named = classes.filter_map(|entry| {
        let class = entry.executor_class.executor_class()?;
        Some((class, entry.count))
    });
    let named: Vec<_> = named.filter(|(_, count)| *count > 0).collect();
    let texts: Vec<_> = named
        .iter()
        .map(|(class, count)| format!("{count} of class {class}"))
        .collect();
    let text = match texts.is_empty() {
        true => "none".to_owned(),
        false => texts.join(", "),
    };
    if named.iter().any(|(class, _)| *class == CLASS) {
        return Finding::good(part, text);
    }
    Finding::fault(
        part,
        format!("{text}; prompts and answers need one of class {CLASS}"),
        format!("set DEFAULT_EXECUTOR_CLASS={CLASS} on the trusted miner and start it again"),
    )
}

fn short_job(session: &mut Session<'_>) -> Finding {
    let part = "job";
    let started = Instant::now();
    let uuid = match new_uuid() {
        Ok(uuid) => uuid,
        Err(error) => return Finding::fault(part, error.to_string(), ""),
    };
    match session.run(Job::echo(&uuid)) {
        Ok(finished) if finished.docker_process_stdout.trim() == uuid => {
            let seconds = started.elapsed().as_secs_f64();
            Finding::good(part, format!("a short job ran, in {seconds:.1} s"))
        }
        Ok(finished) => Finding::fault(
            part,
            format!(
                "it printed {} in place of its payload",
                quote(&finished.docker_process_stdout)
            ),
            "the executor must run the image that it is asked for, with the volume of the job",
        ),
        Err(fault) => Finding::fault(part, fault.to_string(), fault.remedy("the job's image")),
    }
}

/// Prompts and answers, if there are buckets for them.
fn prompts(
    environment: &Environment,
    session: &mut Session<'_>,
    transport: &dyn Transport,
) -> Vec<Finding> {
    if !has_buckets(environment) {
        let text = "prompts and answers are not tried: S3_BUCKET_NAME_PROMPTS and S3_BUCKET_NAME_ANSWERS are not both set";
        return vec![Finding::note("prompts", text)];
    }
    let mut findings = Vec::new();
    let account = Account::read(environment, &AccountOptions::default(), &mut findings);
    let Some(account) = account else {
        return findings;
    };
    let bucket = |variable| account.bucket(&environment.get(variable).unwrap_or_default());
    let [(_, of_prompts), (_, of_answers)] = BUCKETS;
    let (prompts, answers) = match (bucket(of_prompts), bucket(of_answers)) {
        (Ok(prompts), Ok(answers)) => (prompts, answers),
        (Err(error), _) | (_, Err(error)) => {
            findings.push(account::address_fault("buckets", &error));
            return findings;
        }
    };
    let pipeline = Pipeline {
        transport,
        credentials: &account.credentials,
        prompts: &prompts,
        answers: &answers,
        model: &model(environment),
    };
    findings.extend(pipeline.findings(session));
    findings
}

#[cfg(test)]
mod tests {
    use horde_proto::miner::ToValidator;

    use super::*;

    fn manifest(text: &str) -> ExecutorManifest {
        let frame = format!(
            r#"{{"message_type": "V0ExecutorManifestRequest", "manifest": {{"executor_classes": {text}}}}}"#
        );
        match ToValidator::parse(&frame).unwrap() {
            ToValidator::ExecutorManifest(request) => request.manifest,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn executors_of_another_class_are_a_fault() {
        for (text, level) in [
            (
                r#"[{"executor_class": "always_on.llm.a6000", "count": 1}]"#,
                Level::Good,
            ),
            (
                r#"[{"executor_class": "always_on.llm.a6000", "count": 0}]"#,
                Level::Fault,
            ),
            (r#"[{"executor_class": 0, "count": 2}]"#, Level::Fault),
            ("[]", Level::Fault),
        ] {
            let finding = executors(&manifest(text));
            assert_eq!(finding.level, level, "{text}: {}", finding.text);
        }
    }
}
