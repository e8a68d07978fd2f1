//! Layers, cutoffs, qualifiers and the frontiers that follow (tig-protocol.md sections 11 and 12), and influence (14).

use std::cmp::Ordering;
use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use tig_protocol::PreciseNumber;
use tig_protocol::difficulty::{
    Bounds, Point, easy_frontier, hard_frontier, hard_layers, pareto_compare,
};
use tig_protocol::influence::Weight;
use tig_protocol::qualifiers::{ActiveBenchmark, Frontiers, Qualifiers, cutoff, phased_in};

fn any_points() -> impl Strategy<Value = Vec<Point>> {
    vec(vec(-5..12, 2), 0..40)
}

/// The points of which `pareto_compare` to no other gives `excluded`: the definition.
fn by_definition(points: &[Point], excluded: Ordering) -> Vec<Point> {
    let mut frontier: Vec<Point> = points
        .iter()
        .filter(|point| {
            points
                .iter()
                .all(|other| pareto_compare(point, other) != excluded)
        })
        .cloned()
        .collect();
    frontier.sort_unstable();
    frontier.dedup();
    frontier
}

proptest! {
    #[test]
    fn frontiers_and_layers_are_those_of_the_definition(points in any_points()) {
        prop_assert_eq!(hard_frontier(&points), by_definition(&points, Ordering::Less));
        prop_assert_eq!(easy_frontier(&points), by_definition(&points, Ordering::Greater));
        let layers = hard_layers(&points);
        let mut rest = points.clone();
        for layer in 0.. {
            let frontier = by_definition(&rest, Ordering::Less);
            let found: Vec<Point> = layers
                .iter()
                .filter(|&(_, &other)| other == layer)
                .map(|(point, _)| point.to_vec())
                .collect();
            prop_assert_eq!(&found, &frontier);
            if frontier.is_empty() {
                break;
            }
            rest.retain(|point| !frontier.contains(point));
        }
        // The same in three dimensions, of which one says nothing.
        let deep: Vec<Point> = points.iter().map(|point| vec![point[0], 7, point[1]]).collect();
        for (point, layer) in hard_layers(&deep) {
            prop_assert_eq!(layers[[point[0], point[2]].as_slice()], layer);
        }
    }
}

#[test]
fn cutoffs_scale_with_the_fewest_and_phase_in() {
    assert_eq!(cutoff(0, 1.5, 50), 50);
    assert_eq!(cutoff(33, 1.5, 50), 50);
    assert_eq!(cutoff(35, 1.5, 50), 53);
    assert_eq!(cutoff(u32::MAX, 9.0, 0), u32::MAX);
    assert_eq!(phased_in(300, 50, 1440, 1440), 300);
    assert_eq!(phased_in(300, 50, 720, 1440), 175);
    assert_eq!(phased_in(300, 51, 1, 1440), 51);
    assert_eq!(phased_in(300, 50, 0, 1440), 50);
    assert_eq!(phased_in(300, 50, 0, 0), 50);
}

fn bounds() -> Bounds {
    Bounds::new(vec![50, 300], vec![i32::MAX, i32::MAX]).unwrap()
}

/// Benchmarks of one algorithm: id, player, difficulty, solutions.
fn select(
    benchmarks: &[(&str, &str, Point, u32)],
    cutoffs: &[(&str, u32)],
    threshold: u32,
) -> Qualifiers {
    let benchmarks: Vec<ActiveBenchmark<'_>> = benchmarks
        .iter()
        .map(
            |(id, player_id, difficulty, num_solutions)| ActiveBenchmark {
                id,
                player_id,
                algorithm_id: "c001_a001",
                difficulty,
                num_solutions: *num_solutions,
            },
        )
        .collect();
    let cutoffs: BTreeMap<&str, u32> = cutoffs.iter().copied().collect();
    Qualifiers::select(&benchmarks, &cutoffs, &bounds(), threshold)
}

#[test]
fn the_hardest_qualify_until_the_threshold_is_passed() {
    let benchmarks = [
        ("1", "a", vec![60, 340], 6),
        ("2", "a", vec![55, 330], 5),
        ("3", "b", vec![50, 300], 9),
    ];
    let cutoffs = [("a", 100), ("b", 100)];
    let qualifiers = select(&benchmarks, &cutoffs, 10);
    assert_eq!(
        qualifiers.total, 11,
        "the second layer begins at 6, the third would at 11"
    );
    assert_eq!(qualifiers.difficulties, [[55, 330], [60, 340]]);
    assert_eq!(qualifiers.by_player, BTreeMap::from([("a".to_owned(), 11)]));
    // Strictly more than the threshold ends it.
    assert_eq!(select(&benchmarks, &cutoffs, 11).total, 20);
}

#[test]
fn a_cutoff_caps_qualifiers_but_not_difficulties() {
    let benchmarks = [
        ("2", "a", vec![60, 340], 6),
        ("1", "a", vec![60, 340], 3),
        ("3", "a", vec![59, 339], 1),
        ("4", "b", vec![58, 338], 0),
        ("5", "nobody", vec![58, 338], 2),
        ("6", "a", vec![40, 400], 1),
    ];
    let qualifiers = select(&benchmarks, &[("a", 5), ("b", 5)], 100);
    assert_eq!(qualifiers.total, 5);
    assert_eq!(qualifiers.by_algorithm["c001_a001"]["a"], 5);
    assert_eq!(qualifiers.difficulties, [[58, 338], [59, 339], [60, 340]]);
}

#[test]
fn frontiers_scale_with_the_number_of_qualifiers() {
    // The example of tig-protocol.md section 11.
    let points = [vec![60, 310], vec![55, 330], vec![50, 350], vec![70, 330]];
    let mut qualifiers = Qualifiers {
        total: 60,
        difficulties: points.to_vec(),
        ..Qualifiers::default()
    };
    let frontiers =
        |qualifiers: &Qualifiers| Frontiers::of(qualifiers, &bounds(), 50, 2.0).unwrap();
    let found = frontiers(&qualifiers);
    assert_eq!(found.base, [[50, 350], [55, 330], [60, 310], [61, 300]]);
    assert_eq!(
        found.scaled,
        [
            [50, 362],
            [51, 361],
            [57, 337],
            [63, 313],
            [64, 301],
            [65, 300]
        ]
    );
    qualifiers.total = 15;
    assert_eq!(
        frontiers(&qualifiers).scaled,
        [[50, 315], [51, 309], [53, 300]]
    );
    qualifiers.total = 1000;
    assert_eq!(frontiers(&qualifiers).scaling_factor, 2.0);
    let none = frontiers(&Qualifiers::default());
    assert_eq!(
        (none.base, none.scaled),
        (vec![vec![50, 300]], vec![vec![50, 300]])
    );
    assert_eq!(none.scaling_factor, 0.0);
}

/// The golden values of tig-protocol.md section 14.
#[test]
fn influence_follows_shares_and_their_balance() {
    let weights = [[50, 50, 50, 50], [30, 40, 50, 0], [20, 10, 0, 50]].map(|counts| {
        let hundred = PreciseNumber::from_u64(100);
        let shares =
            counts.map(|count| PreciseNumber::from_u64(count).checked_div(hundred).unwrap());
        Weight::of(&shares, 4, 1.5).unwrap()
    });
    let units = |numbers: Vec<PreciseNumber>| -> Vec<String> {
        numbers.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        units(weights.iter().map(|weight| weight.imbalance).collect()),
        ["0", "129629629629629629", "291666666666666666"]
    );
    assert_eq!(
        units(weights.iter().map(|weight| weight.penalty).collect()),
        ["0", "176708084574219628", "354351473572107963"]
    );
    let weights: Vec<PreciseNumber> = weights.iter().map(|weight| weight.weight).collect();
    assert_eq!(
        units(PreciseNumber::normalise(&weights).unwrap()),
        [
            "570699849738693126",
            "281911543454744224",
            "147388606806562649"
        ]
    );
}

#[test]
fn one_challenge_has_no_imbalance_no_share_no_weight() {
    let half = PreciseNumber::from_f64(0.5).unwrap();
    let weight = Weight::of(&[half], 1, 1.5).unwrap();
    assert_eq!(
        (weight.imbalance, weight.weight),
        (PreciseNumber::ZERO, half)
    );
    let nothing = Weight::of(&[PreciseNumber::ZERO; 4], 4, 1.5).unwrap();
    assert_eq!(nothing.weight, PreciseNumber::ZERO);
    assert_eq!(Weight::of(&[], 0, 1.5), None);
}
