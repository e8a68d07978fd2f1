//! Faults of what is shown: the chain itself is as it should be.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tig_keyring::PublicKey;

use crate::chain::block::BlockHead;
use crate::chain::fault::FaultKind;

/// Stands for NaN, which JSON does not have, until the text is written.
const NAN: &str = "NaN";
/// Where an IPv6 axon is: an address for documentation.
const IPV6: &str = "2001:db8::1";
const PROTOCOL_V6: u8 = 0;

/// Shows a block wrongly.
pub(super) fn spoil_block(block: &mut Value, head: &BlockHead, fault: FaultKind) {
    match fault {
        FaultKind::BlockNumbersAsTexts => block["number"] = json!(head.number.to_string()),
        FaultKind::BlockZero => block["number"] = json!(0),
        FaultKind::HashDigits(count) => {
            let digits = head.hash.trim_start_matches("0x").chars().cycle();
            let digits: String = digits.take(count as usize).collect();
            block["hash"] = json!(format!("0x{digits}"));
        }
        FaultKind::OtherHash => {
            let other = hex::encode(Sha256::digest(&head.hash));
            block["hash"] = json!(format!("0x{other}"));
        }
        _ => {}
    }
}

/// Shows neurons wrongly: the last one, the second one where stakes matter, or all.
pub(super) fn spoil_neurons(neurons: &mut Vec<Value>, fault: FaultKind) {
    let count = neurons.len();
    if count == 0 {
        return;
    }
    let last = count - 1;
    // The second one is a validator, if there is one besides the validator under test.
    let second = last.min(1);
    match fault {
        FaultKind::NeuronTwice => neurons.push(neurons[last].clone()),
        FaultKind::UidTwice => {
            let mut twin = neurons[last].clone();
            twin["hotkey"] = json!(drawn_hotkey("twin", 0));
            neurons.push(twin);
        }
        FaultKind::NotSs58 => neurons[last]["hotkey"] = json!("5NotAnAddress0OIl"),
        FaultKind::StakeNan => set_stakes(&mut neurons[second], &json!(NAN)),
        FaultKind::StakeNegative => set_stakes(&mut neurons[second], &json!(-5_000.0)),
        FaultKind::NeuronCount(wanted) => show_count(neurons, wanted),
        FaultKind::OtherNetuid => {
            for (index, neuron) in neurons.iter_mut().enumerate() {
                neuron["hotkey"] = json!(drawn_hotkey("other", index));
            }
        }
        FaultKind::AxonIpv6 => set_axons(neurons, |axon| {
            axon["ip"] = json!(IPV6);
            axon["protocol"] = json!(PROTOCOL_V6);
        }),
        FaultKind::AxonUnset => set_axons(neurons, |axon| axon["ip"] = json!("0.0.0.0")),
        FaultKind::AxonPort(port) => set_axons(neurons, |axon| axon["port"] = json!(port)),
        _ => {}
    }
}

/// Writes NaN where it is meant, as Python does.
pub(super) fn write_nan(text: String) -> String {
    let quoted = format!("\"{NAN}\"");
    match text.contains(&quoted) {
        true => text.replace(&quoted, NAN),
        false => text,
    }
}

fn set_stakes(neuron: &mut Value, stake: &Value) {
    neuron["stake"] = stake.clone();
    neuron["stakes"] = json!({"alpha": stake, "tao": stake, "total": stake});
}

fn set_axons(neurons: &mut [Value], mut set: impl FnMut(&mut Value)) {
    for neuron in neurons {
        // What does not serve at all goes on so.
        if neuron["axon_info"]["port"] != json!(0) {
            set(&mut neuron["axon_info"]);
        }
    }
}

fn show_count(neurons: &mut Vec<Value>, wanted: u32) {
    let wanted = wanted as usize;
    neurons.truncate(wanted);
    let Some(model) = neurons.last().cloned() else {
        return;
    };
    for index in neurons.len()..wanted {
        let mut neuron = model.clone();
        neuron["uid"] = json!(index);
        neuron["hotkey"] = json!(drawn_hotkey("more", index));
        neurons.push(neuron);
    }
}

/// An address that nobody has the key of.
fn drawn_hotkey(context: &str, index: usize) -> String {
    let digits = hex::encode(Sha256::digest(format!("{context} {index}")));
    let key = PublicKey::from_hex(&digits);
    key.map_or_else(|_| digits.clone(), |key| key.to_ss58())
}
