//! Who plays: named on the command line, listed in a file, or drawn from the seed.
//!
//! Invariant: no key is printed. An error names the file and the place in it, never what is there.

mod listed;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use tig_devnet::{ApiKey, DrawnPlayer, PLAYERS_MAX, draw_players, initial_balance};
use tig_process::json_text::JsonError;
use tig_process::text_file::TextError;
use tig_protocol::{ParsePlayerIdError, PreciseNumber};

use crate::cli::{Cli, Players};
use crate::secret_file::{self, SecretFileError};

/// Drawn players in the folder of the state.
const FILE_NAME: &str = "players.json";

/// A player and what it submits with.
#[derive(Debug)]
pub(crate) struct Player {
    pub(crate) player_id: String,
    pub(crate) api_key: ApiKey,
    pub(crate) balance: PreciseNumber,
    /// Whether the key is the network's own for this player.
    pub(crate) drawn: bool,
}

/// Why the players cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlayersError {
    #[error("cannot read the file of players {}", path.display())]
    Read { path: PathBuf, source: TextError },
    #[error("the file of players {}", path.display())]
    Json { path: PathBuf, source: JsonError },
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} exists and holds something else: remove it, or name another file with --write-players", path.display())]
    Exists { path: PathBuf },
    #[error(
        "--players N needs --write-players FILE, or --state, to know where to write their keys"
    )]
    NoPlace,
    #[error(transparent)]
    Key(#[from] SecretFileError),
    /// Without the parser's words: they would repeat what is in the file.
    #[error("{}: {field} (line {line}): {must}", path.display())]
    Shape {
        path: PathBuf,
        field: String,
        line: usize,
        must: &'static str,
    },
    #[error("{}: [{index}].{field}: {must}", path.display())]
    Field {
        path: PathBuf,
        index: usize,
        field: &'static str,
        must: &'static str,
    },
    #[error("{}: [{index}].player_id", path.display())]
    Id {
        path: PathBuf,
        index: usize,
        source: ParsePlayerIdError,
    },
    #[error("player {0} is named twice")]
    Twice(String),
    #[error("there are {0} players, and a network has at most {PLAYERS_MAX}")]
    TooMany(usize),
}

/// The players that the command line asks for; those that are drawn are written to their file.
pub(crate) fn load(cli: &Cli, seed: u64) -> Result<Vec<Player>, PlayersError> {
    let mut players = match &cli.players {
        None => Vec::new(),
        Some(Players::Listed(path)) => listed::read(path)?,
        Some(Players::Drawn(number)) => {
            let in_state = cli.state.as_ref().map(|folder| folder.join(FILE_NAME));
            let path = cli.write_players.clone().or(in_state);
            draw(seed, *number, &path.ok_or(PlayersError::NoPlace)?)?
        }
    };
    if let (Some(player_id), Some(path)) = (&cli.player_id, &cli.api_key_file) {
        players.push(Player {
            player_id: player_id.to_string(),
            api_key: secret_file::read("API key", path)?,
            balance: initial_balance(),
            drawn: false,
        });
    }
    let mut ids = BTreeSet::new();
    if let Some(twice) = players.iter().find(|player| !ids.insert(&player.player_id)) {
        return Err(PlayersError::Twice(twice.player_id.clone()));
    }
    if players.len() > PLAYERS_MAX {
        return Err(PlayersError::TooMany(players.len()));
    }
    Ok(players)
}

fn draw(seed: u64, number: usize, path: &Path) -> Result<Vec<Player>, PlayersError> {
    let drawn = draw_players(seed, number);
    write_once(path, listed::text(&drawn).as_bytes())?;
    let player = |drawn: DrawnPlayer| Player {
        api_key: drawn.key(),
        player_id: drawn.player_id,
        balance: initial_balance(),
        drawn: true,
    };
    Ok(drawn.into_iter().map(player).collect())
}

/// Leaves a file alone that holds this already, as after a restart.
fn write_once(path: &Path, text: &[u8]) -> Result<(), PlayersError> {
    let failed = |source| PlayersError::Write {
        path: path.to_owned(),
        source,
    };
    match fs::read(path) {
        Ok(found) if found == text => Ok(()),
        Ok(_) => Err(PlayersError::Exists {
            path: path.to_owned(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            write_whole(path, text).map_err(failed)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Only its owner may read the file, which is there with all of the text or not at all.
fn write_whole(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    Ok(())
}
