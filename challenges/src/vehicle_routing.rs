//! Vehicle routing: serve every node from a depot on routes shorter than those of a greedy driver (section 21.2).

use serde_json::Value;
use tig_protocol::rng::{Rng, Xoshiro256PlusPlus};

use crate::decode::Reader;
use crate::json;
use crate::{DecodeError, GenerateError, INSTANCE_BYTES_MAX, InvalidSolution};

/// Bytes of the fields whose size does not depend on the number of nodes.
const FIXED_BYTES: u64 = 32 + 8 + 4 + 8 + 8 + 4 + 4;
/// Bytes of a node apart from its distances: its demand and the length of its row.
const NODE_BYTES: u64 = 4 + 8;
const DISTANCE_BYTES: u64 = 4;
/// The depot is node 0 in the middle of a square of this width.
const SQUARE_WIDTH: f64 = 500.0;
/// Demands are drawn from this range; the depot has none.
const DEMAND_RANGE: std::ops::Range<u32> = 15..30;
const MAX_CAPACITY: i32 = 100;

/// Nodes with demands and distances, and what a set of routes must reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The seed it was generated from.
    pub seed: [u8; 32],
    /// Thousandths by which a solution must beat the greedy driver.
    pub better_than_baseline: u32,
    /// Demand of each node; node 0 is the depot.
    pub demands: Vec<i32>,
    /// Distances from node 0 to every node, then those from node 1, and so on: see [`Instance::distance`].
    pub distances: Vec<i32>,
    /// Length that all routes together may have.
    pub max_total_distance: i32,
    /// Demand that one route can serve.
    pub max_capacity: i32,
}

/// Routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// Nodes of each route in order, the depot first and last.
    pub routes: Vec<Vec<usize>>,
}

impl Instance {
    /// The instance of a difficulty. The second parameter is reinterpreted as unsigned, as in the original.
    ///
    /// # Errors
    /// No node for the depot, or too large an instance, as every negative number of nodes would be.
    pub fn generate(
        seed: &[u8; 32],
        num_nodes: i32,
        better_than_baseline: i32,
    ) -> Result<Self, GenerateError> {
        if num_nodes == 0 {
            return Err(GenerateError::NoDepot);
        }
        // Sign-extended, as a cast to a 64-bit size does.
        let num_bytes = serialised_bytes(i64::from(num_nodes) as u64);
        if num_bytes > INSTANCE_BYTES_MAX {
            return Err(GenerateError::TooLarge { num_bytes });
        }
        let mut rng = Xoshiro256PlusPlus::from_instance_seed(*seed);
        let positions = draw_positions(&mut rng, num_nodes);
        let mut demands: Vec<i32> = (0..num_nodes)
            .map(|_| rng.range_u32(DEMAND_RANGE) as i32)
            .collect();
        demands[0] = 0;
        let mut instance = Self {
            seed: *seed,
            better_than_baseline: better_than_baseline as u32,
            demands,
            distances: distances(&positions),
            max_total_distance: 0,
            max_capacity: MAX_CAPACITY,
        };
        // Wraps where a parameter far out of the network's range overflows, as in the original.
        instance.max_total_distance = instance
            .greedy_distance()
            .wrapping_mul(1000i32.wrapping_sub(better_than_baseline))
            / 1000;
        Ok(instance)
    }

    /// Nodes, the depot included.
    pub fn num_nodes(&self) -> usize {
        self.demands.len()
    }

    /// The distance between two nodes.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn distance(&self, from: usize, to: usize) -> i32 {
        self.distances[from * self.demands.len()..][..self.demands.len()][to]
    }

    /// Length of the routes that always go on to the nearest node they can still serve, ties by index.
    fn greedy_distance(&self) -> i32 {
        let mut unvisited: Vec<usize> = (1..self.num_nodes()).collect();
        let mut total = 0i32;
        while !unvisited.is_empty() {
            let (mut current, mut room) = (0, self.max_capacity);
            while let Some(position) = self.nearest(&unvisited, current, room) {
                let next = unvisited.remove(position);
                total += self.distance(current, next);
                room -= self.demands[next];
                current = next;
            }
            total += self.distance(current, 0);
        }
        total
    }

    /// Position of the nearest candidate with a demand of at most `room`; the first of equals.
    fn nearest(&self, candidates: &[usize], current: usize, room: i32) -> Option<usize> {
        let fitting = candidates
            .iter()
            .enumerate()
            .filter(|&(_, &node)| self.demands[node] <= room);
        fitting
            .min_by_key(|&(_, &node)| self.distance(current, node))
            .map(|(position, _)| position)
    }

    /// The bytes a guest is given.
    pub fn to_bytes(&self) -> Vec<u8> {
        let num_nodes = (self.num_nodes() as u64).to_le_bytes();
        let mut bytes = Vec::with_capacity(self.num_bytes());
        let put_all = |bytes: &mut Vec<u8>, numbers: &[i32]| {
            bytes.extend(num_nodes);
            bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        };
        bytes.extend(self.seed);
        bytes.extend(num_nodes);
        bytes.extend(self.better_than_baseline.to_le_bytes());
        put_all(&mut bytes, &self.demands);
        bytes.extend(num_nodes);
        for row in self.distances.chunks_exact(self.num_nodes().max(1)) {
            put_all(&mut bytes, row);
        }
        bytes.extend(self.max_total_distance.to_le_bytes());
        bytes.extend(self.max_capacity.to_le_bytes());
        bytes
    }

    /// The length of [`Instance::to_bytes`].
    pub fn num_bytes(&self) -> usize {
        serialised_bytes(self.num_nodes() as u64) as usize
    }

    /// Reads what [`Instance::to_bytes`] wrote.
    ///
    /// # Errors
    /// Bytes that are too few or too many, or lists whose length is not the number of nodes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let seed = reader.array()?;
        let num_nodes = reader.size("num_nodes")?;
        let better_than_baseline = reader.u32()?;
        let demands = reader.i32_list()?;
        check_length("demands", demands.len(), num_nodes)?;
        let num_rows = reader.length(NODE_BYTES)?;
        check_length("distances", num_rows, num_nodes)?;
        let mut distances = Vec::new();
        for _ in 0..num_rows {
            let row = reader.i32_list()?;
            check_length("distances of a node", row.len(), num_nodes)?;
            distances.extend(row);
        }
        let instance = Self {
            seed,
            better_than_baseline,
            demands,
            distances,
            max_total_distance: reader.i32()?,
            max_capacity: reader.i32()?,
        };
        reader.finish()?;
        Ok(instance)
    }

    /// Whether the routes of `solution` serve every node once and are short enough.
    ///
    /// # Errors
    /// The first of: in the order of the routes, a route without inner node or not from depot to depot, and along it
    /// an unknown node, a second visit and too much demand; then an unvisited node; then too great a distance.
    pub fn verify(&self, solution: &Solution) -> Result<(), InvalidSolution> {
        let mut visited = vec![false; self.num_nodes()];
        if let Some(depot) = visited.first_mut() {
            *depot = true;
        }
        for route in &solution.routes {
            self.visit(route, &mut visited)?;
        }
        if visited.contains(&false) {
            return Err(InvalidSolution::UnvisitedNodes);
        }
        // Wraps as in the original; generated instances are far from it.
        let legs = solution.routes.iter().flat_map(|route| route.windows(2));
        let total = legs.fold(0i32, |sum, leg| {
            sum.wrapping_add(self.distance(leg[0], leg[1]))
        });
        if total > self.max_total_distance {
            return Err(InvalidSolution::TooFar {
                total,
                max: self.max_total_distance,
            });
        }
        Ok(())
    }

    fn visit(&self, route: &[usize], visited: &mut [bool]) -> Result<(), InvalidSolution> {
        let &[0, ref inner @ .., 0] = route else {
            return Err(InvalidSolution::MalformedRoute);
        };
        if inner.is_empty() {
            return Err(InvalidSolution::MalformedRoute);
        }
        let mut room = self.max_capacity;
        for &node in inner {
            let visited = visited
                .get_mut(node)
                .ok_or(InvalidSolution::NodeOutOfBounds { node })?;
            if std::mem::replace(visited, true) {
                return Err(InvalidSolution::NodeVisitedTwice);
            }
            if self.demands[node] > room {
                return Err(InvalidSolution::OverCapacity);
            }
            room = room.wrapping_sub(self.demands[node]);
        }
        Ok(())
    }
}

fn serialised_bytes(num_nodes: u64) -> u64 {
    num_nodes
        .saturating_mul(DISTANCE_BYTES)
        .saturating_add(NODE_BYTES)
        .saturating_mul(num_nodes)
        .saturating_add(FIXED_BYTES)
}

/// The draws for the depot are made and not used.
fn draw_positions(rng: &mut Xoshiro256PlusPlus, num_nodes: i32) -> Vec<[f64; 2]> {
    let mut positions: Vec<[f64; 2]> = (0..num_nodes)
        .map(|_| [(); 2].map(|()| rng.unit_f64() * SQUARE_WIDTH))
        .collect();
    positions[0] = [SQUARE_WIDTH / 2.0; 2];
    positions
}

/// `hypot` of the platform's mathematical library may differ in the last bit from one platform to the next. That shows
/// only where a distance is that close to a half: about once in 10^13 pairs of nodes.
fn distances(positions: &[[f64; 2]]) -> Vec<i32> {
    let num_nodes = positions.len();
    let mut distances = vec![0; num_nodes * num_nodes];
    for (from, [x, y]) in positions.iter().enumerate() {
        for (to, [other_x, other_y]) in positions.iter().enumerate().take(from) {
            let distance = (x - other_x).hypot(y - other_y).round() as i32;
            distances[from * num_nodes + to] = distance;
            distances[to * num_nodes + from] = distance;
        }
    }
    distances
}

fn check_length(field: &'static str, length: usize, expected: usize) -> Result<(), DecodeError> {
    if length == expected {
        return Ok(());
    }
    let value = length as u64;
    Err(DecodeError::BadValue { field, value })
}

impl Solution {
    /// Reads `{"routes":[[..],..]}`; other keys are ignored.
    ///
    /// # Errors
    /// A missing field, a route that is not a list, or a node that is not an integer from 0 to 2^64 - 1.
    pub fn from_json(solution: &tig_protocol::Solution) -> Result<Self, InvalidSolution> {
        let routes = match solution.get("routes") {
            Some(Value::Array(routes)) => routes.iter().map(json::indexes).collect(),
            _ => None,
        };
        routes
            .map(|routes| Self { routes })
            .ok_or(InvalidSolution::Malformed {
                challenge: "vehicle_routing",
            })
    }
}
