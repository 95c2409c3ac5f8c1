use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use heloscope_wire::{ABOUT_PATH, About, CONNECT_PATH, ConnectQuery, Example, Limits, SUB_PROTOCOL};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::{Access, TurnedAway};
use crate::asked::asked;
use crate::metrics::Metrics;
use crate::page::{self, strict};
use crate::proxy;
use crate::quota::{Entrance, Turnstile, Visit, prefix};
use crate::session::Session;
use crate::summary::Summary;
use crate::terms::Terms;
use crate::turned_away::Doorbook;
use crate::upstream::CHUNK;
use crate::{Contact, Rule};

/// What the answers to requests are made from.
pub(crate) struct Desk {
    terms: RwLock<Arc<Terms>>,
    pub(crate) access: Access,
    pub(crate) turnstile: Turnstile,
    pub(crate) metrics: Metrics,
    /// Whether browsers are to come by HTTPS alone, RFC 6797.
    https_only: bool,
    doorbook: Doorbook,
    pub(crate) sessions: TaskTracker,
    pub(crate) end: CancellationToken,
}

impl Desk {
    pub(crate) fn new(
        terms: Terms,
        access: Access,
        turnstile: Turnstile,
        metrics: Metrics,
        https_only: bool,
        end: CancellationToken,
    ) -> Self {
        let (terms, doorbook, sessions) =
            (RwLock::new(Arc::new(terms)), Doorbook::default(), TaskTracker::new());
        Self { terms, access, turnstile, metrics, https_only, doorbook, sessions, end }
    }

    /// The terms as they are now.
    pub(crate) fn terms(&self) -> Arc<Terms> {
        self.terms.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers a request that does not name this relay, and tells the log.
    fn turn_away(&self, request: &Request, turned_away: TurnedAway) -> Response {
        if let Some(Peer(peer)) = request.extensions().get() {
            let client = proxy::client(*peer, request.headers(), &self.terms().trusted_proxies);
            self.doorbook.note(client, request.uri(), &turned_away);
        }
        strict::with_fields(turned_away.into_response(), None, strict::UNFRAMED)
    }

    /// Other terms, for what begins from now on.
    pub(crate) fn change(&self, terms: Terms) {
        *self.terms.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(terms);
    }
}

/// The octets of the client's that are read at a time. Each session holds a buffer of so many, idle or not; it grows
/// for a frame that is longer, as few are.
const READ: usize = 1024;

/// Half a year; the names below are none of the relay's business.
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=15552000");

pub(crate) fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        // Over HTTP/2 a WebSocket is opened with CONNECT, RFC 8441 §4.
        .route(CONNECT_PATH, get(connect).connect(connect))
        .route(ABOUT_PATH, get(about))
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback_service(get(page::serve))
        .layer(middleware::from_fn_with_state(desk.clone(), pass))
        .with_state(desk)
}

/// Every request passes here first, and every answer last.
async fn pass(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let response = admit(&desk, request, next).await;
    desk.metrics.answer(response.status().as_u16());
    response
}

/// What answers those who speak HTTP where TLS is spoken: where to go instead.
pub(crate) fn to_https(desk: Arc<Desk>) -> Router {
    Router::new().fallback(async move |request: Request| {
        let response = redirect(&desk, &request);
        desk.metrics.answer(response.status().as_u16());
        response
    })
}

fn redirect(desk: &Desk, request: &Request) -> Response {
    let origin = match desk.access.check_host(request.uri(), request.headers()) {
        Ok(origin) => origin,
        Err(turned_away) => return desk.turn_away(request, turned_away),
    };
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let sentence = "This relay speaks HTTPS here: write https:// in the address.\n";
    let response =
        (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, format!("{origin}{target}"))], sentence);
    strict::with_fields(response.into_response(), None, strict::UNFRAMED)
}

/// A request has to name this relay, and its answer gets the strict header fields; but not where a WebSocket begins, which
/// is shown by no browser.
async fn admit(desk: &Desk, request: Request, next: Next) -> Response {
    let relays = match desk.access.check_host(request.uri(), request.headers()) {
        // 'self' includes ws: and wss: of the same host in Content Security Policy Level 3, and not in older browsers.
        Ok(origin) => desk.terms().with_others(origin.socket()),
        Err(turned_away) => return desk.turn_away(&request, turned_away),
    };
    let shared = page::is_shared(request.uri().path());
    let site = desk.access.site(request.headers());
    let frames = (request.uri().path() == page::EMBED_PATH).then(|| desk.access.sites()).flatten();
    let mut response = next.run(request).await;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    if shared && desk.access.has_sites() {
        let fields = response.headers_mut();
        fields.append(header::VARY, HeaderValue::from_static("origin"));
        if let Some(site) = site.and_then(|site| HeaderValue::from_str(&site).ok()) {
            fields.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, site);
        }
    }
    if desk.https_only {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
    strict::with_fields(response, Some(&relays), frames.as_deref().unwrap_or(strict::UNFRAMED))
}

/// The other end of the TCP connection that a request comes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

async fn connect(
    State(desk): State<Arc<Desk>>,
    Extension(Peer(peer)): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if let Err(turned_away) = desk.access.check_origin(&headers) {
        let client = proxy::client(peer, &headers, &desk.terms().trusted_proxies);
        desk.doorbook.note(client, &uri, &turned_away);
        return turned_away.into_response();
    }
    let query = match asked(&uri) {
        Ok(query) => query,
        Err(what) => return malformed(&what),
    };
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade.protocols([SUB_PROTOCOL]),
        Err(rejection) => return malformed(&rejection.body_text()),
    };
    if upgrade.selected_protocol().is_none() {
        return malformed(&format!("The WebSocket sub-protocol {SUB_PROTOCOL} is not among those asked for"));
    }
    // It has the relay wait for a session that has not begun yet.
    let token = desk.sessions.token();
    let terms = desk.terms();
    let client = proxy::client(peer, &headers, &terms.trusted_proxies);
    let visit = Visit::new(desk.turnstile.clone(), client);
    let (inside, full) = match desk.turnstile.enter() {
        Entrance::Room(inside) => (inside, None),
        Entrance::Full(inside, refusal) => (inside, Some(refusal)),
        Entrance::Overfull => return overfull(),
    };
    let frame = usize::try_from(terms.limits.frame_up).unwrap_or(usize::MAX);
    upgrade
        .read_buffer_size(READ)
        // Several frames are one write; what is less is flushed at once, so that none waits here for more.
        .write_buffer_size(CHUNK)
        // One chunk that waits, an answer to a ping, and the last two frames.
        .max_write_buffer_size(2 * CHUNK)
        .max_frame_size(frame)
        // A message in several frames is no longer than one.
        .max_message_size(frame)
        // What a task is made of is copied several times on its way there.
        .on_upgrade(move |socket| {
            Box::pin(async move {
                let session =
                    Session { host: query.host.clone(), limits: terms.limits, end: desk.end.clone() };
                // Dials while the answer is on its way: this begins as soon as it is written. Boxed, its memory is free
                // once that is done, and not kept to the session's end.
                let dialling = Box::pin(async {
                    match full {
                        None => terms.dialler.dial(&query, &visit).await,
                        Some(refusal) => Err(refusal),
                    }
                });
                let summary = session.run(socket, dialling).await;
                visit.ended(&summary);
                record(client, &query, &summary);
                desk.metrics.session(&summary);
                drop((inside, token));
            })
        })
}

/// So many are being told over their WebSocket that the relay is full that this one is not even let in for that.
fn overfull() -> Response {
    let sentence = "The relay carries as many connections as it may. Try again in a moment.\n";
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "10")], sentence).into_response()
}

fn malformed(what: &str) -> Response {
    let sentence = format!(
        "{}. Open a WebSocket with sub-protocol {SUB_PROTOCOL} at {CONNECT_PATH}?host=mx1.example.com&port=25.\n",
        what.trim_end_matches('.')
    );
    (StatusCode::BAD_REQUEST, sentence).into_response()
}

/// What is kept of a session: nothing that was said, and of the client no more than its /24 or /48.
fn record(client: IpAddr, query: &ConnectQuery, summary: &Summary) {
    tracing::info!(
        client = %prefix(client, 24, 48),
        host = %query.host,
        // The one that the client named: the host may have others, or none.
        address = query.address.map(tracing::field::display),
        port = query.port,
        ending = %summary.ending,
        refused_by = summary.refused_by.map(Rule::word),
        refused_in_greeting = summary.refused_in_greeting,
        octets_up = summary.octets_up,
        octets_down = summary.octets_down,
        milliseconds = u64::try_from(summary.lasted.as_millis()).unwrap_or(u64::MAX),
        "session"
    );
}

async fn about(State(desk): State<Arc<Desk>>) -> Response {
    let terms = desk.terms();
    let fleet = terms.dialler.demo.as_ref().map(|demo| demo.fleet());
    let specimens = fleet.iter().flat_map(|fleet| fleet.specimens());
    let about = About {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ehlo_name: terms.ehlo_name.clone(),
        ports: terms.dialler.ports.clone(),
        contact: terms.contact.as_ref().map(Contact::to_string),
        unreachable_ports: terms.dialler.reach.unreachable(),
        limits: Limits { quotas: desk.turnstile.quotas(), ..terms.told_limits },
        trust_anchors: terms.trust_anchors.and(fleet.as_ref().map_or("", |fleet| fleet.trust_anchors())),
        examples: specimens
            .map(|specimen| Example { host: specimen.host().to_owned(), title: specimen.title().to_owned() })
            .collect(),
        relays: terms.other_relays.iter().map(ToString::to_string).collect(),
    };
    ([(header::CACHE_CONTROL, "no-cache")], Json(about)).into_response()
}
