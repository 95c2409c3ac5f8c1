//! TLS versions.

use heloscope_observation::TlsVersion;

/// `TLS 1.3`, `SSL 3.0`; `0x7f1c` for a version that is not known.
pub(crate) fn version_name(version: TlsVersion) -> String {
    match version {
        TlsVersion(0x0002) => "SSL 2.0".to_owned(),
        TlsVersion::SSL_3_0 => "SSL 3.0".to_owned(),
        TlsVersion::TLS_1_0 => "TLS 1.0".to_owned(),
        TlsVersion::TLS_1_1 => "TLS 1.1".to_owned(),
        TlsVersion::TLS_1_2 => "TLS 1.2".to_owned(),
        TlsVersion::TLS_1_3 => "TLS 1.3".to_owned(),
        TlsVersion(other) => format!("0x{other:04x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_their_names() {
        let names =
            [0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x7f1c].map(|n| version_name(TlsVersion(n)));
        assert_eq!(names, ["SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3", "0x7f1c"]);
    }
}
