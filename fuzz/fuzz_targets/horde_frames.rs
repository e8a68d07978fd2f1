//! Frames of miners, validators, executors and facilitators, and lines of receipts: any text is read or refused, and what is
//! read can be written and read again as the same.
#![no_main]

use horde_proto::receipt::Receipt;
use horde_proto::{executor, facilitator, miner};
use libfuzzer_sys::fuzz_target;

/// Checks the messages of one direction.
macro_rules! check {
    ($message:ty, $text:expr) => {
        if let Ok(message) = <$message>::parse($text) {
            let written = message.to_text();
            let again = <$message>::parse(&written).expect("what was written is a message");
            assert_eq!(again.to_text(), written);
        }
    };
}

fuzz_target!(|text: &str| {
    check!(miner::ToMiner, text);
    check!(miner::ToValidator, text);
    check!(executor::ToExecutor, text);
    check!(executor::ToMiner, text);
    check!(facilitator::ToFacilitator, text);
    check!(facilitator::ToValidator, text);
    if let Ok(tolerated) = facilitator::ToValidator::parse_tolerant(text) {
        let written = tolerated.message.to_text();
        assert!(facilitator::ToValidator::parse(&written).is_ok(), "{written}");
    }
    if let Ok(receipt) = serde_json::from_str::<Receipt>(text) {
        let written = serde_json::to_string(&receipt).expect("a receipt is JSON");
        assert!(serde_json::from_str::<Receipt>(&written).is_ok(), "{written}");
    }
});
