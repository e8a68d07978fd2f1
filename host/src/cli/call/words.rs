//! What follows `call` on the command line: names, the program's own options, and arguments of the command, which only the
//! running host knows.

use std::path::PathBuf;

use super::super::admin::Where;

/// Words of the command line, sorted by whom they are for.
#[derive(Debug, Default, Eq, PartialEq)]
pub(in crate::cli) struct Words {
    pub extension: Option<String>,
    pub command: Option<String>,
    /// What stands for the command's required arguments, in their order.
    pub positionals: Vec<String>,
    /// Arguments of the command with their keys, in order.
    pub given: Vec<Given>,
    /// File with arguments as JSON; `-` is standard input.
    pub arguments_file: Option<PathBuf>,
    /// The command is to be described, not called.
    pub help: bool,
}

/// One argument as it was given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::cli) struct Given {
    /// Without the hyphens.
    pub key: String,
    /// `None` if another argument, or nothing, follows the key.
    pub value: Option<String>,
}

/// Why the words have no meaning.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum WordsError {
    /// An option before the names that only a command could have.
    #[error("`{0}` comes before EXTENSION and COMMAND; give these first")]
    TooEarly(String),
    /// An option of the program without its value.
    #[error("--{0} has no value; it is an option of tig-host, a command's own comes after `--`")]
    NoValue(String),
}

impl Words {
    /// Sorts `words`. Options of the program go to `place`; after `--` all are the command's.
    ///
    /// # Errors
    ///
    /// See [`WordsError`].
    pub(in crate::cli) fn parse(words: Vec<String>, place: &mut Where) -> Result<Self, WordsError> {
        let mut parsed = Self::default();
        let mut is_own = false;
        let mut words = words.into_iter().peekable();
        while let Some(word) = words.next() {
            if word == "--" && !is_own {
                is_own = true;
                continue;
            }
            if word == "-h" && !is_own {
                parsed.help = true;
                continue;
            }
            let Some(option) = word.strip_prefix("--") else {
                parsed.put_name(word);
                continue;
            };
            let given = match option.split_once('=') {
                Some((key, value)) => Given::new(key, Some(value.to_owned())),
                None if !is_own && is_flag(option) => Given::new(option, None),
                // A value that begins with two hyphens is given as --KEY=VALUE.
                None => Given::new(option, words.next_if(|next| !next.starts_with("--"))),
            };
            if is_own || !parsed.put_option(&given, place)? {
                if parsed.extension.is_none() {
                    return Err(WordsError::TooEarly(word));
                }
                parsed.given.push(given);
            }
        }
        Ok(parsed)
    }

    fn put_name(&mut self, word: String) {
        match (&self.extension, &self.command) {
            (None, _) => self.extension = Some(word),
            (Some(_), None) if self.given.is_empty() => self.command = Some(word),
            _ => self.positionals.push(word),
        }
    }

    /// Whether it is an option of the program, which is taken then.
    fn put_option(&mut self, given: &Given, place: &mut Where) -> Result<bool, WordsError> {
        let path = || {
            let value = given.value.clone();
            let value = value.ok_or_else(|| WordsError::NoValue(given.key.clone()));
            value.map(|text| Some(PathBuf::from(text)))
        };
        match given.key.as_str() {
            "json" => place.json = true,
            "help" => self.help = true,
            "config" => place.config = path()?,
            "backup" => place.backup = path()?,
            "arguments" => self.arguments_file = path()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Given {
    pub(super) fn new(key: &str, value: Option<String>) -> Self {
        let key = key.to_owned();
        Self { key, value }
    }
}

/// Whether the program's option takes no value.
fn is_flag(option: &str) -> bool {
    matches!(option, "json" | "help")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<(Words, Where), WordsError> {
        let mut place = Where {
            config: None,
            backup: None,
            json: false,
        };
        let words = line.split(' ').map(str::to_owned).collect();
        Words::parse(words, &mut place).map(|words| (words, place))
    }

    fn given(words: &Words) -> Vec<(&str, Option<&str>)> {
        let given = words.given.iter();
        given
            .map(|given| (given.key.as_str(), given.value.as_deref()))
            .collect()
    }

    #[test]
    fn own_options_and_arguments_may_be_mixed() {
        let (words, place) = parsed("batch run --count 3 --json --dry --at=-5 --backup b").unwrap();
        assert_eq!(words.extension.as_deref(), Some("batch"));
        assert_eq!(words.command.as_deref(), Some("run"));
        let expected = [("count", Some("3")), ("dry", None), ("at", Some("-5"))];
        assert_eq!(given(&words), expected);
        assert!(place.json);
        assert_eq!(place.backup, Some("b".into()));
    }

    #[test]
    fn two_hyphens_leave_all_keys_to_the_command() {
        let (words, place) = parsed("batch run --arguments - -- --json 1 --arguments x").unwrap();
        let expected = [("json", Some("1")), ("arguments", Some("x"))];
        assert_eq!(given(&words), expected);
        assert_eq!(words.arguments_file, Some("-".into()));
        assert!(!place.json);
    }

    #[test]
    fn words_after_the_command_are_positionals() {
        let (words, _) = parsed("batch run 3 --dry=1 b").unwrap();
        assert_eq!(words.positionals, ["3", "b"]);
        let (words, _) = parsed("batch --count 3 run").unwrap();
        assert_eq!(
            (words.command, words.positionals),
            (None, vec!["run".to_owned()])
        );
    }

    #[test]
    fn options_without_a_place_are_refused() {
        let refusal = |line| parsed(line).unwrap_err();
        let error = refusal("--count 3 batch");
        assert!(matches!(error, WordsError::TooEarly(_)), "{error}");
        let error = refusal("batch run --arguments");
        assert!(matches!(error, WordsError::NoValue(_)), "{error}");
    }
}
