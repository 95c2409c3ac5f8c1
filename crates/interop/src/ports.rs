use std::net::{Ipv4Addr, TcpListener};

use heloscope_observation::{PortSpec, TlsMode};

/// Where all listen.
pub(crate) const ADDRESS: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Relay, submissions, submission.
pub(crate) const USUAL: [TlsMode; 3] = [TlsMode::StartTls, TlsMode::Implicit, TlsMode::StartTls];

/// Ports that nobody listens on, all different.
pub(crate) fn free_ports<const N: usize>(modes: [TlsMode; N]) -> std::io::Result<[PortSpec; N]> {
    // All are held at once, so that they differ.
    let listeners = [(); N].map(|()| TcpListener::bind((ADDRESS, 0)));
    let mut ports = modes.map(|mode| PortSpec { port: 0, mode });
    for (port, listener) in ports.iter_mut().zip(listeners) {
        port.port = listener?.local_addr()?.port();
    }
    Ok(ports)
}
