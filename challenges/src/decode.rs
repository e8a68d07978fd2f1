//! The byte layout of instances: little endian, fixed width, a `u64` length before each list.

/// Why bytes are no instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end too early.
    #[error("instance ends too early: {missing} bytes missing")]
    Truncated {
        /// Bytes that the next field lacks.
        missing: u64,
    },
    /// Bytes follow the instance.
    #[error("{rest} bytes follow the instance")]
    TrailingBytes {
        /// Their number.
        rest: usize,
    },
    /// A number that does not fit this target, or a list that has not the length it must have.
    #[error("field `{field}` cannot be {value}")]
    BadValue {
        /// Name of the field.
        field: &'static str,
        /// Its value.
        value: u64,
    },
}

/// Takes fields from the front of a byte string.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let missing = length.saturating_sub(self.rest.len()) as u64;
        let (front, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(DecodeError::Truncated { missing })?;
        self.rest = rest;
        Ok(front)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let missing = N.saturating_sub(self.rest.len()) as u64;
        let (front, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(DecodeError::Truncated { missing })?;
        self.rest = rest;
        Ok(*front)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, DecodeError> {
        self.array().map(i32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A `u64` that counts something in memory.
    pub(crate) fn size(&mut self, field: &'static str) -> Result<usize, DecodeError> {
        let value = self.u64()?;
        usize::try_from(value).map_err(|_| DecodeError::BadValue { field, value })
    }

    /// The length of a list of elements of `element_bytes` each, checked against what is left before anything is
    /// allocated for it.
    pub(crate) fn length(&mut self, element_bytes: u64) -> Result<usize, DecodeError> {
        let length = self.u64()?;
        let missing = length
            .saturating_mul(element_bytes)
            .saturating_sub(self.rest.len() as u64);
        match usize::try_from(length) {
            Ok(length) if missing == 0 => Ok(length),
            _ => Err(DecodeError::Truncated { missing }),
        }
    }

    pub(crate) fn u32_list(&mut self) -> Result<Vec<u32>, DecodeError> {
        (0..self.length(4)?).map(|_| self.u32()).collect()
    }

    pub(crate) fn i32_list(&mut self) -> Result<Vec<i32>, DecodeError> {
        (0..self.length(4)?).map(|_| self.i32()).collect()
    }

    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            rest => Err(DecodeError::TrailingBytes { rest }),
        }
    }
}
