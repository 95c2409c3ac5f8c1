use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Query, Request, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use heloscope_wire::{ABOUT_PATH, About, CONNECT_PATH, ConnectQuery, Example, SUB_PROTOCOL};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::access::Access;
use crate::demo::Demo;
use crate::dial::Dialler;
use crate::page;
use crate::session::{Session, Summary};
use crate::upstream::CHUNK;
use crate::{Rule, SessionLimits, TrustAnchors};

/// What the answers to requests are made from.
pub(crate) struct Desk {
    pub(crate) access: Access,
    pub(crate) dialler: Dialler,
    pub(crate) ehlo_name: String,
    pub(crate) trust_anchors: TrustAnchors,
    pub(crate) limits: SessionLimits,
    pub(crate) sessions: TaskTracker,
    pub(crate) end: CancellationToken,
}

/// The most octets in one frame, and in one message, from the client.
const FRAME: usize = 4 * 1024;

pub(crate) fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route(CONNECT_PATH, get(connect))
        .route(ABOUT_PATH, get(about))
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback_service(get(page::serve))
        .layer(middleware::from_fn_with_state(desk.clone(), admit))
        .with_state(desk)
}

/// Every request passes here first: it has to name this relay, and its answer gets the strict header fields.
async fn admit(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let host = match desk.access.check_host(request.uri(), request.headers()) {
        Ok(host) => host.to_owned(),
        Err(turned_away) => return page::with_strict_fields(turned_away.into_response(), None),
    };
    let shared = page::is_shared(request.uri().path());
    let site = desk.access.site(request.headers()).map(ToString::to_string);
    let mut response = next.run(request).await;
    if shared && desk.access.has_sites() {
        let fields = response.headers_mut();
        fields.append(header::VARY, HeaderValue::from_static("origin"));
        if let Some(site) = site.and_then(|site| HeaderValue::from_str(&site).ok()) {
            fields.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, site);
        }
    }
    page::with_strict_fields(response, Some(&host))
}

async fn connect(
    State(desk): State<Arc<Desk>>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if let Err(turned_away) = desk.access.check_origin(&headers) {
        return turned_away.into_response();
    }
    let query = match Query::<ConnectQuery>::try_from_uri(&uri) {
        Ok(Query(query)) => query,
        Err(rejection) => return malformed(&rejection.body_text()),
    };
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade.protocols([SUB_PROTOCOL]),
        Err(rejection) => return malformed(&rejection.body_text()),
    };
    if upgrade.selected_protocol().is_none() {
        return malformed(&format!("The WebSocket sub-protocol {SUB_PROTOCOL} is not among those asked for"));
    }
    // Dials while the answer is on its way. The token has the relay wait for a session that has not begun yet.
    let token = desk.sessions.token();
    let dialling = tokio::spawn({
        let (desk, query) = (desk.clone(), query.clone());
        async move { desk.dialler.dial(&query).await }
    });
    let dialling = AbortOnDropHandle::new(dialling);
    upgrade
        .read_buffer_size(FRAME)
        .write_buffer_size(0)
        // One chunk that waits, an answer to a ping, and the last two frames.
        .max_write_buffer_size(2 * CHUNK)
        .max_frame_size(FRAME)
        .max_message_size(FRAME)
        .on_upgrade(async move |socket| {
            let session = Session { host: query.host.clone(), limits: desk.limits, end: desk.end.clone() };
            let summary = session.run(socket, dialling).await;
            record(&query, &summary);
            drop(token);
        })
}

fn malformed(what: &str) -> Response {
    let sentence = format!(
        "{}. Open a WebSocket with sub-protocol {SUB_PROTOCOL} at {CONNECT_PATH}?host=mx1.example.com&port=25.\n",
        what.trim_end_matches('.')
    );
    (StatusCode::BAD_REQUEST, sentence).into_response()
}

fn record(query: &ConnectQuery, summary: &Summary) {
    tracing::info!(
        host = %query.host,
        port = query.port,
        ending = %summary.ending,
        refused_by = summary.refused_by.map(Rule::word),
        turned_away = summary.turned_away,
        octets_up = summary.octets_up,
        octets_down = summary.octets_down,
        milliseconds = u64::try_from(summary.lasted.as_millis()).unwrap_or(u64::MAX),
        "session"
    );
}

async fn about(State(desk): State<Arc<Desk>>) -> Response {
    let fleet = desk.dialler.demo.as_ref().map(Demo::fleet);
    let specimens = fleet.iter().flat_map(|fleet| fleet.specimens());
    let about = About {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ehlo_name: desk.ehlo_name.clone(),
        ports: desk.dialler.ports.clone(),
        limits: desk.limits.on_the_wire(),
        trust_anchors: desk.trust_anchors.and(fleet.as_ref().map_or("", |fleet| fleet.trust_anchors())),
        examples: specimens
            .map(|specimen| Example { host: specimen.host().to_owned(), title: specimen.title().to_owned() })
            .collect(),
    };
    ([(header::CACHE_CONTROL, "no-cache")], Json(about)).into_response()
}
