use heloscope_observation::{Observations, PortSpec, Stage};
use heloscope_pki::Verifier;
use heloscope_words::spoken;

use crate::advice::{Audience, advice};
use crate::chains::Chains;
use crate::checks::{Check, Evidence, Outcome, Subject, checks};
use crate::facts::{self, ChainFacts, PortFacts};
use crate::{
    CheckVerdict, ErrorCode, Finding, Port, PortError, Report, Role, SCHEMA_VERSION, Severity, Status,
    Verdict,
};

/// Judges what was seen, at the time `now` in Unix seconds.
///
/// Never fails, and takes the observations of a test that still runs: what is not there yet is `None` or
/// [`Verdict::NotTested`]. The certificates are judged with the verifier's trust anchors and signature
/// algorithms.
pub fn judge(observations: &Observations, verifier: &Verifier<'_>, now: i64) -> Report {
    judge_with(Chains::default(), observations, verifier, now)
}

/// Judges as [`judge`] does, where some of the chains have been looked at already.
pub fn judge_with(
    mut chains: Chains,
    observations: &Observations,
    verifier: &Verifier<'_>,
    now: i64,
) -> Report {
    chains.look(observations, verifier, now);
    let folded: Vec<Folded<'_>> =
        observations.target.ports.iter().map(|spec| Folded::of(observations, *spec, &chains)).collect();
    let all_time_out =
        !folded.is_empty() && folded.iter().all(|port| port.code() == Some(ErrorCode::ConnectTimeout));
    let mut of_host = Vec::new();
    let mut ports = Vec::new();
    for (place, port) in folded.iter().enumerate() {
        let others = folded.iter().enumerate().filter(|(other, _)| *other != place);
        let other_submission_answers = others.map(|(_, other)| other).any(|other| {
            matches!(other.facts.role(), Role::Submission | Role::Submissions)
                && other.facts.established.is_some()
        });
        let subject = Subject {
            host: &observations.target.host,
            address: observations.target.address,
            facts: &port.facts,
            chain: port.chain,
            error: port.error.as_ref(),
            other_submission_answers,
            all_time_out,
            now,
        };
        ports.push(examined(observations, port, &subject, &mut of_host));
    }
    let last = observations.seen.iter().map(|seen| seen.at).max().unwrap_or_default();
    Report {
        schema_version: SCHEMA_VERSION,
        language: heloscope_words::language().to_owned(),
        host: observations.target.host.to_string(),
        address: observations.target.address.map(|address| address.to_canonical().to_string()),
        tested_at: facts::rfc3339(observations.began_at_ms.div_euclid(1000)).unwrap_or_default(),
        duration_ms: u64::try_from(last.as_millis()).unwrap_or(u64::MAX),
        vantage: observations.relay.clone().unwrap_or_else(|| "direct".to_owned()),
        status: status(&of_host, &ports),
        findings: of_host,
        ports,
    }
}

/// The network's word that there is no connection, as against the relay's or the resolver's, which says
/// nothing about the server.
pub(crate) fn is_connect_failure(code: ErrorCode, connected: bool) -> bool {
    let refused = matches!(
        code,
        ErrorCode::ConnectTimeout | ErrorCode::ConnectionRefused | ErrorCode::Unreachable | ErrorCode::Reset
    );
    refused && !connected
}

/// A port's facts, those of its chain, its error put into words.
struct Folded<'a> {
    facts: PortFacts<'a>,
    chain: Option<&'a ChainFacts>,
    error: Option<PortError>,
}

impl<'a> Folded<'a> {
    fn of(observations: &'a Observations, spec: PortSpec, chains: &'a Chains) -> Self {
        let facts = PortFacts::of(observations, spec);
        let chain = facts.chain.and_then(|chain| chains.facts(chain));
        let error = facts.failure.as_ref().map(|failure| facts::port_error(failure, &facts));
        Self { facts, chain, error }
    }

    fn code(&self) -> Option<ErrorCode> {
        self.error.as_ref().map(|error| error.code)
    }
}

fn examined(
    observations: &Observations,
    port: &Folded<'_>,
    subject: &Subject<'_>,
    of_host: &mut Vec<Finding>,
) -> Port {
    let Folded { facts, chain, error } = port;
    let mut findings: Vec<Finding> = Vec::new();
    let mut verdicts = Vec::new();
    for check in checks() {
        let (verdict, why) = match (check.examine)(subject) {
            Outcome::Passed => (Verdict::Passed, None),
            Outcome::PassedWithin(bounds) => (Verdict::Passed, Some(bounds)),
            Outcome::NotApplicable(why) => (Verdict::NotApplicable, Some(spoken(why).to_owned())),
            Outcome::NotTested(why) => (Verdict::NotTested, Some(why.into_owned())),
            Outcome::Found(Evidence::NameNotFound) => {
                if of_host.is_empty() {
                    of_host.push(finding(check, &Evidence::NameNotFound, subject));
                }
                (Verdict::Found, None)
            }
            Outcome::Found(evidence) => {
                let finding = finding(check, &evidence, subject);
                // What is equally bad stays in the order of the table.
                let place = findings.partition_point(|other| other.severity >= finding.severity);
                findings.insert(place, finding);
                (Verdict::Found, None)
            }
        };
        verdicts.push(CheckVerdict { id: check.id.to_owned(), verdict, why });
    }

    let before = facts.offered(false).map(|reply| facts::capabilities(&reply));
    let after = facts.offered(true).map(|reply| facts::capabilities(&reply));
    let certificate = chain.and_then(|chain| chain.judged(subject.now));
    let fits = certificate.as_ref().and_then(|leaf| leaf.hostname_match);
    Port {
        port: facts.spec.port,
        role: facts.role(),
        implicit_tls: facts.is_implicit(),
        connected: facts.established.is_some(),
        address: facts.established.map(|established| established.address.ip().to_canonical().to_string()),
        error: error.clone(),
        banner: facts
            .greeting
            .or(facts.turned_away())
            .or(facts.broken_off(Stage::Greeting).as_ref())
            .map(facts::banner),
        notes: facts::notes(facts, fits, *chain),
        starttls_supported: facts.offers_starttls(),
        capabilities: after.clone().or_else(|| before.clone()).unwrap_or_default(),
        capabilities_before_tls: before,
        capabilities_after_tls: after,
        tls: facts::tls(facts),
        certificate,
        chain: chain.map(|chain| chain.told(subject.now)).unwrap_or_default(),
        findings,
        checks: verdicts,
        timings: facts::timings(observations, facts),
        transcript: facts::transcript(observations, facts.spec),
    }
}

fn finding(check: &Check, evidence: &Evidence, subject: &Subject<'_>) -> Finding {
    let advice = advice(evidence, Audience::of(subject.facts.role(), subject.facts.is_implicit()));
    Finding {
        id: check.id.to_owned(),
        severity: evidence.severity().unwrap_or(check.severity),
        title: advice.title,
        explanation: advice.explanation,
        fix: advice.fix,
        reference: spoken(check.basis).to_owned(),
    }
}

/// The worst severity of all findings, but `untested` where no port was: none greeted, none gave a finding. A
/// host that refuses TCP on all its ports has been tested, and failed; a name that does not exist, or a relay
/// that is out of reach or says no, has not let any port be tested.
fn status(of_host: &[Finding], ports: &[Port]) -> Status {
    if !ports.iter().any(|port| port.banner.is_some() || !port.findings.is_empty()) {
        return Status::Untested;
    }
    let all = of_host.iter().chain(ports.iter().flat_map(|port| &port.findings));
    match all.map(|finding| finding.severity).max() {
        None | Some(Severity::Ok) => Status::Ok,
        Some(Severity::Notice) => Status::Notice,
        Some(Severity::Warning) => Status::Warning,
        Some(Severity::Error) => Status::Error,
    }
}
