//! Version 4 UUIDs, which name jobs.

/// Groups of hex digits of a UUID: their lengths.
const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

/// The version 4 UUID (RFC 9562) of these random bits, of which it keeps 122.
pub fn uuid_v4(random: [u64; 2]) -> String {
    let [high, low] = random;
    let high = high & !0xf000 | 0x4000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// Whether a text is a UUID of any version, in lower case and with hyphens.
pub fn is_uuid(text: &str) -> bool {
    let is_digit = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    let groups: Vec<_> = text.split('-').collect();
    groups.len() == GROUPS.len()
        && groups
            .iter()
            .zip(GROUPS)
            .all(|(group, digits)| group.len() == digits && group.bytes().all(is_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_version_and_variant() {
        let zero = "00000000-0000-4000-8000-000000000000";
        let ones = "ffffffff-ffff-4fff-bfff-ffffffffffff";
        assert_eq!(uuid_v4([0, 0]), zero);
        assert_eq!(uuid_v4([u64::MAX; 2]), ones);
        let uuid = uuid_v4([0x0123_4567_89ab_cdef, 0x0123_4567_89ab_cdef]);
        assert_eq!(uuid, "01234567-89ab-4def-8123-456789abcdef");
        assert!([zero, ones, &uuid].iter().all(|uuid| is_uuid(uuid)));
    }

    #[test]
    fn other_texts_are_not_uuids() {
        for text in [
            "",
            "0b8f5ab8",
            "00000000-0000-4000-8000-00000000000",
            "00000000-0000-4000-8000-00000000000g",
            "00000000-0000-4000-8000-00000000000A",
            "00000000-0000-4000-8000-000000000000-0",
            "000000000-000-4000-8000-000000000000",
        ] {
            assert!(!is_uuid(text), "{text}");
        }
    }
}
