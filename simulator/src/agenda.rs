//! What happens when: the order of everything in a simulation.
//!
//! Invariant: things of the same moment happen in the order in which they were put.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Something that is due.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Due {
    /// The network makes a block.
    Block,
    /// The master's tick of five seconds, and a look at whether all is well.
    Tick,
    /// Number of the scenario's trouble.
    Trouble(usize),
    /// The master starts.
    Start,
    /// A request of the master looks whether its turn has come.
    Turn(u64),
    /// A request reaches the network.
    Arrival(u64),
    /// An answer of the network reaches the master.
    Answer(u64),
    /// A slave's next step, if it still lives the life of that number.
    Slave(usize, u64),
    /// A poll that the master holds has been held for long enough.
    Held(u64),
    /// New work is begun no more.
    Drain,
    /// The run is over.
    End,
}

/// What is due, in order; `D` names what.
#[derive(Debug)]
pub struct Agenda<D> {
    due: BinaryHeap<Reverse<(u64, u64, D)>>,
    put: u64,
}

impl<D: Ord> Default for Agenda<D> {
    fn default() -> Self {
        Self {
            due: BinaryHeap::new(),
            put: 0,
        }
    }
}

impl<D: Ord> Agenda<D> {
    /// Puts something at a moment, in milliseconds.
    pub fn put(&mut self, at_ms: u64, due: D) {
        self.put += 1;
        self.due.push(Reverse((at_ms, self.put, due)));
    }

    /// The moment of the next thing.
    #[must_use]
    pub fn next_ms(&self) -> Option<u64> {
        self.due.peek().map(|Reverse((at_ms, _, _))| *at_ms)
    }

    /// The next thing and its moment.
    pub fn pop(&mut self) -> Option<(u64, D)> {
        self.due.pop().map(|Reverse((at_ms, _, due))| (at_ms, due))
    }
}
