//! `clarke_wright` for vehicle routing: join the routes where that saves most (the savings method).
//!
//! At first each node has a route of its own. A way from one route's end to another's start saves two ways to the
//! depot; the greatest savings are taken first, as long as the joined route stays within the capacity.

use tig_challenges::vehicle_routing::{Instance, Solution};

const DEPOT: usize = 0;

/// The routes of the savings method, if they are short enough.
pub fn solve(instance: &Instance) -> Option<Solution> {
    let with_depot = |route: Vec<usize>| [&[DEPOT], &route[..], &[DEPOT]].concat();
    let solution = Solution {
        routes: routes(instance).into_iter().map(with_depot).collect(),
    };
    instance.verify(&solution).is_ok().then_some(solution)
}

/// The routes of the savings method without the depot. Within the capacity if each node alone is.
pub(crate) fn routes(instance: &Instance) -> Vec<Vec<usize>> {
    let num_nodes = instance.num_nodes();
    let mut routes: Vec<Vec<usize>> = (0..num_nodes).map(|node| vec![node]).collect();
    let mut loads = instance.demands.clone();
    let mut route_of: Vec<usize> = (0..num_nodes).collect();
    for (from, to) in ways_by_saving(instance) {
        let (first, second) = (route_of[from], route_of[to]);
        let load = loads[first].saturating_add(loads[second]);
        if first == second || load > instance.max_capacity {
            continue;
        }
        if !turn_to_end(&mut routes[first], from) || !turn_to_end(&mut routes[second], to) {
            continue;
        }
        let joined = std::mem::take(&mut routes[second]);
        joined.iter().for_each(|&node| route_of[node] = first);
        routes[first].extend(joined.into_iter().rev());
        loads[first] = load;
    }
    // The depot's own route comes first.
    let routes = routes.into_iter().skip(1);
    routes.filter(|route| !route.is_empty()).collect()
}

/// All ways between two nodes, that with the greatest saving first.
fn ways_by_saving(instance: &Instance) -> Vec<(usize, usize)> {
    let nodes = 1..instance.num_nodes();
    let ways = nodes.flat_map(|to| (1..to).map(move |from| (from, to)));
    let saving = |from, to| {
        i64::from(instance.distance(DEPOT, from)) + i64::from(instance.distance(DEPOT, to))
            - i64::from(instance.distance(from, to))
    };
    let mut ways: Vec<_> = ways
        .map(|(from, to)| (saving(from, to), from, to))
        .collect();
    ways.sort_unstable_by(|a, b| b.cmp(a));
    ways.into_iter().map(|(_, from, to)| (from, to)).collect()
}

/// Turns the route round if `node` is its start; false if `node` lies inside.
fn turn_to_end(route: &mut [usize], node: usize) -> bool {
    if route.last() != Some(&node) {
        route.reverse();
    }
    route.last() == Some(&node)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: u8 = 200;

    /// Solved instances of `SEEDS`. A solution is verified before it is returned.
    fn num_solved(better_than_baseline: i32) -> usize {
        let solved = |seed: &u8| {
            let instance = Instance::generate(&[*seed; 32], 40, better_than_baseline).unwrap();
            solve(&instance).is_some()
        };
        (0..SEEDS).filter(solved).count()
    }

    #[test]
    fn most_instances_ten_percent_below_are_solved() {
        assert!(num_solved(100) >= 160);
    }

    #[test]
    fn some_instances_25_percent_below_are_solved() {
        assert!(num_solved(250) >= 3);
    }

    #[test]
    fn the_depot_alone_needs_no_routes() {
        let instance = Instance::generate(&[1; 32], 1, 250).unwrap();
        assert_eq!(solve(&instance), Some(Solution { routes: Vec::new() }));
    }
}
