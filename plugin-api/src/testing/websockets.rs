//! Websocket connections of an extension: the test is the peer.

use super::{Harness, SentFrame};
use crate::abi::event;
use crate::{Extension, Result, WsClose, WsCloseClass, WsEvent, WsEventKind, WsOpen};

impl<E: Extension> Harness<E> {
    /// The connections that the extension has opened and not seen closed.
    #[must_use]
    pub fn ws_connections(&self) -> &[WsOpen] {
        self.host.sockets.connections()
    }

    /// The connections that the extension has asked to open since the last call, in order.
    pub fn ws_opened(&mut self) -> Vec<WsOpen> {
        self.host.sockets.take_opened()
    }

    /// The frames that the extension has sent since the last call, in order.
    pub fn ws_sent(&mut self) -> Vec<SentFrame> {
        self.host.sockets.take_sent()
    }

    /// Tags of the connections that the extension has asked to close since the last call, in order, and how.
    pub fn ws_closed(&mut self) -> Vec<(String, WsClose)> {
        self.host.sockets.take_closed()
    }

    /// Delivers what happened to a connection.
    ///
    /// # Errors
    ///
    /// The handler fails; none of its effects is kept.
    ///
    /// # Panics
    ///
    /// The extension has no connection of this tag.
    pub fn try_ws(&mut self, tag: &str, kind: WsEventKind) -> Result<()> {
        assert!(self.host.sockets.is_open(tag), "no connection `{tag}`");
        if matches!(kind, WsEventKind::Closed { .. }) {
            self.host.sockets.end(tag);
        }
        let tag = tag.to_owned();
        self.handle(event::WS, &WsEvent { tag, kind }.encode()?)
    }

    /// Completes the handshake of a connection, now.
    ///
    /// ```
    /// # use tig_plugin_api::{prelude::*, testing::Harness};
    /// # struct Peer;
    /// # #[extension]
    /// # impl Peer {
    /// #     fn new(_config: serde_json::Value, ctx: &mut Context<'_>) -> Result<Self> {
    /// #         ctx.ws_open(&WsOpen { tag: "peer".into(), url: "ws://127.0.0.1/".into(), headers: vec![], frame_bytes_max: 100,
    /// #             ping_every_ms: 0, silent_ms_max: 0, connect_ms: 1_000 })?;
    /// #         Ok(Self)
    /// #     }
    /// #     fn on_ws(&mut self, ctx: &mut Context<'_>, event: WsEvent) -> Result<()> {
    /// #         match event.kind {
    /// #             WsEventKind::Frame { text, .. } => ctx.ws_send("peer", &text),
    /// #             WsEventKind::Closed { class, .. } => ctx.emit_json("gone", &class),
    /// #             _ => Ok(()),
    /// #         }
    /// #     }
    /// # }
    /// # fn main() {
    /// // Opens a connection in `new` and sends back what it gets.
    /// let mut peer = Harness::<Peer>::start(serde_json::json!({ "name": "peer" }));
    /// peer.ws_accept("peer");
    /// peer.ws_frame("peer", "hello");
    /// assert_eq!(peer.ws_sent()[0].text, "hello");
    /// peer.ws_end("peer", WsCloseClass::Broken);
    /// assert_eq!(peer.emitted()[0].1, "broken");
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// The extension has no connection of this tag, or the handler fails.
    pub fn ws_accept(&mut self, tag: &str) {
        let at_us = self.now_us();
        self.ws(tag, WsEventKind::Opened { at_us });
    }

    /// Delivers a frame of the peer, read now.
    ///
    /// # Panics
    ///
    /// As for [`Harness::ws_accept`].
    pub fn ws_frame(&mut self, tag: &str, text: &str) {
        let at_us = self.now_us();
        let text = text.to_owned();
        self.ws(tag, WsEventKind::Frame { text, at_us });
    }

    /// Reports that the kernel has a frame, now.
    ///
    /// # Panics
    ///
    /// As for [`Harness::ws_accept`].
    pub fn ws_written(&mut self, tag: &str, frame: u64) {
        let at_us = self.now_us();
        self.ws(tag, WsEventKind::Written { frame, at_us });
    }

    /// Ends a connection.
    ///
    /// # Panics
    ///
    /// As for [`Harness::ws_accept`].
    pub fn ws_end(&mut self, tag: &str, class: WsCloseClass) {
        let closed = WsEventKind::Closed {
            code: None,
            reason: "made by the test".to_owned(),
            class,
            unsent: 0,
        };
        self.ws(tag, closed);
    }

    fn ws(&mut self, tag: &str, kind: WsEventKind) {
        self.try_ws(tag, kind)
            .unwrap_or_else(|error| panic!("on_ws: {error}"));
    }

    fn now_us(&self) -> u64 {
        self.host.now_ms * 1000
    }
}
