//! The plugin's side of the boundary: every call runs under a guard, because a panic that leaves a cdylib aborts the host.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{ROption, RResult, RSlice, RStr, RVec};

use crate::abi::{
    EventRef, Failure, HostRef, Instance, Instance_TO, InstanceBox, question, service,
};
use crate::backtrace::capture_frames;
use crate::frame::{self, CommandHead};
use crate::{Context, Error, Extension, HttpRequest, Result, Settings, Started};

thread_local! {
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
    static LAST_FRAMES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Runs `call`, and returns an error or a panic as a [`Failure`].
pub(crate) fn guarded<T>(call: impl FnOnce() -> Result<T>) -> RResult<T, Failure> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => RResult::ROk(value),
        Ok(Err(error)) => RResult::RErr(failure(false, error.to_string())),
        Err(payload) => {
            let text = take_panic();
            // Dropping a payload may panic in turn, and so might dropping the payload of that.
            if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                std::mem::forget(another);
            }
            RResult::RErr(failure(true, text))
        }
    }
}

fn failure(panicked: bool, text: String) -> Failure {
    Failure {
        panicked,
        text: text.into(),
    }
}

fn is_panic<T>(returned: &RResult<T, Failure>) -> bool {
    matches!(returned, RResult::RErr(failure) if failure.panicked)
}

fn take_panic() -> String {
    LAST_PANIC
        .with(RefCell::take)
        .unwrap_or_else(|| "panic without a message".to_owned())
}

/// Each cdylib has a `std` of its own, so this hook sees only this plugin's panics: it keeps message and place for the
/// [`Failure`] instead of printing them past the host's log.
fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            LAST_PANIC.with(|last| *last.borrow_mut() = Some(info.to_string().replace('\n', " ")));
            LAST_FRAMES.with(|last| *last.borrow_mut() = capture_frames());
        }));
    });
}

/// Logs where the last panic came from, if the environment asks for backtraces.
fn log_frames(host: &mut HostRef<'_>) {
    for frame in LAST_FRAMES.with(RefCell::take) {
        let (level, text) = (RStr::from_str("error"), format!("panicked in {frame}"));
        // A log that cannot be written changes nothing.
        let _ = host.call(service::LOG, level, RSlice::from_slice(text.as_bytes()));
    }
}

/// The `create` of the root module.
pub(crate) extern "C" fn create<E: Extension>(
    mut host: HostRef<'_>,
    settings: RSlice<'_, u8>,
    snapshot: ROption<RSlice<'_, u8>>,
) -> RResult<InstanceBox, Failure> {
    install_panic_hook();
    let created = guarded(|| {
        let settings: Settings = serde_json::from_slice(settings.as_slice())?;
        let mut ctx = Context::new(&mut host, &settings);
        let mut extension = E::create(&settings, &mut ctx)?;
        if let ROption::RSome(state) = snapshot {
            extension.restore(&mut ctx, state.as_slice())?;
        }
        Ok(Instance_TO::from_value(
            Guarded {
                settings,
                extension: Some(extension),
            },
            TD_Opaque,
        ))
    });
    if is_panic(&created) {
        log_frames(&mut host);
    }
    created
}

/// An extension behind the ABI.
struct Guarded<E: Extension> {
    settings: Settings,
    /// `None` once its destructor has run.
    extension: Option<E>,
}

impl<E: Extension> Guarded<E> {
    fn call<T>(
        &mut self,
        mut host: HostRef<'_>,
        call: impl FnOnce(&mut E, &mut Context<'_>) -> Result<T>,
    ) -> RResult<T, Failure> {
        let returned = guarded(|| {
            let mut ctx = Context::new(&mut host, &self.settings);
            call(self.extension.as_mut().ok_or_else(dropped)?, &mut ctx)
        });
        if is_panic(&returned) {
            log_frames(&mut host);
        }
        returned
    }
}

impl<E: Extension> Guarded<E> {
    /// Runs the destructor; a panic of it harms no extension, but must not cross.
    fn end(&mut self) -> RResult<(), Failure> {
        let extension = self.extension.take();
        guarded(|| {
            drop(extension);
            Ok(())
        })
    }
}

fn dropped() -> Error {
    Error::msg("the instance is already dropped")
}

impl<E: Extension> Instance for Guarded<E> {
    fn on_event(&mut self, host: HostRef<'_>, event: EventRef<'_>) -> RResult<(), Failure> {
        self.call(host, |extension, ctx| {
            extension.handle(ctx, event.name.as_str(), event.payload.as_slice())
        })
    }

    fn on_request(
        &mut self,
        host: HostRef<'_>,
        request: RSlice<'_, u8>,
    ) -> RResult<RVec<u8>, Failure> {
        self.call(host, |extension, ctx| {
            let request = HttpRequest::decode(request.as_slice())?;
            Ok(extension.request(ctx, request)?.encode()?.into())
        })
    }

    fn snapshot(&mut self) -> RResult<ROption<RVec<u8>>, Failure> {
        guarded(|| {
            let state = self.extension.as_mut().ok_or_else(dropped)?.snapshot()?;
            Ok(state.map(RVec::from).into())
        })
    }

    fn ask(
        &mut self,
        mut host: HostRef<'_>,
        question: RStr<'_>,
        body: RSlice<'_, u8>,
    ) -> RResult<ROption<RVec<u8>>, Failure> {
        match question.as_str() {
            question::DROP => self.end().map(|()| ROption::RSome(RVec::new())),
            question::COMMAND => {
                let returned = guarded(|| {
                    let (head, arguments): (CommandHead, _) = frame::decode(body.as_slice())?;
                    let ctx = Context::new(&mut host, &self.settings);
                    let extension = self.extension.as_mut().ok_or_else(dropped)?;
                    let mut ctx = ctx.for_command(head.ticket);
                    let Started = extension.command(&mut ctx, &head.command, arguments)?;
                    Ok(ROption::RSome(RVec::new()))
                });
                if is_panic(&returned) {
                    log_frames(&mut host);
                }
                returned
            }
            _ => RResult::ROk(ROption::RNone),
        }
    }
}

impl<E: Extension> Drop for Guarded<E> {
    fn drop(&mut self) {
        // A host that wants to know of a panic has asked before.
        let _ = self.end();
    }
}
