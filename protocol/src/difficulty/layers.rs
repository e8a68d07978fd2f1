//! Frontiers of many points at once: layers, and the quick way in two dimensions.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{Point, pareto_compare};

/// The layer of each point: 0 on the hard frontier, 1 on the hard frontier of the rest, and so on. All points must have
/// the same dimensions.
pub fn hard_layers(points: &[Point]) -> BTreeMap<&[i32], usize> {
    let mut hardest_first: Vec<&[i32]> = points.iter().map(Vec::as_slice).collect();
    hardest_first.sort_unstable_by(|a, b| b.cmp(a));
    hardest_first.dedup();
    if are_planar(points) {
        planar_layers(&hardest_first)
    } else {
        layers(&hardest_first)
    }
}

/// A point's layer is the length of the longest chain of points that dominate each other above it, and all of these
/// come before it.
fn layers<'a>(hardest_first: &[&'a [i32]]) -> BTreeMap<&'a [i32], usize> {
    let mut layers: BTreeMap<&[i32], usize> = BTreeMap::new();
    for &point in hardest_first {
        let above = layers
            .iter()
            .filter(|(other, _)| pareto_compare(other, point) == Ordering::Greater);
        let layer = above.map(|(_, layer)| layer + 1).max().unwrap_or(0);
        layers.insert(point, layer);
    }
    layers
}

/// The same in n log n: the points before have no smaller first coordinate, so a layer dominates a point if its
/// highest second coordinate is not below the point's, and the layers' highest ones never ascend.
fn planar_layers<'a>(hardest_first: &[&'a [i32]]) -> BTreeMap<&'a [i32], usize> {
    let mut highest: Vec<i32> = Vec::new();
    let place = |&point: &&'a [i32]| {
        let layer = highest.partition_point(|&highest| highest >= point[1]);
        match highest.get_mut(layer) {
            Some(highest) => *highest = point[1],
            None => highest.push(point[1]),
        }
        (point, layer)
    };
    hardest_first.iter().map(place).collect()
}

pub(super) fn are_planar(points: &[Point]) -> bool {
    points.iter().all(|point| point.len() == 2)
}

/// The points of two dimensions that no other point dominates (`Less`) or that dominate none (`Greater`), sorted.
pub(super) fn planar_frontier(points: &[Point], excluded: Ordering) -> Vec<Point> {
    let mut sorted: Vec<&Point> = points.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut frontier: Vec<Point> = Vec::new();
    if excluded == Ordering::Less {
        for point in sorted.into_iter().rev() {
            if frontier.last().is_none_or(|last| point[1] > last[1]) {
                frontier.push(point.clone());
            }
        }
        frontier.reverse();
    } else {
        for point in sorted {
            if frontier.last().is_none_or(|last| point[1] < last[1]) {
                frontier.push(point.clone());
            }
        }
    }
    frontier
}
