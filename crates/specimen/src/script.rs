//! What a specimen does, as data.

/// What a server does where a sound one would just do its duty, step by step.
pub(crate) type Script = &'static [Step];

/// One step of a [`Script`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Sends a text; `{host}` in it stands for the server's name.
    Say(&'static str),
    /// Sends octets as they are.
    SayOctets(&'static [u8]),
    /// Sends a text so many times over.
    SayTimes(usize, &'static str),
    /// Sends a text an octet at a time, so many milliseconds apart.
    Trickle(u64, &'static str),
    /// Does nothing for so many seconds.
    Wait(u64),
    /// Does nothing for so many seconds; a client that speaks meanwhile gets this reply and no more.
    WaitForSilence(u64, &'static str),
    /// Reads one line and forgets it.
    HearLine,
    /// Reads one TLS record and forgets it.
    HearRecord,
    /// Lets the client begin TLS: goes on with what [`Service::tls`] says.
    Tls,
    /// Makes a TLS handshake.
    Handshake,
    /// From now on answers QUIT alone, and every other command with 503, RFC 5321 §3.1.
    RefuseAll,
    /// Says nothing more, until the client goes.
    FallSilent,
    /// Closes the connection.
    HangUp,
}

/// What happens on a port.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Door {
    /// A server listens.
    Open(Service),
    /// Nothing listens: TCP is refused.
    Closed,
    /// Connecting never comes to an end, as behind a firewall that drops packets.
    Filtered,
    /// There is no route to the host.
    NoRoute,
}

/// How the server on one port behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    /// TLS begins with the first octet.
    pub(crate) implicit_tls: bool,
    /// What is said first; the greeting, in most cases.
    pub(crate) greeting: Script,
    /// Whether EHLO is known; HELO always is.
    pub(crate) ehlo: bool,
    /// The extensions, STARTTLS and AUTH aside.
    pub(crate) extensions: &'static [&'static str],
    /// How many times over they are offered.
    pub(crate) times: usize,
    /// What STARTTLS leads to; `None` where it is neither offered nor known.
    pub(crate) starttls: Option<Script>,
    /// When AUTH is offered.
    pub(crate) auth: Auth,
    /// What a client that begins TLS meets.
    pub(crate) tls: Script,
}

/// When AUTH is offered; it never succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    /// Never.
    Never,
    /// Inside TLS only.
    InsideTls,
    /// Even in clear text.
    Always,
}

/// What the server presents in the handshake, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credentials {
    /// The server's key.
    pub(crate) key: Key,
    /// Whom the certificate names.
    pub(crate) names: Names,
    /// First and last day of validity, counted from the day the fleet is made.
    pub(crate) days: (i64, i64),
    /// Who signed the certificate.
    pub(crate) issuer: Issuer,
    /// Whether the issuer's certificate is sent with it.
    pub(crate) intermediate_sent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Rsa2048,
    Rsa1024,
    EcdsaP256,
    EcdsaP384,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// The server's own, as subject alternative name and as common name.
    Own,
    /// Another server's.
    Another,
    /// The server's own, as common name alone.
    CommonNameOnly,
    /// The server's own as subject alternative name, and a subject full of what a page must not take for its own.
    Hostile,
    /// The server's own, and as many of others as a handshake message has room for.
    Thousands,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Issuer {
    /// An intermediate below the fleet's root that signs with RSA and SHA-256.
    Rsa,
    /// The same one, signing with SHA-1.
    RsaWithSha1,
    /// An intermediate below the fleet's root that signs with ECDSA P-256.
    Ecdsa,
    /// An intermediate below a root that nobody trusts.
    Untrusted,
    /// The last of nine authorities of one name, each of which has issued the next.
    Maze,
    /// The certificate itself.
    Itself,
}

/// What the server takes of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taste {
    /// TLS 1.3 and 1.2; X25519, P-256 and P-384.
    Modern,
    /// TLS 1.2 alone.
    Tls12,
    /// P-384 alone, so that a client which guessed another group is asked again.
    P384,
    /// As `Modern`, and a client certificate is asked for, though none is needed.
    ClientCertificate,
}
