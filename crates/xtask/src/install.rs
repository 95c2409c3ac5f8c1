//! The tools that building and testing need, and getting those that are missing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::place::{Place, is_ci};
use crate::run::{output, step};

/// A program that has to be on the machine.
#[derive(Debug)]
pub(crate) struct Tool {
    /// What it is called in messages.
    pub(crate) name: &'static str,
    /// What it is needed for.
    pub(crate) purpose: &'static str,
    /// Its programs, any one of which will do; a path where it is usually not on `PATH`.
    pub(crate) programs: &'static [&'static str],
    /// What makes it print its version; nothing where it is no program but a file.
    pub(crate) version: &'static [&'static str],
    /// How to get it where Debian's packages are not the answer.
    pub(crate) get: Option<&'static str>,
    /// Debian's packages that bring it.
    pub(crate) debian: &'static [&'static str],
}

/// What a build needs.
pub(crate) const BUILD: [Tool; 4] = [
    Tool {
        name: "cargo",
        purpose: "compiles everything; Rust 1.88 or newer",
        programs: &["cargo"],
        version: &["--version"],
        get: Some("see https://rustup.rs"),
        debian: &[],
    },
    Tool {
        name: "cc",
        purpose: "links, and compiles ring for the relay's demo and its own HTTPS",
        programs: &["cc", "gcc", "clang"],
        version: &["--version"],
        get: None,
        debian: &["gcc", "libc6-dev"],
    },
    NODE,
    Tool {
        name: "npm",
        purpose: "fetches esbuild, binaryen and TypeScript",
        programs: &["npm"],
        version: &["--version"],
        get: Some("comes with Node.js: https://nodejs.org"),
        debian: &[],
    },
];

const NODE: Tool = Tool {
    name: "node",
    purpose: "bundles the page and runs its tests; 20 or newer",
    programs: &["node"],
    version: &["--version"],
    get: Some("see https://nodejs.org"),
    debian: &[],
};

/// What the tests of the page need.
pub(crate) const BROWSERS: [Tool; 2] = [CHROMIUM, FIREFOX];

/// What the page is measured in, too.
pub(crate) const CHROMIUM: Tool = Tool {
    name: "chromium",
    purpose: "opens the page in the tests; $CHROMIUM names another",
    programs: &["chromium", "chromium-browser", "google-chrome", "/usr/bin/chromium"],
    version: &["--version"],
    get: None,
    debian: &["chromium", "fonts-dejavu-core", "fonts-liberation"],
};

/// What the page is tested in once more.
pub(crate) const FIREFOX: Tool = Tool {
    name: "firefox",
    purpose: "opens the page in the tests once more; $FIREFOX names another",
    programs: &["firefox-esr", "firefox", "/usr/bin/firefox-esr"],
    version: &["--version"],
    get: None,
    debian: &["firefox-esr"],
};

/// What the tests against real mail servers need.
pub(crate) const MAIL_SERVERS: [Tool; 4] = [
    Tool {
        name: "postfix",
        purpose: "a real mail server to test",
        programs: &["postconf", "/usr/sbin/postconf"],
        version: &["-d", "mail_version"],
        get: None,
        debian: &["postfix"],
    },
    Tool {
        name: "sasl",
        purpose: "lets Postfix offer AUTH",
        programs: &[
            "/usr/lib/x86_64-linux-gnu/sasl2/libplain.so",
            "/usr/lib/aarch64-linux-gnu/sasl2/libplain.so",
        ],
        version: &[],
        get: None,
        debian: &["libsasl2-modules"],
    },
    Tool {
        name: "python3-venv",
        purpose: "holds aiosmtpd and tlslite-ng, servers in Python, and MkDocs",
        programs: &["/usr/share/python-wheels"],
        version: &[],
        get: None,
        debian: &["python3-venv"],
    },
    Tool {
        name: "openssl",
        purpose: "makes the mail servers' certificates, and is a TLS server to compare with",
        programs: &["openssl"],
        version: &["version"],
        get: None,
        debian: &["openssl"],
    },
];

/// What the tests of quotas that relays share need.
pub(crate) const STORE: [Tool; 1] = [Tool {
    name: "redis",
    purpose: "holds the quotas that relays share; Valkey will do as well",
    programs: &["redis-server", "valkey-server"],
    version: &["--version"],
    get: None,
    debian: &["redis-server"],
}];

/// What the tests of the relay's HTTPS need.
pub(crate) const PROXIES: [Tool; 3] = [
    Tool {
        name: "caddy",
        purpose: "a reverse proxy in front of the relay",
        programs: &["caddy"],
        version: &["version"],
        get: None,
        debian: &["caddy"],
    },
    Tool {
        name: "nginx",
        purpose: "another",
        programs: &["nginx", "/usr/sbin/nginx"],
        version: &["-v"],
        get: None,
        debian: &["nginx"],
    },
    Tool {
        name: "pebble",
        purpose: "a certificate authority that speaks ACME",
        programs: &["pebble"],
        version: &["-version"],
        get: None,
        debian: &["pebble"],
    },
];

/// What the tests of the files for hosting need.
pub(crate) const HOSTING: [Tool; 3] = [
    Tool {
        name: "nft",
        purpose: "loads the relay's second wall",
        programs: &["nft", "/usr/sbin/nft"],
        version: &["--version"],
        get: None,
        debian: &["nftables"],
    },
    Tool {
        name: "systemd",
        purpose: "reads the relay's unit",
        programs: &["systemd-analyze"],
        version: &["--version"],
        get: None,
        debian: &["systemd"],
    },
    Tool {
        name: "nspawn",
        purpose: "boots a systemd to run that unit",
        programs: &["systemd-nspawn"],
        version: &["--version"],
        get: None,
        debian: &["systemd-container"],
    },
];

/// What only `check` asks for, and only where it is there.
pub(crate) const OPTIONAL: [Tool; 1] = [Tool {
    name: "cargo-deny",
    purpose: "licences, sources and advisories of all dependencies",
    programs: &["cargo-deny"],
    version: &["--version"],
    get: Some("cargo install --locked cargo-deny"),
    debian: &[],
}];

impl Tool {
    /// Where it is, if it is there.
    pub(crate) fn found(&self) -> Option<PathBuf> {
        let variable = match self.name {
            "chromium" => Some("CHROMIUM"),
            "firefox" => Some("FIREFOX"),
            _ => None,
        };
        let named = variable.and_then(std::env::var_os).map(PathBuf::from);
        named
            .filter(|path| path.is_file())
            .or_else(|| self.programs.iter().find_map(|program| which(program)))
    }

    /// The command or the place that gets it.
    pub(crate) fn how(&self) -> String {
        self.get.map_or_else(|| format!("apt-get install {}", self.debian.join(" ")), str::to_owned)
    }
}

/// A program's file on `PATH`; a path is taken as it is.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    if Path::new(program).is_absolute() {
        return Path::new(program).exists().then(|| program.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(format!("{program}{}", std::env::consts::EXE_SUFFIX)))
        .find(|file| file.is_file())
}

/// Stops with a word where Node is missing or too old.
pub(crate) fn node(place: &Place) -> Result<()> {
    if NODE.found().is_none() {
        bail!("Node.js 20 or newer is needed: {}", NODE.how());
    }
    let version = output(place.node().arg("--version"))?;
    let major =
        version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(major) if major >= 20 => Ok(()),
        _ => bail!("Node.js 20 or newer is needed; this is {}", version.trim()),
    }
}

/// Installs what of `tools` is missing, where that may be done unasked: as root on Debian. Gives back what is missing
/// still; in continuous integration that is an error.
pub(crate) fn installed<'a>(
    place: &Place,
    tools: impl IntoIterator<Item = &'a Tool>,
) -> Result<Vec<&'a Tool>> {
    let mut missing: Vec<&Tool> = tools.into_iter().filter(|tool| tool.found().is_none()).collect();
    if !missing.is_empty() && may_install(place) {
        let packages: Vec<&str> = missing.iter().flat_map(|tool| tool.debian).copied().collect();
        apt_get(place, &packages)?;
        missing.retain(|tool| tool.found().is_none());
    }
    if is_ci() && !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|tool| tool.name).collect();
        bail!("missing, and nothing may be skipped with CI=true: {}", names.join(", "));
    }
    Ok(missing)
}

fn may_install(place: &Place) -> bool {
    Path::new("/etc/debian_version").exists() && which("apt-get").is_some() && is_root(place)
}

/// Whether this is root, who alone may install packages and start mail servers.
pub(crate) fn is_root(place: &Place) -> bool {
    output(place.command("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn apt_get(place: &Place, packages: &[&str]) -> Result<()> {
    let _unstarted = Unstarted::new().context("cannot keep the mail servers from starting by themselves")?;
    let run = |what: &str, arguments: &[&str]| {
        let mut apt = place.command("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").args(["--quiet", "--yes"]).args(arguments);
        step("apt-get", what, &mut apt)
    };
    run("package lists", &["update"])?;
    // Its package then makes no settings, and there is no mail server on this machine afterwards but those of the tests.
    let answer = "echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections";
    step("apt-get", "no settings for Postfix", place.command("sh").args(["-c", answer]))?;
    run(&packages.join(" "), &[&["install", "--no-install-recommends"], packages].concat())
}

/// While this lives, a Debian package that is being installed does not start its service: a mail server would otherwise
/// be up with its default settings.
struct Unstarted {
    written: bool,
}

impl Unstarted {
    const POLICY: &'static str = "/usr/sbin/policy-rc.d";

    fn new() -> Result<Self> {
        if Path::new(Self::POLICY).exists() {
            return Ok(Self { written: false });
        }
        fs::write(Self::POLICY, "#!/bin/sh\nexit 101\n")?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(Self::POLICY, fs::Permissions::from_mode(0o755))?;
        }
        Ok(Self { written: true })
    }
}

impl Drop for Unstarted {
    fn drop(&mut self) {
        if self.written {
            let _ = fs::remove_file(Self::POLICY);
        }
    }
}
