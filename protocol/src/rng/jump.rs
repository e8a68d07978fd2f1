//! Jumping ahead in the stream of xoshiro256++ instead of drawing what lies between.
//!
//! A step of the generator is a linear map M of its 256 bits of state, and M is a root of its characteristic
//! polynomial. So `M^n = r(M)` with r the remainder of `x^n` divided by that polynomial: at most 256 steps and a few
//! thousand operations reach any state, however far.

use super::step::step;

/// The bits of a polynomial over two elements, that of `x^0` first, of degree below 256.
type Polynomial = [u64; 4];

/// The characteristic polynomial of a step without its highest term `x^256`. A test compares jumps with steps.
const CHARACTERISTIC: Polynomial = [
    0x9d11_6f2b_b0f0_f001,
    0x0280_002b_cefd_1a5e,
    0x04b4_edcf_2625_9f85,
    0x0003_c03c_3f3e_cb19,
];

/// The state after `steps` draws.
pub(super) fn ahead(mut state: [u64; 4], steps: u64) -> [u64; 4] {
    let remainder = power_of_x(steps);
    let mut sum = [0; 4];
    for exponent in 0..256 {
        if bit(remainder, exponent) {
            sum = add(sum, state);
        }
        step(&mut state);
    }
    sum
}

/// `x^exponent`, by squaring.
fn power_of_x(exponent: u64) -> Polynomial {
    let mut power = [1, 0, 0, 0];
    for index in (0..u64::BITS - exponent.leading_zeros()).rev() {
        power = multiply(power, power);
        if exponent >> index & 1 == 1 {
            power = times_x(power);
        }
    }
    power
}

fn multiply(a: Polynomial, b: Polynomial) -> Polynomial {
    let mut product = [0; 4];
    for exponent in (0..256).rev() {
        product = times_x(product);
        if bit(b, exponent) {
            product = add(product, a);
        }
    }
    product
}

fn times_x(p: Polynomial) -> Polynomial {
    let shifted = [
        p[0] << 1,
        p[1] << 1 | p[0] >> 63,
        p[2] << 1 | p[1] >> 63,
        p[3] << 1 | p[2] >> 63,
    ];
    // `x^256` equals the lower terms of the characteristic polynomial.
    match p[3] >> 63 {
        0 => shifted,
        _ => add(shifted, CHARACTERISTIC),
    }
}

fn add(a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
    std::array::from_fn(|i| a[i] ^ b[i])
}

fn bit(p: Polynomial, exponent: usize) -> bool {
    p[exponent / 64] >> (exponent % 64) & 1 == 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_jump_is_as_many_steps(start: [u64; 4], steps in 0u64..5000) {
            let mut state = start;
            (0..steps).for_each(|_| step(&mut state));
            prop_assert_eq!(ahead(start, steps), state);
        }

        #[test]
        fn jumps_add_up(start: [u64; 4], first in 0..u64::MAX / 2, second in 0..u64::MAX / 2) {
            prop_assert_eq!(ahead(ahead(start, first), second), ahead(start, first + second));
        }
    }
}
