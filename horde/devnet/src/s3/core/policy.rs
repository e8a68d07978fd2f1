//! Policies of buckets and users: who may do what.

use serde::Deserialize;

use super::identity::Identity;
use crate::s3::config::S3Account;

/// Bytes of a policy, as at AWS.
pub(super) const POLICY_BYTES_MAX: usize = 20 << 10;

/// What a policy says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) enum Effect {
    Allow,
    /// Outweighs any `Allow`.
    Deny,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Principal {
    /// `*`: everybody.
    Text(String),
    Accounts(Accounts),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accounts {
    #[serde(rename = "AWS")]
    aws: OneOrMany<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Statement {
    #[serde(rename = "Sid")]
    _sid: Option<String>,
    effect: Effect,
    principal: Option<Principal>,
    action: OneOrMany<String>,
    resource: OneOrMany<String>,
}

/// A policy. Conditions and negations are not read; a policy with one is refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Policy {
    #[serde(rename = "Version")]
    _version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: OneOrMany<Statement>,
}

impl Policy {
    /// The policy of a bucket: each statement has a principal, and is about the bucket.
    pub(super) fn of_bucket(text: &str, bucket: &str) -> Result<Self, String> {
        let policy = Self::parse(text)?;
        let whole = format!("arn:aws:s3:::{bucket}");
        let objects = format!("{whole}/");
        for statement in policy.statements() {
            if statement.principal.is_none() {
                return Err("Missing required field Principal".to_owned());
            }
            let mut resources = statement.resource.as_slice().iter();
            if !resources.all(|resource| *resource == whole || resource.starts_with(&objects)) {
                return Err("Policy has invalid resource".to_owned());
            }
        }
        Ok(policy)
    }

    /// The policy of a user: no statement has a principal.
    pub(super) fn of_user(text: &str) -> Result<Self, String> {
        let policy = Self::parse(text)?;
        match policy.statements().iter().any(|it| it.principal.is_some()) {
            true => Err("Policy document should not specify a principal.".to_owned()),
            false => Ok(policy),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        if text.len() > POLICY_BYTES_MAX {
            return Err(format!("the policy has more than {POLICY_BYTES_MAX} bytes"));
        }
        serde_json::from_str(text).map_err(|error| format!("This policy cannot be read: {error}"))
    }

    fn statements(&self) -> &[Statement] {
        self.statement.as_slice()
    }

    /// What it says, or `None` if nothing.
    pub(super) fn judge(
        &self,
        identity: &Identity,
        action: &str,
        resource: &str,
    ) -> Option<Effect> {
        let statements = self.statements().iter();
        let about = statements.filter(|it| it.is_about(identity, action, resource));
        about.map(|statement| statement.effect).max()
    }

    /// Whether it allows something to everybody.
    pub(super) fn is_public(&self) -> bool {
        let mut statements = self.statements().iter();
        statements.any(|statement| {
            let principal = statement.principal.as_ref();
            statement.effect == Effect::Allow
                && principal.is_some_and(|it| it.includes(&Identity::Anonymous))
        })
    }
}

impl Statement {
    fn is_about(&self, identity: &Identity, action: &str, resource: &str) -> bool {
        let matches = |patterns: &OneOrMany<String>, text: &str| {
            let mut patterns = patterns.as_slice().iter();
            patterns.any(|pattern| is_match(pattern.as_bytes(), text.as_bytes()))
        };
        let principal = self.principal.as_ref();
        principal.is_none_or(|principal| principal.includes(identity))
            && matches(&self.action, action)
            && matches(&self.resource, resource)
    }
}

impl Principal {
    fn includes(&self, identity: &Identity) -> bool {
        let names = match self {
            Self::Text(text) => std::slice::from_ref(text),
            Self::Accounts(accounts) => accounts.aws.as_slice(),
        };
        names.iter().any(|name| is_named(name, identity))
    }
}

fn is_named(name: &str, identity: &Identity) -> bool {
    let is_account = |account: S3Account| {
        let number = account.number();
        name == number || name == format!("arn:aws:iam::{number}:root")
    };
    let is_user = match identity {
        Identity::User(user) => name == user_arn(user),
        _ => false,
    };
    name == "*" || is_user || identity.account().is_some_and(is_account)
}

/// The name of a user of the validator's account in policies.
pub(super) fn user_arn(user: &str) -> String {
    format!("arn:aws:iam::{}:user/{user}", S3Account::Validator.number())
}

/// Whether a text is of a pattern, in which `*` stands for any text and `?` for any byte.
fn is_match(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[from] => {
                at += 1;
                from += 1;
            }
            _ => {
                // The last star takes one byte more.
                let Some((star_at, taken)) = star else {
                    return false;
                };
                at = star_at + 1;
                from = taken + 1;
                star = Some((star_at, from));
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_those_of_policies() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("s3:*", "s3:GetObject", true),
            ("s3:Get*", "s3:PutObject", false),
            ("s3:GetObject", "s3:GetObjectAcl", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
        ] {
            let found = is_match(pattern.as_bytes(), text.as_bytes());
            assert_eq!(found, expected, "{pattern} {text}");
        }
    }
}
