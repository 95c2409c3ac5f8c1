use heloscope_observation::{Established, Event, Stage, TlsMode};
use heloscope_smtp::{Command, EhloReply, Reply};

use super::link::Link;
use crate::channel::Expectation;
use crate::context::Context;
use crate::limits;

/// What the dialogue waits for. Each state has a struct with a method that consumes it; this enum only dispatches.
#[derive(Debug)]
pub(crate) enum State {
    Dialling(Dialling),
    Greeting(AwaitGreeting),
    Ehlo(AwaitEhlo),
    Helo(AwaitHelo),
    StartTls(AwaitStartTls),
    Handshake(Handshaking),
    OutOfTurn(OutOfTurn),
    Quit(AwaitQuit),
    Over,
}

impl State {
    pub(crate) fn dial(link: &mut Link, cx: &mut Context) -> Self {
        link.dial(cx);
        Self::Dialling(Dialling)
    }

    pub(crate) fn connected(self, established: Established, link: &mut Link, cx: &mut Context) -> Self {
        match self {
            Self::Dialling(state) => state.connected(established, link, cx),
            other => other,
        }
    }

    pub(crate) fn replied(self, reply: &Reply, link: &mut Link, cx: &mut Context) -> Self {
        match self {
            Self::Greeting(state) => state.replied(reply, link, cx),
            Self::Ehlo(state) => state.replied(reply, link, cx),
            Self::Helo(state) => state.replied(reply, link, cx),
            Self::StartTls(state) => state.replied(reply, link, cx),
            Self::OutOfTurn(state) => state.replied(reply, link, cx),
            Self::Quit(state) => state.replied(reply, link, cx),
            // Nothing reaches the reader while dialling, nothing clear in a handshake or afterwards.
            other @ (Self::Dialling(_) | Self::Handshake(_) | Self::Over) => other,
        }
    }

    pub(crate) fn encrypted(self, link: &mut Link, cx: &mut Context) -> Self {
        match self {
            Self::Handshake(state) => state.encrypted(link, cx),
            other => other,
        }
    }

    /// Whether a reply with this code answers something. A 421 may come at any time, RFC 5321 §3.8.
    pub(crate) fn asked_for(&self, code: u16) -> bool {
        code == 421 || !matches!(self, Self::OutOfTurn(_) | Self::Quit(AwaitQuit { answered: true, .. }))
    }

    /// Whether all was said and answered, so that more may come, or may not.
    pub(crate) fn is_content(&self) -> bool {
        matches!(self, Self::Quit(AwaitQuit { answered: true, .. }))
    }

    /// Sends a command in the stage that begins with it, unless the server is speaking: then what it says came before the
    /// command, and cannot be the reply.
    fn say(stage: Stage, command: Command, next: Self, link: &mut Link, cx: &mut Context) -> Self {
        if link.reader.has_unread() {
            return OutOfTurn::begin(stage, link, cx);
        }
        link.send(stage, command, cx);
        next
    }

    pub(crate) fn end(link: &mut Link, cx: &mut Context) -> Self {
        link.close(cx);
        Self::Over
    }

    /// RFC 5321 §4.1.1.10: a client says QUIT and waits for the reply; after a 421 the server closes by itself, §3.8.
    fn leave(reply: &Reply, link: &mut Link, cx: &mut Context) -> Self {
        if reply.code() == 421 { Self::end(link, cx) } else { AwaitQuit::begin(link, cx) }
    }
}

/// Until TCP connects.
#[derive(Debug)]
pub(crate) struct Dialling;

impl Dialling {
    fn connected(self, established: Established, link: &mut Link, cx: &mut Context) -> State {
        link.stage = Stage::Connect;
        link.ehlo_name.clone_from(&established.ehlo_name);
        link.observe(Event::Connected(established), cx);
        match link.mode() {
            TlsMode::StartTls => AwaitGreeting::begin(link, cx),
            TlsMode::Implicit => Handshaking::begin(Expectation::TlsAtOnce, link, cx),
        }
    }
}

/// The server speaks first, RFC 5321 §3.1, and has not finished before a line without a hyphen, §4.2.1.
#[derive(Debug)]
pub(crate) struct AwaitGreeting;

impl AwaitGreeting {
    fn begin(link: &mut Link, cx: &mut Context) -> State {
        link.stage = Stage::Greeting;
        // Inside TLS it may have come, or begun to, together with the end of the handshake.
        let begun = link.reader.has_unread();
        link.wait(if begun { limits::SILENCE } else { limits::GREETING }, cx);
        State::Greeting(Self)
    }

    fn replied(self, reply: &Reply, link: &mut Link, cx: &mut Context) -> State {
        if reply.code() == 220 { AwaitEhlo::begin(link, cx) } else { State::leave(reply, link, cx) }
    }
}

/// EHLO, RFC 5321 §4.1.1.1; sent again inside TLS, for nothing said before counts there, RFC 3207 §4.2.
#[derive(Debug)]
pub(crate) struct AwaitEhlo;

impl AwaitEhlo {
    fn begin(link: &mut Link, cx: &mut Context) -> State {
        let command = Command::Ehlo(link.ehlo_name.clone());
        State::say(stage_of_ehlo(link), command, State::Ehlo(Self), link, cx)
    }

    fn replied(self, reply: &Reply, link: &mut Link, cx: &mut Context) -> State {
        match reply.code() {
            250 if !link.is_encrypted() && EhloReply::read(reply).offers("STARTTLS") => {
                AwaitStartTls::begin(link, cx)
            }
            250 => AwaitQuit::begin(link, cx),
            500..=599 => AwaitHelo::begin(link, cx),
            _ => State::leave(reply, link, cx),
        }
    }
}

/// HELO, where EHLO was refused, RFC 5321 §3.2: such a server has no extensions, STARTTLS among them.
#[derive(Debug)]
pub(crate) struct AwaitHelo;

impl AwaitHelo {
    fn begin(link: &mut Link, cx: &mut Context) -> State {
        let command = Command::Helo(link.ehlo_name.clone());
        State::say(stage_of_ehlo(link), command, State::Helo(Self), link, cx)
    }

    fn replied(self, reply: &Reply, link: &mut Link, cx: &mut Context) -> State {
        State::leave(reply, link, cx)
    }
}

/// STARTTLS, RFC 3207 §4: only a 220 lets TLS begin.
#[derive(Debug)]
pub(crate) struct AwaitStartTls;

impl AwaitStartTls {
    fn begin(link: &mut Link, cx: &mut Context) -> State {
        State::say(Stage::StartTls, Command::StartTls, State::StartTls(Self), link, cx)
    }

    fn replied(self, reply: &Reply, link: &mut Link, cx: &mut Context) -> State {
        match reply.code() {
            220 => Handshaking::begin(Expectation::TlsAfterStartTls, link, cx),
            _ => State::leave(reply, link, cx),
        }
    }
}

/// The TLS handshake, RFC 8446 §2 or RFC 5246 §7.3.
#[derive(Debug)]
pub(crate) struct Handshaking;

impl Handshaking {
    fn begin(expectation: Expectation, link: &mut Link, cx: &mut Context) -> State {
        link.begin_tls(expectation, cx);
        State::Handshake(Self)
    }

    /// After STARTTLS the client speaks next, RFC 3207 §4.2; over implicit TLS the server greets, RFC 8314 §3.
    fn encrypted(self, link: &mut Link, cx: &mut Context) -> State {
        link.set_encrypted(cx);
        link.flush(cx);
        match link.mode() {
            TlsMode::StartTls => AwaitEhlo::begin(link, cx),
            TlsMode::Implicit => AwaitGreeting::begin(link, cx),
        }
    }
}

/// The server speaks where the client is to, though one command has one reply, RFC 5321 §4.2. Nobody can say what is an
/// answer to what any longer: once the server has finished, QUIT is all that is said.
#[derive(Debug)]
pub(crate) struct OutOfTurn;

impl OutOfTurn {
    /// `stage` is that of the command which was due.
    fn begin(stage: Stage, link: &mut Link, cx: &mut Context) -> State {
        link.stage = stage;
        link.wait(if stage == Stage::Quit { limits::QUIT } else { limits::SILENCE }, cx);
        State::OutOfTurn(Self)
    }

    fn replied(self, reply: &Reply, link: &mut Link, cx: &mut Context) -> State {
        match reply.code() {
            421 => State::end(link, cx),
            _ => AwaitQuit::begin_at_last(link, cx),
        }
    }
}

/// QUIT, RFC 5321 §4.1.1.10. Whatever the reply is, all is said; but one that is no 221 may have been meant for a command
/// before, and then another follows.
#[derive(Debug)]
pub(crate) struct AwaitQuit {
    answered: bool,
    /// Whether it is known already that the server speaks out of turn.
    at_last: bool,
}

impl AwaitQuit {
    fn begin(link: &mut Link, cx: &mut Context) -> State {
        let next = State::Quit(Self { answered: false, at_last: false });
        State::say(Stage::Quit, Command::Quit, next, link, cx)
    }

    fn begin_at_last(link: &mut Link, cx: &mut Context) -> State {
        link.send(Stage::Quit, Command::Quit, cx);
        State::Quit(Self { answered: false, at_last: true })
    }

    fn replied(self, reply: &Reply, link: &mut Link, cx: &mut Context) -> State {
        match reply.code() {
            221 | 421 => State::end(link, cx),
            _ if self.at_last || self.answered => State::end(link, cx),
            _ => State::Quit(Self { answered: true, ..self }),
        }
    }
}

fn stage_of_ehlo(link: &Link) -> Stage {
    if link.is_encrypted() { Stage::EhloAfterTls } else { Stage::Ehlo }
}
