//! The name of a plugin: of its crate, its file, its section of the config, and its extension.

use std::fmt::{self, Display, Formatter};

/// Longest name in bytes: a file name holds it with `lib` and `.so`, and a store each key with it.
pub const NAME_BYTES_MAX: usize = 64;

/// Begins a suggestion where a name would begin with a digit.
const LETTER_BEFORE_DIGIT: &str = "p";

/// Ends a suggestion where a name is taken.
const SUFFIX_OF_TAKEN: &str = "_plugin";

/// Words of the language, those that it reserves included.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Crates that come with the compiler.
const STANDARD_CRATES: &[&str] = &["alloc", "core", "proc_macro", "std", "test"];

/// Crates that the templates depend on.
const DEPENDENCIES: &[&str] = &["serde", "serde_json", "tig_plugin_api", "tig_plugin_macros"];

/// The name of the host in configs, logs and metrics.
const HOST: &str = "host";

/// A name that both cargo and the host accept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PluginName(String);

/// Why a text is not a name of a plugin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NameFault {
    /// It is empty.
    Empty,
    /// It has more than [`NAME_BYTES_MAX`] bytes.
    TooLong,
    /// It begins with something else than a-z.
    FirstCharacter,
    /// It has a character besides a-z, 0-9 and `_`.
    Character,
    /// It is a word of Rust.
    Keyword,
    /// It is the name of a crate of the standard library.
    StandardCrate,
    /// It is the name of a crate that the plugin depends on.
    Dependency,
    /// It is the host's own name.
    Host,
    /// It is the name of an extension beside which the plugin is tried.
    Taken,
}

impl Display for NameFault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::TooLong => write!(f, "it has more than {NAME_BYTES_MAX} characters"),
            Self::FirstCharacter => f.write_str("it must begin with a letter a-z"),
            Self::Character => f.write_str("only a-z, 0-9 and _ are allowed"),
            Self::Keyword => f.write_str("it is a keyword of Rust"),
            Self::StandardCrate => f.write_str("a crate of the standard library has this name"),
            Self::Dependency => f.write_str("a crate that plugins depend on has this name"),
            Self::Host => f.write_str("it is the name of the host itself"),
            Self::Taken => {
                f.write_str("a stock extension that such a plugin runs beside has this name")
            }
        }
    }
}

/// A text that is not a name of a plugin.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{name:?} cannot be the name of a plugin: {fault}; {}", remedy(suggestion.as_deref()))]
pub struct NameError {
    name: String,
    fault: NameFault,
    suggestion: Option<String>,
}

fn remedy(suggestion: Option<&str>) -> String {
    match suggestion {
        Some(suggestion) => format!("try `{suggestion}`"),
        None => "give a name such as `my_plugin`".to_owned(),
    }
}

impl NameError {
    /// The error of a name that has this fault.
    pub(crate) fn new(name: &str, fault: NameFault) -> Self {
        Self {
            // The text may be as long as a command line.
            name: name.chars().take(NAME_BYTES_MAX).collect(),
            fault,
            suggestion: suggest(name, fault),
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> NameFault {
        self.fault
    }

    /// A name that is close to it.
    #[must_use]
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}

impl PluginName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// What is wrong, with a name that is close to it.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        match find_fault(name) {
            None => Ok(Self(name.to_owned())),
            Some(fault) => Err(NameError::new(name, fault)),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for PluginName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn find_fault(name: &str) -> Option<NameFault> {
    let is_legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let faults = [
        (name.is_empty(), NameFault::Empty),
        (name.len() > NAME_BYTES_MAX, NameFault::TooLong),
        (!name.chars().all(is_legal), NameFault::Character),
        (
            !name.starts_with(|c: char| c.is_ascii_lowercase()),
            NameFault::FirstCharacter,
        ),
        (KEYWORDS.contains(&name), NameFault::Keyword),
        (STANDARD_CRATES.contains(&name), NameFault::StandardCrate),
        (DEPENDENCIES.contains(&name), NameFault::Dependency),
        (name == HOST, NameFault::Host),
    ];
    let mut found = faults.into_iter().filter(|(is_so, _)| *is_so);
    found.next().map(|(_, fault)| fault)
}

/// The letters and digits of `name` in words that `_` divides, made a name; `None` if there are none.
fn suggest(name: &str, fault: NameFault) -> Option<String> {
    let mut words = String::new();
    let mut was_lower = false;
    for c in name.chars().take(NAME_BYTES_MAX) {
        if !c.is_ascii_alphanumeric() {
            was_lower = false;
            if !words.ends_with('_') {
                words.push('_');
            }
            continue;
        }
        // `MySampler` is `my_sampler`.
        if c.is_ascii_uppercase() && was_lower {
            words.push('_');
        }
        was_lower = !c.is_ascii_uppercase();
        words.push(c.to_ascii_lowercase());
    }
    let mut close = words.trim_matches('_').to_owned();
    if close.starts_with(|c: char| c.is_ascii_digit()) {
        close.insert_str(0, LETTER_BEFORE_DIGIT);
    }
    let is_taken = |fault| !matches!(fault, NameFault::Empty | NameFault::TooLong);
    if find_fault(&close).is_some_and(is_taken) || fault == NameFault::Taken {
        close.truncate(NAME_BYTES_MAX - SUFFIX_OF_TAKEN.len());
        close.push_str(SUFFIX_OF_TAKEN);
    }
    close.truncate(NAME_BYTES_MAX);
    let close = close.trim_end_matches('_').to_owned();
    find_fault(&close).is_none().then_some(close)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_names_are_kept() {
        let longest = "a".repeat(NAME_BYTES_MAX);
        for name in ["a", "my_sampler", "job_2", "x__y", "hosts", &longest] {
            assert_eq!(PluginName::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn bad_names_have_their_fault_and_a_better_one() {
        let long = "b".repeat(NAME_BYTES_MAX + 1);
        for (name, fault, better) in [
            ("my-sampler", NameFault::Character, Some("my_sampler")),
            ("MySampler", NameFault::Character, Some("my_sampler")),
            ("My Sampler!", NameFault::Character, Some("my_sampler")),
            ("../escape", NameFault::Character, Some("escape")),
            ("a/b", NameFault::Character, Some("a_b")),
            ("größe", NameFault::Character, Some("gr_e")),
            ("--help", NameFault::Character, Some("help")),
            ("fn-", NameFault::Character, Some("fn_plugin")),
            ("a\nb", NameFault::Character, Some("a_b")),
            ("9lives", NameFault::FirstCharacter, Some("p9lives")),
            ("_x", NameFault::FirstCharacter, Some("x")),
            ("match", NameFault::Keyword, Some("match_plugin")),
            ("core", NameFault::StandardCrate, Some("core_plugin")),
            ("serde", NameFault::Dependency, Some("serde_plugin")),
            ("host", NameFault::Host, Some("host_plugin")),
            ("", NameFault::Empty, None),
            ("___", NameFault::FirstCharacter, None),
            ("汉字", NameFault::Character, None),
            (&long, NameFault::TooLong, Some(&long[1..])),
        ] {
            let error = PluginName::parse(name).unwrap_err();
            assert_eq!(error.fault(), fault, "{name}");
            assert_eq!(error.suggestion(), better, "{name}");
        }
    }

    #[test]
    fn error_text_names_cause_and_remedy() {
        let error = PluginName::parse("my-sampler").unwrap_err();
        let text = "\"my-sampler\" cannot be the name of a plugin: only a-z, 0-9 and _ are allowed; try `my_sampler`";
        assert_eq!(error.to_string(), text);
        let error = PluginName::parse(&"ü".repeat(100_000)).unwrap_err();
        assert!(error.to_string().len() < 1_000);
    }

    #[test]
    fn suggestions_of_any_text_are_valid_names() {
        for first in 0..=0x2ff_u32 {
            for name in ["", "a", "_fn", "9-X"] {
                let name = format!("{}{name}", char::from_u32(first).unwrap());
                if let Some(better) = suggest(&name, NameFault::Character) {
                    assert_eq!(find_fault(&better), None, "{name:?}");
                }
            }
        }
    }
}
