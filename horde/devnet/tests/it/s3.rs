//! The S3 of a network as its clients see it, over HTTP.

mod access;
mod binary;
mod buckets;
mod client;
mod faults;
mod iam;
mod listing;
mod objects;
mod regions;
mod running;
mod signatures;
