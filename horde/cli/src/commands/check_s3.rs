//! `check-s3`: whether both buckets do what the protocol needs.

use std::path::Path;

use clap::Args;
use horde_proto::uuid_v4;

use crate::environment::Environment;
use crate::exit_code::FAULT;
use crate::finding::{self, Finding};
use crate::host::HostProgram;
use crate::http::{ClientError, Http, Transport};
use crate::provision::early_expiry;
use crate::s3::account::{self, Account, AccountOptions, BUCKETS};
use crate::s3::check::{Check, Checked, clock};
use crate::s3::remote::Signed;

/// Random bytes that are written to a bucket.
const CONTENT_BYTES: usize = 32;

#[derive(Args, Default)]
pub(crate) struct Arguments {
    /// Name of the bucket for prompts, in place of S3_BUCKET_NAME_PROMPTS
    #[arg(long, value_name = "NAME", alias = "s3-bucket-name-prompts")]
    prompts: Option<String>,
    /// Name of the bucket for answers, in place of S3_BUCKET_NAME_ANSWERS
    #[arg(long, value_name = "NAME", alias = "s3-bucket-name-answers")]
    answers: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    account: AccountOptions,
}

/// Why nothing could be checked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    /// No HTTP client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The system has no random bytes.
    #[error("cannot draw the name of an object")]
    Random(#[from] getrandom::Error),
}

/// Checks both buckets, prints what was found, and returns the exit code.
///
/// # Errors
///
/// See [`CheckError`].
pub(crate) fn run(
    environment: &Environment,
    host: &HostProgram,
    arguments: &Arguments,
) -> Result<u8, CheckError> {
    let findings = findings(environment, host.config(), arguments, &Http::new()?)?;
    finding::print(&findings, arguments.json);
    Ok(if finding::are_good(&findings) {
        0
    } else {
        FAULT
    })
}

/// What is to be said of both buckets, for a host with the config at this path.
///
/// # Errors
///
/// The system has no random bytes.
pub(crate) fn findings(
    environment: &Environment,
    config: &Path,
    arguments: &Arguments,
    transport: &dyn Transport,
) -> Result<Vec<Finding>, getrandom::Error> {
    let mut findings = account::shadows(environment, &arguments.account);
    let account = Account::read(environment, &arguments.account, &mut findings);
    findings.extend(account.as_ref().and_then(account::expiring_key));
    let mut skews = Vec::new();
    let given = [&arguments.prompts, &arguments.answers];
    let mut is_private_told = false;
    for ((holds, variable), given) in BUCKETS.into_iter().zip(given) {
        let given = given.clone().filter(|name| !name.is_empty());
        let Some(name) = given.or_else(|| environment.get(variable)) else {
            findings.push(Finding::fault(
                &format!("bucket for {holds}"),
                format!("{variable} is not set"),
                "put the bucket's name into .env; `compute-horde provision-s3 PROMPTS ANSWERS` makes both buckets",
            ));
            continue;
        };
        let Some(account) = &account else { continue };
        let part = format!("bucket {name} ({holds})");
        let bucket = match account.bucket(&name) {
            Ok(bucket) => bucket,
            Err(error) => {
                findings.push(account::address_fault(
                    &format!("bucket for {holds}"),
                    &error,
                ));
                continue;
            }
        };
        if !is_private_told {
            findings.extend(account::private_service(&bucket));
            is_private_told = true;
        }
        let check = Check {
            transport,
            credentials: &account.credentials,
            bucket: &bucket,
            part: part.clone(),
        };
        let mut contents = [0; CONTENT_BYTES];
        getrandom::fill(&mut contents)?;
        let random = [getrandom::u64()?, getrandom::u64()?];
        let key = format!("diagnostic-{}", uuid_v4(random));
        let Checked {
            findings: found,
            skew_seconds,
        } = check.run(&key, &hex::encode(contents));
        let are_good = finding::are_good(&found);
        findings.extend(found);
        if are_good {
            let signed = Signed {
                transport,
                credentials: &account.credentials,
                users_url: "",
            };
            findings.extend(early_expiry(&signed, &bucket, &part, config));
        }
        skews.extend(skew_seconds);
    }
    let greatest = skews.into_iter().max_by_key(|skew| skew.unsigned_abs());
    findings.extend(greatest.map(|skew| clock(skew, "S3 service")));
    Ok(findings)
}
