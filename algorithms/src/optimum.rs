//! What tests of knapsack compare with: the greatest value that fits, with nothing done to be fast.

use tig_challenges::knapsack::Instance;

pub(crate) fn optimum(instance: &Instance) -> u32 {
    let mut best = vec![0; instance.max_weight as usize + 1];
    for (&weight, &value) in instance.weights.iter().zip(&instance.values) {
        let weight = weight as usize;
        for room in (weight..best.len()).rev() {
            best[room] = best[room].max(best[room - weight] + value);
        }
    }
    best[instance.max_weight as usize]
}
