//! What can go wrong: requests of a kind, and the time of a new block.

/// What a fault of the service may be limited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChainCall {
    /// `GET .../block/latest`.
    Block,
    /// `GET .../neurons` and `.../validators`.
    Neurons,
    /// `GET .../limits`.
    Limits,
    /// `GET .../weights/commits`.
    Commits,
    /// `PUT .../weights` and `POST .../weights/set`; as a limit, `Commit` and `Reveal`, too.
    Weights,
    /// `POST .../weights/commit`.
    Commit,
    /// `POST .../weights/reveal`.
    Reveal,
    /// The time of a new block; not a request.
    NewBlock,
}

/// The calls to which a fault can be limited, for help texts.
pub(super) const CALLS_HELP: &str = "block, neurons, limits, commits, weights, commit, reveal";

impl ChainCall {
    /// The name behind `@`; new blocks have none.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Neurons => "neurons",
            Self::Limits => "limits",
            Self::Commits => "commits",
            Self::Weights => "weights",
            Self::Commit => "commit",
            Self::Reveal => "reveal",
            Self::NewBlock => "",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [
            Self::Block,
            Self::Neurons,
            Self::Limits,
            Self::Commits,
            Self::Weights,
            Self::Commit,
            Self::Reveal,
        ]
        .into_iter()
        .find(|call| call.name() == text)
    }

    /// Whether a fault that is limited to these calls is for such a call.
    pub(super) fn includes(self, call: Self) -> bool {
        self == call || self == Self::Weights && matches!(call, Self::Commit | Self::Reveal)
    }
}

/// Which calls a kind of fault is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Every request.
    Requests,
    /// Answers that name a block.
    Blocks,
    /// Answers with neurons.
    Neurons,
    /// Requests to set weights, to commit and to reveal.
    Weights,
    /// The time of a new block.
    NewBlocks,
    /// The port, as long as the fault is there.
    Port,
}

impl Scope {
    pub(super) fn contains(self, call: ChainCall) -> bool {
        match self {
            Self::Requests => call != ChainCall::NewBlock,
            Self::Blocks => matches!(
                call,
                ChainCall::Block | ChainCall::Neurons | ChainCall::Commits
            ),
            Self::Neurons => call == ChainCall::Neurons,
            Self::Weights => ChainCall::Weights.includes(call),
            Self::NewBlocks => call == ChainCall::NewBlock,
            Self::Port => false,
        }
    }
}
