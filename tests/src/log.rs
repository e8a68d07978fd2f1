//! Lines in the logs of the programs.

/// The value of `name="..."` in a line of a log.
pub(crate) fn field(line: &str, name: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!("{name}=\""))?;
    Some(rest.split_once('"')?.0.to_owned())
}

/// Ids of the batches whose root a slave has computed, in its order, each as often as it was computed. Proofs of sampled
/// nonces do not count.
#[must_use]
pub fn finished_batches(slave_log: &str) -> Vec<String> {
    let finished = slave_log
        .lines()
        .filter(|line| line.contains("batch finished") && line.contains("proofs=0"));
    finished
        .filter_map(|line| field(line, "batch_id"))
        .collect()
}
