//! A name server on loopback, and the relay as a process whose system asks no other.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::proto::op::{Metadata, ResponseCode};
use hickory_server::proto::rr::rdata::CNAME;
use hickory_server::proto::rr::{Name, RData, Record, RecordType};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use tempfile::NamedTempFile;
use tokio::net::UdpSocket;

use crate::rig::{Client, upgrade};

/// A relay whose names all come from one server.
pub(crate) struct Named {
    relay: Child,
    address: SocketAddr,
    asked: Asked,
    _name_server: Server<Zone>,
    _files: [NamedTempFile; 2],
    log: NamedTempFile,
}

/// What the name server was asked.
type Asked = Arc<Mutex<Vec<(String, RecordType)>>>;

/// The answers to a name: first, second, and so on; the last holds for all that come after.
pub(crate) type Answers = &'static [&'static [&'static str]];

/// Where glibc looks is in `/etc`, which the relay sees with two files of its own.
const IN_ITS_OWN_ETC: &str = r#"
set -e
mount --bind "$1" /etc/resolv.conf
mount --bind "$2" /etc/nsswitch.conf
shift 2
exec "$@"
"#;

impl Named {
    /// Runs the relay with these options. `None` where this is not root, which stderr is then told.
    ///
    /// A name that begins with `alias.` is one for the name behind it, RFC 1034 §3.6.2; one that begins with `silent.` has
    /// no answer at all, for which the system waits 5 s.
    pub(crate) async fn new(options: &[&str], names: &[(&'static str, Answers)]) -> Option<Self> {
        let id = Command::new("id").arg("-u").output().unwrap().stdout;
        if id != b"0\n" {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "only root can have a name server");
            eprintln!("\n*** NOT TESTED with a name server: only root can listen on port 53\n");
            return None;
        }
        let asked = Asked::default();
        let zone = Zone { names: names.iter().copied().collect(), asked: Arc::clone(&asked) };
        let (socket, address) = listen().await;
        let mut name_server = Server::new(zone);
        name_server.register_socket(socket);
        let files = [
            file(&format!("nameserver {address}\noptions timeout:5 attempts:1\n")),
            file("hosts: files dns\n"),
        ];
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "/bin/sh", "-c", IN_ITS_OWN_ETC, "relay"]);
        command.args(files.iter().map(NamedTempFile::path));
        command.args([env!("CARGO_BIN_EXE_heloscope-relay"), "--listen", "127.0.0.1:0"]).args(options);
        let log = NamedTempFile::new().unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log.reopen().unwrap());
        let mut relay = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(relay.stdout.take().unwrap()).read_line(&mut line).unwrap();
        // Where it has an origin of its own, that it listens on this address comes behind it.
        let place = line.trim_end().rsplit([' ', '/']).find(|word| !word.is_empty());
        let address = place.unwrap().parse().unwrap();
        Some(Self { relay, address, asked, _name_server: name_server, _files: files, log })
    }

    /// What the relay has told its log so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap()
    }

    /// A WebSocket to where the query says, from the relay's own page.
    pub(crate) async fn upgrade(&self, query: &str) -> Result<Client, (u16, String)> {
        let origin = format!("http://{}", self.address);
        let fields = [("origin", origin.as_str()), ("sec-websocket-protocol", "heloscope.v1")];
        upgrade(self.address, query, &fields).await
    }

    pub(crate) async fn open(&self, query: &str) -> Client {
        self.upgrade(query).await.unwrap()
    }

    /// What was asked since this was last asked, in alphabetical order: the two questions of a look-up are put at once.
    pub(crate) fn asked(&self) -> Vec<(String, RecordType)> {
        let mut asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.sort_by_key(|(name, kind)| (name.clone(), u16::from(*kind)));
        asked
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        // It may have ended by itself, which its last test has then told.
        let _ = self.relay.kill();
        let _ = self.relay.wait();
    }
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// Port 53, the only one that `resolv.conf` knows, of a loopback address that nobody has yet.
async fn listen() -> (UdpSocket, Ipv4Addr) {
    for last in 1..=254 {
        let address = Ipv4Addr::new(127, 53, 53, last);
        if let Ok(socket) = UdpSocket::bind((address, 53)).await {
            return (socket, address);
        }
    }
    panic!("port 53 is taken on each of 254 addresses");
}

struct Zone {
    names: HashMap<&'static str, Answers>,
    asked: Asked,
}

impl Zone {
    /// The records for a name, and whether it exists.
    fn answer(&self, asked: &Name, kind: RecordType) -> Option<Vec<Record>> {
        let text = asked.to_ascii().trim_end_matches('.').to_owned();
        let before = {
            let mut log = self.asked.lock().unwrap();
            log.push((text.clone(), kind));
            log.iter().filter(|entry| **entry == (text.clone(), kind)).count() - 1
        };
        let answers = self.names.get(text.as_str())?;
        let now = answers.get(before).or(answers.last()).copied().unwrap_or_default();
        let mut owner = asked.clone();
        let mut records = Vec::new();
        if let Some(target) = text.strip_prefix("alias.") {
            let target = Name::from_ascii(format!("{target}.")).unwrap();
            records.push(Record::from_rdata(owner, 0, RData::CNAME(CNAME(target.clone()))));
            owner = target;
        }
        let addresses = now.iter().map(|text| text.parse::<IpAddr>().unwrap());
        records.extend(
            addresses
                .filter_map(|address| match (address, kind) {
                    (IpAddr::V4(v4), RecordType::A) => Some(RData::A(v4.into())),
                    (IpAddr::V6(v6), RecordType::AAAA) => Some(RData::AAAA(v6.into())),
                    _ => None,
                })
                .map(|data| Record::from_rdata(owner.clone(), 0, data)),
        );
        Some(records)
    }
}

#[async_trait::async_trait]
impl RequestHandler for Zone {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut response: R,
    ) -> ResponseInfo {
        let query = request.request_info().unwrap().query;
        if query.name().to_string().starts_with("silent.") {
            return std::future::pending().await;
        }
        let answer = self.answer(&Name::from(query.name()), query.query_type());
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.authoritative = true;
        if answer.is_none() {
            metadata.response_code = ResponseCode::NXDomain;
        }
        let records = answer.unwrap_or_default();
        let message = MessageResponseBuilder::from_message_request(request);
        response.send_response(message.build(metadata, &records, [], [], [])).await.unwrap()
    }
}
