//! The command line, and the one file it names that is a secret.

use std::path::{Path, PathBuf};

use clap::Parser;
use tig_devnet::{ApiKey, InvalidApiKey, network::is_address};

/// A local TIG network: makes blocks, confirms submissions, verifies proofs. Listens on 127.0.0.1 only.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Milliseconds from block to block
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) block_ms: u64,
    /// Decides all block ids: the same seed and requests give the same samples
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Folder of algorithms, as <challenge name>/<algorithm name>.wasm
    #[arg(long, value_name = "DIR")]
    pub(crate) algorithms: PathBuf,
    /// Address of the player: 0x and 40 lower-case hex digits
    #[arg(long, value_parser = parse_player_id)]
    pub(crate) player_id: String,
    /// File with the player's API key
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: PathBuf,
    /// Stop when standard input ends
    #[arg(long)]
    pub(crate) exit_with_parent: bool,
}

fn parse_player_id(text: &str) -> Result<String, String> {
    is_address(text)
        .then(|| text.to_owned())
        .ok_or_else(|| "an address is 0x and 40 lower-case hex digits".to_owned())
}

/// Why the file with the API key cannot be used. The text never holds what is in the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiKeyFileError {
    #[error("cannot read the API key file {}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the API key file {} holds no key", path.display())]
    Invalid {
        path: PathBuf,
        source: InvalidApiKey,
    },
}

/// Reads the key; white space around it is ignored.
pub(crate) fn read_api_key(path: &Path) -> Result<ApiKey, ApiKeyFileError> {
    let text = std::fs::read_to_string(path).map_err(|source| ApiKeyFileError::Read {
        path: path.to_owned(),
        source,
    })?;
    ApiKey::new(text.trim()).map_err(|source| ApiKeyFileError::Invalid {
        path: path.to_owned(),
        source,
    })
}
