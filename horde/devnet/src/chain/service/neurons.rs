//! Answers about blocks, neurons and commitments, with their faults.

use serde_json::{Value, json};

use super::answer::ServiceAnswer;
use super::spoil::{spoil_block, spoil_neurons, write_nan};
use crate::chain::block::{Block, BlockHead};
use crate::chain::fault::FaultKind;
use crate::chain::neuron::Neuron;

/// The block alone, as Pylon 2.3.1.
pub(super) fn block(head: &BlockHead, fault: Option<FaultKind>) -> ServiceAnswer {
    let block = shown_block(head, fault);
    ServiceAnswer::json(&json!({"block": block}))
}

/// All neurons, by hotkey.
pub(super) fn neurons(block: &Block, fault: Option<FaultKind>) -> ServiceAnswer {
    let neurons = shown_neurons(block.neurons().iter(), fault);
    // By hand, since a fault may want a key twice.
    let entry = |neuron: &Value| format!("{}:{neuron}", neuron["hotkey"]);
    let entries: Vec<String> = neurons.iter().map(entry).collect();
    let block = shown_block(&block.head, fault);
    let entries = entries.join(",");
    let text = format!("{{\"block\":{block},\"neurons\":{{{entries}}}}}");
    ServiceAnswer::text(write_nan(text))
}

/// Those with a permit, the largest stake first.
pub(super) fn validators(block: &Block, fault: Option<FaultKind>) -> ServiceAnswer {
    let neurons = block.neurons().iter();
    let mut validators: Vec<&Neuron> = neurons.filter(|it| it.validator_permit).collect();
    validators.sort_by(|one, other| other.stakes.total.total_cmp(&one.stakes.total));
    let validators = shown_neurons(validators.into_iter(), fault);
    let block = shown_block(&block.head, fault);
    let text = json!({"block": block, "validators": validators}).to_string();
    ServiceAnswer::text(write_nan(text))
}

/// Commitments of the identity's hotkey.
pub(super) fn commits(block: &Block, hotkey: &str, fault: Option<FaultKind>) -> ServiceAnswer {
    let commits = block.open_commits(hotkey);
    let block = shown_block(&block.head, fault);
    ServiceAnswer::json(&json!({"block": block, "commits": commits}))
}

fn shown_block(head: &BlockHead, fault: Option<FaultKind>) -> Value {
    let mut block = json!(head);
    if let Some(fault) = fault {
        spoil_block(&mut block, head, fault);
    }
    block
}

fn shown_neurons<'a>(
    neurons: impl Iterator<Item = &'a Neuron>,
    fault: Option<FaultKind>,
) -> Vec<Value> {
    let mut neurons = neurons.map(|neuron| json!(neuron)).collect();
    if let Some(fault) = fault {
        spoil_neurons(&mut neurons, fault);
    }
    neurons
}
