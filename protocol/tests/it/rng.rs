//! Random primitives and sampling against the golden values of tig-protocol.md section 24.

use proptest::prelude::*;
use tig_protocol::rng::{ChaCha12, Rng, UniformU32, Xoshiro256PlusPlus};
use tig_protocol::sampling::sample_nonces;

const BLOCK_ID: &str = "0123456789abcdef0123456789abcdef";
const BENCHMARK_ID: &str = "00000000000000000000000000000001";

fn counting_seed() -> [u8; 32] {
    std::array::from_fn(|i| i as u8)
}

#[test]
fn chacha_keystream_is_golden() {
    let mut rng = ChaCha12::from_seed(counting_seed());
    let bytes: Vec<u8> = (0..8).flat_map(|_| rng.next_u32().to_le_bytes()).collect();
    assert_eq!(
        hex::encode(bytes),
        "f231f9ffd17ac65e4405f325d7e940aa4913601fc2be46bce9c3cac3d91a1a36"
    );
}

#[test]
fn chacha_words_of_64_bits_are_two_of_32() {
    let (mut narrow, mut wide) = (ChaCha12::from_seed([7; 32]), ChaCha12::from_seed([7; 32]));
    // An odd start, so that one wide word straddles two blocks.
    narrow.next_u32();
    wide.next_u32();
    for _ in 0..40 {
        let low = u64::from(narrow.next_u32());
        assert_eq!(wide.next_u64(), low + (u64::from(narrow.next_u32()) << 32));
    }
}

#[test]
fn small_seed_is_golden() {
    let mut words = ChaCha12::from_seed(counting_seed());
    let seed: [u8; 32] = std::array::from_fn(|_| words.next_u32() as u8);
    assert_eq!(
        hex::encode(seed),
        "f2d144d749c2e9d959c2298561e6e5466c83db3d352e047e22580d15d9487fe7"
    );
}

#[test]
fn xoshiro_draws_are_golden() {
    let rng = Xoshiro256PlusPlus::from_instance_seed(counting_seed());
    let (mut words, mut halves, mut floats) = (rng.clone(), rng.clone(), rng);
    assert_eq!(
        [(); 3].map(|()| words.next_u64()),
        [
            7_737_161_477_590_976_119,
            775_191_569_382_124_793,
            11_415_066_668_513_038_218
        ]
    );
    assert_eq!(
        [(); 3].map(|()| halves.next_u32()),
        [1_801_448_286, 180_488_352, 2_657_777_319]
    );
    assert_eq!(
        [(); 2].map(|()| floats.unit_f64()),
        [0.419_432_364_143_764_5, 0.042_023_219_180_827_3]
    );
}

/// The first components of a vector-search database from the counting seed.
#[test]
fn unit_floats_are_golden() {
    let mut rng = Xoshiro256PlusPlus::from_instance_seed(counting_seed());
    assert_eq!(
        [(); 3].map(|()| rng.unit_f32()),
        [0.419_432_28, 0.042_023_182, 0.618_811_96]
    );
}

#[test]
fn samples_are_golden() {
    let sample = |solutions: &[u64], num_nonces| {
        sample_nonces(BLOCK_ID, BENCHMARK_ID, solutions, num_nonces, 3)
    };
    assert_eq!(sample(&[3, 10, 17, 42, 55], 100), [10, 42, 55, 87, 22, 83]);
    assert_eq!(
        sample(&(0..60).collect::<Vec<_>>(), 100),
        [18, 30, 51, 68, 82, 97]
    );
    assert_eq!(sample(&[], 100), [85, 89, 43]);
    assert_eq!(sample(&[0, 1], 2), [1, 0]);
}

#[test]
fn empty_ranges_cannot_be_prepared() {
    assert!(UniformU32::new(5..5).is_none());
    assert!(UniformU32::new(std::ops::Range { start: 6, end: 5 }).is_none());
}

proptest! {
    #[test]
    fn samples_are_distinct_and_of_the_right_size(
        block_id in "[a-f0-9]{32}",
        solutions in proptest::collection::btree_set(0u64..200, 0..200),
        num_nonces in 200u64..400,
        max_samples in 0usize..250,
    ) {
        let solutions: Vec<u64> = solutions.into_iter().collect();
        let samples = sample_nonces(&block_id, BENCHMARK_ID, &solutions, num_nonces, max_samples);
        let (of_solutions, of_others): (Vec<u64>, Vec<u64>) =
            samples.iter().partition(|nonce| solutions.contains(nonce));
        let num_others = num_nonces as usize - solutions.len();
        prop_assert_eq!(of_solutions.len(), max_samples.min(solutions.len()));
        prop_assert_eq!(of_others.len(), max_samples.min(num_others));
        prop_assert!(samples.iter().all(|&nonce| nonce < num_nonces));
        let distinct: std::collections::HashSet<u64> = samples.iter().copied().collect();
        prop_assert_eq!(distinct.len(), samples.len());
    }

    #[test]
    fn draws_stay_in_their_range(seed in any::<[u8; 32]>(), start in any::<u32>(), size in 1u32.., n in 1u64..) {
        let range = start..start.saturating_add(size);
        prop_assume!(!range.is_empty());
        let mut rng = Xoshiro256PlusPlus::from_instance_seed(seed);
        prop_assert!(range.contains(&rng.range_u32(range.clone())));
        prop_assert!(range.contains(&UniformU32::new(range.clone()).unwrap().draw(&mut rng)));
        prop_assert!(rng.below_u64(n) < n);
        prop_assert!((0.0..1.0).contains(&rng.unit_f64()));
        prop_assert!((0.0..1.0).contains(&rng.unit_f32()));
    }

    #[test]
    fn a_shuffle_is_a_permutation(state in any::<u64>(), mut items in proptest::collection::vec(any::<u8>(), 0..100)) {
        let mut shuffled = items.clone();
        ChaCha12::seed_from_u64(state).shuffle(&mut shuffled);
        shuffled.sort_unstable();
        items.sort_unstable();
        prop_assert_eq!(shuffled, items);
    }
}
