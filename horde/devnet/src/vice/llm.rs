//! Arguments of the vices of language models: what is wrong with answers, and with series.

use std::fmt;

use super::argument::{Argument, ArgumentError};

macro_rules! choice {
    (
        $(#[$meta:meta])*
        $name:ident, $(#[doc = $meaning:literal] $text:literal = $variant:ident,)*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = $meaning] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name on the command line.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl Argument for $name {
            const PLACEHOLDER: &'static str = "HOW";

            fn parse_argument(text: &str) -> Result<Self, ArgumentError> {
                let mut all = Self::ALL.iter().copied();
                all.find(|choice| choice.as_str() == text)
                    .ok_or_else(|| ArgumentError {
                        found: text.to_owned(),
                        expected: format!("one of {}", [$($text,)*].join(", ")),
                    })
            }
        }
    };
}

choice! {
    /// What is wrong with a file of answers.
    AnswersFault,
    /// Answers as long as the right ones, with other letters.
    "wrong" = Wrong,
    /// The answers of another seed.
    "other-seed" = OtherSeed,
    /// An answer to a prompt that was not asked, and to no other.
    "missing-keys" = MissingKeys,
    /// The right answers among many to prompts that were not asked.
    "extra-keys" = ExtraKeys,
    /// Keys with blanks around them.
    "blank-keys" = BlankKeys,
    /// Numbers in place of texts.
    "not-text" = NotText,
    /// An array in place of an object.
    "not-object" = NotObject,
    /// The first half of the right file.
    "not-json" = NotJson,
    /// The right file, compressed.
    "gzip" = Gzip,
    /// The right answers, and 50 MiB more.
    "huge" = Huge,
}

choice! {
    /// What is wrong with a series of prompts.
    SeriesFault,
    /// No bytes.
    "empty" = Empty,
    /// One prompt.
    "one-line" = OneLine,
    /// Half of the prompts.
    "fewer-lines" = FewerLines,
    /// No line end behind the last prompt.
    "no-line-end" = NoLineEnd,
    /// Line ends of two characters.
    "crlf" = Crlf,
    /// Blanks around each prompt.
    "outer-blanks" = OuterBlanks,
    /// The character U+2028 inside each prompt, which ends a line for some readers.
    "line-separator" = LineSeparator,
    /// The first prompt twice, in place of the second one.
    "repeated-line" = RepeatedLine,
    /// A line of 10 MB in place of the first prompt.
    "long-line" = LongLine,
    /// A byte that is not UTF-8 in front of the first prompt.
    "not-utf8" = NotUtf8,
    /// A page of an error in place of prompts.
    "html-page" = HtmlPage,
}
