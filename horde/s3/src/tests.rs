//! Against the URLs of the reference's library, the examples of the signature's own documentation, and one side against the
//! other.

mod addresses;
mod answers;
mod objects;
mod refusals;
mod sent;
mod signing;
