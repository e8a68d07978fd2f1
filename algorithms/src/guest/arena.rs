//! The memory of a guest, which lives for one instance.
//!
//! A general allocator asks the engine for memory as it goes, and each time costs fuel, and system calls for which all
//! workers of a machine wait in turn. The first memory of a guest is in the module instead, and handed out from one end to the
//! other. Memory beyond that comes from the general allocator.
#![expect(unsafe_code, reason = "an allocator hands out addresses")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};

/// Memory that is handed out once: only the last block grows where it is, or is handed out again when it was freed.
pub struct Arena<const BYTES: usize> {
    memory: UnsafeCell<[u8; BYTES]>,
    /// Where the next block begins.
    next: Cell<usize>,
    /// Where memory begins that has never been handed out, and is zero.
    unused: Cell<usize>,
}

// SAFETY: a static must be `Sync`, and a guest has one thread: it is only one in a module of WASM without threads.
unsafe impl<const BYTES: usize> Sync for Arena<BYTES> {}

impl<const BYTES: usize> Arena<BYTES> {
    /// An arena of zeros.
    pub const fn new() -> Self {
        Self {
            memory: UnsafeCell::new([0; BYTES]),
            next: Cell::new(0),
            unused: Cell::new(0),
        }
    }

    fn start(&self) -> *mut u8 {
        self.memory.get().cast()
    }

    /// Where a block begins, if it is one of the arena's.
    fn offset(&self, block: *mut u8) -> Option<usize> {
        let offset = block.addr().wrapping_sub(self.start().addr());
        (offset < BYTES).then_some(offset)
    }

    /// The offset of a new block, if there is room for it. A block without bytes could be at the end, and is left to `System`.
    fn reserve(&self, layout: Layout) -> Option<usize> {
        let start = self.start().addr();
        let address = start
            .checked_add(self.next.get())?
            .checked_next_multiple_of(layout.align())?;
        let offset = address - start;
        self.end_at(offset, layout.size()).then_some(offset)
    }

    /// Whether the last block can have this many bytes; then it has them.
    fn end_at(&self, offset: usize, bytes: usize) -> bool {
        let end = offset.checked_add(bytes).filter(|&end| end <= BYTES);
        if let Some(end) = end.filter(|_| bytes > 0) {
            self.next.set(end);
            self.unused.set(self.unused.get().max(end));
            return true;
        }
        false
    }
}

impl<const BYTES: usize> Default for Arena<BYTES> {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: a block lies between the ends of `memory`, at the alignment that was asked for, and behind all blocks that are in
// use, since `next` goes back only to the begin of the last block when that is freed. Blocks of `System` are its own.
unsafe impl<const BYTES: usize> GlobalAlloc for Arena<BYTES> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.reserve(layout) {
            // SAFETY: the offset is within `memory`.
            Some(offset) => unsafe { self.start().add(offset) },
            // SAFETY: the caller's promises are those that `System` asks for.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let unused = self.unused.get();
        let Some(offset) = self.reserve(layout) else {
            // SAFETY: as in `alloc`.
            return unsafe { System.alloc_zeroed(layout) };
        };
        // SAFETY: the offset is within `memory`.
        let block = unsafe { self.start().add(offset) };
        // What was freed and is handed out again is not zero.
        let used = unused.saturating_sub(offset).min(layout.size());
        // SAFETY: the block has that many bytes, all of them within `memory`.
        unsafe { block.write_bytes(0, used) };
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match self.offset(block) {
            Some(offset) if offset + layout.size() == self.next.get() => self.next.set(offset),
            Some(_) => {}
            // SAFETY: what is not the arena's is of `System`.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        let Some(offset) = self.offset(block) else {
            // SAFETY: what is not the arena's is of `System`.
            return unsafe { System.realloc(block, layout, bytes) };
        };
        let is_last = offset + layout.size() == self.next.get();
        if bytes <= layout.size() || (is_last && self.end_at(offset, bytes)) {
            return block;
        }
        // SAFETY: the caller promises that the size is valid for the alignment.
        let larger = unsafe { Layout::from_size_align_unchecked(bytes, layout.align()) };
        // SAFETY: it has more bytes than the old one, so it has some.
        let moved = unsafe { self.alloc(larger) };
        if !moved.is_null() {
            // SAFETY: the old block is in use until now, so the new one is another.
            unsafe { moved.copy_from_nonoverlapping(block, layout.size()) };
            // SAFETY: the block is one of ours, and nobody has it any more.
            unsafe { self.dealloc(block, layout) };
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: usize = 4096;

    /// A block, filled with its number.
    struct Block {
        address: *mut u8,
        layout: Layout,
        fill: u8,
    }

    impl Block {
        fn new(address: *mut u8, layout: Layout, fill: u8) -> Self {
            assert!(!address.is_null());
            assert_eq!(address.addr() % layout.align(), 0, "{layout:?}");
            // SAFETY: the arena says that the block is ours.
            unsafe { address.write_bytes(fill, layout.size()) };
            Self {
                address,
                layout,
                fill,
            }
        }

        fn bytes(&self) -> &[u8] {
            // SAFETY: the block is ours, and was written as a whole.
            unsafe { std::slice::from_raw_parts(self.address, self.layout.size()) }
        }

        /// The same block with another size, filled with another number.
        fn resized(self, arena: &Arena<BYTES>, size: usize, fill: u8) -> Self {
            self.check();
            // SAFETY: the block is the arena's, with this layout, and is not used any more.
            let address = unsafe { arena.realloc(self.address, self.layout, size) };
            assert!(!address.is_null());
            let kept = size.min(self.layout.size());
            // SAFETY: so many bytes were moved.
            let bytes = unsafe { std::slice::from_raw_parts(address, kept) };
            assert!(bytes.iter().all(|&byte| byte == self.fill));
            let layout = Layout::from_size_align(size, self.layout.align()).unwrap();
            Self::new(address, layout, fill)
        }

        fn free(self, arena: &Arena<BYTES>) {
            self.check();
            // SAFETY: the block is the arena's, with this layout, and is not used any more.
            unsafe { arena.dealloc(self.address, self.layout) };
        }

        #[track_caller]
        fn check(&self) {
            assert!(
                self.bytes().iter().all(|&byte| byte == self.fill),
                "block {} was written to",
                self.fill
            );
        }
    }

    /// Blocks of many sizes come, grow, shrink and go; beyond the end of the arena, too.
    #[test]
    fn blocks_in_use_never_overlap() {
        let mut random = crate::Random::from_seed(&[7; 32]);
        for _ in 0..200 {
            let arena = Arena::<BYTES>::new();
            let mut blocks: Vec<Block> = Vec::new();
            for fill in 1..=120 {
                let size = 1 + random.index(200);
                let layout = Layout::from_size_align(size, 1 << random.index(5)).unwrap();
                match random.index(4) {
                    // SAFETY: the layout has bytes.
                    0 => blocks.push(Block::new(unsafe { arena.alloc(layout) }, layout, fill)),
                    1 => {
                        // SAFETY: the layout has bytes.
                        let address = unsafe { arena.alloc_zeroed(layout) };
                        // SAFETY: the block is ours.
                        let zeros = unsafe { std::slice::from_raw_parts(address, size) };
                        assert!(zeros.iter().all(|&byte| byte == 0));
                        blocks.push(Block::new(address, layout, fill));
                    }
                    2 if !blocks.is_empty() => {
                        let old = blocks.swap_remove(random.index(blocks.len()));
                        blocks.push(old.resized(&arena, size, fill));
                    }
                    _ => drop(blocks.pop().map(|last| last.free(&arena))),
                }
                blocks.iter().for_each(Block::check);
            }
            blocks.into_iter().for_each(|block| block.free(&arena));
        }
    }

    #[test]
    fn last_block_grows_where_it_is() {
        let arena = Arena::<BYTES>::new();
        let layout = Layout::from_size_align(16, 8).unwrap();
        // SAFETY: the layout has bytes.
        let mut block = Block::new(unsafe { arena.alloc(layout) }, layout, 1);
        let first = block.address;
        while block.layout.size() < BYTES {
            let size = 2 * block.layout.size();
            block = block.resized(&arena, size, 1);
            assert_eq!(block.address, first);
        }
        let moved = block.resized(&arena, BYTES + 1, 1);
        assert_eq!(arena.offset(moved.address), None, "the arena has no room");
        assert_eq!(arena.next.get(), 0, "the old block is free again");
        moved.free(&arena);
    }
}
