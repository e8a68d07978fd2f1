//! Jobs of language models over real sockets, with S3: the trusted miner, the images, and what is up- and downloaded.

mod pipeline;
mod site;
mod transfers;
mod trusted;
mod vices;
