//! Does what extensions do: answers each `order` by a stored record and an event, and some by a request over HTTP.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tig_plugin_api::prelude::*;

/// Orders of which one asks over HTTP.
const ORDERS_PER_REQUEST: u64 = 50;

const REQUEST_TIMEOUT_MS: u64 = 30_000;
const ANSWER_BYTES_MAX: u64 = 10_000;

struct Busy {
    /// Number of orders and answers so far.
    count: u64,
}

#[derive(Deserialize)]
struct Order {
    number: u64,
    /// Where requests go.
    url: String,
}

#[derive(Serialize)]
struct Decision {
    number: u64,
    at_ms: u64,
    draw: u64,
}

#[extension]
impl Busy {
    fn new(_config: Value, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self { count: 0 })
    }

    fn on_order(&mut self, ctx: &mut Context<'_>, order: Order) -> Result<()> {
        self.count += 1;
        let number = order.number;
        let decision = Decision {
            number,
            at_ms: ctx.now_ms(),
            draw: ctx.random_u64(),
        };
        ctx.put(&format!("order/{number}"), &decision)?;
        ctx.emit_json("decision", &decision)?;
        if number.is_multiple_of(ORDERS_PER_REQUEST) {
            ctx.http(&HttpCall {
                tag: number.to_string(),
                method: Method::Get,
                url: order.url,
                headers: vec![("accept".to_owned(), "application/json".to_owned())],
                body: Vec::new(),
                timeout_ms: REQUEST_TIMEOUT_MS,
                max_body_bytes: ANSWER_BYTES_MAX,
            })?;
        }
        Ok(())
    }

    fn on_http_response(&mut self, ctx: &mut Context<'_>, response: HttpResponse) -> Result<()> {
        self.count += 1;
        let answer = response
            .result
            .map_err(|failure| Error::msg(failure.text))?;
        ctx.put(&format!("answer/{}", response.tag), &answer.body.len())?;
        ctx.emit_json("answered", &self.count)
    }

    /// What extensions do while nothing happens: they look at the time.
    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        if ctx.now_ms() == 0 {
            ctx.warn("the clock stands still");
        }
        Ok(())
    }
}
