//! The JSON file of players, read and written.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tig_devnet::{ApiKey, DrawnPlayer, initial_balance};
use tig_process::{json_text, text_file};
use tig_protocol::{PlayerId, PreciseNumber};

use super::{Player, PlayersError};
use crate::secret_file;

const LIST: &str = "must be a list of {\"player_id\": \"0x...\", \"api_key_file\": \"FILE\"}, with \"api_key\" in place of \
    \"api_key_file\" and \"balance\", a number of TIG, if you like";

/// A network has at most 1,000 players, with some hundred bytes each.
const PLAYERS_BYTES_MAX: u64 = 4 << 20;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    player_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
    /// Relative paths start from the file's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_file: Option<String>,
    /// TIG.
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<f64>,
}

pub(super) fn read(path: &Path) -> Result<Vec<Player>, PlayersError> {
    let text = text_file::read(path, PLAYERS_BYTES_MAX).map_err(|source| PlayersError::Read {
        path: path.to_owned(),
        source,
    })?;
    json_text::check(&text).map_err(|source| PlayersError::Json {
        path: path.to_owned(),
        source,
    })?;
    let shape = |field: String, line| PlayersError::Shape {
        path: path.to_owned(),
        field,
        line,
        must: LIST,
    };
    let mut reader = serde_json::Deserializer::from_str(&text);
    let entries: Vec<Entry> = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| shape(error.path().to_string(), error.inner().line()))?;
    entries
        .into_iter()
        .enumerate()
        .map(|(index, entry)| player(path, index, entry))
        .collect()
}

/// What [`read`] reads as these players.
pub(super) fn text(players: &[DrawnPlayer]) -> String {
    let entry = |player: &DrawnPlayer| Entry {
        player_id: player.player_id.clone(),
        api_key: Some(player.api_key.clone()),
        api_key_file: None,
        balance: None,
    };
    let entries: Vec<Entry> = players.iter().map(entry).collect();
    // Strings can always be written.
    let mut text = serde_json::to_string_pretty(&entries).unwrap_or_default();
    text.push('\n');
    text
}

fn player(path: &Path, index: usize, entry: Entry) -> Result<Player, PlayersError> {
    let wrong = |field, must| PlayersError::Field {
        path: path.to_owned(),
        index,
        field,
        must,
    };
    let parsed: Result<PlayerId, _> = entry.player_id.parse();
    let player_id = parsed.map_err(|source| PlayersError::Id {
        path: path.to_owned(),
        index,
        source,
    })?;
    let api_key = match (&entry.api_key, &entry.api_key_file) {
        (Some(key), None) => ApiKey::new(key)
            .map_err(|_| wrong("api_key", "must be visible ASCII characters without spaces"))?,
        (None, Some(file)) => {
            let folder = path.parent().unwrap_or(Path::new(""));
            secret_file::read("API key", &folder.join(file))?
        }
        _ => return Err(wrong("api_key", "give either api_key or api_key_file")),
    };
    let balance = match entry.balance {
        None => initial_balance(),
        Some(tig) => {
            PreciseNumber::from_f64(tig).ok_or_else(|| wrong("balance", "must be 0 or more"))?
        }
    };
    Ok(Player {
        player_id: player_id.to_string(),
        api_key,
        balance,
        drawn: false,
    })
}
