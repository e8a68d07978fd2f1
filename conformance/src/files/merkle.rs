//! `merkle.json`: trees, branches and their texts.

use serde_json::{Value, json};
use tig_protocol::{MerkleBranch, MerkleError, MerkleHash, MerkleTree, StoredTree};

use super::{Context, List, error_upheld, no_law};
use crate::case::{Case, Checked, equal, field, same_fields, text};

pub(super) const TREES: List = List {
    name: "trees",
    check: check_tree,
    uphold: no_law,
};
pub(super) const OPS: List = List {
    name: "ops",
    check: |_, case| case.same_result(answer(case)?),
    uphold: |_, law, case| error_upheld(law, answer(case)?),
};

fn check_tree(_: &Context<'_>, case: Case<'_>) -> Checked {
    let stored = StoredTree {
        capacity: case.field("n")?,
        leaves: leaves(case)?,
    };
    let serialized = stored.to_string();
    if case.get("serialized_tree").is_null() {
        let hash = blake3::hash(serialized.as_bytes()).to_string();
        equal(
            "serialized_tree_blake3",
            case.get("serialized_tree_blake3"),
            hash,
        )?;
    } else {
        equal("serialized_tree", case.get("serialized_tree"), &serialized)?;
    }
    let leaves = stored.leaves.clone();
    equal("num_leaves", case.get("num_leaves"), leaves.len())?;
    let tree = MerkleTree::try_from(stored).map_err(text)?;
    equal("root", case.get("root"), tree.root())?;
    let branches = case.get("branches").as_array().ok_or("no branches")?;
    branches
        .iter()
        .try_for_each(|expected| check_branch(&tree, &leaves, expected))
}

fn check_branch(tree: &MerkleTree, leaves: &[MerkleHash], expected: &Value) -> Checked {
    let index: u64 = field(expected, "index")?;
    let branch = tree.branch(index).map_err(text)?;
    let leaf = usize::try_from(index)
        .ok()
        .and_then(|index| leaves.get(index));
    same_fields(
        expected,
        &json!({"branch": branch, "is_leaf": leaf.is_some()}),
    )?;
    match leaf {
        Some(&leaf) => equal(
            "climbed root",
            &json!(tree.root()),
            branch.root(leaf, index).map_err(text)?,
        ),
        None => {
            let climbed = branch.root(MerkleHash([0; 32]), index).map_err(text)?;
            same_fields(expected, &json!({"root_from_null_leaf": climbed}))
        }
    }
}

/// The leaves of a tree, given in one of three ways.
fn leaves(case: Case<'_>) -> Result<Vec<MerkleHash>, String> {
    if case.get("leaves").is_array() {
        return case.field("leaves");
    }
    if let Some(digits) = case.get("leaves_concat_hex").as_str() {
        let stored: StoredTree = format!("{:016x}{digits}", 0).parse().map_err(text)?;
        return Ok(stored.leaves);
    }
    let rule: String = case.field("leaves_rule")?;
    leaves_by(&rule, case.field("num_leaves")?)
}

/// The leaves that a rule describes: `leaf i = blake3(...)` of the number, or of a text with placeholders.
fn leaves_by(rule: &str, num_leaves: u32) -> Result<Vec<MerkleHash>, String> {
    let unknown = || format!("unknown rule `{rule}`");
    let hashed = rule
        .strip_prefix("leaf i = blake3(")
        .and_then(|rest| rest.strip_suffix(')'))
        .ok_or_else(unknown)?;
    if hashed == "i as u32 big endian" {
        return Ok((0..num_leaves).map(|i| hash(&i.to_be_bytes())).collect());
    }
    let text = hashed
        .strip_prefix("utf8 '")
        .and_then(|rest| rest.strip_suffix('\''))
        .ok_or_else(unknown)?
        .replace("{num_leaves}", &num_leaves.to_string());
    let others = text.replace("{i}", "");
    // Without `{i}` all leaves would be the same; another placeholder is one that we do not know.
    if !text.contains("{i}") || others.contains(['{', '}']) {
        return Err(unknown());
    }
    let leaf = |i: u32| hash(text.replace("{i}", &i.to_string()).as_bytes());
    Ok((0..num_leaves).map(leaf).collect())
}

fn hash(bytes: &[u8]) -> MerkleHash {
    MerkleHash(*blake3::hash(bytes).as_bytes())
}

/// The outer error is a case that cannot be read, the inner one an answer.
fn answer(case: Case<'_>) -> Result<Result<Value, String>, String> {
    let input = case.get("input");
    let done = match case.field::<String>("op")?.as_str() {
        "new" => tree(input)?.map(|_| Value::Null),
        "root" => tree(input)?.map(|tree| json!(tree.root())),
        "branch" => {
            let index = field(input, "index")?;
            tree(input)?
                .and_then(|tree| tree.branch(index))
                .map(|branch| json!(branch))
        }
        "branch_root" => {
            let branch: MerkleBranch = field(input, "branch")?;
            let (leaf, index) = (field(input, "leaf")?, field(input, "index")?);
            branch.root(leaf, index).map(|root| json!(root))
        }
        op => return parse(op, input),
    };
    Ok(done.map_err(text))
}

fn tree(input: &Value) -> Result<Result<MerkleTree, MerkleError>, String> {
    let rule: String = field(input, "leaf_rule")?;
    let leaves = leaves_by(&rule, field(input, "num_leaves")?)?;
    Ok(MerkleTree::new(leaves, field(input, "n")?))
}

fn parse(op: &str, input: &Value) -> Result<Result<Value, String>, String> {
    fn decode<T: serde::de::DeserializeOwned>(
        input: &Value,
        show: impl Fn(T) -> Value,
    ) -> Result<Value, String> {
        T::deserialize(input).map(show).map_err(text)
    }
    Ok(match op {
        "parse_hash" => decode(input, |hash: MerkleHash| json!(hash)),
        "parse_tree" => decode(
            input,
            |tree: StoredTree| json!({"n": tree.capacity, "num_leaves": tree.leaves.len(), "reserialized": tree}),
        ),
        "parse_branch" => decode(
            input,
            |branch: MerkleBranch| json!({"stems": branch.stems(), "reserialized": branch}),
        ),
        other => return Err(format!("unknown operation `{other}`")),
    })
}
