//! A block: the unit that is compressed, checked, and lost if it is damaged.
//!
//! | Bytes | Meaning, numbers little-endian |
//! |---|---|
//! | 8 | [`MAGIC`], by which the next block is found behind a damaged one |
//! | 2 | [`FORMAT`] |
//! | 1 | kind ([`BlockKind`]) |
//! | 1 | length of the extension's name |
//! | 4 | place among the blocks of the extension in its file, from 0 |
//! | 4 | number of records |
//! | 4 | length of the content |
//! | 4 | length of the compressed content |
//! | 8, 8 | Unix milliseconds of the first and of the last record |
//! | 16 | BLAKE3 of everything else of the block, cut |
//! | | the name, the compressed content |

use std::io;

use zstd::zstd_safe::compress_bound;

/// Begins each block.
pub const MAGIC: [u8; 8] = *b"\x89tigrec\n";

/// Version of the format. A reader knows its own and earlier ones.
pub const FORMAT: u16 = 1;

/// Content from which a block is full.
pub const BLOCK_BYTES_FULL: usize = 1 << 20;

/// Longest content of a block; a single record may be as long.
pub const BLOCK_BYTES_MAX: usize = 512 << 20;

/// Speed before size: a recording must not slow its host down. Against level 1, the time is half and the size not quite twice as much.
const ZSTD_LEVEL: i32 = -3;

/// Memory that an encoder keeps.
const KEPT_BYTES_MAX: usize = 4 << 20;

pub(crate) const HEADER_BYTES: usize = 60;
const CHECKSUM_BEGIN: usize = 44;

/// What a block holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BlockKind {
    /// JSON about the file ([`crate::series::Head`]); its first block.
    Head,
    /// Records of an extension.
    Records,
    /// Why the recording has ended, as text; its last block.
    End,
}

impl BlockKind {
    const fn number(self) -> u8 {
        match self {
            Self::Head => 0,
            Self::Records => 1,
            Self::End => 2,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        [Self::Head, Self::Records, Self::End]
            .into_iter()
            .find(|kind| kind.number() == number)
    }
}

/// A block, its content not compressed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Block {
    /// What it holds.
    pub kind: BlockKind,
    /// The extension; empty for other kinds.
    pub extension: String,
    /// Place among the blocks of the extension in its file, from 0. A gap is a block that is lost.
    pub sequence: u32,
    /// Number of records.
    pub records: u32,
    /// Unix milliseconds of the first record.
    pub first_ms: u64,
    /// Unix milliseconds of the last record.
    pub last_ms: u64,
    /// The records, JSON or text.
    pub content: Vec<u8>,
}

/// Why bytes are not a block.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// The file ends within it.
    #[error("cut short")]
    CutShort,
    /// It does not begin like a block.
    #[error("no block begins here")]
    Magic,
    /// A later version has written it.
    #[error(
        "format {0}, which is newer than this program's {FORMAT}: replay it by the tig-host that has recorded it, or a later one"
    )]
    Newer(u16),
    /// A bit has changed.
    #[error("the checksum does not match")]
    Checksum,
    /// Its checksum matches, but its content cannot be.
    #[error("malformed")]
    Malformed,
}

/// The header of a block, as far as its rest needs it.
pub(crate) struct Header {
    kind: BlockKind,
    name_bytes: usize,
    sequence: u32,
    records: u32,
    content_bytes: usize,
    packed_bytes: usize,
    first_ms: u64,
    last_ms: u64,
}

impl Header {
    /// # Errors
    ///
    /// The bytes are not a header of this version.
    pub(crate) fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, BlockError> {
        let mut rest = bytes.as_slice();
        if take::<8>(&mut rest)? != MAGIC {
            return Err(BlockError::Magic);
        }
        let format = u16::from_le_bytes(take(&mut rest)?);
        if format > FORMAT {
            return Err(BlockError::Newer(format));
        }
        let [kind, name_bytes] = take(&mut rest)?;
        let kind = BlockKind::from_number(kind).ok_or(BlockError::Malformed)?;
        let mut length = || {
            let length = u32::from_le_bytes(take(&mut rest)?);
            Ok::<_, BlockError>((length, usize::try_from(length).unwrap_or(usize::MAX)))
        };
        let ((sequence, _), (records, _)) = (length()?, length()?);
        let ((_, content_bytes), (_, packed_bytes)) = (length()?, length()?);
        if content_bytes.max(packed_bytes) > BLOCK_BYTES_MAX {
            return Err(BlockError::Malformed);
        }
        Ok(Self {
            kind,
            name_bytes: usize::from(name_bytes),
            sequence,
            records,
            content_bytes,
            packed_bytes,
            first_ms: u64::from_le_bytes(take(&mut rest)?),
            last_ms: u64::from_le_bytes(take(&mut rest)?),
        })
    }

    /// Bytes behind the header.
    pub(crate) fn rest_bytes(&self) -> usize {
        self.name_bytes + self.packed_bytes
    }

    /// # Errors
    ///
    /// `rest` is damaged.
    pub(crate) fn decode_rest(
        &self,
        header: &[u8; HEADER_BYTES],
        rest: &[u8],
    ) -> Result<Block, BlockError> {
        let expected = checksum(header, rest);
        if header[CHECKSUM_BEGIN..] != expected {
            return Err(BlockError::Checksum);
        }
        let (name, packed) = rest
            .split_at_checked(self.name_bytes)
            .ok_or(BlockError::CutShort)?;
        let content = zstd::bulk::decompress(packed, self.content_bytes)
            .map_err(|_| BlockError::Malformed)?;
        Ok(Block {
            kind: self.kind,
            extension: std::str::from_utf8(name)
                .map_err(|_| BlockError::Malformed)?
                .to_owned(),
            sequence: self.sequence,
            records: self.records,
            first_ms: self.first_ms,
            last_ms: self.last_ms,
            content,
        })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], BlockError> {
    let (taken, behind) = rest.split_first_chunk::<N>().ok_or(BlockError::CutShort)?;
    *rest = behind;
    Ok(*taken)
}

fn checksum(header: &[u8; HEADER_BYTES], rest: &[u8]) -> [u8; HEADER_BYTES - CHECKSUM_BEGIN] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&header[..CHECKSUM_BEGIN]).update(rest);
    let mut cut = [0; HEADER_BYTES - CHECKSUM_BEGIN];
    hasher.finalize_xof().fill(&mut cut);
    cut
}

/// Compresses and encodes blocks. Keeps the compressor and the memory, which are costly to create.
pub struct Encoder {
    compressor: zstd::bulk::Compressor<'static>,
    /// The last block, and unused bytes behind it.
    encoded: Vec<u8>,
}

impl Encoder {
    /// A compressor.
    ///
    /// # Errors
    ///
    /// There is no memory for it.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            compressor: zstd::bulk::Compressor::new(ZSTD_LEVEL)?,
            encoded: Vec::new(),
        })
    }

    /// The bytes of a block.
    ///
    /// # Errors
    ///
    /// The content or the name is too long, or there is no memory.
    pub fn encode(&mut self, block: &Block) -> io::Result<&[u8]> {
        let too_long = |()| io::Error::other("a block of a recording is too long");
        if block.content.len() > BLOCK_BYTES_MAX {
            // No reader would take it.
            return Err(too_long(()));
        }
        let name = block.extension.as_bytes();
        let name_bytes = u8::try_from(name.len()).map_err(|_| too_long(()))?;
        let content_bytes = u32::try_from(block.content.len()).map_err(|_| too_long(()))?;
        let packed_begin = HEADER_BYTES + name.len();
        self.make_room(packed_begin + compress_bound(block.content.len()));
        let packed = self
            .compressor
            .compress_to_buffer(&block.content, &mut self.encoded[packed_begin..])?;
        let packed_bytes = u32::try_from(packed).map_err(|_| too_long(()))?;
        self.encoded[HEADER_BYTES..packed_begin].copy_from_slice(name);
        let mut header = [0; HEADER_BYTES];
        let fields: [&[u8]; 9] = [
            &MAGIC,
            &FORMAT.to_le_bytes(),
            &[block.kind.number(), name_bytes],
            &block.sequence.to_le_bytes(),
            &block.records.to_le_bytes(),
            &content_bytes.to_le_bytes(),
            &packed_bytes.to_le_bytes(),
            &block.first_ms.to_le_bytes(),
            &block.last_ms.to_le_bytes(),
        ];
        header[..CHECKSUM_BEGIN].copy_from_slice(&fields.concat());
        let encoded = &mut self.encoded[..packed_begin + packed];
        let checksum = checksum(&header, &encoded[HEADER_BYTES..]);
        header[CHECKSUM_BEGIN..].copy_from_slice(&checksum);
        encoded[..HEADER_BYTES].copy_from_slice(&header);
        Ok(encoded)
    }

    fn make_room(&mut self, bytes: usize) {
        if self.encoded.len() > KEPT_BYTES_MAX {
            // That of a block as long as few are.
            self.encoded = Vec::new();
        }
        if self.encoded.len() < bytes {
            self.encoded.resize(bytes, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(content: Vec<u8>) -> Block {
        Block {
            kind: BlockKind::Records,
            extension: "sampler".to_owned(),
            sequence: 2,
            records: 3,
            first_ms: 5,
            last_ms: 9,
            content,
        }
    }

    fn decode(bytes: &[u8]) -> Result<Block, BlockError> {
        let (header, rest) = bytes.split_first_chunk().ok_or(BlockError::CutShort)?;
        let decoded = Header::decode(header)?;
        let rest = rest
            .get(..decoded.rest_bytes())
            .ok_or(BlockError::CutShort)?;
        decoded.decode_rest(header, rest)
    }

    proptest! {
        #[test]
        fn block_survives_its_encoding(content in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let block = block(content);
            let bytes = Encoder::new().unwrap().encode(&block).unwrap().to_vec();
            prop_assert_eq!(decode(&bytes).unwrap(), block);
        }

        #[test]
        fn changed_bit_is_found(at in any::<proptest::sample::Index>(), bit in 0..8_u32) {
            let bytes = Encoder::new().unwrap().encode(&block(vec![7; 300])).unwrap().to_vec();
            let mut changed = bytes.clone();
            changed[at.index(bytes.len())] ^= 1_u8 << bit;
            prop_assert!(decode(&changed).is_err());
        }
    }

    #[test]
    fn memory_of_a_block_serves_the_next() {
        let mut encoder = Encoder::new().unwrap();
        let noise: Vec<u8> = (0..KEPT_BYTES_MAX + 1)
            .map(|at| blake3::hash(&(at / 32).to_le_bytes()).as_bytes()[at % 32])
            .collect();
        for content in [vec![7; 3_000], noise, b"short".to_vec(), Vec::new()] {
            let block = block(content);
            let bytes = encoder.encode(&block).unwrap().to_vec();
            assert_eq!(decode(&bytes).unwrap(), block);
        }
        assert!(encoder.encoded.len() < KEPT_BYTES_MAX);
    }

    fn encoded() -> Vec<u8> {
        Encoder::new()
            .unwrap()
            .encode(&block(vec![7; 300]))
            .unwrap()
            .to_vec()
    }

    /// The checksum as it would be for these bytes.
    fn sign(bytes: &mut [u8]) {
        let (header, rest) = bytes.split_first_chunk_mut::<HEADER_BYTES>().unwrap();
        let checksum = checksum(header, rest);
        header[CHECKSUM_BEGIN..].copy_from_slice(&checksum);
    }

    #[test]
    fn each_kind_of_damage_has_its_error() {
        let mut other = encoded();
        other[0] ^= 1;
        assert!(matches!(decode(&other), Err(BlockError::Magic)));
        let mut newer = encoded();
        newer[8..10].copy_from_slice(&(FORMAT + 1).to_le_bytes());
        let error = decode(&newer).unwrap_err();
        assert!(matches!(error, BlockError::Newer(format) if format == FORMAT + 1));
        assert!(error.to_string().contains("newer than this program"));
        let mut changed = encoded();
        *changed.last_mut().unwrap() ^= 1;
        assert!(matches!(decode(&changed), Err(BlockError::Checksum)));
        let cut = decode(&encoded()[..HEADER_BYTES + 3]);
        assert!(matches!(cut, Err(BlockError::CutShort)), "{cut:?}");
    }

    #[test]
    fn block_that_cannot_be_is_malformed() {
        let mut of_unknown_kind = encoded();
        of_unknown_kind[10] = 9;
        let mut too_long = encoded();
        too_long[20..24].copy_from_slice(&u32::MAX.to_le_bytes());
        let mut not_compressed = encoded();
        not_compressed[HEADER_BYTES + "sampler".len()..].fill(0xa5);
        let mut without_a_name = encoded();
        without_a_name[HEADER_BYTES] = 0xff;
        for mut bytes in [of_unknown_kind, too_long, not_compressed, without_a_name] {
            sign(&mut bytes);
            let decoded = decode(&bytes);
            assert!(matches!(decoded, Err(BlockError::Malformed)), "{decoded:?}");
        }
    }
}
