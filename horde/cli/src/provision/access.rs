//! Anybody reads objects and does nothing else: a policy, and the block of public access that lets the policy count and access
//! lists not.

use std::thread;
use std::time::Duration;

use horde_s3::{Endpoint, xml};

use super::part::{Part, Present};
use super::step::Outcome;
use crate::s3::policy::{self, PublicRead};
use crate::s3::reason::Reason;
use crate::s3::remote::Signed;

/// What blocks public access.
const BLOCK: Part = Part {
    name: "publicAccessBlock",
    read: "s3:GetBucketPublicAccessBlock",
    write: "s3:PutBucketPublicAccessBlock",
};
/// The policy.
const POLICY: Part = Part {
    name: "policy",
    read: "s3:GetBucketPolicy",
    write: "s3:PutBucketPolicy",
};
/// The four switches of the block, as they must be: access lists stay blocked, policies count.
const SWITCHES: [(&str, bool); 4] = [
    ("BlockPublicAcls", true),
    ("IgnorePublicAcls", true),
    ("BlockPublicPolicy", false),
    ("RestrictPublicBuckets", false),
];

/// Sets the switches.
pub(super) fn ensure_block(signed: &Signed<'_>, bucket: &Endpoint, dry_run: bool) -> Outcome {
    let present = match BLOCK.read(signed, bucket) {
        Err(refused) => return refused,
        Ok(Present::Unknown) => return no_block(),
        Ok(Present::Nothing) => None,
        Ok(Present::Text(text)) => Some(text),
    };
    if present.is_some_and(|text| is_set(&text)) {
        return Outcome::was_there("");
    }
    if dry_run {
        return Outcome::planned("block access lists, let the policy count");
    }
    let switches = SWITCHES.map(|(name, is_on)| format!("<{name}>{is_on}</{name}>"));
    let body = format!(
        "<PublicAccessBlockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{}</PublicAccessBlockConfiguration>",
        switches.concat()
    );
    match BLOCK.write(signed, bucket, body) {
        Err(Reason::Missing) => no_block(),
        written => BLOCK.outcome(written, bucket),
    }
}

fn no_block() -> Outcome {
    Outcome::NotNeeded {
        text: "the service blocks nothing".to_owned(),
    }
}

fn is_set(text: &str) -> bool {
    let is_as_wanted = |(name, is_on): &(&str, bool)| {
        let value = xml::first(text, name);
        value.is_some_and(|value| value.eq_ignore_ascii_case("true")) == *is_on
    };
    SWITCHES.iter().all(is_as_wanted)
}

/// Adds the statement that lets anybody read objects. If it is denied, it is tried again after each of `pauses`.
pub(super) fn ensure_policy(
    signed: &Signed<'_>,
    bucket: &Endpoint,
    dry_run: bool,
    pauses: &[Duration],
) -> Outcome {
    let present = match POLICY.read(signed, bucket) {
        Err(refused) => return refused,
        Ok(Present::Unknown) => return no_policies(bucket),
        Ok(Present::Nothing) => None,
        Ok(Present::Text(text)) => Some(text),
    };
    match policy::public_read(bucket.bucket(), present.as_deref()) {
        PublicRead::IsThere => Outcome::was_there(""),
        PublicRead::More(statements) => Outcome::refused(
            format!(
                "the bucket's policy lets anybody do more, by its statements {}",
                statements.join(", ")
            ),
            "remove those statements from the policy, then run the command again; or take a bucket that serves nothing else",
        ),
        PublicRead::Unreadable => Outcome::refused(
            "the bucket has a policy that cannot be read",
            "remove the policy if nothing needs it, then run the command again",
        ),
        PublicRead::Set(_) if dry_run => Outcome::planned("allow s3:GetObject to everybody"),
        PublicRead::Set(policy) => {
            let written = write_policy(signed, bucket, &policy.to_string(), pauses);
            if written == Err(Reason::Missing) {
                return no_policies(bucket);
            }
            let is_denied = written == Err(Reason::Denied);
            match POLICY.outcome(written, bucket) {
                // AWS answers alike to who has the right where the account blocks public policies.
                Outcome::Refused { text, remedy } if is_denied => Outcome::refused(
                    text,
                    format!(
                        "{remedy}; if it is there, public access is blocked for the whole account: switch its BlockPublicPolicy off"
                    ),
                ),
                outcome => outcome,
            }
        }
    }
}

fn no_policies(bucket: &Endpoint) -> Outcome {
    Outcome::refused(
        "the server has no policies of buckets",
        format!(
            "let anybody read the objects of {} and do nothing else (s3:GetObject on {0}/*) by the service's own means, then run `compute-horde check-s3`",
            bucket.bucket()
        ),
    )
}

fn write_policy(
    signed: &Signed<'_>,
    bucket: &Endpoint,
    policy: &str,
    pauses: &[Duration],
) -> Result<(), Reason> {
    let mut pauses = pauses.iter();
    loop {
        match POLICY.write(signed, bucket, policy.to_owned()) {
            Err(Reason::Denied) => match pauses.next() {
                Some(pause) => thread::sleep(*pause),
                None => return Err(Reason::Denied),
            },
            written => return written,
        }
    }
}
