//! BLAKE3 as the protocol uses it (tig-protocol.md section 7.1).

/// BLAKE3-256 of the UTF-8 bytes of `text`.
pub(crate) fn blake3_text(text: &str) -> [u8; 32] {
    *blake3::hash(text.as_bytes()).as_bytes()
}

/// The first of the four little-endian `u64` of [`blake3_text`].
pub(crate) fn first_u64(text: &str) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = blake3_text(text);
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
