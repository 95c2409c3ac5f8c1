//! Carries octets between a WebSocket and one TCP connection to a mail server.
