//! Who may do what: the policy of a bucket, that of a user, and what to ask an administrator for.

use serde_json::{Value, json};

/// Name of our statement in the policy of a bucket.
const STATEMENT: &str = "ComputeHordePublicRead";
/// Version of the language of policies.
const LANGUAGE: &str = "2012-10-17";
/// What anybody may do: read an object whose name is known.
const READ: &str = "s3:GetObject";
/// What the validator may do besides.
const WRITE: &str = "s3:PutObject";

/// What is to do so that anybody can read objects of a bucket and do nothing else.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum PublicRead {
    /// Nothing.
    IsThere,
    /// This policy is to be set.
    Set(Value),
    /// The policy lets anybody do more: these statements, by name or place.
    More(Vec<String>),
    /// The policy is not one that can be read.
    Unreadable,
}

/// Looks at the policy that a bucket has, if any. Statements that are not for anybody stay as they are.
pub(crate) fn public_read(bucket: &str, policy: Option<&str>) -> PublicRead {
    let Some(policy) = policy else {
        return PublicRead::Set(document(vec![read_statement(bucket)]));
    };
    let Ok(mut policy) = serde_json::from_str::<Value>(policy) else {
        return PublicRead::Unreadable;
    };
    let statements = match policy.get_mut("Statement").map(Value::take) {
        Some(Value::Array(statements)) => statements,
        Some(statement @ Value::Object(_)) => vec![statement],
        _ => return PublicRead::Unreadable,
    };
    let is_read = |statement: &Value| grants_read(statement, bucket);
    let more = statements.iter().enumerate();
    let more = more.filter(|(_, statement)| is_public_grant(statement) && !is_read(statement));
    let more: Vec<String> = more.map(|(place, it)| name(place, it)).collect();
    if !more.is_empty() {
        return PublicRead::More(more);
    }
    if statements.iter().any(is_read) {
        return PublicRead::IsThere;
    }
    let mut statements = statements;
    statements.push(read_statement(bucket));
    policy["Statement"] = Value::Array(statements);
    PublicRead::Set(policy)
}

fn document(statements: Vec<Value>) -> Value {
    json!({ "Version": LANGUAGE, "Statement": statements })
}

fn objects(bucket: &str) -> String {
    format!("arn:aws:s3:::{bucket}/*")
}

fn read_statement(bucket: &str) -> Value {
    json!({
        "Sid": STATEMENT,
        "Effect": "Allow",
        "Principal": "*",
        "Action": READ,
        "Resource": objects(bucket),
    })
}

/// Whether a statement allows something to anybody.
fn is_public_grant(statement: &Value) -> bool {
    let principal = &statement["Principal"];
    let is_anybody = has(principal, "*") || has(&principal["AWS"], "*");
    statement["Effect"] == "Allow" && (is_anybody || statement.get("NotPrincipal").is_some())
}

/// Whether a statement is the one that is wanted, under whatever name.
fn grants_read(statement: &Value, bucket: &str) -> bool {
    is_public_grant(statement)
        && is_only(&statement["Action"], READ)
        && is_only(&statement["Resource"], &objects(bucket))
        && statement.get("Condition").is_none()
}

fn has(value: &Value, text: &str) -> bool {
    value == text
        || value
            .as_array()
            .is_some_and(|list| list.iter().any(|it| it == text))
}

/// Services write a list of one as a text, and a text as a list.
fn is_only(value: &Value, text: &str) -> bool {
    value == text
        || value
            .as_array()
            .is_some_and(|list| list.len() == 1 && list[0] == text)
}

fn name(place: usize, statement: &Value) -> String {
    match statement["Sid"].as_str() {
        Some(name) if !name.is_empty() => horde_events::quote(name),
        _ => format!("number {}", place + 1),
    }
}

/// The policy of a user who may read and write objects of these buckets, and nothing else.
pub(crate) fn user(buckets: &[&str]) -> Value {
    let resources: Vec<String> = buckets.iter().map(|bucket| objects(bucket)).collect();
    document(vec![json!({
        "Effect": "Allow",
        "Action": [READ, WRITE],
        "Resource": resources,
    })])
}

/// A statement that an administrator adds to the rights of whoever provisions.
pub(crate) fn wanted_right(action: &str, resource: &str) -> String {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(policy: Option<&str>) -> Value {
        match public_read("b", policy) {
            PublicRead::Set(policy) => policy,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn own_policy_is_recognised() {
        let policy = set(None);
        let text = policy.to_string();
        assert_eq!(public_read("b", Some(&text)), PublicRead::IsThere);
        assert_ne!(public_read("other", Some(&text)), PublicRead::IsThere);
        let rewritten = text
            .replace("\"*\"", "{\"AWS\":[\"*\"]}")
            .replace("\"s3:GetObject\"", "[\"s3:GetObject\"]");
        assert_eq!(public_read("b", Some(&rewritten)), PublicRead::IsThere);
    }

    #[test]
    fn statements_of_others_stay() {
        let other = r#"{"Version":"2008-10-17","Id":"x","Statement":{"Sid":"a","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"},"Action":"s3:*","Resource":"*"}}"#;
        let policy = set(Some(other));
        assert_eq!(policy["Id"], "x");
        assert_eq!(policy["Statement"][0]["Sid"], "a");
        assert_eq!(policy["Statement"][1]["Sid"], STATEMENT);
    }

    #[test]
    fn more_rights_for_anybody_are_named() {
        let mut policy = set(None);
        let mut list = read_statement("b");
        list["Sid"] = json!("");
        list["Action"] = json!(["s3:GetObject", "s3:ListBucket"]);
        policy["Statement"].as_array_mut().unwrap().push(list);
        let found = public_read("b", Some(&policy.to_string()));
        assert_eq!(found, PublicRead::More(vec!["number 2".to_owned()]));
        let refusal =
            json!({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*"}]});
        assert!(matches!(
            public_read("b", Some(&refusal.to_string())),
            PublicRead::Set(_)
        ));
    }

    #[test]
    fn policy_of_another_form_is_unreadable() {
        for text in ["", "[]", "{}", "{\"Statement\": 1}", "<xml/>"] {
            assert_eq!(
                public_read("b", Some(text)),
                PublicRead::Unreadable,
                "{text}"
            );
        }
    }

    #[test]
    fn user_has_two_rights() {
        let policy = user(&["p", "a"]);
        assert_eq!(
            policy["Statement"][0]["Action"],
            json!(["s3:GetObject", "s3:PutObject"])
        );
        assert_eq!(
            policy["Statement"][0]["Resource"],
            json!(["arn:aws:s3:::p/*", "arn:aws:s3:::a/*"])
        );
    }
}
