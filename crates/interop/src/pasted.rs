//! Whether what the report tells people to paste mends what it is for, and closes nothing: Postfix, Exim and OpenSMTPD run
//! with the fault, and then with what is pasted.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::process::{Command, Stdio};

use heloscope_observation::TlsMode::StartTls;

use crate::authority::Authority;
use crate::confinement::Confinement;
use crate::directives::{NOW, is_there, told, with_certificate};
use crate::keeper::{Keeper, PATIENCE, directory, utf8};
use crate::ports::{ADDRESS, free_ports};
use crate::{exim, opensmtpd, postfix};

const HOST: &str = "mx1.interop.test";
/// What a server says that would begin TLS now.
const GO: &str = "220";

/// What the server says to EHLO, and to STARTTLS after it, in clear text.
fn asked(port: u16) -> (String, String) {
    let stream = TcpStream::connect((ADDRESS, port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut heard = BufReader::new(&stream);
    let mut reply = || {
        let mut said = String::new();
        while heard.read_line(&mut said).unwrap() > 0 {
            if said.lines().last().is_some_and(|line| line.as_bytes().get(3) == Some(&b' ')) {
                break;
            }
        }
        said
    };
    let greeting = reply();
    assert!(greeting.starts_with("220 "), "{greeting}");
    let mut say = |command: &str| {
        (&stream).write_all(command.as_bytes()).unwrap();
        reply()
    };
    (say("EHLO client.test\r\n"), say("STARTTLS\r\n"))
}

/// What the server says to EHLO inside TLS.
fn asked_inside_tls(port: u16) -> String {
    let at = format!("{ADDRESS}:{port}");
    let patience = PATIENCE.as_secs().to_string();
    let mut client = Command::new("timeout")
        .args([&patience, "openssl", "s_client", "-quiet", "-starttls", "smtp", "-connect", &at])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    client.stdin.take().unwrap().write_all(b"EHLO client.test\r\nQUIT\r\n").unwrap();
    String::from_utf8(client.wait_with_output().unwrap().stdout).unwrap()
}

fn offers(ehlo: &str, keyword: &str) -> bool {
    ehlo.lines().skip(1).any(|line| line[4..].split(' ').next() == Some(keyword))
}

/// Whether the port offers STARTTLS, and takes it.
fn has_starttls(port: u16) -> bool {
    let (ehlo, reply) = asked(port);
    let offered = offers(&ehlo, "STARTTLS");
    assert_eq!(offered, reply.starts_with(GO), "{ehlo}{reply}");
    offered
}

/// A Postfix with these additions to main.cf, and to the services of ports 25 and 587.
fn postfix(settings: &str, services: [&str; 2]) -> (Keeper, [u16; 2]) {
    let ports = free_ports([StartTls; 2]).unwrap().map(|port| port.port);
    let [relay, submission] = ports.map(|port| format!("{ADDRESS}:{port} inet n - n - - smtpd\n"));
    let services = format!("{relay}{}\n{submission}{}\n", services[0], services[1]);
    let directory = directory("postfix").unwrap();
    let live = directory.path().join("certbot");
    with_certificate(&live, HOST);
    let there = format!("{}/etc/letsencrypt", utf8(&live).unwrap());
    let [settings, services] =
        [settings, &services].map(|text: &str| text.replace("/etc/letsencrypt", &there));
    let authority = Authority::new(NOW).unwrap();
    (postfix::keep(directory, &authority, HOST, &settings, &services).unwrap(), ports)
}

const NO_TLS: &str = "smtpd_tls_chain_files =\nsmtpd_tls_security_level = none\n";

#[test]
fn postfix_offers_starttls_on_whichever_port_lacked_it() {
    if !is_there("postfix") {
        return;
    }
    let has = |settings: &str, services| {
        let (_keeper, ports) = postfix(settings, services);
        ports.map(has_starttls)
    };
    let [for_25, for_587] = ["25", "587"].map(|port| told("postfix", &["starttls"], &[port], HOST));
    assert_eq!(has(NO_TLS, ["", ""]), [false, false]);
    assert_eq!(has(NO_TLS, ["", &for_587]), [false, true], "{for_587}");
    assert_eq!(
        has(&(NO_TLS.to_owned() + &for_25), ["", "    -o smtpd_tls_security_level=none"]),
        [true, false]
    );
    // TLS is set up, and was switched off on that port.
    let off = "    -o smtpd_tls_security_level=none\n";
    assert_eq!(has("", ["", off]), [true, false]);
    assert_eq!(has("", ["", &(off.to_owned() + &for_587)]), [true, true]);
}

/// Where main.cf alone has AUTH switched on, mail clients keep it.
#[test]
fn postfix_offers_auth_inside_tls_alone_and_none_on_port_25() {
    if !is_there("postfix") {
        return;
    }
    let auth = |settings: &str, relay: &str| {
        let settings = format!("smtpd_sasl_auth_enable = yes\nsmtpd_tls_auth_only = no\n{settings}");
        let (_keeper, ports) = postfix(&settings, [relay, ""]);
        let offered = |ehlo: String| offers(&ehlo, "AUTH");
        ports.map(|port| (offered(asked(port).0), offered(asked_inside_tls(port))))
    };
    assert_eq!(auth("", ""), [(true, true), (true, true)]);
    let for_587 = told("postfix", &["auth-in-tls"], &["587"], HOST);
    assert_eq!(auth(&for_587, ""), [(false, true), (false, true)]);
    let for_25 = told("postfix", &["auth-in-tls"], &["25"], HOST);
    assert_eq!(auth(&for_25, ""), [(false, true), (false, true)], "of itself it takes AUTH from nobody");
    let (_, held_back) = for_25.split_once("\n#    -o ").unwrap();
    assert_eq!(auth(&for_25, &format!("    -o {held_back}")), [(false, false), (false, true)]);
}

#[test]
fn exim_offers_starttls_with_a_key_that_its_user_can_read() {
    if !is_there("exim") {
        return;
    }
    let has = |pasted: &str, readable: bool| {
        let confinement = Confinement::new("exim", exim::PACKAGE, &[exim::USER]).unwrap();
        let root = confinement.root();
        with_certificate(&root, HOST);
        for name in ["var/spool/exim4", "var/log/exim4"] {
            fs::create_dir_all(root.join(name)).unwrap();
            chown(root.join(name), Some(exim::USER.id), Some(exim::USER.id)).unwrap();
        }
        if readable {
            let key = root.join("etc/letsencrypt/live").join(HOST).join("privkey.pem");
            chown(key, Some(exim::USER.id), Some(exim::USER.id)).unwrap();
        }
        let ports = free_ports([StartTls; 2]).unwrap();
        let [relay, submission] = ports.map(|port| port.port);
        let configuration = format!(
            "primary_hostname = {HOST}\nlocal_interfaces = {ADDRESS}\ndaemon_smtp_ports = {relay} : {submission}\n\
             log_file_path = /var/log/exim4/%slog\nkeep_environment =\nhost_lookup =\nrfc1413_hosts =\n{pasted}"
        );
        fs::write(root.join("etc/exim.conf"), configuration).unwrap();
        let mut keeper = confinement.run(&["/usr/sbin/exim4", "-bdf", "-C", "/etc/exim.conf"]).unwrap();
        keeper.wait_until_ready(HOST, &ports).unwrap();
        [relay, submission].map(|port| {
            let (ehlo, reply) = asked(port);
            (offers(&ehlo, "STARTTLS"), reply.starts_with(GO))
        })
    };
    assert_eq!(has("tls_advertise_hosts =\n", true), [(false, false); 2]);
    for port in ["25", "587"] {
        let pasted = told("exim", &["starttls"], &[port], HOST);
        assert_eq!(has(&pasted, true), [(true, true); 2], "{pasted}");
        assert!(pasted.contains("must be able to read both"), "{pasted}");
        assert_eq!(has(&pasted, false), [(true, false); 2], "root alone can read the key");
    }
}

#[test]
fn opensmtpd_offers_starttls_on_whichever_port_lacked_it() {
    if !is_there("opensmtpd") {
        return;
    }
    /// On these ports of loopback in place of 25 and 587 of every address.
    fn here(configuration: &str, [relay, submission]: [u16; 2]) -> String {
        let lines = configuration.lines().filter(|line| !line.starts_with("listen on ::"));
        let mut here = String::new();
        for line in lines {
            let line = line.replace("on 0.0.0.0 ", &format!("on {ADDRESS} "));
            let line = line.replace(" port 25", &format!(" port {relay}"));
            here += &(line.replace(" port 587", &format!(" port {submission}")) + "\n");
        }
        here
    }
    let has = |configuration: &str| {
        let confinement = Confinement::new("opensmtpd", opensmtpd::PACKAGE, &opensmtpd::USERS).unwrap();
        let root = confinement.root();
        with_certificate(&root, HOST);
        for name in ["var/spool", "var/lib/opensmtpd/empty", "var/empty", "etc/ssl/certs"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        let chain = Authority::new(NOW).unwrap().issue(HOST, ADDRESS).unwrap();
        fs::write(root.join("etc/ssl/certs/ca-certificates.crt"), chain.root).unwrap();
        fs::write(root.join("etc/mailname"), HOST).unwrap();
        let ports = free_ports([StartTls; 2]).unwrap();
        let numbers = ports.map(|port| port.port);
        let rules = "action keep mda \"/bin/false\" virtual { \"@\" = opensmtpd }\nmatch from any for domain \"a.test\" action keep\n";
        fs::write(root.join("etc/smtpd.conf"), here(configuration, numbers) + rules).unwrap();
        let mut keeper = confinement.run(&["/usr/sbin/smtpd", "-d", "-f", "/etc/smtpd.conf"]).unwrap();
        keeper.wait_until_ready("", &ports).unwrap();
        numbers.map(has_starttls)
    };
    let [without_25, without_587] = [25, 587].map(|port| format!("listen on 0.0.0.0 port {port}\n"));
    let [for_25, for_587] = ["25", "587"].map(|port| told("opensmtpd", &["starttls"], &[port], HOST));
    assert_eq!(has(&(without_25.clone() + &without_587)), [false, false]);
    assert_eq!(has(&(for_25 + &without_587)), [true, false]);
    assert_eq!(has(&(without_25 + &for_587)), [false, true]);
    assert_eq!(has(&told("opensmtpd", &["starttls"], &["25", "587"], HOST)), [true, true]);
}
