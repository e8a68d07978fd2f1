//! `tig-host top`: a running host on a terminal, live, with keys to act.
//!
//! News come in by one queue; each changes the state, and the state is drawn. The terminal is as before when this ends, however
//! it ends.

mod fetch;
mod keys;
mod overview;
mod render;
mod state;
#[cfg(test)]
mod tests;
mod update;
mod view;

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event, KeyEventKind};
use ratatui::DefaultTerminal;
use tig_process::error_chain::error_chain;
use tig_process::signals::{HangUp, Requests};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use self::fetch::News;
use self::state::{Request, State};
use self::update::{Input, update};
use super::admin::{AdminError, Where};
use super::call::USAGE;
use super::client::runtime;
use super::output::{self, escaped};
use super::terminal::{has_colours, now_ms};

/// News that wait to be taken in.
const NEWS_COUNT_MAX: usize = 256;

/// Time after which the screen is drawn again, for ages and durations.
const TICK_INTERVAL: Duration = Duration::from_secs(1);

/// Time for which keys are waited for before the thread looks whether it is still wanted.
const KEYS_TIMEOUT: Duration = Duration::from_millis(250);

/// Why nothing is shown.
#[derive(Debug, thiserror::Error)]
enum TopError {
    /// Nobody would see it, or could press keys.
    #[error(
        "standard input and output must be a terminal; `tig-host status`, `why` and `panel` print on anything else"
    )]
    NotATerminal,
    /// The terminal does not do what it is asked for.
    #[error("cannot use the terminal")]
    Terminal(#[source] io::Error),
    /// Where the host would be is not known.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

impl TopError {
    fn report(&self) -> ExitCode {
        match self {
            Self::Admin(error) => return error.report(),
            Self::NotATerminal | Self::Terminal(_) => {
                output::error_line(&escaped(&error_chain(self)));
            }
        }
        match self {
            Self::NotATerminal => USAGE.into(),
            Self::Terminal(_) | Self::Admin(_) => ExitCode::FAILURE,
        }
    }
}

/// Shows the host until the operator has seen enough.
pub(super) fn top(place: &Where) -> ExitCode {
    match run(place) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

fn run(place: &Where) -> Result<(), TopError> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(TopError::NotATerminal);
    }
    // A host that does not run yet is waited for; a config that says nothing is not.
    place.folder()?;
    let runtime = runtime()?;
    let shown = runtime.block_on(async {
        let requests = Requests::listen(HangUp::Stops, false).map_err(TopError::Terminal)?;
        // Raw mode and the other screen end by `restore`, and by a hook if there is a panic.
        let mut terminal = ratatui::try_init().map_err(TopError::Terminal)?;
        let shown = show(Arc::new(place.clone()), &mut terminal, requests).await;
        ratatui::restore();
        shown
    });
    // A thread that waits for keys is not waited for.
    runtime.shutdown_background();
    shown
}

async fn show(
    place: Arc<Where>,
    terminal: &mut DefaultTerminal,
    mut requests: Requests,
) -> Result<(), TopError> {
    let (news, mut inputs) = mpsc::channel(NEWS_COUNT_MAX);
    let (wish, wished) = watch::channel(state::Wish::default());
    read_keys(news.clone()).map_err(TopError::Terminal)?;
    let mut tasks = JoinSet::new();
    tasks.spawn(fetch::look(Arc::clone(&place), news.clone()));
    tasks.spawn(fetch::look_at_panel(
        Arc::clone(&place),
        wished,
        news.clone(),
    ));
    tasks.spawn(fetch::follow(Arc::clone(&place), news.clone()));
    let mut state = State::default();
    let mut tick = tokio::time::interval(TICK_INTERVAL);
    let has_colours = has_colours();
    loop {
        let first = tokio::select! {
            input = inputs.recv() => input.unwrap_or(Input::Closed),
            _ = tick.tick() => Input::Tick(now_ms()),
            // A signal, or the terminal was closed.
            _ = requests.stop() => return Ok(()),
            Some(ended) = tasks.join_next() => {
                if let Err(error) = ended && let Ok(panic) = error.try_into_panic() {
                    // The terminal is restored already: this must not draw on it any more.
                    std::panic::resume_unwind(panic);
                }
                continue;
            }
        };
        // What has come meanwhile is drawn at once.
        let mut next = Some(first);
        while let Some(input) = next {
            match update(&mut state, input) {
                Some(Request::Quit) => return Ok(()),
                Some(request) => {
                    tasks.spawn(fetch::act(Arc::clone(&place), request, news.clone()));
                }
                None => {}
            }
            next = inputs.try_recv().ok();
        }
        wish.send_if_modified(|present| {
            let is_other = *present != state.wish();
            *present = state.wish();
            is_other
        });
        let drawn = terminal.draw(|frame| {
            state.height = frame.area().height.into();
            render::render(&state, has_colours, frame);
        });
        drawn.map_err(TopError::Terminal)?;
    }
}

/// A thread of its own: the terminal is read by waiting for it.
fn read_keys(news: News) -> io::Result<()> {
    let read = move || {
        loop {
            let input = match crossterm::event::poll(KEYS_TIMEOUT) {
                Ok(false) if news.is_closed() => return,
                Ok(false) => continue,
                Ok(true) => match crossterm::event::read() {
                    Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => Input::Key(key),
                    Ok(Event::Resize(_, lines)) => Input::Height(lines),
                    Ok(_) => continue,
                    Err(_) => Input::Closed,
                },
                Err(_) => Input::Closed,
            };
            let is_closed = matches!(input, Input::Closed);
            if news.blocking_send(input).is_err() || is_closed {
                return;
            }
        }
    };
    let thread = std::thread::Builder::new().name("keys".to_owned());
    thread.spawn(read).map(drop)
}
