//! The queue with writers that block, fail and recover.

use std::sync::mpsc;

use super::*;

/// For anything that happens in the end.
const PATIENCE: Duration = Duration::from_secs(30);

fn queue() -> StandardError {
    StandardError(Arc::new(Queue {
        state: Mutex::default(),
        changed: Condvar::new(),
    }))
}

/// Asks what to do with each write, and keeps what is written.
struct Scripted {
    verdicts: mpsc::Receiver<io::Result<()>>,
    written: mpsc::Sender<Vec<u8>>,
}

impl Write for Scripted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let verdict = self.verdicts.recv();
        verdict.unwrap_or(Err(io::ErrorKind::BrokenPipe.into()))?;
        let _ = self.written.send(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn scripted(queue: &StandardError) -> (mpsc::Sender<io::Result<()>>, mpsc::Receiver<Vec<u8>>) {
    let (verdict, verdicts) = mpsc::channel();
    let (written, lines) = mpsc::channel();
    let writer = queue.clone();
    thread::spawn(move || writer.run(Scripted { verdicts, written }));
    (verdict, lines)
}

#[test]
fn stalled_reader_costs_lines_not_time() {
    let queue = queue();
    let (verdict, lines) = scripted(&queue);
    let line = vec![b'a'; QUEUE_BYTES_MAX / 4];
    for _ in 0..10 {
        queue.push(line.clone());
    }
    assert_eq!(queue.state().lost, 6);
    for _ in 0..4 {
        verdict.send(Ok(())).unwrap();
        assert_eq!(lines.recv_timeout(PATIENCE).unwrap(), line);
    }
    queue.close(PATIENCE);
    assert_eq!(queue.state().bytes, 0);
}

#[test]
fn failed_write_is_counted_and_next_one_tried() {
    let queue = queue();
    let (verdict, lines) = scripted(&queue);
    for text in ["one", "two"] {
        queue.push(text.into());
    }
    verdict
        .send(Err(io::ErrorKind::StorageFull.into()))
        .unwrap();
    verdict.send(Ok(())).unwrap();
    assert_eq!(lines.recv_timeout(PATIENCE).unwrap(), b"two");
    queue.close(PATIENCE);
    assert_eq!(queue.state().lost, 1);
}

#[test]
fn full_nonblocking_pipe_is_tried_again() {
    let queue = queue();
    let (verdict, lines) = scripted(&queue);
    queue.push("one".into());
    verdict.send(Err(io::ErrorKind::WouldBlock.into())).unwrap();
    verdict.send(Ok(())).unwrap();
    assert_eq!(lines.recv_timeout(PATIENCE).unwrap(), b"one");
    assert_eq!(queue.state().lost, 0);
}

#[test]
fn close_gives_up_on_stalled_reader() {
    let queue = queue();
    let (_verdict, lines) = scripted(&queue);
    queue.push("one".into());
    queue.close(Duration::from_millis(10));
    assert!(lines.try_recv().is_err());
    queue.push("late".into());
    assert_eq!(queue.state().lost, 1);
}

#[test]
fn losses_are_reported_once_and_when_queue_is_empty() {
    let mut reports = Reports::default();
    assert!(!reports.are_due(0, true));
    assert!(reports.are_due(3, true));
    assert!(!reports.are_due(3, true));
    // The queue is busy, and the last report was just now.
    assert!(!reports.are_due(5, false));
    assert!(reports.are_due(5, true));
}
