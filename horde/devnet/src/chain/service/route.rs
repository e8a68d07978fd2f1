//! Paths of the service.

use super::answer::{ServiceAnswer, error};
use crate::chain::fault::ChainCall;

/// What all paths begin with.
const BASE: &str = "/api/v1/";

/// Which block is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Latest,
    Number(u32),
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Block,
    Neurons(At),
    Validators(At),
    Limits,
    Commits,
    ByHotkey,
    Set,
    Commit,
    Reveal,
}

impl Route {
    /// Which faults are for it.
    pub(super) fn call(self) -> ChainCall {
        match self {
            Self::Block => ChainCall::Block,
            Self::Neurons(_) | Self::Validators(_) => ChainCall::Neurons,
            Self::Limits => ChainCall::Limits,
            Self::Commits => ChainCall::Commits,
            Self::ByHotkey | Self::Set => ChainCall::Weights,
            Self::Commit => ChainCall::Commit,
            Self::Reveal => ChainCall::Reveal,
        }
    }

    /// Whether an identity must be named.
    fn needs_identity(self) -> bool {
        use ChainCall::{Commit, Commits, Reveal, Weights};
        matches!(self.call(), Commits | Weights | Commit | Reveal)
    }
}

/// A path that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// `None` with the prefix of open access.
    pub(super) identity: Option<String>,
    pub(super) netuid: u16,
    pub(super) route: Route,
}

impl Place {
    /// Reads method and path; the error is the answer.
    pub(super) fn parse(method: &str, path: &str) -> Result<Self, ServiceAnswer> {
        let not_found = || error(404, "Not Found");
        let path = path.strip_prefix(BASE).ok_or_else(not_found)?;
        let segments: Vec<&str> = path.split('/').collect();
        let (identity, netuid, rest) = match segments.as_slice() {
            ["identity", name, "subnet", netuid, rest @ ..] => (Some(*name), netuid, rest),
            ["subnet", netuid, rest @ ..] => (None, netuid, rest),
            _ => return Err(not_found()),
        };
        let netuid = netuid.parse().map_err(|_| not_found())?;
        let (expected, route) = route(rest).ok_or_else(not_found)?;
        if route.needs_identity() && identity.is_none() {
            return Err(not_found());
        }
        match method == expected {
            true => Ok(Self {
                identity: identity.map(str::to_owned),
                netuid,
                route,
            }),
            false => Err(error(405, "Method Not Allowed")),
        }
    }
}

fn route(segments: &[&str]) -> Option<(&'static str, Route)> {
    Some(match segments {
        ["block", "latest"] => ("GET", Route::Block),
        ["block", at, "neurons"] => ("GET", Route::Neurons(at_block(at)?)),
        ["block", at, "validators"] => ("GET", Route::Validators(at_block(at)?)),
        ["limits"] => ("GET", Route::Limits),
        ["weights"] => ("PUT", Route::ByHotkey),
        ["weights", "commits"] => ("GET", Route::Commits),
        ["weights", "set"] => ("POST", Route::Set),
        ["weights", "commit"] => ("POST", Route::Commit),
        ["weights", "reveal"] => ("POST", Route::Reveal),
        _ => return None,
    })
}

fn at_block(text: &str) -> Option<At> {
    match text {
        "latest" => Some(At::Latest),
        number => number.parse().ok().map(At::Number),
    }
}
