//! A block of a ring: the values of all series at a few times in a row, one series after another, so that the values of one
//! series are read without those of the others.
//!
//! Invariant: a row counts only if its checksum fits. A block is written whole, so a torn write damages at most the row that
//! was new.

/// Rows of a block.
pub(super) const ROWS: usize = 32;

/// Series of a ring.
pub(super) const COLUMNS: usize = 512;

/// Bytes before the values: the number of columns, and slot and checksum of each row.
pub(super) const HEAD_BYTES: usize = 1_024;

/// Bytes of the values of one series.
pub(super) const COLUMN_BYTES: usize = ROWS * VALUE_BYTES;

/// Bytes of a block.
pub(super) const BLOCK_BYTES: usize = HEAD_BYTES + COLUMNS * COLUMN_BYTES;

const VALUE_BYTES: usize = 8;

/// Where the rows are described in the head.
const ROWS_OFFSET: usize = 8;

/// Bytes of slot and checksum.
const ROW_BYTES: usize = 16;

const _: () = assert!(ROWS_OFFSET + ROWS * ROW_BYTES <= HEAD_BYTES);

/// The head of a block, as it is read.
#[derive(Clone, Copy)]
pub(super) struct Head<'a>(pub(super) &'a [u8; HEAD_BYTES]);

impl Head<'_> {
    /// Columns that the block has values of.
    pub(super) fn columns(self) -> usize {
        usize::try_from(read_u64(self.0, 0)).map_or(COLUMNS, |columns| columns.min(COLUMNS))
    }

    /// The time of a row, in steps of the ring since 1970; `None` if the row is empty.
    pub(super) fn slot(self, row: usize) -> Option<u64> {
        let slot = read_u64(self.0, ROWS_OFFSET + row * ROW_BYTES);
        (slot != 0).then_some(slot)
    }

    /// The newest row's time.
    pub(super) fn newest(self) -> Option<u64> {
        (0..ROWS).filter_map(|row| self.slot(row)).max()
    }
}

/// A whole block in memory.
pub(super) struct Block(Box<[u8]>);

impl Block {
    /// A block without rows.
    pub(super) fn empty() -> Self {
        let mut block = Self(vec![0; BLOCK_BYTES].into_boxed_slice());
        for column in 0..COLUMNS {
            for row in 0..ROWS {
                block.set(row, column, f64::NAN);
            }
        }
        block
    }

    /// A block whose head and first columns were read into `bytes`; rows that are damaged or do not belong into it are left
    /// out.
    pub(super) fn from_bytes(bytes: &[u8], belongs: impl Fn(u64) -> bool) -> Self {
        let mut block = Self::empty();
        let length = bytes.len().min(BLOCK_BYTES);
        block.0[..length].copy_from_slice(&bytes[..length]);
        for row in 0..ROWS {
            let is_sound = |slot| belongs(slot) && block.is_sound(row);
            if !block.head().slot(row).is_some_and(is_sound) {
                block.clear(row);
            }
        }
        block
    }

    /// The head.
    pub(super) fn head(&self) -> Head<'_> {
        let (head, _) = self
            .0
            .split_first_chunk()
            .unwrap_or((&[0; HEAD_BYTES], &[]));
        Head(head)
    }

    /// What is to be written.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0[..HEAD_BYTES + self.head().columns() * COLUMN_BYTES]
    }

    /// Replaces a row by these values of these columns.
    pub(super) fn put(&mut self, slot: u64, values: &[(usize, f64)]) {
        let row = row_of(slot);
        self.clear(row);
        let mut columns = self.head().columns();
        for &(column, value) in values {
            self.set(row, column, value);
            columns = columns.max(column + 1);
        }
        self.write_u64(0, columns as u64);
        self.write_u64(ROWS_OFFSET + row * ROW_BYTES, slot);
        let checksum = self.checksum(row);
        self.write_u64(ROWS_OFFSET + row * ROW_BYTES + VALUE_BYTES, checksum);
    }

    fn clear(&mut self, row: usize) {
        for column in 0..COLUMNS {
            self.set(row, column, f64::NAN);
        }
        self.write_u64(ROWS_OFFSET + row * ROW_BYTES, 0);
    }

    fn is_sound(&self, row: usize) -> bool {
        let stored = read_u64(&self.0, ROWS_OFFSET + row * ROW_BYTES + VALUE_BYTES);
        stored == self.checksum(row)
    }

    /// Of the row's time and values. Columns without a value do not count, so that a series more leaves it as it is.
    fn checksum(&self, row: usize) -> u64 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0[ROWS_OFFSET + row * ROW_BYTES..][..VALUE_BYTES]);
        for column in 0..self.head().columns() {
            let bytes = &self.0[value_offset(row, column)..][..VALUE_BYTES];
            if !f64::from_bits(read_u64(bytes, 0)).is_nan() {
                hasher.update(&column.to_le_bytes());
                hasher.update(bytes);
            }
        }
        read_u64(hasher.finalize().as_bytes(), 0)
    }

    fn set(&mut self, row: usize, column: usize, value: f64) {
        if column < COLUMNS {
            self.write_u64(value_offset(row, column), value.to_bits());
        }
    }

    fn write_u64(&mut self, offset: usize, value: u64) {
        self.0[offset..offset + VALUE_BYTES].copy_from_slice(&value.to_le_bytes());
    }
}

/// The row of a slot.
pub(super) fn row_of(slot: u64) -> usize {
    usize::try_from(slot % ROWS as u64).unwrap_or_default()
}

/// The value of a row in the bytes of a column.
pub(super) fn value(column: &[u8], row: usize) -> Option<f64> {
    let value = f64::from_bits(read_u64(column, row * VALUE_BYTES));
    (!value.is_nan()).then_some(value)
}

fn value_offset(row: usize, column: usize) -> usize {
    HEAD_BYTES + column * COLUMN_BYTES + row * VALUE_BYTES
}

/// Zero beyond the end.
fn read_u64(bytes: &[u8], offset: usize) -> u64 {
    let bytes = bytes.get(offset..offset + VALUE_BYTES);
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torn_row_is_left_out_and_others_stay() {
        let mut block = Block::empty();
        block.put(64, &[(0, 1.0), (1, 2.0)]);
        block.put(65, &[(0, 3.0), (1, 4.0)]);
        let mut bytes = block.bytes().to_vec();
        let at = value_offset(1, 1);
        bytes[at..at + 8].copy_from_slice(&5.0_f64.to_le_bytes());
        let read = Block::from_bytes(&bytes, |_| true);
        assert_eq!(read.head().slot(0), Some(64));
        assert_eq!(read.head().slot(1), None);
    }

    #[test]
    fn new_series_leaves_earlier_rows_sound() {
        let mut block = Block::empty();
        block.put(64, &[(0, 1.0)]);
        let before = block.bytes().len();
        block.put(65, &[(0, 1.0), (7, 2.0)]);
        assert!(block.bytes().len() > before);
        let read = Block::from_bytes(block.bytes(), |_| true);
        assert_eq!(read.head().newest(), Some(65));
        assert_eq!(read.head().slot(0), Some(64));
    }

    #[test]
    fn rows_of_an_earlier_round_are_left_out() {
        let mut block = Block::empty();
        block.put(64, &[(0, 1.0)]);
        let read = Block::from_bytes(block.bytes(), |slot| slot > 64);
        assert_eq!(read.head().newest(), None);
    }
}
