//! A certificate by ACME, of Pebble, Let's Encrypt's authority for tests.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use heloscope_relay::{Acme, TlsFiles};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::{sleep, timeout};

use crate::command::{run, signal};
use crate::rig::Rig;
use crate::secure::{HTTP_1_1, NAME, Paper, tls_over};

#[tokio::test]
async fn the_relay_gets_its_certificate_by_itself_renews_it_and_keeps_it() {
    let directory = tempfile::tempdir().unwrap();
    let kept = directory.path().join("acme");
    let port = free_port().await;
    let Some(pebble) = Pebble::start(port).await else { return };
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let root = pebble.root().await;
    let first = {
        let _relay = pebble.relay(port, &kept);
        served(address, &root).await
    };
    // It holds two keys.
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o700);

    // When it is due for renewal it is still served while another is awaited.
    let file = kept_certificate(&kept);
    let old = due_for_renewal();
    std::fs::write(&file, &old).unwrap();
    pebble.signal("STOP");
    let renewed = {
        let _relay = pebble.relay(port, &kept);
        served(address, &CertificateDer::from_pem_slice(old.as_bytes()).unwrap()).await;
        pebble.signal("CONT");
        let renewed = served(address, &root).await;
        let written = async {
            while std::fs::read_to_string(&file).unwrap() == old {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(10), written).await.unwrap();
        renewed
    };
    assert_ne!(renewed, first);

    // The next start takes it from the cache: this authority is gone.
    drop(pebble.processes);
    let acme = pebble.acme;
    let rig = Rig::new(&[], |settings| {
        settings.origins = vec![format!("https://{NAME}").parse().unwrap()];
        settings.acme = Some(Acme { cache: kept, ..acme });
    })
    .await;
    assert_eq!(served(rig.address, &root).await, renewed);
}

#[test]
fn nothing_is_ordered_that_could_not_be_kept() {
    let options = ["--listen", "127.0.0.1:0", "--origin", "https://relay.example.org", "--acme"];
    let output = run(&[&options[..], &["--acme-cache", "/dev/null/acme"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "heloscope-relay: --acme-cache: nothing can be kept in the directory /dev/null/acme: Not a directory (os error 20)\n"
    );
}

/// The certificate of a relay that has one under this root, as soon as it has.
async fn served(address: SocketAddr, root: &CertificateDer<'static>) -> CertificateDer<'static> {
    let served = async {
        loop {
            if let Ok(stream) = TcpStream::connect(address).await
                && let Ok(stream) = tls_over(stream, root, &HTTP_1_1).await
            {
                break stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned();
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(60), served).await.expect("a certificate within a minute")
}

/// The file in which the relay keeps its certificate, and the key of it.
fn kept_certificate(directory: &Path) -> PathBuf {
    let mut files = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    // The account's key is no text.
    files.find(|file| std::fs::read_to_string(file).is_ok_and(|text| text.contains("CERTIFICATE"))).unwrap()
}

/// A key, and a certificate of whose time two thirds are over.
fn due_for_renewal() -> String {
    let mut paper = rcgen::CertificateParams::new([NAME.to_owned()]).unwrap();
    paper.not_before = rcgen::date_time_ymd(1975, 1, 1);
    paper.not_after = rcgen::date_time_ymd(2049, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    format!("{}\n{}", key.serialize_pem(), paper.self_signed(&key).unwrap().pem())
}

/// The authority, and a name server that has every name at 127.0.0.1.
struct Pebble {
    acme: Acme,
    management: u16,
    paper: Paper,
    processes: [Ended; 2],
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Pebble {
    /// It looks at this port for the proof. `None`, said aloud, where it is not here; in continuous integration it has to
    /// be.
    async fn start(port: u16) -> Option<Self> {
        let paper = Paper::new();
        let TlsFiles { certificate, key } = paper.files();
        let (listen, management, names) = (free_port().await, free_port().await, free_udp_port().await);
        let config = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{listen}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": certificate,
            "privateKey": key,
            "httpPort": port,
            "tlsPort": port,
        }});
        let file = certificate.with_file_name("pebble.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let started = Command::new("pebble")
            .arg("-config")
            .arg(file)
            .args(["-dnsserver", &format!("127.0.0.1:{names}")])
            // Nor does it reject good nonces, or wait, as it does otherwise for practice.
            .envs([("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_WFE_NONCEREJECT", "0")])
            .stdout(Stdio::null())
            .spawn();
        let pebble = match started {
            Ok(pebble) => Ended(pebble),
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "pebble cannot be started: {error}");
                eprintln!("skipped: pebble cannot be started ({error}): apt-get install pebble");
                return None;
            }
        };
        let answers = Command::new("pebble-challtestsrv")
            .args([
                "-defaultIPv6",
                "",
                "-defaultIPv4",
                "127.0.0.1",
                "-http01",
                "",
                "-https01",
                "",
                "-tlsalpn01",
                "",
            ])
            .args(["-management", "", "-dns01", &format!("127.0.0.1:{names}")])
            .stdout(Stdio::null())
            .spawn();
        let acme = Acme {
            directory: format!("https://127.0.0.1:{listen}/dir"),
            cache: certificate.with_file_name("unused"),
            ca_file: Some(certificate),
        };
        let processes = [pebble, Ended(answers.unwrap())];
        for port in [listen, management] {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        }
        Some(Self { acme, management, paper, processes })
    }

    /// The relay's own program, told of this authority as an operator with one of his own tells it.
    fn relay(&self, port: u16, cache: &Path) -> Ended {
        let mut relay = Command::new(env!("CARGO_BIN_EXE_heloscope-relay"));
        relay.args(["--listen", &format!("127.0.0.1:{port}"), "--origin", &format!("https://{NAME}")]);
        relay.args([
            "--contact",
            "postmaster@example.org",
            "--acme",
            "--acme-directory",
            &self.acme.directory,
        ]);
        relay.arg("--acme-cache").arg(cache);
        relay.arg("--acme-ca-file").arg(self.acme.ca_file.as_ref().unwrap());
        relay.stdin(Stdio::null()).stdout(Stdio::null());
        Ended(relay.spawn().unwrap())
    }

    /// Stops the authority, or lets it go on.
    fn signal(&self, name: &str) {
        signal(&self.processes[0].0, name);
    }

    /// The root under which it issues, made anew at each start.
    async fn root(&self) -> CertificateDer<'static> {
        let stream = TcpStream::connect(("127.0.0.1", self.management)).await.unwrap();
        let mut stream = tls_over(stream, &self.paper.certificate, &HTTP_1_1).await.unwrap();
        let request = format!("GET /roots/0 HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // Its end may come without a close_notify.
        let _ = stream.read_to_end(&mut answer).await;
        CertificateDer::from_pem_slice(&answer).unwrap()
    }
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

async fn free_udp_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}
