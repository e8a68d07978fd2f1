//! Parsers and schemas agree: every example is changed in many small ways, and both take it or both refuse it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::schema::Schema;
use crate::vectors;
use crate::vectors::Rewrite;

/// Values by which every value is replaced.
fn replacements() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-7),
        json!(7.0),
        json!(0.5),
        json!(""),
        json!("V0JobRequest"),
        json!("inline"),
        json!("multi_volume"),
        json!("zip_and_http_post"),
        json!("always_on.gpu-24gb"),
        json!("2024-11-28T15:03:12Z"),
        json!([]),
        json!([null]),
        json!(["x"]),
        json!({}),
        json!({"none": null}),
        json!({"x": "y"}),
        json!({"url": "x"}),
        json!({"url": "x", "form_fields": {"a": "b"}, "additional": 1}),
        json!({"volume_type": "zip_url", "contents": "x"}),
        json!({"volume_type": "multi_volume", "volumes": [{"volume_type": "multi_volume", "volumes": []}]}),
        json!({"output_upload_type": "multi_upload", "uploads": [], "system_output": {"url": "x"}}),
    ]
}

/// Every pointer into a value, the root's first.
fn pointers(value: &Value) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut below = |name: &str, value: &Value| {
        let inner = pointers(value).into_iter();
        all.extend(inner.map(|pointer| format!("/{name}{pointer}")));
    };
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| below(name, value)),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, value)| below(&index.to_string(), value));
        }
        _ => {}
    }
    all
}

/// Every small change of a value.
fn changes(value: &Value) -> Vec<Value> {
    let mut changed = Vec::new();
    for pointer in pointers(value) {
        let mut change = |edit: &mut dyn FnMut(&mut Value)| {
            let mut copy = value.clone();
            edit(copy.pointer_mut(&pointer).unwrap());
            changed.push(copy);
        };
        for replacement in replacements() {
            change(&mut |place| *place = replacement.clone());
        }
        let Some(Value::Object(object)) = value.pointer(&pointer) else {
            continue;
        };
        change(&mut |place| place["additional"] = json!("x"));
        for name in object.keys() {
            change(&mut |place| {
                place.as_object_mut().unwrap().shift_remove(name);
            });
        }
    }
    changed
}

/// Whether an error is of a rule that no schema states.
fn is_beyond_the_schema(error: &str) -> bool {
    [
        "does not say in `message_type`",
        "message type \"",
        "a volume that comes at once needs no type",
        "a job needs one of them",
        "outside of 0 to",
    ]
    .iter()
    .any(|part| error.contains(part))
}

/// Reads a changed example by schema and by parser.
fn compare(kind: &str, rewrite: Rewrite, schema: Schema<'_>, changed: &Value) -> &'static str {
    let text = changed.to_string();
    match (schema.allows(changed), rewrite(&text)) {
        (true, Ok(rewritten)) => {
            let again: Value = serde_json::from_str(&rewritten).unwrap();
            assert!(schema.allows(&again), "{kind}: {text} becomes {rewritten}");
            assert_eq!(rewrite(&rewritten), Ok(rewritten), "{kind}: {text}");
            "both take it"
        }
        (false, Err(_)) => "both refuse it",
        (true, Err(error)) if is_beyond_the_schema(&error) => "a rule refuses it",
        (true, Err(error)) => panic!("{kind}: {error}, but the schema allows {text}"),
        (false, Ok(_)) => panic!("{kind}: the schema does not allow {text}"),
    }
}

#[test]
fn parsers_take_what_schemas_allow() {
    let mut outcomes = BTreeMap::new();
    for (kind, rewrite) in vectors::KINDS {
        let root = vectors::read_json(&format!("{kind}.schema.json"));
        let schema = Schema::new(&root);
        for example in vectors::examples(kind) {
            assert!(schema.allows(&example), "{kind}: {example}");
            for changed in changes(&example) {
                // The schema of a message lists the types of all messages of its direction, and would allow a frame of another
                // type that has the same fields; the dispatcher reads it as what it says that it is.
                if changed.get("message_type") != example.get("message_type")
                    && changed
                        .get("message_type")
                        .is_some_and(|it| it == "V0JobRequest")
                {
                    continue;
                }
                *outcomes
                    .entry(compare(kind, rewrite, schema, &changed))
                    .or_insert(0) += 1;
            }
        }
    }
    // Each outcome has been tried a good many times.
    assert!(outcomes["both take it"] > 1_000, "{outcomes:?}");
    assert!(outcomes["both refuse it"] > 10_000, "{outcomes:?}");
    assert!(outcomes["a rule refuses it"] > 10, "{outcomes:?}");
}
