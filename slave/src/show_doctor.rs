//! `tig-slave doctor`: what would keep a slave from its work, with what to do about it.

use std::process::ExitCode;

use tig_process::error_chain::error_chain;
use tig_process::output;
use tig_process::threads::ThreadsError;
use tig_slave::doctor::{self, Finding, Level};
use tig_worker::start_compilers;

use crate::THREADS;
use crate::cli::DoctorArguments;

/// Exit code: something does not work.
const FAULTS: u8 = 11;

/// Looks at everything, prints what was found, and returns the exit code.
pub(crate) fn run(arguments: DoctorArguments) -> ExitCode {
    match examine(arguments) {
        Ok(code) => code,
        Err(error) => output::fail(&error),
    }
}

fn examine(arguments: DoctorArguments) -> Result<ExitCode, ThreadsError> {
    let as_json = arguments.json;
    let mut findings = Vec::new();
    let mut add = |finding: Finding| {
        if !as_json {
            finding.lines().iter().for_each(|line| output::line(line));
        }
        findings.push(finding);
    };
    match arguments.slave.examined() {
        Ok(examined) => {
            if let Err(error) = start_compilers(examined.workers.get()) {
                let remedy = tig_process::threads::REMEDY;
                add(Finding::fail("threads", error_chain(&error), remedy));
            } else {
                let runtime = THREADS.start("the network and the disk")?;
                runtime.block_on(doctor::examine(&examined, &mut add));
                runtime.shutdown_background();
            }
        }
        Err(error) => {
            let remedy = "correct the command line; `tig-slave --help` shows what belongs there";
            add(Finding::fail("settings", error_chain(&error), remedy));
        }
    }
    let count = |level| findings.iter().filter(|it| it.level == level).count();
    let [ok, warn, fail] = [Level::Ok, Level::Warn, Level::Fail].map(count);
    if as_json {
        let all = serde_json::json!({ "ok": fail == 0, "findings": findings });
        output::line(&all.to_string());
    } else {
        output::line(&format!("{ok} ok, {warn} warn, {fail} FAIL"));
    }
    Ok(match output::check() {
        Err(error) => output::fail(&error),
        Ok(()) if fail > 0 => ExitCode::from(FAULTS),
        Ok(()) => ExitCode::SUCCESS,
    })
}
