//! The plugin API in a git repository.

use url::Url;

use crate::api_error::ApiSourceError;
use crate::toml_text::quoted;

/// Longest URL or name of a branch, tag or commit.
const TEXT_BYTES_MAX: usize = 2_048;

/// Length of a commit's name, of which a part suffices.
const COMMIT_DIGITS_COUNT_MIN: usize = 7;

/// Its length in a repository of SHA-256.
const COMMIT_DIGITS_COUNT_MAX: usize = 64;

/// Begins the full name of a reference, such as `refs/pull/7/head`.
const REFERENCE: &str = "refs/";

/// The scheme whose URLs name a user without a secret.
const SSH: &str = "ssh";

/// What is taken of a repository. Cargo does not look for a branch under the key of a commit, and so on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum GitReference {
    /// Its main branch.
    #[default]
    Main,
    /// A branch.
    Branch(String),
    /// A tag.
    Tag(String),
    /// A commit, or a reference by its full name.
    Commit(String),
}

/// A repository that was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GitSource {
    url: String,
    reference: GitReference,
}

impl GitSource {
    /// The API in the repository at `url`; nothing is fetched.
    ///
    /// # Errors
    ///
    /// The URL is not one or holds a secret, or the reference cannot be a name of its kind.
    pub fn new(url: &str, reference: GitReference) -> Result<Self, ApiSourceError> {
        check_url(url)?;
        reference.check()?;
        Ok(Self {
            url: url.to_owned(),
            reference,
        })
    }

    /// The value of the dependency in a `Cargo.toml`.
    pub(crate) fn dependency(&self) -> String {
        let url = quoted(&self.url);
        let (key, name) = match &self.reference {
            GitReference::Main => return format!("{{ git = {url} }}"),
            GitReference::Branch(name) => ("branch", name),
            GitReference::Tag(name) => ("tag", name),
            GitReference::Commit(name) => ("rev", name),
        };
        format!("{{ git = {url}, {key} = {} }}", quoted(name))
    }
}

impl GitReference {
    fn check(&self) -> Result<(), ApiSourceError> {
        let (option, name, fault) = match self {
            Self::Main => return Ok(()),
            Self::Branch(name) => ("--api-branch", name, "give the name of a branch"),
            Self::Tag(name) => ("--api-tag", name, "give the name of a tag"),
            Self::Commit(name) => {
                let fault = "give a commit by 7 or more of its digits; a branch by --api-branch, a tag by --api-tag";
                ("--api-rev", name, fault)
            }
        };
        let is_right = match self {
            Self::Commit(name) => {
                is_commit(name) || (is_visible(name) && name.starts_with(REFERENCE))
            }
            _ => is_visible(name),
        };
        match is_right {
            true => Ok(()),
            false => Err(ApiSourceError::of_text(option, name, fault)),
        }
    }
}

fn check_url(text: &str) -> Result<(), ApiSourceError> {
    let fault = "give the URL of a git repository, such as https://example.com/tig-host.git";
    let url = Url::parse(text).ok().filter(|_| is_visible(text));
    let Some(url) = url.filter(|url| !url.cannot_be_a_base()) else {
        // What stands before an @ may be a secret also in a text that is not a URL.
        return match text.rsplit_once('@') {
            Some((_, rest)) => Err(ApiSourceError::of_text(
                "--api-git",
                &format!("..@{rest}"),
                fault,
            )),
            None => Err(ApiSourceError::of_text("--api-git", text, fault)),
        };
    };
    let has_user = !url.username().is_empty() && url.scheme() != SSH;
    match has_user || url.password().is_some() {
        true => Err(ApiSourceError::Credentials),
        false => Ok(()),
    }
}

fn is_visible(text: &str) -> bool {
    let is_legal = |c: char| !c.is_control() && !c.is_whitespace();
    (1..=TEXT_BYTES_MAX).contains(&text.len()) && text.chars().all(is_legal)
}

fn is_commit(name: &str) -> bool {
    let lengths = COMMIT_DIGITS_COUNT_MIN..=COMMIT_DIGITS_COUNT_MAX;
    lengths.contains(&name.len()) && name.chars().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPOSITORY: &str = "https://example.com/a.git";

    fn source(reference: GitReference) -> Result<GitSource, ApiSourceError> {
        GitSource::new(REPOSITORY, reference)
    }

    #[test]
    fn each_reference_has_its_key() {
        let commit = "0123abc".to_owned();
        for (reference, rest) in [
            (GitReference::Main, ""),
            (
                GitReference::Branch("a/b".to_owned()),
                r#", branch = "a/b""#,
            ),
            (GitReference::Tag("v1".to_owned()), r#", tag = "v1""#),
            (GitReference::Commit(commit), r#", rev = "0123abc""#),
            (
                GitReference::Commit("refs/pull/7/head".to_owned()),
                r#", rev = "refs/pull/7/head""#,
            ),
        ] {
            let expected = format!("{{ git = \"{REPOSITORY}\"{rest} }}");
            assert_eq!(source(reference).unwrap().dependency(), expected);
        }
    }

    #[test]
    fn names_that_cannot_be_a_reference_are_refused() {
        let long = "a".repeat(TEXT_BYTES_MAX + 1);
        for name in ["", "a b", "a\n", &long] {
            assert!(
                source(GitReference::Branch(name.to_owned())).is_err(),
                "{name}"
            );
            assert!(
                source(GitReference::Tag(name.to_owned())).is_err(),
                "{name}"
            );
        }
        for name in ["", "main", "v1", "abc", "refs/a b", &long] {
            let error = source(GitReference::Commit(name.to_owned())).unwrap_err();
            let error = error.to_string();
            assert!(
                error.ends_with("a branch by --api-branch, a tag by --api-tag"),
                "{error}"
            );
            assert!(error.len() < 300, "{error}");
        }
    }

    #[test]
    fn texts_that_are_not_urls_are_refused() {
        let long = format!("https://example.com/{}", "a".repeat(TEXT_BYTES_MAX));
        for url in [
            "",
            "a b",
            "a.git",
            "git@example.com:a.git",
            "mailto:a",
            "https://x\n",
            &long,
        ] {
            let error = GitSource::new(url, GitReference::Main).unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains("give the URL of a git repository"),
                "{url}"
            );
        }
        for url in ["file:///srv/a", "ssh://git@example.com/a.git", REPOSITORY] {
            assert!(GitSource::new(url, GitReference::Main).is_ok(), "{url}");
        }
    }

    #[test]
    fn secrets_of_a_url_are_refused_and_not_shown() {
        for url in [
            "https://user:t0ken@example.com/a.git",
            "https://t0ken@example.com/a.git",
            "https:/user:t0ken@example.com/a.git",
            "HTTPS:\\\\user:t0ken@example.com",
            "ssh://git:t0ken@example.com/a.git",
            "https://t0ken@example.com/a b",
            "user:t0ken@example.com",
        ] {
            let error = GitSource::new(url, GitReference::Main)
                .unwrap_err()
                .to_string();
            assert!(!error.contains("t0ken"), "{error}");
        }
    }

    #[test]
    fn user_of_a_url_is_named_as_the_fault() {
        let url = "https://t0ken@example.com/a.git";
        let error = GitSource::new(url, GitReference::Main).unwrap_err();
        assert!(matches!(error, ApiSourceError::Credentials), "{error}");
    }
}
