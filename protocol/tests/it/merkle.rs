//! `merkle.json`: trees, branches and their texts.

use serde_json::{Value, json};
use tig_protocol::{MerkleBranch, MerkleError, MerkleHash, MerkleTree, StoredTree};

use crate::outcome::same_outcome;
use crate::vectors::{self, Report, equal, field};

fn trees(file: &Value) -> Report {
    Report::of(file, "trees", |case| {
        let stored = StoredTree {
            capacity: field(case, "n")?,
            leaves: leaves(case)?,
        };
        let serialized = stored.to_string();
        if case["serialized_tree"].is_string() {
            equal("text", &case["serialized_tree"], &serialized)?;
        } else {
            equal(
                "text",
                &case["serialized_tree_blake3"],
                blake3_hex(serialized.as_bytes()),
            )?;
        }
        let leaves = stored.leaves.clone();
        let tree = MerkleTree::try_from(stored).map_err(|error| error.to_string())?;
        equal("root", &case["root"], tree.root())?;
        let branches = case["branches"].as_array().ok_or("no branches")?;
        branches
            .iter()
            .try_for_each(|expected| check_branch(&tree, &leaves, expected))
    })
}

fn check_branch(tree: &MerkleTree, leaves: &[MerkleHash], expected: &Value) -> Result<(), String> {
    let index: u64 = field(expected, "index")?;
    let branch = tree.branch(index).map_err(|error| error.to_string())?;
    equal("branch", &expected["branch"], &branch)?;
    match leaves.get(index as usize) {
        Some(&leaf) => {
            equal("is_leaf", &expected["is_leaf"], true)?;
            let climbed = branch
                .root(leaf, index)
                .map_err(|error| error.to_string())?;
            equal("climbed root", &json!(tree.root()), climbed)
        }
        None => {
            let climbed = branch
                .root(MerkleHash([0; 32]), index)
                .map_err(|error| error.to_string())?;
            equal(
                "root from null leaf",
                &expected["root_from_null_leaf"],
                climbed,
            )
        }
    }
}

/// The leaves of a tree, given in one of three ways.
fn leaves(case: &Value) -> Result<Vec<MerkleHash>, String> {
    if case["leaves"].is_array() {
        return field(case, "leaves");
    }
    if let Some(text) = case["leaves_concat_hex"].as_str() {
        let text = format!("{:016x}{text}", 0);
        return text
            .parse::<StoredTree>()
            .map(|tree| tree.leaves)
            .map_err(|error| error.to_string());
    }
    let num_leaves: u32 = field(case, "num_leaves")?;
    match field::<String>(case, "leaves_rule")?.as_str() {
        "leaf i = blake3(i as u32 big endian)" => Ok(counted_leaves(num_leaves)),
        "leaf i = blake3(utf8 'leaf {i} of {num_leaves}')" => Ok((0..num_leaves)
            .map(|i| {
                MerkleHash(*blake3::hash(format!("leaf {i} of {num_leaves}").as_bytes()).as_bytes())
            })
            .collect()),
        other => Err(format!("unknown rule `{other}`")),
    }
}

pub(crate) fn counted_leaves(num_leaves: u32) -> Vec<MerkleHash> {
    (0..num_leaves)
        .map(|i| MerkleHash(*blake3::hash(&i.to_be_bytes()).as_bytes()))
        .collect()
}

fn blake3_hex(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_string()
}

fn operations(file: &Value) -> Report {
    Report::of(file, "ops", |case| {
        // A tree without leaves cannot be made here, because it has no root; in the original its branches are empty.
        if case["kind"] == "empty_tree" {
            return match tree(&case["input"])? {
                Err(MerkleError::NoLeaves) => Ok(()),
                other => Err(format!("{other:?}, expected no leaves")),
            };
        }
        same_outcome(
            case,
            operation(&field::<String>(case, "op")?, &case["input"])?,
        )
    })
}

fn tree(input: &Value) -> Result<Result<MerkleTree, MerkleError>, String> {
    Ok(MerkleTree::new(
        counted_leaves(field(input, "num_leaves")?),
        field(input, "n")?,
    ))
}

/// The outer error is a case we cannot read, the inner one is the result.
fn operation(op: &str, input: &Value) -> Result<Result<Value, String>, String> {
    let text = |error: MerkleError| error.to_string();
    Ok(match op {
        "new" => tree(input)?.map(|_| Value::Null).map_err(text),
        "root" => tree(input)?.map(|tree| json!(tree.root())).map_err(text),
        "branch" => {
            let index = field(input, "index")?;
            tree(input)?
                .and_then(|tree| tree.branch(index))
                .map(|branch| json!(branch))
                .map_err(text)
        }
        "branch_root" => {
            let branch: MerkleBranch = field(input, "branch")?;
            let (leaf, index) = (field(input, "leaf")?, field(input, "index")?);
            branch
                .root(leaf, index)
                .map(|root| json!(root))
                .map_err(text)
        }
        "parse_hash" => parse(input, |hash: MerkleHash| json!(hash)),
        "parse_tree" => parse(
            input,
            |tree: StoredTree| json!({"n": tree.capacity, "num_leaves": tree.leaves.len(), "reserialized": tree}),
        ),
        "parse_branch" => parse(
            input,
            |branch: MerkleBranch| json!({"stems": branch.stems(), "reserialized": branch}),
        ),
        other => Err(format!("unknown operation {other}"))?,
    })
}

fn parse<T: serde::de::DeserializeOwned>(
    input: &Value,
    show: impl Fn(T) -> Value,
) -> Result<Value, String> {
    T::deserialize(input)
        .map(show)
        .map_err(|error| error.to_string())
}

#[test]
fn trees_are_those_of_the_original() {
    trees(&vectors::read("merkle.json")).assert_conforms();
}

#[test]
fn operations_answer_as_the_original() {
    operations(&vectors::read("merkle.json")).assert_conforms();
}

#[test]
fn a_tree_needs_leaves() {
    assert_eq!(
        MerkleTree::new(Vec::new(), 8).err(),
        Some(MerkleError::NoLeaves)
    );
}
