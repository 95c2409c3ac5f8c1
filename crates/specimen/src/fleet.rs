use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use heloscope_observation::{Refusal, RefusalCode};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};

use crate::certificates::Authority;
use crate::script::{Door, Service, Taste};
use crate::server::Server;
use crate::table::{Plan, plans};

/// All the specimens, with certificates of one age.
///
/// The sound certificates hold for 60 days from then: who runs a fleet for long makes a new one now and then.
#[derive(Debug)]
pub struct Fleet {
    trust_anchors: String,
    specimens: Vec<Specimen>,
}

/// One mail server that shows one thing.
#[derive(Debug)]
pub struct Specimen {
    host: String,
    title: &'static str,
    address: Ipv4Addr,
    doors: [(u16, Door); 3],
    tls: Arc<ServerConfig>,
}

/// What the pipe between server and client holds, octets each way.
const PIPE: usize = 64 * 1024;

impl Fleet {
    /// Makes the specimens and their certificates, around `now_unix_seconds` (since 1970-01-01T00:00:00Z; a time before
    /// the year 2000 or after 2100 is taken as that year).
    pub fn new(now_unix_seconds: i64) -> Self {
        let authority = Authority::new(now_unix_seconds);
        let numbered = (1..=u8::MAX).zip(plans());
        let specimens = numbered.map(|(number, plan)| Specimen::new(&authority, number, &plan)).collect();
        Self { trust_anchors: authority.root_pem(), specimens }
    }

    /// The fleet's own root as PEM, to be trusted in reports about specimens; it holds for `specimen.test` alone.
    pub fn trust_anchors(&self) -> &str {
        &self.trust_anchors
    }

    /// All specimens: sound ones first, then one fault after the other.
    pub fn specimens(&self) -> &[Specimen] {
        &self.specimens
    }

    /// The specimen of this name, in any case of letters and with or without a trailing dot.
    pub fn find(&self, host: &str) -> Option<&Specimen> {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.specimens.iter().find(|specimen| specimen.host.eq_ignore_ascii_case(host))
    }

    /// Connects to a specimen, as TCP would: gives the address that answered and the client's end of the stream, or
    /// why there is none. `None` where no specimen has this name.
    ///
    /// The server runs as a task of the current tokio runtime until the stream is dropped or it hangs up. Where a
    /// specimen's host never answers, this never returns: the time limit is the caller's.
    pub async fn connect(
        &self,
        host: &str,
        port: u16,
    ) -> Option<Result<(SocketAddr, DuplexStream), Refusal>> {
        let specimen = self.find(host)?;
        let service = match specimen.door(port) {
            Door::Open(service) => service,
            Door::Filtered => std::future::pending().await,
            Door::Closed => {
                // As a relay says it.
                let message = format!(
                    "{}:{port} refused the connection: no mail server listens on that port, or a firewall says so.",
                    specimen.host
                );
                return Some(Err(Refusal { code: RefusalCode::ConnectionRefused, message }));
            }
            Door::NoRoute => {
                let message = format!("There is no route to {}.", specimen.host);
                return Some(Err(Refusal { code: RefusalCode::Unreachable, message }));
            }
        };
        let (client, server) = tokio::io::duplex(PIPE);
        let server = specimen.server(service, server);
        tokio::spawn(async move {
            // A client that goes away in the middle is no error of the server's.
            let _ = server.serve().await;
        });
        Some(Ok((SocketAddr::from((specimen.address, port)), client)))
    }

    /// Speaks as a specimen does on one of its ports, until client or server hangs up.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] where no specimen has this name, [`io::ErrorKind::ConnectionRefused`] where it has
    /// nothing on this port, and whatever the stream or the TLS library fails with.
    pub async fn serve<S>(&self, host: &str, port: u16, stream: S) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let specimen = self.find(host).ok_or(io::ErrorKind::NotFound)?;
        match specimen.door(port) {
            Door::Open(service) => specimen.server(service, stream).serve().await,
            Door::Closed | Door::Filtered | Door::NoRoute => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }
}

impl Specimen {
    fn new(authority: &Authority, number: u8, plan: &Plan) -> Self {
        let host = format!("{}.specimen.test", plan.name);
        let certified = authority.issue(&host, number, &plan.credentials);
        let config = server_config(authority, plan.taste, certified);
        Self {
            host,
            title: plan.title,
            address: Ipv4Addr::new(192, 0, 2, number),
            doors: plan.doors,
            tls: Arc::new(config),
        }
    }

    /// The server's name, such as `healthy.specimen.test`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// What is to be seen there, in a few words.
    pub fn title(&self) -> &str {
        self.title
    }

    /// The server's address, of the documentation's 192.0.2.0/24 (RFC 5737); nobody else has it.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    fn door(&self, port: u16) -> Door {
        let found = self.doors.iter().find(|(number, _)| *number == port);
        found.map_or(Door::Closed, |(_, door)| *door)
    }

    fn server<S>(&self, service: Service, stream: S) -> Server
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Server::new(&self.host, service, self.tls.clone(), stream)
    }
}

fn server_config(authority: &Authority, taste: Taste, certified: CertifiedKey) -> ServerConfig {
    let mut provider = ring::default_provider();
    if taste == Taste::P384 {
        provider.kx_groups = vec![ring::kx_group::SECP384R1];
    }
    let provider = Arc::new(provider);
    let versions: &[_] = if taste == Taste::Tls12 { &[&TLS12] } else { &[&TLS13, &TLS12] };
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .expect("ring has suites for TLS 1.2 and 1.3");
    let builder = match taste {
        Taste::ClientCertificate => builder.with_client_cert_verifier(client_verifier(authority, provider)),
        Taste::Modern | Taste::Tls12 | Taste::P384 => builder.with_no_client_auth(),
    };
    builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
}

fn client_verifier(
    authority: &Authority,
    provider: Arc<CryptoProvider>,
) -> Arc<dyn rustls::server::danger::ClientCertVerifier> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.root_der()).expect("the root is a certificate");
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .allow_unauthenticated()
        .build()
        .expect("there is a root to ask for")
}
