//! The variables of a validator's environment (section 1.5), and what became of each.

/// What a variable is to this program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    /// It is read.
    Read,
    /// It set up something that is not needed any more.
    Gone(&'static str),
    /// Known, but no part of this version reads it.
    Unread,
}

/// What took the place of the database.
const STORE: &str = "the host keeps its store in a file, and needs no database";
/// What took the place of queues.
const QUEUES: &str = "extensions speak through the host, and need no queue";
/// What took the place of the name of a chain.
const PYLON: &str = "the chain is reached by a Pylon service: set PYLON_URL";
/// What took the place of times for debugging.
const CHAIN: &str = "a chain of the devnet is as fast as one likes: see docs/computehorde.md";
/// What took the place of generator classes.
const KINDS: &str =
    "job kinds are extensions: name them in `config.horde_batch.kinds` of config.json";

/// All variables.
pub(crate) const VARIABLES: &[(&str, Role)] = &[
    ("AWS_ACCESS_KEY_ID", Role::Read),
    ("AWS_DEFAULT_REGION", Role::Read),
    ("AWS_ENDPOINT_URL", Role::Read),
    ("AWS_ENDPOINT_URL_IAM", Role::Read),
    ("AWS_REGION", Role::Read),
    ("AWS_SECRET_ACCESS_KEY", Role::Read),
    ("AWS_SESSION_TOKEN", Role::Read),
    (
        "AWS_SIGNATURE_VERSION",
        Role::Gone("signatures are always of version 4"),
    ),
    ("BITTENSOR_NETUID", Role::Read),
    ("BITTENSOR_NETWORK", Role::Gone(PYLON)),
    ("BITTENSOR_WALLET_DIRECTORY", Role::Read),
    ("BITTENSOR_WALLET_HOTKEY_NAME", Role::Read),
    ("BITTENSOR_WALLET_NAME", Role::Read),
    ("CELERY_BROKER_URL", Role::Gone(QUEUES)),
    ("DATABASE_POOL_URL", Role::Gone(STORE)),
    ("DATABASE_SUFFIX", Role::Gone(STORE)),
    ("DATABASE_URL", Role::Gone(STORE)),
    ("DEBUG_CELERY_HOOK_SCRIPT_FILE", Role::Gone(QUEUES)),
    ("DEBUG_DONT_STAGGER_VALIDATORS", Role::Gone(CHAIN)),
    ("DEBUG_MINER_ADDRESS", Role::Read),
    ("DEBUG_MINER_COUNT", Role::Read),
    ("DEBUG_MINER_KEY", Role::Read),
    ("DEBUG_MINER_PORT", Role::Read),
    (
        "DEBUG_OVERRIDE_SYNTHETIC_JOBS_FLOW_VERSION",
        Role::Gone("nothing depended on it"),
    ),
    ("DEBUG_OVERRIDE_WEIGHTS_VERSION", Role::Read),
    (
        "DEBUG_RUN_BEAT_VERY_OFTEN",
        Role::Gone("extensions act when something is due, and poll nothing"),
    ),
    ("DEBUG_RUN_SYNTHETIC_JOBS_SECONDS", Role::Gone(CHAIN)),
    ("DEBUG_SET_SCORES_HOUR", Role::Gone(CHAIN)),
    ("DEBUG_SET_SCORES_MINUTE", Role::Gone(CHAIN)),
    ("DYNAMIC_CONFIG_ENV", Role::Read),
    ("FACILITATOR_URI", Role::Read),
    ("HOTKEY_PASSWORD_FILE", Role::Read),
    ("MIGRATING", Role::Read),
    ("PROMPT_GENERATION_MODEL", Role::Read),
    ("PROMPT_JOB_GENERATOR", Role::Gone(KINDS)),
    ("PYLON_IDENTITY", Role::Read),
    ("PYLON_TOKEN_FILE", Role::Read),
    ("PYLON_URL", Role::Read),
    ("REDIS_HOST", Role::Gone(QUEUES)),
    ("REDIS_PORT", Role::Gone(QUEUES)),
    ("S3_BUCKET_NAME_ANSWERS", Role::Read),
    ("S3_BUCKET_NAME_PROMPTS", Role::Read),
    ("STATS_COLLECTOR_URL", Role::Read),
    ("SYNTHETIC_JOBS_RUN_OFFSET", Role::Unread),
    ("SYNTHETIC_JOB_GENERATOR_FACTORY", Role::Gone(KINDS)),
    ("TRUSTED_MINER_ADDRESS", Role::Read),
    ("TRUSTED_MINER_KEY", Role::Read),
    ("TRUSTED_MINER_PORT", Role::Read),
    ("VALIDATOR_RUNNER_VERSION", Role::Unread),
    ("VALIDATOR_VERSION", Role::Unread),
];

/// Greatest number of typing errors for which a name is suggested.
const ERRORS_MAX: usize = 3;

/// What an operator should know of a variable in the `.env` file; `None` if it is read.
pub(crate) fn note(name: &str) -> Option<String> {
    let known = VARIABLES.iter().find(|(known, _)| *known == name);
    match known.map(|(_, role)| role) {
        Some(Role::Read) => None,
        Some(Role::Gone(why)) => Some(format!("{name} is not needed any more: {why}")),
        Some(Role::Unread) => Some(format!(
            "{name} is known, but no part of this version reads it"
        )),
        None => Some(format!("{name} is unknown{}", suggestion(name))),
    }
}

fn suggestion(name: &str) -> String {
    let distance = |known: &str| strsim::damerau_levenshtein(name, known);
    let nearest = VARIABLES.iter().map(|(known, _)| (distance(known), *known));
    match nearest.min() {
        Some((errors, known)) if errors <= ERRORS_MAX => format!("; did you mean {known}?"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;
    use crate::env_file;
    use crate::environment::Environment;
    use crate::network::Network;
    use crate::settings::Settings;

    const TEMPLATE: &str = include_str!("../../../.env.template");

    #[test]
    fn template_has_each_variable_once_with_a_comment() {
        let entries = env_file::parse(TEMPLATE).ok().unwrap();
        let keys: BTreeSet<_> = entries.iter().map(|entry| entry.key.as_str()).collect();
        let is_read = |(name, role): &(&'static str, Role)| (*role == Role::Read).then_some(*name);
        let read: BTreeSet<_> = VARIABLES.iter().filter_map(is_read).collect();
        assert_eq!(keys, read);
        assert_eq!(entries.len(), keys.len());
        let lines: Vec<_> = TEMPLATE.lines().collect();
        for entry in entries {
            let above = lines[entry.line - 2];
            assert!(
                above.starts_with("# ") && !above.starts_with("# ---"),
                "{}",
                entry.key
            );
        }
    }

    /// A file with what is needed says the same as the template with it.
    #[test]
    fn template_states_the_defaults() {
        let read = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(".env"), text).unwrap();
            let environment = Environment::load(folder.path(), |_| None).unwrap();
            let network = Network::read(&environment).unwrap().unwrap();
            let settings = Settings::read(&environment).unwrap();
            (network, settings.hotkey_file, settings.weights_version)
        };
        let needed = [
            ("BITTENSOR_WALLET_NAME", "w"),
            ("BITTENSOR_WALLET_HOTKEY_NAME", "h"),
            ("BITTENSOR_NETUID", "12"),
            ("PYLON_URL", "http://pylon"),
            ("HOME", "/home/x"),
        ];
        let alone = env_file::edit::add("", &needed).ok().unwrap().text;
        let filled = env_file::edit::add(TEMPLATE, &needed).ok().unwrap().text;
        assert_eq!(read(&filled), read(&alone));
    }

    #[test]
    fn variables_are_sorted_and_distinct() {
        assert!(VARIABLES.is_sorted_by(|(a, _), (b, _)| a < b));
    }

    #[test]
    fn notes_say_what_became_of_a_variable() {
        assert_eq!(note("DEBUG_MINER_KEY"), None);
        let text = note("REDIS_HOST").unwrap();
        assert!(
            text.starts_with("REDIS_HOST is not needed any more: "),
            "{text}"
        );
        let text = note("DEBUG_MINER_PROT").unwrap();
        assert_eq!(
            text,
            "DEBUG_MINER_PROT is unknown; did you mean DEBUG_MINER_PORT?"
        );
        assert_eq!(note("PATH").unwrap(), "PATH is unknown");
    }
}
