//! The reasons to stop: Ctrl-C, SIGTERM, and the end of standard input where the parent holds its other end.

use std::io::{self, Read as _};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

/// Listens from now on; the future ends at the first reason to stop.
pub(crate) fn requested(exit_with_parent: bool) -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let parent = exit_with_parent.then(parent_gone);
    Ok(async move {
        let parent_gone = async {
            match parent {
                // The thread ends only by sending.
                Some(gone) => gone.await.unwrap_or_default(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
            () = parent_gone => (),
        }
    })
}

/// A thread of its own: a read from standard input cannot be cancelled, and the runtime would wait for it.
fn parent_gone() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        while io::stdin().read(&mut buffer).is_ok_and(|read| read > 0) {}
        let _ = sender.send(());
    });
    receiver
}
