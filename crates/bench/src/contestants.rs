//! Who takes part, what each does with the three ports, and how it is told to.

use std::io::{BufRead, BufReader, PipeReader, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use heloscope_interop::Server;
use heloscope_observation::{PortSpec, TlsMode};

use crate::{beside, program, sslyze};

/// A program that tests mail servers.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    /// What it does, in a few words.
    pub(crate) does: &'static str,
    /// Takes part in every so manyeth round.
    pub(crate) every: usize,
    how: How,
    program: PathBuf,
}

/// One that is not there, and how to get it.
pub(crate) type Absent = (&'static str, String);

type How = fn(&Path, &Course<'_>) -> Vec<Process>;

/// What is tested, and where.
pub(crate) struct Course<'a> {
    pub(crate) server: &'a Server,
    pub(crate) to: Ipv4Addr,
    pub(crate) postfix_settings: Option<PathBuf>,
}

/// One process of a run, and what it says when it has done its work.
struct Process {
    command: Command,
    /// Whether standard error is what it says, too.
    stderr: bool,
    says: (&'static str, usize),
    turns: Vec<Turn>,
}

/// What is typed in, once a line that begins so has come out.
struct Turn {
    after: Option<&'static str>,
    line: &'static str,
}

/// Longest time for a run.
const PATIENCE: Duration = Duration::from_secs(60);
const EHLO_NAME: &str = "client.test";
const EHLO: &str = "EHLO client.test\r\n";

/// All that are there, heloscope first, and those that are not.
pub(crate) fn contestants() -> Result<(Vec<Contestant>, Vec<Absent>)> {
    let one = |name, does, how| Contestant { name, does, every: 1, how, program: name.into() };
    let heloscope = Contestant {
        program: beside("heloscope")?,
        ..one("heloscope", "one process; SMTP, TLS, chain, checks, report", heloscope)
    };
    let peers = [
        (
            one("posttls-finger", "a process a port; SMTP, TLS, chain", posttls_finger),
            "apt-get install postfix",
        ),
        (
            one("openssl s_client", "a process a port; SMTP (typed in), TLS, chain", s_client),
            "apt-get install openssl",
        ),
        (one("swaks", "a process a port; SMTP, TLS", swaks), "apt-get install swaks libnet-ssleay-perl"),
    ];
    let (mut all, mut absent) = (vec![heloscope], Vec::new());
    for (peer, get) in peers {
        let word = peer.name.split(' ').next().unwrap_or_default();
        match program(word) {
            Some(program) => all.push(Contestant { program, ..peer }),
            None => absent.push((peer.name, get.to_owned())),
        }
    }
    let name = "sslyze --certinfo";
    match sslyze::program() {
        Ok(program) => {
            let does = "a process a port; TLS, chain, both several times";
            all.push(Contestant { program, every: 5, ..one(name, does, sslyze_certinfo) });
        }
        Err(reason) => absent.push((name, reason.to_string())),
    }
    Ok((all, absent))
}

fn heloscope(program: &Path, course: &Course<'_>) -> Vec<Process> {
    let mut command = Command::new(program);
    command.arg(course.server.host()).args([
        "--address",
        &course.to.to_string(),
        "--ehlo-name",
        EHLO_NAME,
        "--json",
    ]);
    command.arg("--ca-file").arg(course.server.ca_file());
    for port in course.server.ports() {
        command.args(["--port", &port.to_string()]);
    }
    vec![Process::new(command, ("\"chain_valid\": true", 3))]
}

fn posttls_finger(program: &Path, course: &Course<'_>) -> Vec<Process> {
    each_port(course, |port| {
        let mut command = Command::new(program);
        command.envs(course.postfix_settings.iter().map(|settings| ("MAIL_CONFIG", settings)));
        if port.mode == TlsMode::Implicit {
            command.arg("-w");
        }
        command.args(["-l", "verify", "-F"]).arg(course.server.ca_file());
        command.args([&format!("[{}]:{}", course.to, port.port), course.server.host()]);
        Process { stderr: true, ..Process::new(command, ("< 221 ", 1)) }
    })
}

fn s_client(program: &Path, course: &Course<'_>) -> Vec<Process> {
    each_port(course, |port| {
        let mut command = Command::new(program);
        command.args([
            "s_client",
            "-quiet",
            "-verify_return_error",
            "-servername",
            course.server.host(),
            "-CAfile",
        ]);
        command.arg(course.server.ca_file());
        command.args(["-connect", &format!("{}:{}", course.to, port.port)]);
        let greeting = match port.mode {
            TlsMode::Implicit => Some("220 "),
            TlsMode::StartTls => {
                command.args(["-starttls", "smtp", "-name", EHLO_NAME]);
                // It takes its input when the handshake is done, and it is the client's turn then.
                None
            }
        };
        let turns =
            vec![Turn { after: greeting, line: EHLO }, Turn { after: Some("250 "), line: "QUIT\r\n" }];
        Process { turns, ..Process::new(command, ("221 ", 1)) }
    })
}

fn swaks(program: &Path, course: &Course<'_>) -> Vec<Process> {
    each_port(course, |port| {
        let mut command = Command::new(program);
        let tls = if port.mode == TlsMode::Implicit { "--tls-on-connect" } else { "--tls" };
        command.args(["--server", &course.to.to_string(), "--port", &port.port.to_string(), tls]);
        command.args(["--ehlo", EHLO_NAME, "--quit-after", "EHLO"]);
        Process::new(command, ("<~  221 ", 1))
    })
}

fn sslyze_certinfo(program: &Path, course: &Course<'_>) -> Vec<Process> {
    each_port(course, |port| {
        let mut command = Command::new(program);
        command.args(["--certinfo", "--mozilla_config=disable", "--sni", course.server.host()]);
        command.arg("--certinfo_ca_file").arg(course.server.ca_file());
        if port.mode == TlsMode::StartTls {
            command.arg("--starttls=smtp");
        }
        command.arg(format!("{}:{}", course.to, port.port));
        Process::new(command, ("OK - Certificate is trusted", 1))
    })
}

fn each_port(course: &Course<'_>, process: impl FnMut(&PortSpec) -> Process) -> Vec<Process> {
    course.server.ports().iter().map(process).collect()
}

impl Contestant {
    /// Tests the three ports, all at the same time; the time from the first start of a process to the last end of one.
    ///
    /// # Errors
    /// One does not start, does not end, or does not say that it has done its work.
    pub(crate) fn run(&self, course: &Course<'_>) -> Result<Duration> {
        let processes = (self.how)(&self.program, course);
        let (tell, said) = mpsc::channel();
        let began = Instant::now();
        let mut children = Vec::new();
        for process in processes {
            children.push(process.start(tell.clone())?);
        }
        for _ in &children {
            let spoken = said.recv_timeout(PATIENCE.saturating_sub(began.elapsed()));
            if let Some(amiss) =
                spoken.unwrap_or_else(|_| Some(format!("it runs for {} s", PATIENCE.as_secs())))
            {
                for child in &mut children {
                    // Its end is what is wanted, in whichever way it comes.
                    let _ = child.kill();
                    let _ = child.wait();
                }
                bail!("{}: {amiss}", self.name);
            }
        }
        for child in &mut children {
            child.wait()?;
        }
        Ok(began.elapsed())
    }
}

impl Process {
    fn new(command: Command, says: (&'static str, usize)) -> Self {
        Self { command, stderr: false, says, turns: Vec::new() }
    }

    /// Starts it; what is amiss with what it said is told when it has said it all.
    fn start(self, tell: mpsc::Sender<Option<String>>) -> Result<Child> {
        let Self { mut command, stderr, says, turns } = self;
        let (output, input) = std::io::pipe()?;
        command.stdin(if turns.is_empty() { Stdio::null() } else { Stdio::piped() });
        command.stderr(if stderr { Stdio::from(input.try_clone()?) } else { Stdio::null() });
        let mut child = command.stdout(input).spawn().context("it does not start")?;
        let stdin = child.stdin.take();
        thread::spawn(move || {
            let said = converse(output, stdin, &turns);
            let (what, times) = says;
            let amiss = said.matches(what).count() < times;
            // Whoever does not listen any more has given up.
            let _ = tell.send(amiss.then(|| format!("{what:?} is not in what it said:\n{said}")));
        });
        Ok(child)
    }
}

/// Types in what is to be typed in, each at its turn; gives all that came out.
fn converse(output: PipeReader, mut stdin: Option<impl Write>, turns: &[Turn]) -> String {
    let mut turns = turns.iter().peekable();
    let mut said = String::new();
    let mut line = Vec::new();
    let mut output = BufReader::new(output);
    loop {
        let text = String::from_utf8_lossy(&line);
        said.push_str(&text);
        if let Some(turn) = turns.next_if(|turn| turn.after.is_none_or(|start| text.starts_with(start)))
            && let Some(stdin) = &mut stdin
        {
            // One that is gone says so by ending.
            let _ = stdin.write_all(turn.line.as_bytes());
        }
        line.clear();
        if output.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
            return said;
        }
    }
}
