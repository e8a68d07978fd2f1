//! Is a batch from the master fit to be worked on? Pure. The master may be hostile: nothing of a batch reaches a path,
//! a URL or a command line before it passed here.

use tig_protocol::{BATCH_SIZE_MAX, Batch};

/// Longest id or `rand_hash`.
const ID_BYTES_MAX: usize = 128;
/// Longest download URL.
const URL_BYTES_MAX: usize = 2_048;
/// Difficulty parameters; every known challenge has two.
const DIFFICULTY_LEN_MAX: usize = 8;
/// Address space of a 32-bit WASM memory.
const MEMORY_BYTES_MAX: u64 = 1 << 32;
/// Five hundred times the network's limit: still ends within the hours that a batch may take.
const FUEL_MAX: u64 = 1_000_000_000_000;

/// Why a batch is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadBatch {
    /// An id could be mistaken for a path, an option or a part of a URL.
    #[error(
        "{field} {value:?} is not an id (1 to {ID_BYTES_MAX} letters, digits, `_`, `-`; first a letter or digit)"
    )]
    Id {
        /// Field of the batch.
        field: &'static str,
        /// Value of the field, cut to the longest id.
        value: String,
    },
    /// `<benchmark_id>_<start_nonce>` would be ambiguous.
    #[error("benchmark_id {0:?} contains `_`")]
    Underscore(String),
    /// The batch size is not a power of two, or too large.
    #[error("batch_size {0} is not a power of two up to {BATCH_SIZE_MAX}")]
    BatchSize(u64),
    /// The number of nonces is outside `1..=batch_size`.
    #[error("num_nonces {num_nonces} is not between 1 and batch_size {batch_size}")]
    NumNonces {
        /// Nonces of the batch.
        num_nonces: u64,
        /// Leaves of its tree.
        batch_size: u64,
    },
    /// The batch does not begin at a multiple of its size, or passes the last nonce.
    #[error(
        "start_nonce {0} is not a multiple of batch_size, or the batch ends after the last nonce"
    )]
    StartNonce(u64),
    /// A sampled nonce lies outside of the batch.
    #[error("sampled nonce {0} is not in the batch")]
    Sampled(u64),
    /// More sampled nonces than nonces.
    #[error("{0} sampled nonces are more than the batch has")]
    TooManySampled(usize),
    /// Too many difficulty parameters.
    #[error("{0} difficulty parameters are more than {DIFFICULTY_LEN_MAX}")]
    Difficulty(usize),
    /// A limit of the VM is zero or beyond reason.
    #[error("wasm_vm_config max_fuel {max_fuel} or max_memory {max_memory} is out of range")]
    VmConfig {
        /// Fuel units.
        max_fuel: u64,
        /// Bytes.
        max_memory: u64,
    },
    /// The module cannot be fetched from there.
    #[error("download_url is not an http(s) URL of at most {URL_BYTES_MAX} bytes")]
    Url,
}

/// Checks everything that the slave relies on (benchmarker.md section 1, tig-api.md section 7).
///
/// # Errors
/// The first fault found.
pub fn check_batch(batch: &Batch) -> Result<(), BadBatch> {
    check_ids(batch)?;
    check_nonces(batch)?;
    if batch.settings.difficulty.len() > DIFFICULTY_LEN_MAX {
        return Err(BadBatch::Difficulty(batch.settings.difficulty.len()));
    }
    let (max_fuel, max_memory) = (
        batch.wasm_vm_config.max_fuel,
        batch.wasm_vm_config.max_memory,
    );
    if !(1..=FUEL_MAX).contains(&max_fuel) || !(1..=MEMORY_BYTES_MAX).contains(&max_memory) {
        return Err(BadBatch::VmConfig {
            max_fuel,
            max_memory,
        });
    }
    check_url(&batch.download_url)
}

fn check_ids(batch: &Batch) -> Result<(), BadBatch> {
    let settings = &batch.settings;
    for (field, value) in [
        ("benchmark_id", &batch.benchmark_id),
        ("rand_hash", &batch.rand_hash),
        ("player_id", &settings.player_id),
        ("block_id", &settings.block_id),
        ("challenge_id", &settings.challenge_id),
        ("algorithm_id", &settings.algorithm_id),
    ] {
        if !is_id(value) {
            return Err(BadBatch::Id {
                field,
                value: value.chars().take(ID_BYTES_MAX).collect(),
            });
        }
    }
    if batch.benchmark_id.contains('_') {
        return Err(BadBatch::Underscore(batch.benchmark_id.clone()));
    }
    Ok(())
}

/// Wider than the network's `[a-f0-9]{32}` and `c[0-9]{3}_a[0-9]{3}`, which have changed before; safe all the same.
fn is_id(text: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    text.len() <= ID_BYTES_MAX
        && text
            .as_bytes()
            .first()
            .is_some_and(u8::is_ascii_alphanumeric)
        && text.bytes().all(rest)
}

fn check_nonces(batch: &Batch) -> Result<(), BadBatch> {
    let &Batch {
        num_nonces,
        start_nonce,
        batch_size,
        ..
    } = batch;
    if !batch_size.is_power_of_two() || batch_size > BATCH_SIZE_MAX {
        return Err(BadBatch::BatchSize(batch_size));
    }
    if !(1..=batch_size).contains(&num_nonces) {
        return Err(BadBatch::NumNonces {
            num_nonces,
            batch_size,
        });
    }
    let end = start_nonce
        .checked_add(num_nonces)
        .filter(|_| start_nonce % batch_size == 0);
    let Some(end) = end else {
        return Err(BadBatch::StartNonce(start_nonce));
    };
    if let Some(&nonce) = batch
        .sampled_nonces
        .iter()
        .find(|nonce| !(start_nonce..end).contains(nonce))
    {
        return Err(BadBatch::Sampled(nonce));
    }
    if batch.sampled_nonces.len() as u64 > num_nonces {
        return Err(BadBatch::TooManySampled(batch.sampled_nonces.len()));
    }
    Ok(())
}

fn check_url(text: &str) -> Result<(), BadBatch> {
    let fits = text.len() <= URL_BYTES_MAX
        && reqwest::Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if fits { Ok(()) } else { Err(BadBatch::Url) }
}

#[cfg(test)]
mod tests {
    use tig_protocol::{BenchmarkSettings, WasmVmConfig};

    use super::*;

    fn batch() -> Batch {
        Batch {
            benchmark_id: "9c126cd122dc2cf316c521b991fe389c".to_owned(),
            settings: BenchmarkSettings {
                player_id: "0xabababababababababababababababababababab".to_owned(),
                block_id: "76778371b9734d08aba6e05f38887a7f".to_owned(),
                challenge_id: "c003".to_owned(),
                algorithm_id: "c003_a001".to_owned(),
                difficulty: vec![59, 1],
            },
            num_nonces: 4,
            start_nonce: 16,
            batch_size: 8,
            rand_hash: "5aaa8dec3cffc28cb546e57e33bd9c2d".to_owned(),
            sampled_nonces: vec![16, 19, 17],
            wasm_vm_config: WasmVmConfig {
                max_memory: 1_000_000_000,
                max_fuel: 2_000_000_000,
            },
            download_url: "http://127.0.0.1:25182/wasm/knapsack/knapheudp.wasm".to_owned(),
        }
    }

    fn refused(change: impl FnOnce(&mut Batch)) -> BadBatch {
        let mut changed = batch();
        change(&mut changed);
        check_batch(&changed).expect_err("the batch must be refused")
    }

    #[test]
    fn recorded_batch_passes() {
        assert_eq!(check_batch(&batch()), Ok(()));
    }

    #[test]
    fn hostile_ids_are_refused() {
        for id in [
            "",
            "../x",
            "a/b",
            "a\\b",
            "--fuel",
            "a?b",
            "a b",
            "a\0",
            ".",
            "caf\u{e9}",
            &"a".repeat(129),
        ] {
            assert!(
                matches!(
                    refused(|batch| batch.benchmark_id = id.to_owned()),
                    BadBatch::Id { .. }
                ),
                "{id:?}"
            );
            assert!(matches!(
                refused(|batch| batch.settings.algorithm_id = id.to_owned()),
                BadBatch::Id { .. }
            ));
            assert!(matches!(
                refused(|batch| batch.rand_hash = id.to_owned()),
                BadBatch::Id { .. }
            ));
        }
        assert!(matches!(
            refused(|batch| batch.benchmark_id = "a_8".to_owned()),
            BadBatch::Underscore(_)
        ));
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        assert_eq!(
            refused(|batch| batch.batch_size = 0),
            BadBatch::BatchSize(0)
        );
        assert_eq!(
            refused(|batch| batch.batch_size = 12),
            BadBatch::BatchSize(12)
        );
        assert_eq!(
            refused(|batch| batch.batch_size = 1 << 21),
            BadBatch::BatchSize(1 << 21)
        );
        assert_eq!(
            refused(|batch| batch.num_nonces = 0),
            BadBatch::NumNonces {
                num_nonces: 0,
                batch_size: 8
            }
        );
        assert_eq!(
            refused(|batch| batch.num_nonces = 9),
            BadBatch::NumNonces {
                num_nonces: 9,
                batch_size: 8
            }
        );
        assert_eq!(
            refused(|batch| batch.start_nonce = 15),
            BadBatch::StartNonce(15)
        );
        let last = u64::MAX - 7;
        let past_the_end = refused(|batch| (batch.start_nonce, batch.num_nonces) = (last, 8));
        assert_eq!(past_the_end, BadBatch::StartNonce(last));
        assert_eq!(
            refused(|batch| batch.sampled_nonces = vec![20]),
            BadBatch::Sampled(20)
        );
        assert_eq!(
            refused(|batch| batch.sampled_nonces = vec![15]),
            BadBatch::Sampled(15)
        );
        assert_eq!(
            refused(|batch| batch.sampled_nonces = vec![16; 5]),
            BadBatch::TooManySampled(5)
        );
        assert_eq!(
            refused(|batch| batch.settings.difficulty = vec![1; 9]),
            BadBatch::Difficulty(9)
        );
        assert!(matches!(
            refused(|batch| batch.wasm_vm_config.max_fuel = 0),
            BadBatch::VmConfig { .. }
        ));
        assert!(matches!(
            refused(|batch| batch.wasm_vm_config.max_memory = u64::MAX),
            BadBatch::VmConfig { .. }
        ));
    }

    #[test]
    fn only_http_urls_are_fetched() {
        for url in [
            "",
            "file:///etc/passwd",
            "x.wasm",
            "data:,x",
            &format!("http://h/{}", "x".repeat(2048)),
        ] {
            assert_eq!(
                refused(|batch| batch.download_url = url.to_owned()),
                BadBatch::Url
            );
        }
    }
}
