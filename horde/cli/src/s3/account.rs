//! The account at an S3 service: what the variables say, and what of it cannot be right.

use std::net::IpAddr;

use clap::Args;
use horde_s3::{Credentials, Endpoint, EndpointError};

use crate::environment::Environment;
use crate::finding::Finding;
use crate::miners;

/// Variables with the names of the two buckets, and what each bucket holds.
pub(crate) const BUCKETS: [(&str, &str); 2] = [
    ("prompts", "S3_BUCKET_NAME_PROMPTS"),
    ("answers", "S3_BUCKET_NAME_ANSWERS"),
];
/// Variable with the region.
pub(crate) const REGION: &str = "AWS_DEFAULT_REGION";
/// Variable with the URL of a service other than AWS.
pub(crate) const ENDPOINT: &str = "AWS_ENDPOINT_URL";
/// Variable with the id of the access key.
pub(crate) const KEY: &str = "AWS_ACCESS_KEY_ID";
/// Variable with its secret.
pub(crate) const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
/// Variable with the token of a key that expires.
pub(crate) const TOKEN: &str = "AWS_SESSION_TOKEN";
/// Another name for the region, which some programs read and some do not.
pub(crate) const OTHER_REGION: &str = "AWS_REGION";
/// Name of this part in findings.
const PART: &str = "settings";

/// What the command line says in place of variables.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct AccountOptions {
    /// Region of the buckets, in place of AWS_DEFAULT_REGION
    #[arg(long, value_name = "REGION", alias = "aws-region-name")]
    pub(crate) region: Option<String>,
    /// URL of an S3 service other than AWS, in place of AWS_ENDPOINT_URL
    #[arg(long, value_name = "URL", alias = "aws-endpoint-url")]
    pub(crate) endpoint: Option<String>,
    /// Id of the access key, in place of AWS_ACCESS_KEY_ID
    #[arg(long = "access-key-id", value_name = "ID", alias = "aws-access-key-id")]
    pub(crate) key: Option<String>,
    /// Its secret, in place of AWS_SECRET_ACCESS_KEY; others on this machine can see it while the command runs
    #[arg(
        long = "secret-access-key",
        value_name = "SECRET",
        alias = "aws-secret-access-key"
    )]
    pub(crate) secret: Option<String>,
}

/// Who signs, and where the buckets are.
pub(crate) struct Account {
    /// Signs.
    pub(crate) credentials: Credentials,
    region: Option<String>,
    url: Option<String>,
}

impl Account {
    /// Reads the account; what cannot be right, or may not be meant, is added to `findings`. `None` without an access key.
    pub(crate) fn read(
        environment: &Environment,
        options: &AccountOptions,
        findings: &mut Vec<Finding>,
    ) -> Option<Self> {
        let value = |given: &Option<String>, name: &str| {
            let given = given.clone().filter(|value| !value.is_empty());
            given.or_else(|| environment.get(name))
        };
        let token = match options.key {
            // The token belongs to the key of the variables.
            Some(_) => None,
            None => environment.get(TOKEN),
        };
        let key = value(&options.key, KEY);
        let secret = value(&options.secret, SECRET);
        if options.region.is_none() {
            findings.extend(two_regions(environment));
        }
        let missing: Vec<&str> = [(KEY, &key), (SECRET, &secret)]
            .into_iter()
            .filter_map(|(name, value)| value.is_none().then_some(name))
            .collect();
        if !missing.is_empty() {
            findings.push(Finding::fault(
                PART,
                format!("{} not set", missing.join(" and ")),
                "put the id and the secret of an access key into .env; `compute-horde provision-s3 --create-user` makes one at AWS",
            ));
        }
        let mut credentials = Credentials::new(key?, secret?);
        credentials.session_token = token.map(Into::into);
        let region = value(&options.region, REGION).or_else(|| environment.get(OTHER_REGION));
        Some(Self {
            credentials,
            region,
            url: value(&options.endpoint, ENDPOINT),
        })
    }

    /// Where a bucket is.
    ///
    /// # Errors
    ///
    /// What of URL, region or name is wrong.
    pub(crate) fn bucket(&self, name: &str) -> Result<Endpoint, EndpointError> {
        Endpoint::parse(self.url.as_deref(), self.region.as_deref(), name)
    }

    /// The URL of a service other than AWS, if one is named.
    pub(crate) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

/// A warning if the key expires: checks and provisioning may use it, and the validator may not.
pub(crate) fn expiring_key(account: &Account) -> Option<Finding> {
    account.credentials.session_token.as_ref().map(|_| {
        Finding::warning(
            PART,
            format!("{TOKEN} is set: the access key expires, and `config` and `up` refuse it"),
            format!(
                "remove {TOKEN}, and take a key that does not expire; `compute-horde provision-s3 --create-user` makes one at AWS"
            ),
        )
    })
}

/// What is wrong with an address, as a finding.
pub(crate) fn address_fault(part: &str, error: &EndpointError) -> Finding {
    let text = match error {
        // Perhaps a password, before a host without a scheme.
        EndpointError::Scheme { url } if url.contains('@') => {
            "the endpoint does not begin with http:// or https://, and has an `@`".to_owned()
        }
        error => error.to_string(),
    };
    Finding::fault(
        part,
        text,
        "correct the variables S3_BUCKET_NAME_PROMPTS, S3_BUCKET_NAME_ANSWERS, AWS_ENDPOINT_URL and AWS_DEFAULT_REGION",
    )
}

/// A warning if miners elsewhere cannot reach the service.
pub(crate) fn private_service(bucket: &Endpoint) -> Option<Finding> {
    let host = bucket.host();
    // An IPv6 address is in brackets, with or without a port.
    let host = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split_once(':').map_or(host, |(host, _)| host),
    };
    let is_unspecified = host.parse().is_ok_and(|host: IpAddr| host.is_unspecified());
    (miners::is_private(host) || is_unspecified).then(|| {
        Finding::warning(
            PART,
            format!(
                "{} is an address of this machine or network: miners elsewhere cannot reach it",
                bucket.base_url()
            ),
            "use a service with a public address in AWS_ENDPOINT_URL, but for tests",
        )
    })
}

/// Warnings if the shell and the file say different things.
pub(crate) fn shadows(environment: &Environment, options: &AccountOptions) -> Vec<Finding> {
    let given = [
        (KEY, options.key.is_some()),
        (SECRET, options.secret.is_some()),
        (REGION, options.region.is_some()),
        (ENDPOINT, options.endpoint.is_some()),
    ];
    let used = given.into_iter().filter(|(_, is_given)| !is_given);
    let shadowed = used.filter(|(name, _)| environment.is_shadowed(name));
    let warning = |(name, _)| {
        Finding::warning(
            PART,
            format!("{name} of the process's environment takes the place of another value in .env"),
            format!(
                "`unset {name}` in this shell, or make both the same: the validator may read the other one"
            ),
        )
    };
    shadowed.map(warning).collect()
}

/// A warning if two variables name different regions.
fn two_regions(environment: &Environment) -> Option<Finding> {
    let (region, other) = (environment.get(REGION)?, environment.get(OTHER_REGION)?);
    (region != other).then(|| {
        Finding::warning(
            PART,
            format!(
                "{REGION} is {region:?}, but {OTHER_REGION} is {other:?}; the first counts here"
            ),
            format!("remove {OTHER_REGION}: other programs read it first"),
        )
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(text: &str, options: &AccountOptions) -> (Option<Account>, Vec<Finding>) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".env"), text).unwrap();
        let environment = Environment::load(folder.path(), |name| {
            (name == "AWS_ACCESS_KEY_ID").then(|| "shell".to_owned())
        });
        let mut findings = Vec::new();
        let environment = environment.unwrap();
        let account = Account::read(&environment, options, &mut findings);
        findings.extend(shadows(&environment, options));
        (account, findings)
    }

    #[test]
    fn key_of_the_shell_beside_another_is_a_warning() {
        let text = "AWS_ACCESS_KEY_ID=file\nAWS_SECRET_ACCESS_KEY=secret";
        let (account, findings) = read(text, &AccountOptions::default());
        assert_eq!(account.unwrap().credentials.access_key_id, "shell");
        assert!(
            findings[0]
                .text
                .starts_with("AWS_ACCESS_KEY_ID of the process")
        );
        let options = AccountOptions {
            key: Some("option".to_owned()),
            ..AccountOptions::default()
        };
        let (account, findings) = read(text, &options);
        assert_eq!(account.unwrap().credentials.access_key_id, "option");
        assert_eq!(findings, []);
    }

    #[test]
    fn missing_secret_is_a_fault_without_the_key() {
        let (account, findings) = read("", &AccountOptions::default());
        assert!(account.is_none());
        assert_eq!(findings[0].text, "AWS_SECRET_ACCESS_KEY not set");
    }

    #[test]
    fn regions_that_differ_are_a_warning() {
        let text = "AWS_SECRET_ACCESS_KEY=s\nAWS_REGION=eu-west-1\nAWS_DEFAULT_REGION=eu-central-1";
        let (account, findings) = read(text, &AccountOptions::default());
        let bucket = account.unwrap().bucket("prompts").unwrap();
        assert_eq!(bucket.region(), "eu-central-1");
        assert_eq!(findings.len(), 1, "{findings:?}");
        let (account, findings) = read(
            "AWS_SECRET_ACCESS_KEY=s\nAWS_REGION=eu-west-1",
            &AccountOptions::default(),
        );
        assert_eq!(
            account.unwrap().bucket("prompts").unwrap().region(),
            "eu-west-1"
        );
        assert_eq!(findings, []);
    }

    #[test]
    fn service_on_this_machine_is_a_warning() {
        for (url, is_private) in [
            ("http://127.0.0.1:9000", true),
            ("http://[::1]:9000", true),
            ("http://localhost", true),
            ("https://s3.example.org", false),
        ] {
            let bucket = Endpoint::parse(Some(url), None, "prompts").unwrap();
            assert_eq!(private_service(&bucket).is_some(), is_private, "{url}");
        }
    }

    #[test]
    fn endpoint_with_a_password_is_not_shown() {
        for url in ["user:s3cret@host", "https://user:s3cret@host"] {
            let error = Endpoint::parse(Some(url), None, "bucket").unwrap_err();
            let finding = address_fault("settings", &error);
            assert!(!finding.text.contains("s3cret"), "{}", finding.text);
        }
    }
}
