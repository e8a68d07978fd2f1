//! Which receipts count: checks that need nothing but the receipt, the miner and the time.

use horde_proto::is_uuid;
use horde_proto::receipt::jsonl::page_number;
use horde_proto::receipt::{Receipt, ReceiptError, ReceiptPayload};

/// Milliseconds for which receipts are kept. Miners serve those of one day.
pub(crate) const KEPT_MS: u64 = 2 * 24 * 3_600_000;
/// How far a validator's clock may be ahead of ours, in milliseconds.
const AHEAD_MS_MAX: u64 = 60_000;
/// Longest address of an account, in bytes; an SS58 address has 48.
const HOTKEY_BYTES_MAX: usize = 64;

/// Why a receipt does not count.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Another miner's, or not signed by both.
    #[error(transparent)]
    Invalid(#[from] ReceiptError),
    /// The job or the validator has a name that is not one.
    #[error("its job is not a UUID, or its validator is not an account")]
    Name,
    /// Made later than now.
    #[error("the receipt is from the future")]
    Future,
    /// So old that it would be deleted at once.
    #[error("the receipt is older than two days")]
    Old,
    /// More receipts with this validator's signature are unknown than are kept.
    #[error("too many receipts with this validator's signature are unknown to it")]
    Unknown,
    /// The miner has too many, or all have and it is one of the oldest.
    #[error(
        "the miner serves more receipts than are kept of one, or such as were too old when there were too many"
    )]
    Surplus,
}

impl Refusal {
    /// Whether it took a verification to find out.
    pub(crate) fn is_forgery(&self) -> bool {
        matches!(
            self,
            Self::Invalid(ReceiptError::MinerSignature(_) | ReceiptError::ValidatorSignature(_))
        )
    }

    /// One word for the metrics.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Invalid(ReceiptError::OtherMiner) => "other_miner",
            Self::Invalid(ReceiptError::MinerSignature(_)) => "miner_signature",
            Self::Invalid(ReceiptError::ValidatorSignature(_)) => "validator_signature",
            Self::Name => "name",
            Self::Future => "future",
            Self::Old => "old",
            Self::Unknown => "unknown",
            Self::Surplus => "surplus",
        }
    }
}

/// Checks all but the signatures, which cost the most.
///
/// # Errors
///
/// [`Refusal`] if the receipt does not count.
pub(crate) fn check_form(receipt: &Receipt, miner: &str, now_ms: u64) -> Result<(), Refusal> {
    let payload = &receipt.payload;
    if payload.miner_hotkey() != miner {
        return Err(ReceiptError::OtherMiner.into());
    }
    let validator = payload.validator_hotkey();
    let is_plain = validator.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_uuid(payload.job_uuid()) || validator.len() > HOTKEY_BYTES_MAX || !is_plain {
        return Err(Refusal::Name);
    }
    check_time(payload, now_ms)
}

/// Checks the time alone.
///
/// # Errors
///
/// [`Refusal`] if the receipt is from the future or too old.
pub(crate) fn check_time(payload: &ReceiptPayload, now_ms: u64) -> Result<(), Refusal> {
    let made_ms = made_ms(payload);
    if made_ms > now_ms.saturating_add(AHEAD_MS_MAX) {
        Err(Refusal::Future)
    } else if made_ms < now_ms.saturating_sub(KEPT_MS) {
        Err(Refusal::Old)
    } else {
        Ok(())
    }
}

/// When a receipt was made, in Unix milliseconds; 0 for a time before 1970.
pub(crate) fn made_ms(payload: &ReceiptPayload) -> u64 {
    u64::try_from(payload.timestamp().unix_micros() / 1_000).unwrap_or_default()
}

/// The page of a receipt: by its own time.
pub(crate) fn page_of(payload: &ReceiptPayload) -> u64 {
    page_number(made_ms(payload) / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(timestamp: &str, uuid: &str, validator: &str) -> Receipt {
        let text = serde_json::json!({
            "payload": {
                "job_uuid": uuid, "miner_hotkey": "5M", "validator_hotkey": validator, "timestamp": timestamp,
                "receipt_type": "JobAcceptedReceipt", "time_accepted": timestamp, "ttl": 1,
            },
            "validator_signature": "", "miner_signature": "",
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn times_have_bounds() {
        let uuid = "0b8f5ab8-6f7a-4a3c-9f57-5f1b8b0f7a01";
        let made = receipt("2024-11-28T15:03:12Z", uuid, "5V");
        let made_at = made_ms(&made.payload);
        assert_eq!(made_at, 1_732_806_192_000);
        assert_eq!(page_of(&made.payload), 5_776_020);
        let check = |now_ms| check_form(&made, "5M", now_ms);
        assert_eq!(check(made_at - AHEAD_MS_MAX), Ok(()));
        assert_eq!(check(made_at - AHEAD_MS_MAX - 1), Err(Refusal::Future));
        assert_eq!(check(made_at + KEPT_MS), Ok(()));
        assert_eq!(check(made_at + KEPT_MS + 1), Err(Refusal::Old));
        let ancient = receipt("0001-01-01T00:00:00Z", uuid, "5V");
        assert_eq!(check_form(&ancient, "5M", made_at), Err(Refusal::Old));
        let late = receipt("9999-12-31T23:59:59Z", uuid, "5V");
        assert_eq!(check_form(&late, "5M", made_at), Err(Refusal::Future));
    }

    #[test]
    fn names_are_those_of_jobs_and_accounts() {
        let time = "2024-11-28T15:03:12Z";
        let uuid = "0b8f5ab8-6f7a-4a3c-9f57-5f1b8b0f7a01";
        let now_ms = 1_732_806_192_000;
        for (uuid, validator) in [
            ("x", "5V"),
            (uuid, "5/V"),
            (uuid, "5V\0"),
            (uuid, &"5".repeat(65)),
        ] {
            let made = receipt(time, uuid, validator);
            assert_eq!(check_form(&made, "5M", now_ms), Err(Refusal::Name));
        }
        let other = check_form(&receipt(time, uuid, "5V"), "5N", now_ms);
        let refusal = other.unwrap_err();
        assert_eq!(refusal, Refusal::Invalid(ReceiptError::OtherMiner));
        assert_eq!(refusal.name(), "other_miner");
    }
}
