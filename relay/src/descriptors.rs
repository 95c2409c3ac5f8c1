//! How many descriptors the process may have open: each session takes two.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit to the hard one. The soft one is 1,024 on most systems for the sake of programs that use
/// select(2), which is not used here.
pub(crate) fn raise_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // A service manager may have done so, and forbidden it from then on.
    if current == maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, "cannot raise the limit on open descriptors to the hard one");
    }
}
