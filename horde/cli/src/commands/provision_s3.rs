//! `provision-s3`: sets up both buckets, and a user if it is wanted.

use std::path::Path;

use clap::Args;

use crate::environment::Environment;
use crate::exit_code::FAULT;
use crate::finding::{self, Finding};
use crate::http::{ClientError, Http};
use crate::provision::{EnvLines, POLICY_PAUSES, Plan, Step, UserPlan};
use crate::s3::account::{self, Account, AccountOptions};
use crate::s3::remote::Signed;

/// Where IAM of AWS is.
const USERS_URL: &str = "https://iam.amazonaws.com";
/// Variable with the URL of another service of users, as the libraries of AWS know it.
const USERS_VARIABLE: &str = "AWS_ENDPOINT_URL_IAM";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Name of the bucket for prompts
    prompts: String,
    /// Name of the bucket for answers
    answers: String,
    /// Also make a user with exactly two rights, and an access key for it; AWS only
    #[arg(long)]
    create_user: bool,
    /// Name of that user
    #[arg(
        long,
        value_name = "NAME",
        default_value = "sn12-validator-prompts-answers-user",
        requires = "create_user"
    )]
    user_name: String,
    /// Make another access key though the user has one
    #[arg(long, requires = "create_user")]
    new_key: bool,
    /// Days after which objects are deleted, a day more than `expiry_hours` of config.horde_crossval at least; without it 14 if there is no such
    /// rule yet
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(2..=3650))]
    expire_days: Option<u32>,
    /// Print the lines for .env instead of writing them; a new secret is shown once
    #[arg(long)]
    print: bool,
    /// Say what is to be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    account: AccountOptions,
}

impl Arguments {
    /// Whether `.env`, or the note on a new access key, is written.
    pub(crate) fn writes(&self) -> bool {
        !self.dry_run && (!self.print || self.create_user)
    }
}

/// Sets up what is missing, and returns the exit code.
///
/// # Errors
///
/// There is no HTTP client.
pub(crate) fn run(
    environment: &Environment,
    folder: &Path,
    arguments: &Arguments,
) -> Result<u8, ClientError> {
    let mut findings = Vec::new();
    let account = Account::read(environment, &arguments.account, &mut findings);
    let prepared = account.and_then(|account| {
        let plan = plan(environment, folder, arguments, &account, &mut findings)?;
        Some((account, plan))
    });
    if !findings.is_empty() {
        finding::print(&findings, arguments.json);
    }
    let Some((account, plan)) = prepared else {
        return Ok(FAULT);
    };
    let http = Http::new()?;
    let users_url = environment.get(USERS_VARIABLE);
    let signed = Signed {
        transport: &http,
        credentials: &account.credentials,
        users_url: users_url
            .as_deref()
            .unwrap_or(USERS_URL)
            .trim_end_matches('/'),
    };
    let mut report = |step: Step| step.print(arguments.json);
    Ok(if plan.run(&signed, &mut report) {
        0
    } else {
        FAULT
    })
}

/// The plan; `None`, with a finding, if it cannot be one.
fn plan(
    environment: &Environment,
    folder: &Path,
    arguments: &Arguments,
    account: &Account,
    findings: &mut Vec<Finding>,
) -> Option<Plan> {
    let names = [arguments.prompts.as_str(), &arguments.answers];
    if names[0] == names[1] {
        findings.push(Finding::fault(
            "settings",
            "prompts and answers cannot share a bucket: the names are the same",
            "give two names",
        ));
        return None;
    }
    let mut bucket = |name| {
        let bucket = account.bucket(name);
        let fault = |error| findings.push(account::address_fault("settings", &error));
        bucket.map_err(fault).ok()
    };
    let buckets = [bucket(names[0])?, bucket(names[1])?];
    let has_users = buckets[0].is_aws() || environment.get(USERS_VARIABLE).is_some();
    if arguments.create_user && !has_users {
        findings.push(Finding::fault(
            "settings",
            format!("{} is not AWS, which alone makes users by --create-user", buckets[0].base_url()),
            "make an access key by the service's own means, put it into .env, and leave --create-user out",
        ));
        return None;
    }
    let user = arguments.create_user.then(|| UserPlan {
        name: arguments.user_name.clone(),
        key_in_file: environment.in_file(account::KEY).map(str::to_owned),
        has_secret: environment.in_file(account::SECRET).is_some(),
        folder: folder.to_owned(),
        new_key: arguments.new_key,
    });
    let as_json = arguments.json;
    let lines = match arguments.print {
        true => EnvLines::Print { as_json },
        false => EnvLines::File(folder.to_owned()),
    };
    Some(Plan {
        buckets,
        days: arguments.expire_days,
        url: account.url().map(str::to_owned),
        user,
        lines,
        dry_run: arguments.dry_run,
        policy_pauses: POLICY_PAUSES,
    })
}
