//! A host has one arena of memory for each processor, however many threads it has.

use std::fs;
use std::thread::available_parallelism;

use tig_system_tests::Process;

use crate::support::LoneHost;

/// Address space that the C library reserves for a piece of an arena; the piece begins at a multiple of it. The first arena has
/// none.
const RESERVED: u64 = 64 << 20;

/// Arenas of a process besides the first.
fn arenas(process: &Process) -> usize {
    let maps = fs::read_to_string(format!("/proc/{}/maps", process.id())).unwrap();
    let addresses = maps.lines().map(|line| {
        let (range, rest) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let address = |text| u64::from_str_radix(text, 16).unwrap();
        (address(start), address(end), rest)
    });
    let addresses: Vec<_> = addresses.collect();
    // What is used of a piece can be read and written, the rest of it cannot.
    let pieces = addresses.windows(2).filter(|pair| {
        let [(start, used, rights), (next, end, rest)] = pair else {
            return false;
        };
        start % RESERVED == 0
            && used == next
            && end - start == RESERVED
            && rights.starts_with("rw-p")
            && rest.starts_with("---p")
    });
    pieces.count()
}

#[test]
fn host_has_no_more_arenas_than_processors() {
    let host = LoneHost::start(|_| {});
    let processors = available_parallelism().unwrap().get();
    let besides = arenas(&host.process);
    // The first thread besides the main one takes an arena of its own, where there may be another.
    let least = usize::from(processors > 1);
    assert!(
        (least..processors).contains(&besides),
        "{besides} besides the first"
    );
}
