//! Starts all real mail servers that can be started, says in one line of JSON on stdout where they are, and keeps
//! them until stdin ends.

use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

use heloscope_interop::Postfix;
use serde_json::{Map, json};

fn main() -> anyhow::Result<()> {
    let postfix = Postfix::start(now()?)?;
    let mut servers = Map::new();
    if let Some(postfix) = &postfix {
        servers.insert(
            "postfix".to_owned(),
            json!({
                "host": postfix.host(),
                "address": postfix.address(),
                "ports": postfix.ports(),
                "ca_file": postfix.ca_file(),
                "log": postfix.log_path(),
            }),
        );
    }
    println!("{}", serde_json::Value::Object(servers));
    let mut ignored = [0; 1024];
    while std::io::stdin().read(&mut ignored)? != 0 {}
    drop(postfix);
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "certificates for servers that run now are made for now")]
fn now() -> anyhow::Result<i64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs().try_into()?)
}
