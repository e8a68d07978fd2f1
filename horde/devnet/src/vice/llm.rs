//! Arguments of the vices of language models: what is wrong with answers, and with series.

use super::argument::{Argument, ArgumentError};
use crate::choice::choice;

choice! {
    /// What is wrong with a file of answers.
    AnswersFault {
        /// Answers as long as the right ones, with other letters.
        Wrong = "wrong",
        /// The answers of another seed.
        OtherSeed = "other-seed",
        /// An answer to a prompt that was not asked, and to no other.
        MissingKeys = "missing-keys",
        /// The right answers among many to prompts that were not asked.
        ExtraKeys = "extra-keys",
        /// Keys with blanks around them.
        BlankKeys = "blank-keys",
        /// Numbers in place of texts.
        NotText = "not-text",
        /// An array in place of an object.
        NotObject = "not-object",
        /// The first half of the right file.
        NotJson = "not-json",
        /// The right file, compressed.
        Gzip = "gzip",
        /// The right answers, and 50 MiB more.
        Huge = "huge",
    }
}

choice! {
    /// What is wrong with a series of prompts.
    SeriesFault {
        /// No bytes.
        Empty = "empty",
        /// One prompt.
        OneLine = "one-line",
        /// Half of the prompts.
        FewerLines = "fewer-lines",
        /// No line end behind the last prompt.
        NoLineEnd = "no-line-end",
        /// Line ends of two characters.
        Crlf = "crlf",
        /// Blanks around each prompt.
        OuterBlanks = "outer-blanks",
        /// The character U+2028 inside each prompt, which ends a line for some readers.
        LineSeparator = "line-separator",
        /// The first prompt twice, in place of the second one.
        RepeatedLine = "repeated-line",
        /// A line of 10 MB in place of the first prompt.
        LongLine = "long-line",
        /// A byte that is not UTF-8 in front of the first prompt.
        NotUtf8 = "not-utf8",
        /// A page of an error in place of prompts.
        HtmlPage = "html-page",
    }
}

impl Argument for AnswersFault {
    const PLACEHOLDER: &'static str = "HOW";

    fn parse_argument(text: &str) -> Result<Self, ArgumentError> {
        Self::find(text).map_err(|expected| ArgumentError::new(text, expected))
    }
}

impl Argument for SeriesFault {
    const PLACEHOLDER: &'static str = "HOW";

    fn parse_argument(text: &str) -> Result<Self, ArgumentError> {
        Self::find(text).map_err(|expected| ArgumentError::new(text, expected))
    }
}
