//! S3 and IAM in memory. Signatures are verified as by a strict server.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use horde_s3::verify as verify_signature;
use horde_s3::{Credentials, Method, Received, Rules, Verified, percent_decode, xml};

use crate::http::{Answer, HttpError, Transport};
use crate::s3::remote::unix_seconds;

pub(super) const USERS_URL: &str = "http://iam.test";
pub(super) const S3_URL: &str = "http://s3.test";

/// What a call does that fails.
#[derive(Clone, Copy, Debug)]
pub(super) enum Failing {
    /// It is not carried out.
    Before,
    /// It is carried out, and its answer is lost.
    After,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Bucket {
    pub(super) region: String,
    pub(super) is_foreign: bool,
    /// Parts of the set-up, by the names of the query.
    pub(super) parts: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct User {
    pub(super) policies: BTreeMap<String, String>,
    pub(super) groups: Vec<String>,
    pub(super) keys: Vec<String>,
}

#[derive(Default)]
pub(super) struct Fake {
    pub(super) buckets: RefCell<BTreeMap<String, Bucket>>,
    pub(super) users: RefCell<BTreeMap<String, User>>,
    /// Calls (`PUT policy`, `CreateUser`) that are not allowed.
    pub(super) denied: Vec<&'static str>,
    /// Parts and calls that the service does not know.
    pub(super) unknown: Vec<&'static str>,
    /// From this call on nothing is answered, as if the program were killed.
    pub(super) fails: Option<(usize, Failing)>,
    /// Policies that are refused before one is taken.
    pub(super) late_policies: Cell<usize>,
    pub(super) calls: Cell<usize>,
    pub(super) changes: Cell<usize>,
    pub(super) made_keys: Cell<usize>,
}

impl Transport for Fake {
    fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> Result<Answer, HttpError> {
        let call = self.calls.replace(self.calls.get() + 1);
        let late = || HttpError::Late {
            host: url.to_owned(),
        };
        match self.fails {
            Some((first, Failing::Before)) if call >= first => return Err(late()),
            Some((first, Failing::After)) if call > first => return Err(late()),
            _ => {}
        }
        let answer = self.answer(method, url, headers, &body);
        match self.fails {
            Some((first, Failing::After)) if call == first => Err(late()),
            _ => Ok(answer),
        }
    }
}

impl Fake {
    fn answer(
        &self,
        method: Method,
        url: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Answer {
        let (_, rest) = url.split_once("://").unwrap();
        let (host, rest) = rest.split_once('/').unwrap();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = format!("/{path}");
        let mut headers: Vec<_> = headers
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        headers.push(("host", host));
        let received = Received {
            method: method.as_str(),
            path: &path,
            query,
            headers: &headers,
            body,
        };
        let is_users = host == "iam.test";
        let rules = Rules {
            region: Some(if is_users {
                "us-east-1"
            } else {
                "eu-central-1"
            }),
            service: if is_users { "iam" } else { "s3" },
            unix_seconds: unix_seconds(),
        };
        let credentials = credentials();
        match verify_signature(&received, &rules, |_| Some(&credentials)) {
            Ok(Verified::Signed(_)) => {}
            other => panic!("{} {url}: {other:?}", method.as_str()),
        }
        let body = std::str::from_utf8(body).unwrap();
        if is_users {
            return self.users_answer(body);
        }
        // AWS refuses a set-up without its sum.
        let has_sum = headers.iter().any(|(name, _)| *name == "content-md5");
        assert!(body.is_empty() || has_sum);
        self.bucket_answer(method, &path[1..], query.trim_end_matches('='), body)
    }

    fn bucket_answer(&self, method: Method, name: &str, part: &str, body: &str) -> Answer {
        let call = format!("{} {part}", method.as_str());
        if self.denied.iter().any(|denied| *denied == call.trim()) {
            return error(403, "AccessDenied");
        }
        if self.unknown.contains(&part) || self.unknown.contains(&call.as_str()) {
            return error(501, "NotImplemented");
        }
        if call == "PUT policy" && self.late_policies.get() > 0 {
            self.late_policies.set(self.late_policies.get() - 1);
            return error(403, "AccessDenied");
        }
        let mut buckets = self.buckets.borrow_mut();
        let Some(bucket) = buckets.get_mut(name) else {
            if (method, part) != (Method::Put, "") {
                return error(404, "NoSuchBucket");
            }
            self.change();
            let region = xml::first(body, "LocationConstraint").unwrap_or_default();
            let bucket = Bucket {
                region,
                ..Bucket::default()
            };
            buckets.insert(name.to_owned(), bucket);
            return Answer::new(200, &[], "");
        };
        let region = [("x-amz-bucket-region", bucket.region.as_str())];
        match (method, part) {
            _ if bucket.is_foreign => error(403, "AccessDenied"),
            (Method::Head, _) => {
                let is_here = bucket.region == "eu-central-1";
                Answer::new(if is_here { 200 } else { 301 }, &region, "")
            }
            (Method::Get, part) => match bucket.parts.get(part) {
                Some(text) => Answer::new(200, &[], text),
                None => error(404, "NoSuchConfiguration"),
            },
            (Method::Put, part) => {
                self.change();
                bucket.parts.insert(part.to_owned(), body.to_owned());
                Answer::new(200, &[], "")
            }
            other => panic!("{other:?}"),
        }
    }

    fn users_answer(&self, form: &str) -> Answer {
        let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
        let form: BTreeMap<_, _> = pairs
            .map(|(key, value)| (key, percent_decode(value).unwrap()))
            .collect();
        let action = form["Action"].as_str();
        if self.denied.contains(&action) {
            return error(403, "AccessDenied");
        }
        let mut users = self.users.borrow_mut();
        if action == "CreateUser" {
            self.change();
            users.insert(form["UserName"].clone(), User::default());
            return Answer::new(200, &[], "");
        }
        let Some(user) = users.get_mut(&form["UserName"]) else {
            return error(404, "NoSuchEntity");
        };
        let text = match action {
            "GetUser" | "ListAttachedUserPolicies" => String::new(),
            "GetUserPolicy" => match user.policies.get(&form["PolicyName"]) {
                Some(text) => format!(
                    "<PolicyDocument>{}</PolicyDocument>",
                    horde_s3::percent_encode(text)
                ),
                None => return error(404, "NoSuchEntity"),
            },
            "ListUserPolicies" => user
                .policies
                .keys()
                .map(|name| format!("<member>{name}</member>"))
                .collect(),
            "ListGroupsForUser" => user
                .groups
                .iter()
                .map(|name| format!("<GroupName>{name}</GroupName>"))
                .collect(),
            "ListAccessKeys" => user
                .keys
                .iter()
                .map(|key| format!("<AccessKeyId>{key}</AccessKeyId>"))
                .collect(),
            "PutUserPolicy" => {
                self.change();
                user.policies
                    .insert(form["PolicyName"].clone(), form["PolicyDocument"].clone());
                String::new()
            }
            "CreateAccessKey" => {
                self.change();
                self.made_keys.set(self.made_keys.get() + 1);
                let key = format!("AKIA{}", self.made_keys.get());
                user.keys.push(key.clone());
                format!(
                    "<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>secret/{key}+x</SecretAccessKey>"
                )
            }
            "DeleteAccessKey" => {
                self.change();
                user.keys.retain(|key| *key != form["AccessKeyId"]);
                String::new()
            }
            other => panic!("{other}"),
        };
        Answer::new(200, &[], &text)
    }

    fn change(&self) {
        self.changes.set(self.changes.get() + 1);
    }
}

pub(super) fn credentials() -> Credentials {
    Credentials::new("AKIDADMIN", "admin's secret")
}

fn error(status: u16, code: &str) -> Answer {
    Answer::new(
        status,
        &[],
        &format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>"),
    )
}
