//! Requests that set weights, commit to them and reveal them, with their faults.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::answer::{BodyFault, PendingReply, ServiceAnswer, ServiceReply, error, invalid};
use super::route::Route;
use super::{BLOCK_WAIT_TIMEOUT, ChainService, ServiceRequest, body};
use crate::chain::config::SubnetRules;
use crate::chain::extrinsic::{Extrinsic, Refusal};
use crate::chain::fault::{ChainFault, FaultKind};
use crate::chain::journal::{Asked, Outcome};
use crate::chain::pool::Handling;

/// What a request asks for.
#[derive(Debug)]
enum Order {
    ByHotkey(BTreeMap<String, f64>),
    Extrinsic(Extrinsic),
}

impl Order {
    fn read(route: Route, body: &[u8]) -> Result<Self, BodyFault> {
        match route {
            Route::Set => body::set(body).map(Self::Extrinsic),
            Route::Commit => body::commit(body).map(Self::Extrinsic),
            Route::Reveal => body::reveal(body).map(Self::Extrinsic),
            _ => body::weights_by_hotkey(body).map(Self::ByHotkey),
        }
    }
}

impl ChainService {
    pub(super) fn weights(
        &mut self,
        route: Route,
        request: &ServiceRequest<'_>,
        fault: Option<ChainFault>,
    ) -> ServiceReply {
        let order = match Order::read(route, request.body) {
            Ok(order) => order,
            Err(fault) => return invalid(request.method, request.path, &fault).at_once(),
        };
        let text = fault.map(|fault| fault.to_string());
        let refused = || refusal(Refusal::Ordered).at_once();
        match fault.map(|fault| fault.kind) {
            Some(FaultKind::Refuses) => {
                self.note_refused(&order, text);
                refused()
            }
            Some(FaultKind::Forgets) => self.order(order, request, Handling::Forget, text),
            Some(FaultKind::RefusesButIncludes) => {
                self.order(order, request, Handling::Usual, text);
                refused()
            }
            Some(FaultKind::FailsButIncludes) => {
                self.order(order, request, Handling::Usual, text);
                error(500, "Internal Server Error").at_once()
            }
            Some(FaultKind::HangsButIncludes(ms)) => {
                self.order(order, request, Handling::Usual, text);
                let after = Duration::from_millis(ms.into());
                ServiceReply::Drop { after }
            }
            _ => self.order(order, request, Handling::Usual, text),
        }
    }

    fn order(
        &mut self,
        order: Order,
        request: &ServiceRequest<'_>,
        handling: Handling,
        fault: Option<String>,
    ) -> ServiceReply {
        match order {
            Order::ByHotkey(weights) => {
                let count = weights.len();
                self.chain.schedule(&self.hotkey, weights, handling, fault);
                let detail = "weights update scheduled";
                ServiceAnswer::json(&json!({"detail": detail, "count": count})).at_once()
            }
            Order::Extrinsic(extrinsic) => {
                match self.chain.submit(&self.hotkey, extrinsic, handling, fault) {
                    Ok(number) => {
                        let timeout = timeout(request.timeout);
                        ServiceReply::Wait(PendingReply::new(number, timeout))
                    }
                    Err(reason) => refusal(reason).at_once(),
                }
            }
        }
    }

    fn note_refused(&mut self, order: &Order, fault: Option<String>) {
        let asked = match order {
            Order::ByHotkey(_) => Asked::schedule(&self.hotkey, fault),
            Order::Extrinsic(extrinsic) => Asked::extrinsic(&self.hotkey, extrinsic, fault),
        };
        self.chain.note_refused(asked);
    }
}

/// The rules that validators read.
pub(super) fn limits(rules: SubnetRules) -> ServiceAnswer {
    ServiceAnswer::json(&json!({
        "min_allowed_weights": rules.min_allowed_weights,
        "max_weight_limit": rules.max_weight_limit,
        "commit_reveal_weights_enabled": rules.commit_reveal_weights_enabled,
        "commit_reveal_weights_interval": rules.commit_reveal_weights_interval,
        "tempo": rules.tempo,
    }))
}

/// The answer to an extrinsic of which this has become; `None` while it waits.
pub(super) fn answer_for(outcome: Option<Outcome>) -> Option<ServiceAnswer> {
    match outcome {
        Some(Outcome::Pending) => None,
        Some(
            Outcome::Included { block }
            | Outcome::Forgotten { block }
            | Outcome::RolledBack { block },
        ) => Some(ServiceAnswer::json(&json!({"block": block}))),
        Some(Outcome::Refused { refusal: it, .. }) => Some(refusal(it)),
        Some(Outcome::GivenUp { .. }) | None => {
            Some(error(500, "the journal does not have it any more"))
        }
    }
}

fn refusal(refusal: Refusal) -> ServiceAnswer {
    error(400, &refusal.to_string())
}

/// How long the client waits; a header that is not a number of seconds changes nothing.
fn timeout(header: Option<&str>) -> Duration {
    let seconds = header.and_then(|text| text.parse::<f64>().ok());
    let given = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    given.map_or(BLOCK_WAIT_TIMEOUT, |given| given.min(BLOCK_WAIT_TIMEOUT))
}
