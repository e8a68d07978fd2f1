//! A user of AWS with exactly two rights: to read and to write objects of both buckets.

use horde_s3::{Complaint, Endpoint, percent_decode, xml};
use serde_json::Value;

use super::step::Outcome;
use crate::http::Answer;
use crate::s3::policy;
use crate::s3::reason::Reason;
use crate::s3::remote::{Request, Signed};

/// Name of the user's policy.
const POLICY: &str = "compute-horde-buckets";

/// A call of IAM that was not a success.
pub(super) struct Refusal {
    code: String,
    outcome: Outcome,
    is_answer: bool,
}

impl Refusal {
    /// Whether the service has refused the call; it may have carried out one without an answer, or with an error of its own.
    pub(super) fn is_answer(&self) -> bool {
        self.is_answer
    }
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        refusal.outcome
    }
}

/// Calls IAM for this user, and returns the body.
///
/// # Errors
///
/// There is no answer, or it is not a success.
pub(super) fn call(
    signed: &Signed<'_>,
    user: &str,
    action: &str,
    parameters: &[(&str, &str)],
) -> Result<String, Refusal> {
    let parameters = [&[("UserName", user)], parameters].concat();
    let answer = signed.call(&Request::users(action, &parameters));
    let answer = answer.map_err(|error| Refusal {
        code: String::new(),
        outcome: error.into(),
        is_answer: false,
    })?;
    match answer.is_success() {
        true => Ok(answer.text()),
        false => Err(refusal(&answer, user, action)),
    }
}

fn refusal(answer: &Answer, user: &str, action: &str) -> Refusal {
    let code = Complaint::read(None, &answer.body).code;
    let resource = format!("arn:aws:iam::*:user/{user}");
    let outcome = Outcome::of_reason(&Reason::of(answer), &format!("iam:{action}"), &resource);
    Refusal {
        code,
        outcome,
        is_answer: (400..500).contains(&answer.status),
    }
}

/// Makes the user if it is not there.
pub(super) fn ensure(signed: &Signed<'_>, user: &str, dry_run: bool) -> Outcome {
    match call(signed, user, "GetUser", &[]) {
        Ok(_) => Outcome::was_there(""),
        Err(refusal) if refusal.code == "NoSuchEntity" => {
            if dry_run {
                return Outcome::planned("");
            }
            match call(signed, user, "CreateUser", &[]) {
                Ok(_) => Outcome::done(""),
                Err(refusal) if refusal.code == "EntityAlreadyExists" => Outcome::was_there(""),
                Err(refusal) => refusal.outcome,
            }
        }
        Err(refusal) => refusal.outcome,
    }
}

/// Gives the user its two rights, and says if there are more.
pub(super) fn ensure_rights(
    signed: &Signed<'_>,
    user: &str,
    buckets: &[Endpoint; 2],
    dry_run: bool,
) -> Outcome {
    let names = [buckets[0].bucket(), buckets[1].bucket()];
    let wanted = policy::user(&names);
    let name = [("PolicyName", POLICY)];
    let present = match call(signed, user, "GetUserPolicy", &name) {
        Ok(body) => document(&body),
        Err(refusal) if refusal.code == "NoSuchEntity" => None,
        Err(refusal) => return refusal.outcome,
    };
    match more_rights(signed, user) {
        Ok(more) if more.is_empty() => {}
        Ok(more) => {
            return Outcome::refused(
                format!("the user has other rights besides, by {}", more.join(", ")),
                "remove them from the user, or take another user with --user-name",
            );
        }
        Err(refused) => return refused,
    }
    if present.as_ref() == Some(&wanted) {
        return Outcome::was_there("");
    }
    let text = "s3:GetObject and s3:PutObject on both buckets";
    if dry_run {
        return Outcome::planned(text);
    }
    let document = wanted.to_string();
    let parameters = [
        ("PolicyName", POLICY),
        ("PolicyDocument", document.as_str()),
    ];
    match call(signed, user, "PutUserPolicy", &parameters) {
        Ok(_) => Outcome::done(text),
        Err(refusal) => refusal.outcome,
    }
}

/// The policy in an answer, which IAM writes in percent encoding.
fn document(body: &str) -> Option<Value> {
    let text = xml::first(body, "PolicyDocument")?;
    serde_json::from_str(&percent_decode(&text)?).ok()
}

/// The names of what gives the user other rights: groups, and policies that are not ours.
fn more_rights(signed: &Signed<'_>, user: &str) -> Result<Vec<String>, Outcome> {
    let mut more = Vec::new();
    for (action, element, kind) in [
        ("ListUserPolicies", "member", "policy"),
        ("ListAttachedUserPolicies", "PolicyName", "attached policy"),
        ("ListGroupsForUser", "GroupName", "group"),
    ] {
        match call(signed, user, action, &[]) {
            Ok(body) => {
                let names = xml::all(&body, element).into_iter();
                let others = names.filter(|name| name != POLICY);
                more.extend(others.map(|name| format!("{kind} {}", horde_events::quote(&name))));
            }
            // A user that is to be made has none; a service without this call has no such thing.
            Err(refusal) if ["NoSuchEntity", "InvalidAction"].contains(&&*refusal.code) => {}
            Err(refusal) => return Err(refusal.outcome),
        }
    }
    Ok(more)
}
