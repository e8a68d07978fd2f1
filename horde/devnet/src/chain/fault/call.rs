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
    /// `PUT .../weights` and `POST .../weights/set`, `commit` and `reveal`.
    Weights,
    /// The time of a new block; not a request.
    NewBlock,
}

/// The calls to which a fault can be limited, for help texts.
pub(super) const CALLS_HELP: &str = "block, neurons, limits, commits, weights";

impl ChainCall {
    /// The name behind `@`; new blocks have none.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Neurons => "neurons",
            Self::Limits => "limits",
            Self::Commits => "commits",
            Self::Weights => "weights",
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
        ]
        .into_iter()
        .find(|call| call.name() == text)
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
            Self::Weights => call == ChainCall::Weights,
            Self::NewBlocks => call == ChainCall::NewBlock,
        }
    }
}
