//! `doctor`: looks at everything that can keep a validator from its work, and says what to do about it.

use std::path::Path;

use horde_s3::{Method, clock_skew_seconds};

use super::check_s3::{self, CheckError};
use crate::doctor::{bucket_key, files, machine, validator};
use crate::environment::{Environment, EnvironmentError};
use crate::exit_code::FAULT;
use crate::finding::{self, Finding, Level};
use crate::host::{HostProcess, HostProgram, RunError};
use crate::http::{Http, Transport};
use crate::network::PYLON_URL;
use crate::running::Running;
use crate::s3::account::BUCKETS;
use crate::s3::check::clock;
use crate::s3::remote::unix_seconds;
use crate::settings;
use crate::trusted_miner::{self, Depth};

/// Looks at everything, prints what was found, and returns the exit code.
///
/// # Errors
///
/// No HTTP client, or no random bytes.
pub(crate) fn run(
    environment: Result<Environment, EnvironmentError>,
    folder: &Path,
    host: &HostProgram,
    as_json: bool,
) -> Result<u8, CheckError> {
    let http = Http::new()?;
    let (process, mut findings) = of_host(host, &http);
    findings.push(machine::disk(folder));
    findings.push(machine::open_files(process.map(|process| process.pid)));
    match environment {
        Ok(environment) => {
            let mut of_files = files::variables(&environment, folder);
            of_files.push(files::hotkey(&environment, folder));
            of_files.extend(bucket_key::finding(&environment, folder, host));
            of_files.extend(files::differing_config(&environment, folder, host));
            of_files.extend(files::private_addresses(host));
            findings.splice(0..0, of_files);
            findings.extend(chain_service(&environment, &http));
            let depth = Depth::Executors;
            findings.extend(trusted_miner::check(&environment, folder, &http, depth));
            findings.extend(buckets(&environment, host, &http)?);
        }
        Err(error) => {
            let remedy = "correct the file; what depends on it is not looked at";
            findings.insert(0, Finding::fault(".env", error.to_string(), remedy));
        }
    }
    finding::print(&findings, as_json);
    Ok(if finding::are_good(&findings) {
        0
    } else {
        FAULT
    })
}

/// The config, and the host that runs with it.
fn of_host(host: &HostProgram, transport: &dyn Transport) -> (Option<HostProcess>, Vec<Finding>) {
    let looked = || -> Result<_, RunError> { Ok((files::config(host)?, host.process()?)) };
    let (mut findings, process) = match looked() {
        Ok(looked) => looked,
        Err(error) => {
            let remedy = "`cargo build --release -p tig-host`, or copy the program";
            return (
                None,
                vec![Finding::fault("host", error.to_string(), remedy)],
            );
        }
    };
    match &process {
        None => findings.push(Finding::fault(
            "host",
            "no host of this config runs",
            format!(
                "start it: `compute-horde up`, or `tig-host {}`",
                host.config().display()
            ),
        )),
        Some(HostProcess { address, .. }) => {
            findings.push(Finding::good("host", format!("runs at http://{address}")));
            findings.extend(validator::findings(&Running { transport, address }.ask()));
        }
    }
    (process, findings)
}

/// The service of the chain, as it is reached from here, and its clock.
fn chain_service(environment: &Environment, transport: &dyn Transport) -> Vec<Finding> {
    // One with a password is a fault of `.env`, and is not repeated here.
    let Ok(Some(url)) = settings::url(environment, PYLON_URL) else {
        return Vec::new();
    };
    let part = "chain service";
    match transport.send(Method::Get, &url, &[], Vec::new()) {
        Err(error) => vec![Finding::fault(
            part,
            error.to_string(),
            "start the Pylon service, or correct PYLON_URL",
        )],
        Ok(answer) => {
            let date = answer.header("date");
            let skew = date.and_then(|date| clock_skew_seconds(date, unix_seconds()));
            let off = skew.map(|skew| clock(skew, part));
            let off = off.filter(|finding| finding.level != Level::Good);
            let good = Finding::good(part, "answers");
            [good].into_iter().chain(off).collect()
        }
    }
}

/// The buckets, if any is named: only jobs of language models need them.
fn buckets(
    environment: &Environment,
    host: &HostProgram,
    transport: &dyn Transport,
) -> Result<Vec<Finding>, CheckError> {
    let is_named = |(_, variable)| environment.get(variable).is_some();
    if !BUCKETS.into_iter().any(is_named) {
        let text = "none is named: jobs of class always_on.llm.a6000 are not tested; `compute-horde provision-s3 PROMPTS ANSWERS` makes both";
        return Ok(vec![Finding::note("buckets", text)]);
    }
    let arguments = check_s3::Arguments::default();
    Ok(check_s3::findings(
        environment,
        host.config(),
        &arguments,
        transport,
    )?)
}
