//! Commands of an extension: the test is the operator.

use serde_json::Value;

use super::Harness;
use crate::{Extension, Result, Started, Ticket};

impl<E: Extension> Harness<E> {
    /// Calls a command.
    ///
    /// ```
    /// # use tig_plugin_api::{prelude::*, testing::Harness};
    /// # struct Adder;
    /// # #[extension]
    /// # impl Adder {
    /// #     fn new(_config: serde_json::Value, _ctx: &mut Context<'_>) -> Result<Self> { Ok(Self) }
    /// #     /// Adds up.
    /// #     #[command]
    /// #     fn add(&mut self, ctx: &mut Context<'_>, terms: Vec<u64>) -> Result<Started> {
    /// #         ctx.progress(ctx.ticket(), "adding")?;
    /// #         ctx.finish(ctx.ticket(), 0, &terms.iter().sum::<u64>())?;
    /// #         Ok(Started)
    /// #     }
    /// # }
    /// # fn main() {
    /// use serde_json::json;
    ///
    /// let mut adder = Harness::<Adder>::start(json!({ "name": "adder" }));
    /// let ticket = adder.command("add", &json!([1, 2])).unwrap();
    /// assert_eq!(adder.progress(), [(ticket, "adding".to_owned())]);
    /// assert_eq!(adder.finished(ticket), Some((0, &json!(3))));
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The extension has no such command, the arguments do not decode, or the handler fails; none of its effects is kept.
    pub fn command(&mut self, name: &str, arguments: &Value) -> Result<Ticket> {
        let arguments = serde_json::to_vec(arguments)?;
        let ticket = self.host.commands.next_ticket();
        let (extension, settings) = (&mut self.extension, &self.settings);
        let handled = self.host.transaction_of(ticket, settings, |ctx| {
            extension.command(ctx, name, &arguments)
        });
        self.restore_failed(handled).map(|Started| ticket)
    }

    /// What was said of commands since the last call, in order.
    pub fn progress(&mut self) -> Vec<(Ticket, String)> {
        std::mem::take(&mut self.host.commands.progress)
    }

    /// Code and value with which a command has ended, if it has.
    #[must_use]
    pub fn finished(&self, ticket: Ticket) -> Option<(u8, &Value)> {
        let mut finished = self.host.commands.finished.iter();
        let found = finished.find(|(of, _, _)| *of == ticket);
        found.map(|(_, code, value)| (*code, value))
    }
}
