//! The operator's API as `docs/openapi.json` describes it, against a running master.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use boon::{Compiler, Schemas};
use serde_json::{Value, json};
use tig_system_tests::{Answer, request};

use crate::support::{Running, one_challenge, patch_config};

/// Schemas of the stock extensions, to which fields may be added without a word here.
const OPEN_SCHEMAS: [&str; 5] = ["Job", "Slaves", "Submission", "Submissions", "Precommits"];

const TOKEN: &str = "token-of-this-test";

/// The description, with schemas that allow no field that it does not name.
struct Description(Value);

impl Description {
    fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
        let mut document: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let schemas = document["components"]["schemas"].as_object_mut().unwrap();
        for (name, schema) in schemas {
            if !OPEN_SCHEMAS.contains(&name.as_str()) {
                close(schema);
            }
        }
        Self(document)
    }

    /// Path, method and operation.
    fn operations(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        paths.flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
    }

    /// Checks an answer against the operation's response of its status.
    fn check(&self, (path, method): (&str, &str), answer: &Answer) {
        let what = format!("{method} {path}: {} {}", answer.status, answer.body);
        let operation = &self.0["paths"][path][method.to_lowercase()];
        let mut response = &operation["responses"][answer.status.to_string()];
        if let Some(reference) = response["$ref"].as_str() {
            let pointer = reference.trim_start_matches('#');
            response = self.0.pointer(pointer).unwrap();
        }
        assert!(
            response.is_object(),
            "no such response is described: {what}"
        );
        let content = &response["content"];
        if content.get("application/json").is_none() {
            return;
        }
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{what}"));
        let fault = self.fault(&content["application/json"]["schema"], &body);
        assert_eq!(fault, None, "{what}");
    }

    fn fault(&self, schema: &Value, body: &Value) -> Option<String> {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": self.0["components"],
            "allOf": [schema],
        });
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("schema.json", schema).unwrap();
        let compiled = compiler.compile("schema.json", &mut schemas).unwrap();
        let checked = schemas.validate(body, compiled);
        checked.err().map(|fault| format!("{fault:#}"))
    }
}

/// Allows no fields but those that are named.
fn close(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut() {
        if object.contains_key("properties") && !object.contains_key("additionalProperties") {
            object.insert("additionalProperties".to_owned(), false.into());
        }
        object.values_mut().for_each(close);
    } else if let Some(list) = schema.as_array_mut() {
        list.iter_mut().for_each(close);
    }
}

/// A running master, to whose config the operator's token is added while it runs.
fn start() -> (Running, String) {
    let mut running = Running::start(&one_challenge());
    let site = &running.stack.site;
    let token_file = site.folder().join("token");
    fs::write(&token_file, TOKEN).unwrap();
    fs::set_permissions(&token_file, Permissions::from_mode(0o600)).unwrap();
    patch_config(site, |config| {
        config["operator"] = json!({ "token_file": "token" });
    });
    let address = running.stack.host_address.clone();
    running.wait_for("the operator's token", |_| {
        let checked = ask(&address, "POST", "/operator/v1/control/check", "{}");
        (checked.status == 200).then_some(())
    });
    (running, address)
}

fn ask(address: &str, method: &str, path: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str())];
    request(address, method, path, &headers, body.as_bytes()).unwrap()
}

/// The paths of an operation with examples in place of its parameters, each with a body.
fn examples(path: &str, panels: &[String]) -> Vec<(String, &'static str)> {
    let named = |name: &str| (path.replace("{name}", name), "{}");
    match path {
        "/operator/panel/{panel}" => {
            let filled = panels.iter().map(|panel| path.replace("{panel}", panel));
            let paths: Vec<_> = filled.collect();
            let queries = ["find=a&offset=0&limit=3", "limit=many", "id=none"];
            let queried = |query| paths.iter().map(move |path| format!("{path}?{query}"));
            let queries: Vec<_> = queries.into_iter().flat_map(queried).collect();
            paths
                .into_iter()
                .chain(queries)
                .map(|it| (it, ""))
                .collect()
        }
        "/operator/v1/history" => ["?metric=tig_host_up&points=5", "?metric=none", "", "?a=b"]
            .map(|query| (format!("{path}{query}"), ""))
            .into(),
        "/operator/v1/events" => ["", "?limit=2", "?name=new_block&wait_ms=1", "?after=x"]
            .map(|query| (format!("{path}{query}"), ""))
            .into(),
        "/operator/v1/control/call/{extension}/{command}" => {
            let called = |names, body| (format!("/operator/v1/control/call/{names}"), body);
            vec![
                called("slave_manager/cordon", r#"{"slave":"nobody"}"#),
                called("slave_manager/cordon", "{}"),
                called("slave_manager/none", "{}"),
                called("slave_manager/cordon", "{"),
            ]
        }
        _ if path.contains("{name}") => vec![named("slave_manager"), named("none")],
        _ => vec![(path.to_owned(), "{}")],
    }
}

#[test]
fn operator_answers_are_as_described() {
    let description = Description::read();
    let (mut running, address) = start();
    running.wait_for("a job and a slave", |stack| {
        let has_both = !stack.jobs().ok()?.is_empty() && !stack.slaves().ok()?.slaves.is_empty();
        has_both.then_some(())
    });
    let served = ask(&address, "GET", "/operator/v1/openapi.json", "").body;
    let served: Value = serde_json::from_str(&served).unwrap();
    assert_eq!(served["info"], description.0["info"]);
    let panels = ask(&address, "GET", "/operator/v1/panels", "").body;
    let panels: Value = serde_json::from_str(&panels).unwrap();
    let panels = panels["panels"].as_array().unwrap().iter();
    let panels: Vec<String> = panels
        .map(|panel| panel["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(panels.len() >= 5, "{panels:?}");
    let mut succeeded = BTreeSet::new();
    for (path, method, _) in description.operations() {
        if path.ends_with("/drain") {
            continue;
        }
        for (example, body) in examples(path, &panels) {
            let answer = ask(&address, &method.to_uppercase(), &example, body);
            description.check((path, method), &answer);
            if answer.status == 200 {
                succeeded.insert(path.to_owned());
            }
        }
    }
    // Without a shadow there is nothing to promote or discard.
    let all = description.operations().map(|(path, ..)| path.to_owned());
    let missing: Vec<_> = all.filter(|path| !succeeded.contains(path)).collect();
    let expected = ["promote/{name}", "discard/{name}", "drain"];
    assert_eq!(
        missing,
        expected.map(|last| format!("/operator/v1/control/{last}"))
    );
    let path = "/operator/v1/control/drain";
    for (body, status) in [("[]", 400), (r#"{"seconds_max":null}"#, 200)] {
        let answer = ask(&address, "POST", path, body);
        assert_eq!(answer.status, status, "{}", answer.body);
        description.check((path, "post"), &answer);
    }
    let draining = ask(&address, "GET", "/operator/v1/conditions", "");
    description.check(("/operator/v1/conditions", "get"), &draining);
}

#[test]
fn operator_refusals_are_as_described() {
    let description = Description::read();
    let (_running, address) = start();
    for (path, method, operation) in description.operations() {
        let Some((example, body)) = examples(path, &["slaves".to_owned()]).into_iter().next()
        else {
            continue;
        };
        let denied = |headers: &[(&str, &str)]| {
            let method = method.to_uppercase();
            request(&address, &method, &example, headers, body.as_bytes()).unwrap()
        };
        if operation["security"][0].get("operator").is_some() {
            assert_eq!(denied(&[]).status, 401, "{path}");
        }
        if path.starts_with("/operator/") {
            let wrong = denied(&[("Authorization", "Bearer wrong")]);
            assert_eq!(wrong.status, 401, "{path}");
            description.check((path, method), &wrong);
            let page = denied(&[("Origin", "http://evil.example")]);
            assert_eq!(page.status, 403, "{path}");
            description.check((path, method), &page);
        }
    }
}

/// What people read in the description: each operation has a name of its own, a summary, and responses.
#[test]
fn operator_description_is_whole() {
    let description = Description::read();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in description.operations() {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} is there twice");
        assert!(operation["summary"].is_string(), "{method} {path}");
        assert!(operation["responses"]["200"].is_object(), "{method} {path}");
        let named: Vec<&str> = path.split('/').filter(|it| it.starts_with('{')).collect();
        let parameters = operation["parameters"].as_array();
        let parameters = parameters.map_or(0, |all| {
            let is_of_path = |it: &&Value| it["in"] == "path" || it["$ref"].is_string();
            all.iter().filter(is_of_path).count()
        });
        assert_eq!(parameters, named.len(), "{method} {path}");
    }
    for name in description.0["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        // An unknown reference would be a panic here.
        let _ = description.fault(&schema, &Value::Null);
    }
}
