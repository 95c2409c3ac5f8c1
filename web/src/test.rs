use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use heloscope_observation::{
    ConnectionId, Host, NotAHost, NotAPort, Observations, PortSpec, Refusal, Target,
};
use heloscope_pki::{TrustAnchors, Verifier};
use heloscope_probe::{Input, Output, Probe};
use heloscope_render::html::progress;
use heloscope_report::{Chains, judge_with};
use heloscope_wire::{ClientWriteKey, Frame, Meaning, NotARelayUrl, RelayUrl, ToRelay};
use heloscope_words::say;
use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use web_sys::AbortSignal;

use crate::failure::{self, Unsettled};
use crate::host::{self, AbortListener, Clock, Timer};
use crate::json::{self, FromJson, Reader};
use crate::languages::speaking;
use crate::outcome::Outcome;
use crate::socket::Socket;
use crate::sockets::{Call, Sockets};

/// Between two views of the progress where much happens: some frames of the screen.
const AT_MOST_EVERY: Duration = Duration::from_millis(50);
/// And where nothing happens: the clocks of what is waited for go on.
const AT_LEAST_EVERY: Duration = Duration::from_secs(1);

/// What to test, and how; the TypeScript of it stands in `lib.rs`.
struct Options {
    host: Host,
    ports: Vec<PortSpec>,
    relay: RelayUrl,
    address: Option<IpAddr>,
    anchors: TrustAnchors,
    language: String,
}

impl Options {
    /// An error is a sentence for whoever wrote them, as `failure::wrong` takes it: in the language that they ask for.
    fn read(given: &JsValue) -> Result<Self, String> {
        let mut given: Given = json::read(given)
            .map_err(|option| say!("the option “{option}” is missing, or is not of its type"))?;
        let language = given.language.take().unwrap_or_default();
        speaking(&language.clone(), || Self::of(given, language))
    }

    fn of(given: Given, language: String) -> Result<Self, String> {
        let Given { host, ports, relay, address, trust_anchors, language: _ } = given;
        let mut anchors = TrustAnchors::webpki();
        if let Some(pem) = trust_anchors.filter(|pem| !pem.trim().is_empty()) {
            anchors.add_pem(&pem).map_err(|cause| cause.to_string())?;
        }
        let address = address.map(|address| {
            address.parse().map_err(|_| say!("the address is one such as 192.0.2.1, not “{address}”"))
        });
        let ports: Result<Vec<PortSpec>, NotAPort> =
            ports.iter().flatten().map(|port| port.parse()).collect();
        Ok(Self {
            host: host.parse().map_err(|cause: NotAHost| cause.to_string())?,
            ports: ports.map_err(|cause| cause.to_string())?,
            relay: relay.parse().map_err(|cause: NotARelayUrl| cause.to_string())?,
            address: address.transpose()?,
            anchors,
            language,
        })
    }
}

/// The same as they are given.
struct Given {
    host: String,
    ports: Option<Vec<String>>,
    relay: String,
    address: Option<String>,
    trust_anchors: Option<String>,
    language: Option<String>,
}

impl FromJson for Given {
    fn read(value: &JsValue, reader: &mut Reader) -> Self {
        Self {
            host: reader.field(value, "host"),
            ports: reader.field(value, "ports"),
            relay: reader.field(value, "relay"),
            address: reader.field(value, "address"),
            trust_anchors: reader.field(value, "trustAnchors"),
            language: reader.field(value, "language"),
        }
    }
}

/// Begins a test; an error is one in the options, or the signal's reason where it is aborted already.
pub(crate) fn begin(
    options: &JsValue,
    on_progress: Function,
    signal: Option<AbortSignal>,
) -> Result<Promise, JsValue> {
    let Options { host, ports, relay, address, anchors, language } =
        Options::read(options).map_err(|words| failure::wrong(&words))?;
    if let Some(signal) = signal.as_ref().filter(|signal| signal.aborted()) {
        return Err(signal.reason());
    }
    let target = Target::new(host, ports).at(address);
    let probe = Probe::new(target, Some(relay.as_str().to_owned()), host::wall_clock_ms());

    let test = Rc::new(Test::default());
    let abort = signal.map(|signal| {
        let test = Rc::clone(&test);
        AbortListener::new(signal, move || test.tell(Happening::Aborted))
    });
    let abort = abort.transpose()?;
    let ring = Rc::clone(&test);
    let timer = Timer::new(move || ring.tell(Happening::Rang));

    let mut settle = None;
    let promise = Promise::new(&mut |resolve, reject| settle = Some(Settle::new(resolve, reject)));
    let settle = settle.ok_or_else(|| failure::error("a promise has to be made at once"))?;
    let running = Running {
        probe,
        until: Duration::MAX,
        relay,
        address,
        anchors,
        language,
        chains: Chains::default(),
        sockets: Sockets::default(),
        clock: Clock::start(),
        timer,
        progress: Progress { show: on_progress, news: true, shown: None },
        abort,
        settle,
    };
    test.running.replace(Some(running));
    test.tell(Happening::Rang);
    Ok(promise)
}

/// A test and what happens to it.
///
/// The closures that JavaScript calls hold it, and it holds them: the end of the test takes `running` out, and with it
/// all of them.
#[derive(Default)]
struct Test {
    inbox: RefCell<VecDeque<Happening>>,
    running: RefCell<Option<Running>>,
}

enum Happening {
    Frame(ConnectionId, Frame),
    NotOpened(ConnectionId, Refusal),
    Rang,
    Aborted,
}

impl Test {
    /// Takes in what happened. Where this is called from within itself (a listener to the progress that aborts, say),
    /// the outer call takes it in, after what it is at.
    fn tell(self: &Rc<Self>, happening: Happening) {
        self.inbox.borrow_mut().push_back(happening);
        let Ok(mut running) = self.running.try_borrow_mut() else { return };
        while let Some(test) = running.as_mut() {
            let next = self.inbox.borrow_mut().pop_front();
            let Some(next) = next else { return };
            let language = test.language.clone();
            if let Some(ending) = speaking(&language, || test.take(self, next)) {
                let over = running.take();
                // Free again before anyone hears of the end.
                drop(running);
                return over.map_or((), |over| over.end(ending));
            }
        }
    }
}

/// How a test ends.
#[derive(Clone, Copy)]
enum Ending {
    Done,
    Aborted,
}

struct Running {
    probe: Probe,
    /// When the probe wants to be told the time.
    until: Duration,
    relay: RelayUrl,
    address: Option<IpAddr>,
    anchors: TrustAnchors,
    language: String,
    chains: Chains,
    sockets: Sockets,
    clock: Clock,
    timer: Timer,
    progress: Progress,
    abort: Option<AbortListener>,
    settle: Settle,
}

impl Running {
    fn take(&mut self, test: &Rc<Test>, happening: Happening) -> Option<Ending> {
        let at = self.clock.elapsed();
        match happening {
            Happening::Aborted => return Some(Ending::Aborted),
            Happening::Rang if at >= self.until => self.probe.handle_input(Input::Tick { at }),
            Happening::Rang => {}
            Happening::NotOpened(connection, refusal) => {
                self.probe.handle_input(Input::Refused { connection, at, refusal });
            }
            Happening::Frame(connection, frame) => {
                if matches!(frame, Frame::End) {
                    for call in self.sockets.freed(connection) {
                        self.connect(test, call);
                    }
                }
                let meaning = self.sockets.take(connection, frame);
                self.mean(connection, at, meaning?);
            }
        }
        let goes_on = self.obey(test);
        // What the server waits for is sent. A chain is looked at in the task in which it comes, and none in the one that
        // makes the report.
        let observations = self.probe.observations();
        let looked = self.chains.look(observations, &Verifier::new(&self.anchors), judged_at(observations));
        if !goes_on && !looked {
            return Some(Ending::Done);
        }
        let now = self.clock.elapsed();
        if !goes_on {
            self.until = now;
        }
        self.progress.show_if_due(&self.probe, now);
        self.timer.set(self.until.min(self.progress.due()).saturating_sub(now));
        None
    }

    fn mean(&mut self, connection: ConnectionId, at: Duration, meaning: Meaning) {
        let input = match meaning {
            Meaning::Connected(established) => Input::Connected { connection, at, established },
            Meaning::Refused(refusal) => Input::Refused { connection, at, refusal },
            Meaning::Received(ref octets) => Input::Received { connection, at, octets },
            Meaning::Closed => Input::Closed { connection, at },
        };
        self.probe.handle_input(input);
    }

    /// Does what the probe asks, until it waits; `false` when the test is over.
    fn obey(&mut self, test: &Rc<Test>) -> bool {
        loop {
            match self.probe.poll_output() {
                Output::Connect { connection, host, port } => {
                    self.connect(test, Call { connection, host, port: port.port });
                }
                Output::Transmit { connection, octets } => {
                    if let Some(socket) = self.sockets.open(connection) {
                        socket.send(&octets);
                    }
                }
                Output::ClientWriteKey { connection, key, iv } => {
                    if let Some(socket) = self.sockets.open(connection) {
                        socket.tell(&ToRelay::ClientWriteKey(ClientWriteKey { key, iv }));
                    }
                }
                Output::Close { connection } => self.sockets.close(connection),
                Output::Observed(_) => self.progress.news = true,
                Output::Wait { until } => {
                    let at = self.clock.elapsed();
                    if until > at {
                        self.until = until;
                        return true;
                    }
                    self.probe.handle_input(Input::Tick { at });
                }
                Output::Done => return false,
            }
        }
    }

    fn connect(&mut self, test: &Rc<Test>, call: Call) {
        let connection = call.connection;
        let Self { sockets, relay, address, .. } = self;
        let dial = |call: &Call| {
            let url = relay.connect(call.host.clone(), call.port, *address);
            let told = Rc::clone(test);
            Socket::open(&url, move |frame| told.tell(Happening::Frame(connection, frame)))
        };
        if let Err(refusal) = sockets.connect(call, dial) {
            test.inbox.borrow_mut().push_back(Happening::NotOpened(connection, refusal));
        }
    }

    /// Lets go of all that JavaScript holds, then settles the promise.
    fn end(self, ending: Ending) {
        let Self { probe, anchors, language, chains, sockets, timer, abort, settle, .. } = self;
        let reason = abort.as_ref().map_or(JsValue::UNDEFINED, AbortListener::reason);
        drop((sockets, timer, abort));
        match ending {
            Ending::Aborted => settle.reject(&reason),
            Ending::Done => {
                let observations = probe.into_observations();
                let now = judged_at(&observations);
                let verifier = Verifier::new(&anchors);
                let report = speaking(&language, || judge_with(chains, &observations, &verifier, now));
                settle.resolve(&Outcome::new(report).into());
            }
        }
    }
}

/// A test is judged as of its beginning; in Unix seconds.
fn judged_at(observations: &Observations) -> i64 {
    observations.began_at_ms.div_euclid(1000)
}

/// The views of the progress, and when they are due.
struct Progress {
    show: Function,
    news: bool,
    shown: Option<Duration>,
}

impl Progress {
    fn due(&self) -> Duration {
        let pause = if self.news { AT_MOST_EVERY } else { AT_LEAST_EVERY };
        self.shown.map_or(Duration::ZERO, |shown| shown + pause)
    }

    fn show_if_due(&mut self, probe: &Probe, now: Duration) {
        if now < self.due() {
            return;
        }
        self.news = false;
        self.shown = Some(now);
        let view = progress(probe.observations(), now);
        if let Err(thrown) = self.show.call1(&JsValue::UNDEFINED, &JsValue::from(view)) {
            host::console_error(&thrown);
        }
    }
}

/// The promise of a test.
struct Settle {
    resolve: Function,
    reject: Function,
    /// A panic while the report is made still rejects it.
    _unsettled: Unsettled,
}

impl Settle {
    fn new(resolve: Function, reject: Function) -> Self {
        let unsettled = Unsettled::new(&reject);
        Self { resolve, reject, _unsettled: unsettled }
    }

    fn resolve(&self, value: &JsValue) {
        // Neither of a promise's functions throws.
        let _ = self.resolve.call1(&JsValue::UNDEFINED, value);
    }

    fn reject(&self, reason: &JsValue) {
        let _ = self.reject.call1(&JsValue::UNDEFINED, reason);
    }
}
