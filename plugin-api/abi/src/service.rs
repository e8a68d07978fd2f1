//! Services that a plugin may ask of the host during a call ([`Host::call`](crate::Host::call)).
//!
//! `name` and `body` are the arguments; the answer is bytes. An unknown number is answered with an error, by which a
//! newer plugin notices that its host is too old. Types and frames in the arguments are those of `tig-plugin-api`.

/// Emit event `name` with the JSON `body`. No answer.
pub const EMIT: u32 = 1;
/// Like [`EMIT`], kept on disk until every handler has handled it.
pub const EMIT_DURABLE: u32 = 2;
/// Read key `name`. Answer: empty if absent, else a byte `1` and the value.
pub const STORAGE_GET: u32 = 3;
/// Write `body` under key `name`. No answer.
pub const STORAGE_PUT: u32 = 4;
/// Delete key `name`. No answer.
pub const STORAGE_DELETE: u32 = 5;
/// List the keys that begin with `name`, ascending. Answer: `frame::encode_entries`.
pub const STORAGE_SCAN: u32 = 6;
/// Send the HTTP request in `body` (frame of an `HttpCall`, whose head may hold the fields of a `Turn` too). No answer;
/// the response comes as an event.
pub const HTTP: u32 = 7;
/// Log the text `body` at level `name` (`debug`, `info`, `warn`, `error`). No answer. Takes effect at once.
pub const LOG: u32 = 8;
/// Milliseconds, never going back. Answer: u64, little-endian.
pub const NOW: u32 = 9;
/// 64 random bits. Answer: u64, little-endian.
pub const RANDOM: u32 = 10;
/// Wake as many parked requests (`HttpReply::hold`) as the u64, little-endian, in `body`; those parked
/// longest go first. No answer.
pub const WAKE: u32 = 11;
/// Like [`EMIT`], but only the latest event of this name waits for a handler: it replaces an earlier one.
pub const EMIT_LATEST: u32 = 12;
/// Report as many unfinished pieces of work as the u64, little-endian, in `body`. No answer.
pub const UNFINISHED: u32 = 13;
/// Add to the counter `name` the JSON of a `Sample` in `body`. No answer.
pub const COUNT: u32 = 14;
/// Set the gauge `name` to the JSON of a `Sample` in `body`. No answer.
pub const GAUGE: u32 = 15;
/// Like [`LOG`], with fields beside the text: `body` is the JSON of a `LogLine`.
pub const LOG_FIELDS: u32 = 16;
/// Set the timer `name` to the u64, little-endian, in `body`: Unix milliseconds. No answer.
pub const AT: u32 = 17;
/// Cancel the timer `name`; no error if it is not set. No answer.
pub const CANCEL: u32 = 18;
/// Public key of the key `name` of the config. Answer: its bytes.
pub const PUBLIC_KEY: u32 = 19;
/// Sign `body` with the key `name` of the config. Answer: the signature.
pub const SIGN: u32 = 20;
/// Open the websocket connection `name`: `body` is the JSON of a `WsOpen`. No answer; what happens to it comes as
/// [`event::WS`](crate::event::WS).
pub const WS_OPEN: u32 = 21;
/// Send the text of `body` on the connection `name` (frame of a `WsSend`). No answer.
pub const WS_SEND: u32 = 22;
/// Close the connection `name`: `body` is the JSON of a `WsClose`. No answer.
pub const WS_CLOSE: u32 = 23;
/// Show who called a command a line of text (frame of a `Ticket` and the text). No answer.
pub const PROGRESS: u32 = 24;
/// End a command (frame of a `Finish` and the JSON of its value). No answer.
pub const FINISH: u32 = 25;
/// Replace the extension's conditions by the JSON list of `Condition`s in `body`. No answer.
pub const CONDITIONS: u32 = 26;
