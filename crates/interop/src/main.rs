//! Starts the real mail servers named as arguments, or all that can be started; says in one line of JSON on stdout where
//! they are, and keeps them until stdin ends.
//!
//! With `--fetch` it starts none, and fetches what they need that can be had without touching the system.

use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

use heloscope_interop::{Authority, Server, fetch, names};
use serde_json::{Map, Value, json};

fn main() -> anyhow::Result<()> {
    let mut named: Vec<String> = std::env::args().skip(1).collect();
    let only_fetch = named.first().is_some_and(|first| first == "--fetch");
    if only_fetch {
        named.remove(0);
    }
    if named.is_empty() {
        named = names().map(str::to_owned).collect();
    }
    if only_fetch {
        return named.iter().try_for_each(|name| fetch(name));
    }

    let authority = Authority::new(now()?)?;
    let mut servers = Vec::new();
    for name in named {
        servers.extend(Server::start(&name, &authority)?);
    }
    let described: Map<String, Value> =
        servers.iter().map(|server| (server.name().to_owned(), describe(server))).collect();
    println!("{}", Value::Object(described));
    let mut ignored = [0; 1024];
    while std::io::stdin().read(&mut ignored)? != 0 {}
    drop(servers);
    Ok(())
}

fn describe(server: &Server) -> Value {
    json!({
        "host": server.host(),
        "address": server.address(),
        "ports": server.ports(),
        "expected": server.expected(),
        "ca_file": server.ca_file(),
        "log": server.log_path(),
    })
}

#[expect(clippy::disallowed_methods, reason = "certificates for servers that run now are made for now")]
fn now() -> anyhow::Result<i64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs().try_into()?)
}
