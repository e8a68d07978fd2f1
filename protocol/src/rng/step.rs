//! One step of the state of xoshiro256++ (R3), which draws and jumps share.

pub(super) fn step(s: &mut [u64; 4]) {
    let shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = s[3].rotate_left(45);
}
