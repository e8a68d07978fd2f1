//! Websocket connections: frames in, echoes, frames of a handler that go out together, and what an idle connection costs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use serde_json::json;
use tig_bench_report::{Report, Result, Target};
use tokio::io::AsyncReadExt;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, WebSocket, accept_with_config};

use crate::process::{Host, memory_kb, with_host};
use crate::site::{Running, Site};

/// The extension that is measured with.
const EXTENSION: &str = "sockets";

/// Connections that are opened by one handler: a listener's queue is bounded.
const OPENED_AT_ONCE: usize = 100;

/// Connections on which frames come in.
const SENDERS: usize = 100;

/// Frames on each of them.
const FRAMES: usize = 10_000;

/// Bytes of a small frame, without its header.
const FRAME_BYTES: u8 = 100;

/// Echoes whose time is taken.
const ECHOES: usize = 5_000;

/// Connections of a validator: its miners.
const MINERS: usize = 256;

/// Handlers whose frames are timed.
const ROUNDS: usize = 20;

/// Connections that are idle.
const IDLE: usize = 10_000;

/// An idle connection's buffers on this side.
const BUFFERS: usize = 1 << 10;

type Peer = WebSocket<TcpStream>;

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    frames_in(report)?;
    echoes(report)?;
    barrier(report, 2, Target::AtMost(10.0))?;
    barrier(report, 10, Target::AtMost(50.0))?;
    idle(report)
}

/// Opens connections of the host at `address`; the other ends.
fn connect(address: SocketAddr, count: usize) -> Result<Vec<Peer>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("ws://{}/", listener.local_addr()?);
    let buffers = WebSocketConfig::default();
    let buffers = buffers.read_buffer_size(BUFFERS).write_buffer_size(0);
    let mut peers = Vec::new();
    while peers.len() < count {
        let some = OPENED_AT_ONCE.min(count - peers.len());
        post(address, "/dial", &json!([url, some]).to_string())?;
        for _ in 0..some {
            let (stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            let accepted = accept_with_config(stream, Some(buffers));
            peers.push(accepted.map_err(|error| error.to_string())?);
        }
    }
    Ok(peers)
}

fn host_with_peers(site: &Site, count: usize) -> Result<(Running, Vec<Peer>)> {
    let host = site.start()?;
    let peers = connect(host.address()?, count)?;
    // Opened, and the requests that ask for it.
    let requests = count.div_ceil(OPENED_AT_ONCE);
    host.wait(|host| host.handled() >= (count + requests) as u64)?;
    Ok((host, peers))
}

fn frames_in(report: &mut Report) -> Result<()> {
    let site = Site::new(&[(EXTENSION, EXTENSION)])?;
    let (host, mut peers) = host_with_peers(&site, SENDERS)?;
    let before = host.handled();
    // A server's frames are not masked, so that all can be the same bytes.
    let mut frame = vec![0x81, FRAME_BYTES];
    frame.resize(2 + usize::from(FRAME_BYTES), b'x');
    let frames = frame.repeat(FRAMES);
    let (begin, frames) = (Barrier::new(SENDERS + 1), &frames);
    let seconds = std::thread::scope(|scope| -> Result<f64> {
        for peer in &mut peers {
            let begin = &begin;
            scope.spawn(move || {
                begin.wait();
                // An error shows as frames that are missing.
                let _ = peer.get_mut().write_all(frames);
            });
        }
        begin.wait();
        let start = Instant::now();
        host.wait(|host| host.handled() >= before + (SENDERS * FRAMES) as u64)?;
        Ok(start.elapsed().as_secs_f64())
    })?;
    report.number(
        "frames in, 100 bytes on 100 connections",
        (SENDERS * FRAMES) as f64 / seconds,
        "1/s",
        Target::AtLeast(100_000.0),
    )
}

fn echoes(report: &mut Report) -> Result<()> {
    let site = Site::new(&[(EXTENSION, EXTENSION)])?;
    let (_host, mut peers) = host_with_peers(&site, 1)?;
    let peer = peers.first_mut().ok_or("no connection")?;
    let mut times = Vec::new();
    for _ in 0..ECHOES {
        let start = Instant::now();
        peer.send(Message::text("echo"))?;
        peer.read()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        std::thread::sleep(Duration::from_micros(200));
    }
    times.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| times[(times.len() as f64 * share) as usize];
    let mut line = |name, value, target| report.number(name, value, "ms", target);
    line(
        "echo of a frame through a handler, median",
        at(0.5),
        Target::None,
    )?;
    line(
        "echo of a frame through a handler, p99",
        at(0.99),
        Target::AtMost(2.0),
    )
}

/// From the first to the last frame of a handler, as the peers see it.
fn barrier(report: &mut Report, frames: usize, target: Target) -> Result<()> {
    let site = Site::new(&[(EXTENSION, EXTENSION)])?;
    let (host, peers) = host_with_peers(&site, MINERS)?;
    let address = host.address()?;
    let text = "x".repeat(500);
    // Header, length and mask of a client's frame.
    let bytes = frames * (8 + text.len());
    let order = json!([text, frames]).to_string();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut streams =
        runtime.block_on(async { peers.iter().map(second_name).collect::<Result<Vec<_>>>() })?;
    let mut spreads = Vec::new();
    for _ in 0..ROUNDS {
        let sending = std::thread::spawn({
            let order = order.clone();
            move || post(address, "/send", &order).map_err(|error| error.to_string())
        });
        spreads.push(runtime.block_on(spread(&mut streams, bytes))?);
        sending.join().map_err(|_| "the request has panicked")??;
    }
    spreads.sort_unstable_by(f64::total_cmp);
    let median = spreads[ROUNDS / 2];
    let name = format!("first to last of {MINERS} × {frames} frames of a handler, median");
    report.number(&name, median, "ms", target)
}

fn second_name(peer: &Peer) -> Result<tokio::net::TcpStream> {
    let stream = peer.get_ref().try_clone()?;
    stream.set_nonblocking(true)?;
    Ok(tokio::net::TcpStream::from_std(stream)?)
}

/// Milliseconds from the first to the last of the frames on `streams`, each of which gets so many bytes.
async fn spread(streams: &mut [tokio::net::TcpStream], bytes: usize) -> Result<f64> {
    let readings = streams.iter_mut().map(async |stream| {
        let mut space = [0; 16 << 10];
        let mut first = None;
        let mut got = 0;
        while got < bytes {
            let read = stream.read(&mut space).await?;
            first.get_or_insert_with(Instant::now);
            got += read;
            if read == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok::<_, std::io::Error>((first.unwrap_or_else(Instant::now), Instant::now()))
    });
    let times = futures_util::future::try_join_all(readings).await?;
    let first = times.iter().map(|(first, _)| *first).min();
    let last = times.iter().map(|(_, last)| *last).max();
    let spread = first.zip(last).map(|(first, last)| last - first);
    Ok(spread.ok_or("no connection")?.as_secs_f64() * 1e3)
}

fn idle(report: &mut Report) -> Result<()> {
    let site = Site::new(&[(EXTENSION, EXTENSION)])?;
    with_host(&site, |host| idle_in(report, host))
}

fn idle_in(report: &mut Report, host: &Host) -> Result<()> {
    let address = host.line.trim().strip_prefix("listening on http://");
    let address = address.ok_or("the host does not start")?.parse()?;
    let peers = connect(address, IDLE)?;
    let memory = memory_kb(host.process, "VmRSS:")? as f64 / 1e3;
    drop(peers);
    report.number(
        "memory with 10,000 idle connections",
        memory,
        "MB",
        Target::AtMost(100.0),
    )
}

fn post(address: SocketAddr, path: &str, body: &str) -> Result<()> {
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200") {
        return Ok(());
    }
    Err(answer.into())
}
