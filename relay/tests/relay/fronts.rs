//! Caddy and nginx in front of the relay, with the configurations of relay/deploy, whose port and files alone are
//! changed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use heloscope_observation::RefusalCode;
use heloscope_relay::TlsFiles;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, handshake::client::Request};

use crate::rig::{Client, Server, code};
use crate::secure::{HTTP_1_1, HTTP_2, NAME, Paper, tls_over};

#[tokio::test]
async fn caddy() {
    let Some(front) = Front::caddy().await else { return };
    front.serves_the_page_and_its_websockets().await;
    front.serves_the_page_over_http_2().await;
    front.tells_clients_apart().await;
}

#[tokio::test]
async fn nginx() {
    let Some(front) = Front::nginx().await else { return };
    front.serves_the_page_and_its_websockets().await;
    front.serves_the_page_over_http_2().await;
    front.tells_clients_apart().await;
    assert!(
        front
            .over_http("/?host=mx.example")
            .await
            .contains(&format!("\r\nLocation: https://{NAME}/?host=mx.example\r\n"))
    );
    // Caddy knows no other name; nginx hands on what it is asked for.
    assert!(front.page("evil.example").await.starts_with("HTTP/1.1 421 "));
}

/// A proxy, the relay behind it, and a mail server that this may reach.
struct Front {
    address: SocketAddr,
    server: Server,
    paper: Paper,
    directory: tempfile::TempDir,
    _processes: [Ended; 2],
}

/// A process that ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Front {
    async fn caddy() -> Option<Self> {
        Self::new("caddy", |changed, directory| {
            let global = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n";
            let site = format!("{NAME}:{} {{\n", changed.port);
            let own = format!("{site}\tbind 127.0.0.1\n\ttls {} {}\n", changed.certificate, changed.key);
            let text = changed.text("Caddyfile", &[(&format!("{NAME} {{\n"), &own)]);
            let file = directory.join("Caddyfile");
            fs::write(&file, format!("{global}{text}")).unwrap();
            let mut caddy = Command::new("caddy");
            caddy.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
            // It keeps files of its own.
            caddy.env("HOME", directory).env("XDG_DATA_HOME", directory).env("XDG_CONFIG_HOME", directory);
            caddy
        })
        .await
    }

    async fn nginx() -> Option<Self> {
        Self::new("nginx", |changed, directory| {
            let letsencrypt = format!("/etc/letsencrypt/live/{NAME}");
            let text = changed.text(
                "nginx.conf",
                &[
                    ("listen 443 ssl", &format!("listen 127.0.0.1:{} ssl", changed.port)),
                    ("    listen [::]:443 ssl http2;\n", ""),
                    ("listen 80;", &format!("listen unix:{};", directory.join("plain").display())),
                    ("    listen [::]:80;\n", ""),
                    (&format!("{letsencrypt}/fullchain.pem"), &changed.certificate),
                    (&format!("{letsencrypt}/privkey.pem"), &changed.key),
                ],
            );
            let kept: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map(|what| format!("{what}_temp_path {what};\n"))
                .concat();
            let around = "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {}\n";
            let file = directory.join("nginx.conf");
            fs::write(&file, format!("{around}http {{\naccess_log off;\n{kept}{text}}}\n")).unwrap();
            let mut nginx = Command::new("/usr/sbin/nginx");
            nginx.args(["-e", "stderr", "-p"]).arg(directory).arg("-c").arg(file);
            nginx
        })
        .await
    }

    /// `None`, said aloud, where the program is not here; in continuous integration it has to be.
    async fn new(name: &str, prepare: impl FnOnce(&Changed, &Path) -> Command) -> Option<Self> {
        let server = Server::new().await;
        let paper = Paper::new();
        let relay = Command::new(env!("CARGO_BIN_EXE_heloscope-relay"))
            .args(["--listen", "127.0.0.1:0", "--allow-net", "127.0.0.0/8", "--quota-client", "1/60/600"])
            .args(["--origin", &format!("https://{NAME}"), "--trusted-proxy", "127.0.0.1/32"])
            .args(["--allow-port", &format!("{}/starttls", server.port())])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut relay = Ended(relay.unwrap());
        let mut ready = String::new();
        BufReader::new(relay.0.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let TlsFiles { certificate, key } = paper.files();
        let changed = Changed {
            port: TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port(),
            relay: ready.trim_end().rsplit_once(' ').unwrap().1.to_owned(),
            certificate: certificate.to_str().unwrap().to_owned(),
            key: key.to_str().unwrap().to_owned(),
        };
        let directory = tempfile::tempdir().unwrap();
        let proxy = match prepare(&changed, directory.path()).stderr(Stdio::null()).spawn() {
            Ok(proxy) => Ended(proxy),
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "{name} cannot be started: {error}");
                eprintln!("skipped: {name} cannot be started ({error}): apt-get install {name}");
                return None;
            }
        };
        let address = SocketAddr::from(([127, 0, 0, 1], changed.port));
        let front = Self { address, server, paper, directory, _processes: [proxy, relay] };
        let listens = async {
            while TcpStream::connect(address).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(20), listens).await.unwrap_or_else(|_| panic!("{name} does not listen"));
        Some(front)
    }

    async fn serves_the_page_and_its_websockets(&self) {
        let page = self.page(NAME).await;
        assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
        assert!(page.to_ascii_lowercase().contains("content-security-policy: "), "{page}");
        assert!(page.contains("<title>"), "{page}");
        assert!(
            page.to_ascii_lowercase().contains("\r\nstrict-transport-security: max-age=15552000\r\n"),
            "{page}"
        );

        let from = IpAddr::from([127, 0, 0, 1]);
        let mut client = self.websocket(from, self.request()).await.unwrap();
        let mut upstream = self.server.accept().await;
        client.connected().await;
        upstream.write_all(b"220 mx.example ESMTP\r\n").await.unwrap();
        assert_eq!(client.hear().await.into_data(), b"220 mx.example ESMTP\r\n".as_slice());
        drop(upstream);
        client.hear_out().await;

        let mut foreign = self.request();
        foreign.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
        assert_eq!(self.websocket(from, foreign).await.err(), Some(403));
    }

    /// What nginx answers where no TLS is spoken.
    async fn over_http(&self, target: &str) -> String {
        let mut stream = UnixStream::connect(self.directory.path().join("plain")).await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// As browsers ask for it; for its WebSockets, which neither proxy takes over HTTP/2, they come by HTTP/1.1 as well.
    async fn serves_the_page_over_http_2(&self) {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let stream = tls_over(stream, &self.paper.certificate, &HTTP_2).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (sender, connection) = h2::client::handshake(stream).await.unwrap();
        let driven = tokio::spawn(connection);
        for (path, kind) in [("/", "text/html"), ("/v1/about", "application/json")] {
            let mut sender = sender.clone().ready().await.unwrap();
            let request = axum::http::Request::get(format!("https://{NAME}{path}")).body(()).unwrap();
            let answer = sender.send_request(request, true).unwrap().0.await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            let told = answer.headers()["content-type"].to_str().unwrap();
            assert!(told.starts_with(kind), "{path}: {told}");
            assert!(answer.headers().contains_key("content-security-policy"), "{path}");
        }
        assert!(!sender.is_extended_connect_protocol_enabled(), "RFC 8441 section 3: it takes them now");
        driven.abort();
    }

    /// One connection at a time is what each of them may have.
    async fn tells_clients_apart(&self) {
        let [one, other] = [[127, 0, 0, 2], [127, 0, 0, 3]].map(IpAddr::from);
        let mut first = self.websocket(one, self.request()).await.unwrap();
        first.connected().await;
        let mut forged = self.request();
        forged.headers_mut().insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
        for request in [self.request(), forged] {
            let refusal = self.websocket(one, request).await.unwrap().refused().await;
            assert_eq!(code(&refusal), RefusalCode::Quota);
        }
        self.websocket(other, self.request()).await.unwrap().connected().await;
    }

    async fn page(&self, host: &str) -> String {
        let mut stream = self.connect([127, 0, 0, 1].into()).await;
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    fn request(&self) -> Request {
        let uri = format!("wss://{NAME}/v1/connect?host=127.0.0.1&port={}", self.server.port());
        let mut request = uri.into_client_request().unwrap();
        request.headers_mut().insert("origin", format!("https://{NAME}").parse().unwrap());
        request.headers_mut().insert("sec-websocket-protocol", "heloscope.v1".parse().unwrap());
        request
    }

    /// A WebSocket from this address of the machine, or the status of the answer.
    async fn websocket(&self, from: IpAddr, request: Request) -> Result<Client<TlsStream<TcpStream>>, u16> {
        match tokio_tungstenite::client_async(request, self.connect(from).await).await {
            Ok((socket, _)) => Ok(Client { socket }),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(other) => panic!("{other}"),
        }
    }

    async fn connect(&self, from: IpAddr) -> TlsStream<TcpStream> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(from, 0)).unwrap();
        let stream = socket.connect(self.address).await.unwrap();
        tls_over(stream, &self.paper.certificate, &HTTP_1_1).await.unwrap()
    }
}

/// What stands in a configuration for a test.
struct Changed {
    port: u16,
    relay: String,
    certificate: String,
    key: String,
}

impl Changed {
    /// A file of relay/deploy, with each of these and the relay's address in place of what stands there.
    fn text(&self, file: &str, changes: &[(&str, &str)]) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file);
        let text = fs::read_to_string(path).unwrap();
        changes.iter().chain([&("127.0.0.1:8025", self.relay.as_str())]).fold(text, |text, (old, new)| {
            assert!(text.contains(old), "{old} stands in {file}");
            text.replace(old, new)
        })
    }
}
