//! The facilitator in virtual time.

mod authentication;
mod choice;
mod faults;
mod fixture;
mod properties;
mod recordings;
mod requests;
mod statuses;
