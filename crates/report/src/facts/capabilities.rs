use heloscope_smtp::EhloReply;

use crate::Capability;
use crate::words::meaning;

/// What an EHLO reply offers, with what it means.
pub(crate) fn capabilities(reply: &EhloReply) -> Vec<Capability> {
    let offered = reply.extensions.iter().map(|extension| Capability {
        keyword: extension.keyword.clone(),
        params: extension.params.clone(),
        meaning: meaning(extension),
    });
    offered.collect()
}
