//! Draws as Python's `random` makes them.

use std::num::NonZeroU64;

use horde_calc::mersenne::PythonRandom;
use serde::Deserialize;

use crate::vectors::formula;

#[derive(Deserialize)]
struct FirstOutputs {
    seed: String,
    vals: Option<Vec<u32>>,
    first10: Option<Vec<u32>>,
}

#[derive(Deserialize)]
struct Shuffle {
    seed: String,
    n: usize,
    order: Vec<String>,
}

fn below(random: &mut PythonRandom, bound: u64) -> u64 {
    random.below(NonZeroU64::new(bound).unwrap())
}

#[test]
fn text_seeds_give_the_outputs_of_python() {
    for row in formula::<FirstOutputs>("mt_first_u32") {
        let mut random = PythonRandom::from_text(&row.seed);
        for expected in row.vals.or(row.first10).unwrap() {
            assert_eq!(random.next_u32(), expected, "{}", row.seed);
        }
    }
}

#[test]
fn shuffles_are_those_of_python() {
    let rows = formula::<Shuffle>("shuffle");
    assert_eq!(rows.len(), 12);
    for row in rows {
        let mut order: Vec<_> = (0..row.n).map(|index| format!("hk{index}")).collect();
        PythonRandom::from_text(&row.seed).shuffle(&mut order);
        assert_eq!(order, row.order, "{}", row.seed);
    }
}

/// From CPython 3.11: `random()` twice, `getrandbits(40)`, `randrange(1000)`, `choice("abcdefg")`.
#[test]
fn draws_from_text_match_python() {
    for (seed, numbers, bits, index, letter) in [
        (
            "",
            [0.9602256525641875, 0.595411957851699],
            950854270032,
            751,
            'g',
        ),
        (
            "a",
            [0.2720295377534757, 0.06733663088629693],
            754195888347,
            659,
            'e',
        ),
        (
            "Wie heißt",
            [0.4228621836041747, 0.04220948488465237],
            516139094359,
            457,
            'f',
        ),
        (
            "0x00",
            [0.6191250634092468, 0.10186510811051974],
            621398633725,
            311,
            'c',
        ),
    ] {
        let mut random = PythonRandom::from_text(seed);
        assert_eq!([random.random(), random.random()], numbers, "{seed}");
        assert_eq!(random.random_bits(40), Some(bits), "{seed}");
        assert_eq!(below(&mut random, 1000), index, "{seed}");
        let letters: Vec<_> = ('a'..='g').collect();
        assert_eq!(random.choose(&letters), Some(&letter), "{seed}");
    }
}

/// From CPython 3.11: `random()`, `getrandbits(64)`, `randrange(10**12)`.
#[test]
fn draws_from_integers_match_python() {
    for (seed, number, bits, index) in [
        (0, 0.8444218515250481, 16422101724900707500, 44756014165),
        (1, 0.13436424411240122, 14799178230035213023, 71999863748),
        (-7, 0.32383276483316237, 7283207964119141687, 54335349840),
        (
            1 << 32,
            0.11299430095636409,
            17242564240753480966,
            21546460955,
        ),
        (
            i64::MAX,
            0.3166448820870279,
            2447608955969091019,
            540322151204,
        ),
    ] {
        let mut random = PythonRandom::from_integer(seed);
        assert_eq!(random.random(), number, "{seed}");
        assert_eq!(random.random_bits(64), Some(bits), "{seed}");
        assert_eq!(below(&mut random, 1_000_000_000_000), index, "{seed}");
    }
}

#[test]
fn draws_of_nothing_draw_nothing() {
    let mut random = PythonRandom::from_text("seed");
    let mut other = random.clone();
    assert_eq!(random.choose::<u8>(&[]), None);
    assert_eq!(random.random_bits(0), Some(0));
    assert_eq!(random.random_bits(65), None);
    random.shuffle(&mut [1]);
    random.shuffle::<u8>(&mut []);
    assert_eq!(random.next_u32(), other.next_u32());
}
