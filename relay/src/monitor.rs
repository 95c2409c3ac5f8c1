//! What is asked by those who watch the relay, on a listener of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::metrics::Metrics;
use crate::outside::Outside;
use crate::quota::Turnstile;
use crate::reach::Reach;

#[derive(Clone)]
pub(crate) struct Monitor {
    pub(crate) metrics: Metrics,
    pub(crate) turnstile: Turnstile,
    pub(crate) reach: Arc<Reach>,
    pub(crate) outside: Arc<Outside>,
    pub(crate) ready: Ready,
}

/// Whether the relay takes connections: from when it listens until it begins to stop.
#[derive(Clone, Default)]
pub(crate) struct Ready(Arc<AtomicBool>);

impl Ready {
    pub(crate) fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }
}

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) fn router(monitor: Monitor) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readiness))
        .route("/metrics", get(metrics))
        .fallback(|| async { (StatusCode::NOT_FOUND, "here are /healthz, /readyz and /metrics\n") })
        .with_state(monitor)
}

async fn readiness(State(monitor): State<Monitor>) -> Response {
    let why = if !monitor.ready.0.load(Ordering::Acquire) {
        "not ready: starting or stopping\n"
    } else if !monitor.outside.is_known() {
        "not ready: where the EHLO name leads is not known yet\n"
    } else {
        return "ready\n".into_response();
    };
    (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
}

async fn metrics(State(monitor): State<Monitor>) -> Response {
    let Monitor { metrics, turnstile, reach, .. } = &monitor;
    metrics.blocked(reach.port(), reach.is_unreachable(reach.port()));
    match metrics.text(turnstile.inside(), turnstile.counters()) {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
