//! Frontiers: the example of tig-protocol.md section 11, bounds, and draws.

use proptest::collection::vec;
use proptest::prelude::*;
use tig_protocol::difficulty::{
    Bounds, BoundsError, Point, Position, easy_frontier, hard_frontier, lower_and_upper, position,
    sample,
};
use tig_protocol::rng::ChaCha12;

/// The example of tig-protocol.md section 11.
#[test]
fn frontiers_follow_the_qualifiers() {
    let bounds = Bounds::new(vec![50, 300], vec![i32::MAX, i32::MAX]).unwrap();
    let qualifiers = [vec![60, 310], vec![55, 330], vec![50, 350], vec![70, 330]];
    let base = bounds.extend(&easy_frontier(&qualifiers)).unwrap();
    assert_eq!(base, [[50, 350], [55, 330], [60, 310], [61, 300]]);
    let scaled = |factor| {
        bounds
            .extend(&bounds.scale(&base, factor).unwrap())
            .unwrap()
    };
    assert_eq!(scaled(0.5), [[50, 325], [52, 315], [55, 300]]);
    assert_eq!(scaled(1.0), base);
    assert_eq!(
        scaled(2.0),
        [
            [50, 402],
            [51, 401],
            [61, 361],
            [71, 321],
            [73, 301],
            [74, 300]
        ]
    );
    assert_eq!(scaled(0.05), [[50, 300]]);

    let (lower, upper) = (&base, &scaled(2.0));
    assert_eq!(
        lower_and_upper(&base, upper, 2.0),
        (lower.as_slice(), upper.as_slice())
    );
    assert_eq!(position(&[50, 300], lower, upper), Position::Below);
    assert_eq!(position(&[61, 361], lower, upper), Position::Within);
    assert_eq!(position(&[62, 361], lower, upper), Position::Above);
}

#[test]
fn bounds_refuse_points_of_other_dimensions() {
    let of_other_dimensions = |error| matches!(error, Some(BoundsError::Dimensions { .. }));
    assert!(of_other_dimensions(Bounds::new(vec![1], vec![2, 3]).err()));
    let (min, max) = (vec![5], vec![4]);
    let reversed = Bounds::new(min.clone(), max.clone()).err();
    assert_eq!(reversed, Some(BoundsError::Reversed { min, max }));
    let bounds = Bounds::new(vec![1, 1], vec![9, 9]).unwrap();
    assert!(of_other_dimensions(bounds.extend(&[vec![1]]).err()));
    let scaled = bounds.scale(&[vec![1, 2, 3]], 1.5);
    assert!(of_other_dimensions(scaled.err()));
    assert!(bounds.contains(&[1, 9]));
    assert!(!bounds.contains(&[1, 10]));
    assert!(!bounds.contains(&[1]));
}

/// Small coordinates, so that points dominate each other often.
fn any_points() -> impl Strategy<Value = Vec<Point>> {
    vec(vec(-5..30, 2), 1..20)
}

proptest! {
    #[test]
    fn draws_lie_on_the_frontier(points in any_points(), seed in any::<u64>()) {
        let frontier = hard_frontier(&points);
        let drawn = sample(&frontier, &mut ChaCha12::seed_from_u64(seed)).unwrap();
        prop_assert_eq!(position(&drawn, &frontier, &frontier), Position::Within);
    }
}

#[test]
fn empty_or_three_dimensional_sets_have_no_draw() {
    let mut rng = ChaCha12::seed_from_u64(7);
    assert_eq!(sample(&[], &mut rng), None);
    assert_eq!(sample(&[vec![1, 2, 3]], &mut rng), None);
}

#[test]
fn every_point_of_a_frontier_is_drawn() {
    let frontier = [vec![0, 16], vec![2, 8], vec![19, 1]];
    let mut rng = ChaCha12::seed_from_u64(7);
    let drawn: Vec<Point> = (0..500)
        .filter_map(|_| sample(&frontier, &mut rng))
        .collect();
    assert!(frontier.iter().all(|point| drawn.contains(point)));
}

#[test]
fn the_ends_of_the_integers_can_be_drawn_between() {
    let frontier = [vec![i32::MIN, i32::MAX], vec![i32::MAX, i32::MIN]];
    let mut rng = ChaCha12::seed_from_u64(7);
    for _ in 0..100 {
        let drawn = sample(&frontier, &mut rng).unwrap();
        assert_eq!(position(&drawn, &frontier, &frontier), Position::Within);
    }
}
