//! Questions that a host may ask an instance ([`Instance::ask`](crate::Instance::ask)).

/// Run the destructor: the host drops the instance next, and wants to know of a panic. Empty answer.
pub const DROP: &str = "drop";
/// Handle the command in the body (frame of a `frame::CommandHead` of `tig-plugin-api` and the JSON of the arguments). Empty
/// answer: the command has started.
pub const COMMAND: &str = "command";
