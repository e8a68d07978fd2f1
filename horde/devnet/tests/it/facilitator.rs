//! The facilitator over real sockets: validators, users, and who runs it.

mod connection;
mod orders;
mod page;
mod running;
mod validator;
