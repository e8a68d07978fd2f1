//! The questions on a terminal.

use std::net::IpAddr;

use inquire::validator::Validation;
use inquire::{Confirm, InquireError, MultiSelect, Password, PasswordDisplayMode, Text};
use serde_json::json;
use tig_plugin_api::Secret;
use tig_process::secret_file;

use super::draft::Draft;
use super::place::Place;
use super::{InitArguments, InitError};
use crate::config::PORT_DEFAULT;

impl From<InquireError> for InitError {
    fn from(error: InquireError) -> Self {
        match error {
            InquireError::OperationCanceled | InquireError::OperationInterrupted => {
                Self::Interrupted
            }
            other => Self::Terminal(other),
        }
    }
}

/// Asks for what no flag says; returns the API key, if one is to be written.
///
/// # Errors
///
/// Interrupted, or no terminal.
pub(super) fn ask(
    arguments: &InitArguments,
    draft: &mut Draft,
    place: &Place,
) -> Result<Option<Secret>, InitError> {
    let is_set = |key: &str| {
        let mut set = arguments.set.iter();
        set.any(|it| it.split_once('=').is_some_and(|(name, _)| name == key))
    };
    if !draft.has_template && !is_set("extensions") {
        let names = draft.names.clone();
        let chosen = MultiSelect::new("Extensions, in the order of the list:", names)
            .with_all_selected_by_default()
            .prompt()?;
        draft.set("extensions", json!(chosen));
    }
    for (index, (key, value)) in draft.identity().into_iter().enumerate() {
        let by_flag = match key.name.as_str() {
            "api_url" => arguments.api.is_some(),
            _ => index == 0 && arguments.account.is_some(),
        };
        if by_flag || is_set(&key.name) {
            continue;
        }
        let about = key.about.trim_end_matches('.');
        let message = format!("{} ({about}):", key.name);
        let mut question = Text::new(&message).with_validator(not_empty);
        if let Some(value) = &value {
            question = question.with_default(value);
        }
        draft.set(&key.name, question.prompt()?.trim().to_owned());
    }
    if arguments.bind.is_none() && !is_set("bind") {
        let bind = Text::new("Address to listen on (0.0.0.0 lets other machines connect):")
            .with_default("127.0.0.1")
            .with_validator(|text: &str| {
                valid(text.trim().parse::<IpAddr>().is_ok(), "give an IP address")
            })
            .prompt()?;
        draft.set("bind", bind.trim().to_owned());
    }
    if arguments.port.is_none() && !is_set("port") {
        let port = Text::new("Port to listen on:")
            .with_default(&PORT_DEFAULT.to_string())
            .with_validator(|text: &str| {
                valid(
                    text.trim().parse::<u16>().is_ok(),
                    "give a number up to 65535",
                )
            })
            .prompt()?;
        // The check above has let nothing else through.
        draft.set("port", port.trim().parse().unwrap_or(PORT_DEFAULT));
    }
    key(arguments, place)
}

/// The key, which is shown nowhere.
fn key(arguments: &InitArguments, place: &Place) -> Result<Option<Secret>, InitError> {
    if arguments.key_file.is_some() || (place.key().exists() && !arguments.force) {
        return Ok(None);
    }
    let is_usable = |text: &str| {
        valid(
            text.is_empty() || secret_file::parse(text).is_ok(),
            "this is not one line of a key",
        )
    };
    let key = Password::new("API key (it is not shown; empty for none):")
        .with_display_mode(PasswordDisplayMode::Hidden)
        .without_confirmation()
        .with_validator(is_usable)
        .prompt()?;
    let key = zeroize::Zeroizing::new(key);
    match key.trim().is_empty() {
        true => Ok(None),
        false => Ok(Some(Secret::new(secret_file::parse(&key)?.to_owned()))),
    }
}

/// Asks before the files are written.
///
/// # Errors
///
/// No, or interrupted.
pub(super) fn confirm(place: &Place) -> Result<(), InitError> {
    let message = format!(
        "Write {} and the files beside it?",
        place.config().display()
    );
    match Confirm::new(&message).with_default(true).prompt()? {
        true => Ok(()),
        false => Err(InitError::Interrupted),
    }
}

fn not_empty(text: &str) -> Result<Validation, inquire::CustomUserError> {
    valid(!text.trim().is_empty(), "an answer is needed")
}

fn valid(is_valid: bool, otherwise: &str) -> Result<Validation, inquire::CustomUserError> {
    Ok(match is_valid {
        true => Validation::Valid,
        false => Validation::Invalid(otherwise.into()),
    })
}
