//! Routes for whoever runs the chain of a network.
//!
//! `GET /chain` shows its state, `GET /chain/journal?from=NUMBER` what was asked of it, `POST /chain/advance` with
//! `{"blocks": 3}` makes blocks, `POST /chain/fault` with `{"faults": ["hangs:500@weights*1"]}` replaces the faults,
//! `POST /chain/neurons` with `{"changes": [{"change": "deregister", "hotkey": "5..."}]}` changes neurons, and
//! `POST /chain/rules` changes the rules of the subnet.

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde::Deserialize;
use tig_process::error_chain::error_chain;

use super::guard;
use crate::chain::{ChainControl, Faults, NeuronChange, SubnetRules};

/// Blocks that one request makes.
const ADVANCE_COUNT_MAX: u32 = 10_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    blocks: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultOrder {
    faults: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NeuronOrder {
    changes: Vec<NeuronChange>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalQuery {
    #[serde(default)]
    from: u64,
}

type Order<T> = Result<Json<T>, JsonRejection>;

pub(crate) fn router(chain: ChainControl) -> Router {
    Router::new()
        .route("/chain", get(report))
        .route("/chain/journal", get(journal))
        .route("/chain/advance", post(advance))
        .route("/chain/fault", post(set_faults))
        .route("/chain/neurons", post(change_neurons))
        .route("/chain/rules", post(set_rules))
        .layer(middleware::from_fn(guard::guard))
        .with_state(chain)
}

async fn report(State(chain): State<ChainControl>) -> Response {
    Json(chain.report()).into_response()
}

async fn journal(
    State(chain): State<ChainControl>,
    query: Result<Query<JournalQuery>, QueryRejection>,
) -> Response {
    match query {
        Ok(Query(query)) => Json(chain.journal_from(query.from)).into_response(),
        Err(rejection) => refuse(&rejection.body_text()),
    }
}

async fn advance(State(chain): State<ChainControl>, order: Order<Advance>) -> Response {
    match order {
        Ok(Json(order)) if order.blocks <= ADVANCE_COUNT_MAX => {
            Json(chain.advance(order.blocks)).into_response()
        }
        Ok(_) => refuse(&format!("blocks must be at most {ADVANCE_COUNT_MAX}")),
        Err(rejection) => refuse(&rejection.body_text()),
    }
}

async fn set_faults(State(chain): State<ChainControl>, order: Order<FaultOrder>) -> Response {
    let faults = match order {
        Ok(Json(order)) => Faults::parse(&order.faults),
        Err(rejection) => return refuse(&rejection.body_text()),
    };
    let set = faults.map(|faults| chain.set_faults(faults));
    done(set.map_err(|error| error_chain(&error)))
}

async fn change_neurons(State(chain): State<ChainControl>, order: Order<NeuronOrder>) -> Response {
    match order {
        Ok(Json(order)) => {
            let changed = chain.change_neurons(order.changes);
            done(changed.map_err(|error| error_chain(&error)))
        }
        Err(rejection) => refuse(&rejection.body_text()),
    }
}

async fn set_rules(State(chain): State<ChainControl>, order: Order<SubnetRules>) -> Response {
    match order {
        Ok(Json(rules)) => done(chain.set_rules(rules).map_err(|error| error_chain(&error))),
        Err(rejection) => refuse(&rejection.body_text()),
    }
}

fn done(result: Result<(), String>) -> Response {
    match result {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(reason) => refuse(&reason),
    }
}

fn refuse(reason: &str) -> Response {
    (StatusCode::BAD_REQUEST, format!("{reason}\n")).into_response()
}
