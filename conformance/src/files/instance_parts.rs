//! The single fields of a serialised instance (tig-protocol.md section 21), read from its bytes.

use serde_json::{Value, json};

/// Values of a list that the vectors quote.
const QUOTED: usize = 8;
/// The seed and the two parameters of the difficulty, of which the first is a `usize` except for `vector_search`.
const SEED_BYTES: usize = 32;

/// The parts of an instance under the names of the vectors; `None` if the bytes are laid out differently or the layout
/// of the challenge is not known.
pub(super) fn parts(challenge: &str, bytes: &[u8]) -> Option<Value> {
    let mut reader = Reader { rest: bytes };
    reader.take(SEED_BYTES)?;
    let parts = match challenge {
        "satisfiability" => satisfiability(&mut reader),
        "vehicle_routing" => vehicle_routing(&mut reader),
        "knapsack" => knapsack(&mut reader),
        "vector_search" => vector_search(&mut reader),
        _ => None,
    }?;
    reader.rest.is_empty().then_some(parts)
}

fn satisfiability(reader: &mut Reader<'_>) -> Option<Value> {
    reader.take(8 + 4)?;
    let (bytes, clauses) =
        reader.measured(|reader| reader.list(|reader| reader.list(Reader::i32)))?;
    Some(json!({
        "num_clauses": clauses.len(),
        "first_clause": clauses.first(),
        "last_clause": clauses.last(),
        "clauses": digest(bytes),
    }))
}

fn vehicle_routing(reader: &mut Reader<'_>) -> Option<Value> {
    reader.take(8 + 4)?;
    let (demands_bytes, demands) = reader.measured(|reader| reader.list(Reader::i32))?;
    let (distances_bytes, distances) =
        reader.measured(|reader| reader.list(|reader| reader.list(Reader::i32)))?;
    Some(json!({
        "demands": digest(demands_bytes),
        "distance_matrix": digest(distances_bytes),
        "first_demands": first(&demands),
        "first_row": distances.first().map_or(&[][..], |row| first(row)),
        "max_total_distance": reader.i32()?,
        "max_capacity": reader.i32()?,
    }))
}

fn knapsack(reader: &mut Reader<'_>) -> Option<Value> {
    reader.take(8 + 4)?;
    let (weights_bytes, weights) = reader.measured(|reader| reader.list(Reader::u32))?;
    let (values_bytes, values) = reader.measured(|reader| reader.list(Reader::u32))?;
    Some(json!({
        "weights": digest(weights_bytes),
        "values": digest(values_bytes),
        "first_weights": first(&weights),
        "first_values": first(&values),
        "max_weight": reader.u32()?,
        "min_value": reader.u32()?,
    }))
}

fn vector_search(reader: &mut Reader<'_>) -> Option<Value> {
    reader.take(4 + 4)?;
    // Vectors of floats are kept as bit patterns, which have no second way to be written.
    let vectors = |reader: &mut Reader<'_>| reader.list(|reader| reader.list(Reader::u32));
    let (database_bytes, database) = reader.measured(vectors)?;
    let (queries_bytes, queries) = reader.measured(vectors)?;
    let max_distance = reader.u32()?;
    Some(json!({
        "num_database": database.len(),
        "num_queries": queries.len(),
        "vector_database": digest(database_bytes),
        "query_vectors": digest(queries_bytes),
        "database_first_f32_bits": database.first().map(|vector| bits(first(vector))),
        "database_last_f32_bits": database.last().map(|vector| bits(last(vector))),
        "query_first_f32_bits": queries.first().map(|vector| bits(first(vector))),
        "query_last_f32_bits": queries.last().map(|vector| bits(last(vector))),
        "max_distance_f32_bits": format!("{max_distance:08x}"),
    }))
}

fn digest(bytes: &[u8]) -> Value {
    json!({"blake3": blake3::hash(bytes).to_string(), "len": bytes.len()})
}

fn first<T>(list: &[T]) -> &[T] {
    &list[..list.len().min(QUOTED)]
}

fn last<T>(list: &[T]) -> &[T] {
    &list[list.len().saturating_sub(QUOTED)..]
}

fn bits(floats: &[u32]) -> Vec<String> {
    floats.iter().map(|float| format!("{float:08x}")).collect()
}

/// Little-endian numbers and length-prefixed lists.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take(4)?.try_into().ok().map(i32::from_le_bytes)
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = u64::from_le_bytes(self.take(8)?.try_into().ok()?);
        (0..length).map(|_| item(self)).collect()
    }

    /// Value that `read` reads, with its bytes.
    fn measured<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<(&'a [u8], T)> {
        let before = self.rest;
        let value = read(self)?;
        Some((&before[..before.len() - self.rest.len()], value))
    }
}
