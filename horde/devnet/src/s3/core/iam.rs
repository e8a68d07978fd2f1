//! Users of the validator's account, as much as provisioning needs: CreateUser, GetUser, PutUserPolicy, GetUserPolicy,
//! CreateAccessKey, ListAccessKeys, DeleteAccessKey. The account's root key alone may call them.

use std::collections::BTreeMap;

use horde_s3::xml::escape;
use horde_s3::{Credentials, percent_decode, percent_encode};

use super::bucket::StoredPolicy;
use super::failure::Failure;
use super::identity::Identity;
use super::policy::{Policy, user_arn};
use super::reply::S3Reply;
use super::{S3Core, S3Request, Session};
use crate::s3::config::{S3Account, key};
use crate::s3::journal::S3UserReport;

/// Keys of one user, as at AWS.
const USER_KEYS_COUNT_MAX: usize = 2;
const USERS_COUNT_MAX: usize = 1_000;
const USER_POLICIES_COUNT_MAX: usize = 10;
const NAME_BYTES_MAX: usize = 64;

#[derive(Debug, Default)]
pub(super) struct User {
    pub(super) policies: BTreeMap<String, StoredPolicy>,
    pub(super) keys: Vec<Credentials>,
    /// Keys that it ever had, so that no key comes twice.
    key_count: u32,
}

impl User {
    pub(super) fn report(&self, name: &str) -> S3UserReport {
        let ids = self.keys.iter().map(|key| key.access_key_id.clone());
        S3UserReport {
            name: name.to_owned(),
            access_key_ids: ids.collect(),
            policies: self.policies.keys().cloned().collect(),
        }
    }
}

impl S3Core {
    /// The key with this id, and whose it is.
    pub(super) fn key(&self, id: &str) -> Option<(Identity, &Credentials)> {
        let roots = self.roots.iter();
        let mut roots = roots.map(|(account, key)| (Identity::Root(*account), key));
        let users = self.users.iter();
        let mut users = users.flat_map(|(name, user)| {
            let keys = user.keys.iter();
            keys.map(|key| (Identity::User(name.clone()), key))
        });
        let is_it = |(_, key): &(Identity, &Credentials)| key.access_key_id == id;
        roots.find(is_it).or_else(|| users.find(is_it))
    }

    pub(super) fn call_iam(
        &mut self,
        request: &S3Request<'_>,
        session: &Session,
    ) -> Result<S3Reply, Failure> {
        if session.identity != Identity::Root(S3Account::Validator) {
            return Err(Failure::denied());
        }
        let form = Form::read(request.body);
        let form = form.ok_or_else(|| Failure::new(400, "InvalidInput", "not a form"))?;
        let name = form.name("UserName")?;
        let action = form.get("Action");
        let result = match action {
            "CreateUser" => self.create_user(name)?,
            "GetUser" => {
                self.user(name)?;
                user_element(name)
            }
            "PutUserPolicy" => self.put_user_policy(name, &form)?,
            "GetUserPolicy" => self.get_user_policy(name, &form)?,
            "CreateAccessKey" => self.create_access_key(name)?,
            "ListAccessKeys" => self.list_access_keys(name)?,
            "DeleteAccessKey" => self.delete_access_key(name, form.get("AccessKeyId"))?,
            _ => {
                let message = format!("Could not find operation {action}");
                return Err(Failure::new(400, "InvalidAction", message));
            }
        };
        let body = format!(
            "<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{action}Result>{result}</{action}Result>\
             </{action}Response>"
        );
        Ok(S3Reply::xml(200, &body))
    }

    fn user(&mut self, name: &str) -> Result<&mut User, Failure> {
        let user = self.users.get_mut(name);
        user.ok_or_else(|| {
            let message = format!("The user with name {name} cannot be found.");
            Failure::new(404, "NoSuchEntity", message)
        })
    }

    fn create_user(&mut self, name: &str) -> Result<String, Failure> {
        if self.users.contains_key(name) {
            let message = format!("User with name {name} already exists.");
            return Err(Failure::new(409, "EntityAlreadyExists", message));
        }
        if self.users.len() >= USERS_COUNT_MAX {
            return Err(limit("Users", USERS_COUNT_MAX));
        }
        self.users.insert(name.to_owned(), User::default());
        Ok(user_element(name))
    }

    fn put_user_policy(&mut self, name: &str, form: &Form) -> Result<String, Failure> {
        let policy_name = form.name("PolicyName")?.to_owned();
        let text = form.get("PolicyDocument").to_owned();
        let parsed = Policy::of_user(&text);
        let parsed =
            parsed.map_err(|message| Failure::new(400, "MalformedPolicyDocument", message))?;
        let policies = &mut self.user(name)?.policies;
        if policies.len() >= USER_POLICIES_COUNT_MAX && !policies.contains_key(&policy_name) {
            return Err(limit("PoliciesPerUser", USER_POLICIES_COUNT_MAX));
        }
        policies.insert(policy_name, StoredPolicy { text, parsed });
        Ok(String::new())
    }

    fn get_user_policy(&mut self, name: &str, form: &Form) -> Result<String, Failure> {
        let policy_name = form.name("PolicyName")?;
        let policy = self.user(name)?.policies.get(policy_name);
        let policy = policy.ok_or_else(|| {
            let message = format!("The user policy with name {policy_name} cannot be found.");
            Failure::new(404, "NoSuchEntity", message)
        })?;
        // Documents come in percent encoding.
        Ok(format!(
            "<UserName>{}</UserName><PolicyName>{}</PolicyName><PolicyDocument>{}</PolicyDocument>",
            escape(name),
            escape(policy_name),
            percent_encode(&policy.text)
        ))
    }

    fn create_access_key(&mut self, name: &str) -> Result<String, Failure> {
        let seed = self.seed;
        let user = self.user(name)?;
        if user.keys.len() >= USER_KEYS_COUNT_MAX {
            return Err(limit("AccessKeysPerUser", USER_KEYS_COUNT_MAX));
        }
        let key = key(seed, &format!("user {name} {}", user.key_count));
        user.key_count += 1;
        let element = format!(
            "<AccessKey><UserName>{}</UserName><AccessKeyId>{}</AccessKeyId><Status>Active</Status>\
             <SecretAccessKey>{}</SecretAccessKey></AccessKey>",
            escape(name),
            key.access_key_id,
            key.secret_access_key.as_str()
        );
        user.keys.push(key);
        Ok(element)
    }

    fn list_access_keys(&mut self, name: &str) -> Result<String, Failure> {
        let keys = self.user(name)?.keys.iter();
        let members = keys.map(|key| {
            let (name, id) = (escape(name), &key.access_key_id);
            format!(
                "<member><UserName>{name}</UserName><AccessKeyId>{id}</AccessKeyId><Status>Active</Status></member>"
            )
        });
        let members: String = members.collect();
        Ok(format!(
            "<AccessKeyMetadata>{members}</AccessKeyMetadata><IsTruncated>false</IsTruncated>"
        ))
    }

    fn delete_access_key(&mut self, name: &str, id: &str) -> Result<String, Failure> {
        let keys = &mut self.user(name)?.keys;
        let count = keys.len();
        keys.retain(|key| key.access_key_id != id);
        if keys.len() == count {
            let message = format!("The Access Key with id {id} cannot be found.");
            return Err(Failure::new(404, "NoSuchEntity", message));
        }
        Ok(String::new())
    }
}

fn limit(what: &str, count: usize) -> Failure {
    let message = format!("Cannot exceed quota for {what}: {count}");
    Failure::new(409, "LimitExceeded", message)
}

fn user_element(name: &str) -> String {
    let (name, arn) = (escape(name), escape(&user_arn(name)));
    format!("<User><UserName>{name}</UserName><Arn>{arn}</Arn></User>")
}

/// Names and values of a form.
struct Form(Vec<(String, String)>);

impl Form {
    fn read(body: &[u8]) -> Option<Self> {
        let body = std::str::from_utf8(body).ok()?;
        let decode = |text: &str| percent_decode(&text.replace('+', "%20"));
        let pairs = body.split('&').map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Some((decode(name)?, decode(value)?))
        });
        pairs.collect::<Option<Vec<_>>>().map(Self)
    }

    fn get(&self, name: &str) -> &str {
        let mut pairs = self.0.iter();
        let pair = pairs.find(|(found, _)| found == name);
        pair.map_or("", |(_, value)| value)
    }

    /// A name of a user or a policy.
    fn name(&self, field: &str) -> Result<&str, Failure> {
        let name = self.get(field);
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@-_".contains(&byte);
        let is_name = (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_part);
        match is_name {
            true => Ok(name),
            false => {
                let message = format!("The specified value for {field} is invalid.");
                Err(Failure::new(400, "ValidationError", message))
            }
        }
    }
}
