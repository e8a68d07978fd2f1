//! The network's API, as far as the host asks it: answers are made beforehand, submissions are written down.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tig_bench_report::Result;

use crate::world::Answers;

/// Something that was submitted, and when.
#[derive(Clone)]
pub(crate) struct Submitted {
    pub(crate) path: String,
    pub(crate) body: Value,
    pub(crate) at: Instant,
}

#[derive(Default)]
struct State {
    answers: Answers,
    /// Queries of the present block that were answered, and when the last of them was.
    queried: usize,
    queried_at: Option<Instant>,
    submitted: Vec<Submitted>,
}

pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Stub {
    /// Serves until the program ends.
    pub(crate) fn start(answers: Answers) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new((Mutex::default(), Condvar::new()));
        let stub = Self { address, shared };
        stub.show(answers);
        let shared = Arc::clone(&stub.shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // The host closes connections as it likes.
                std::thread::spawn(move || drop(serve(&stream, &shared)));
            }
        });
        Ok(stub)
    }

    /// Another block.
    pub(crate) fn show(&self, answers: Answers) {
        let mut state = lock(&self.shared.0);
        (state.answers, state.queried, state.queried_at) = (answers, 0, None);
    }

    /// When the host had all of the present block.
    pub(crate) fn wait_until_shown(&self, most: Duration) -> Result<Instant> {
        self.wait(most, |state| state.queried_at)
    }

    /// The first submission to `path` of this benchmark.
    pub(crate) fn wait_for(
        &self,
        path: &str,
        benchmark_id: &str,
        most: Duration,
    ) -> Result<Submitted> {
        let is_it = |one: &&Submitted| one.path == path && one.body["benchmark_id"] == benchmark_id;
        self.wait(most, |state| state.submitted.iter().find(is_it).cloned())
    }

    fn wait<T>(&self, most: Duration, what: impl Fn(&State) -> Option<T>) -> Result<T> {
        let deadline = Instant::now() + most;
        let mut state = lock(&self.shared.0);
        loop {
            if let Some(found) = what(&state) {
                return Ok(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err("the host has not asked the API in time".into());
            }
            let waited = self.shared.1.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// No code panics while it holds the lock.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: &TcpStream, shared: &(Mutex<State>, Condvar)) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let target = line.split(' ').nth(1).ok_or("no request")?;
        let path = target.split('?').next().unwrap_or(target).to_owned();
        let mut body = vec![0; body_length(&mut reader)?];
        reader.read_exact(&mut body)?;
        let body = answer(&path, &body, shared)?;
        let mut stream = stream;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), &body].concat())?;
        if path.starts_with("/get-") && path != "/get-block" {
            notify(shared);
        }
    }
}

fn body_length(reader: &mut impl BufRead) -> Result<usize> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else {
            return Ok(length);
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
}

fn answer(path: &str, body: &[u8], (state, changed): &(Mutex<State>, Condvar)) -> Result<Vec<u8>> {
    let mut state = lock(state);
    let name = path.trim_start_matches('/');
    if let Some((_, body)) = state.answers.iter().find(|(known, _)| *known == name) {
        return Ok(body.clone());
    }
    let (path, body, at) = (
        path.to_owned(),
        serde_json::from_slice(body)?,
        Instant::now(),
    );
    state.submitted.push(Submitted { path, body, at });
    changed.notify_all();
    Ok(br#"{"benchmark_id": "0123456789abcdef0123456789abcdef", "verified": "ok"}"#.to_vec())
}

/// An answer has been sent: with the last of the four that belong to a block, the host has seen the block.
fn notify((state, changed): &(Mutex<State>, Condvar)) {
    let mut state = lock(state);
    state.queried += 1;
    if state.queried == state.answers.len() - 1 {
        state.queried_at = Some(Instant::now());
        changed.notify_all();
    }
}
