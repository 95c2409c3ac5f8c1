use heloscope_smtp::{MAX_REPLY, ReplyReader};

use super::{Line, Lines, Rule};

/// Rule 1: one line a frame, only after the server's complete reply.
///
/// Replies are read as the tester itself reads them, and in the same order: the reply that the tester acts on is the
/// reply that is looked at here. A server that sends more replies than were asked for is told EHLO, HELO and QUIT all
/// the same, which do no harm anywhere; but TLS is not begun on such a connection, where nobody can say what is an
/// answer to what.
#[derive(Debug)]
pub(super) struct ClearPhase {
    lines: Lines,
    replies: ReplyReader,
    state: State,
    /// The server sent more than was asked for, at some time.
    unasked: bool,
    greeting: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The server is to finish its reply to this line, or its greeting.
    Asked(Option<Line>),
    /// It has, with this code: the client may say one line.
    Answered(Option<Line>, u16),
    /// Nothing goes up any more.
    Over,
}

/// What becomes of the phase after octets of the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It goes on.
    Stays,
    /// 220 to STARTTLS: TLS may begin.
    Tls,
}

impl ClearPhase {
    pub(super) fn new(lines: Lines) -> Self {
        Self {
            lines,
            replies: ReplyReader::default(),
            state: State::Asked(None),
            unasked: false,
            greeting: None,
        }
    }

    /// The code of the greeting, once it is complete.
    pub(super) fn greeting(&self) -> Option<u16> {
        self.greeting
    }

    /// Whether the greeting is still to be finished.
    pub(super) fn owes_greeting(&self) -> bool {
        self.state == State::Asked(None)
    }

    /// Octets of the server's.
    pub(super) fn hear(&mut self, octets: &[u8]) -> Next {
        if self.state != State::Over {
            self.replies.push(octets);
        }
        self.read()
    }

    /// A frame of the client's.
    pub(super) fn say(&mut self, frame: &[u8]) -> Result<(), Rule> {
        let State::Answered(last, code) = self.state else { return Err(Rule::ClearPhase) };
        let line = self.lines.read(frame).ok_or(Rule::ClearPhase)?;
        self.unasked |= self.replies.unread_len() > 0;
        self.state = match (last, code, line) {
            (None, 220, Line::Ehlo) => State::Asked(Some(line)),
            // RFC 5321 §3.2: HELO is for a server that does not know EHLO.
            (Some(Line::Ehlo), 500..=599, Line::Helo) => State::Asked(Some(line)),
            (Some(Line::Ehlo), 250, Line::StartTls) if !self.unasked => State::Asked(Some(line)),
            (_, _, Line::Quit) => State::Over,
            _ => return Err(Rule::ClearPhase),
        };
        // Where the server had said more than it was asked, that counts as the next reply. The tester says no more than QUIT
        // then, which is let through whatever the reply is.
        self.read();
        Ok(())
    }

    fn read(&mut self) -> Next {
        if let State::Asked(line) = self.state {
            match self.replies.next_reply() {
                None => {}
                Some(Ok(reply)) => {
                    if line.is_none() {
                        self.greeting = Some(reply.code());
                    }
                    self.state = State::Answered(line, reply.code());
                }
                // What is no reply has no answer either.
                Some(Err(_)) => self.state = State::Over,
            }
        }
        // A whole reply that nobody asked for is as long at most.
        if self.replies.unread_len() > MAX_REPLY {
            self.state = State::Over;
        }
        if self.state == State::Over {
            self.replies = ReplyReader::default();
        }
        if self.state == State::Answered(Some(Line::StartTls), 220) { Next::Tls } else { Next::Stays }
    }
}
