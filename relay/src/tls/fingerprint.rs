use std::fs::Metadata;
use std::path::Path;

use super::TlsFiles;

/// What tells a changed pair of files from the old one, without reading them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint([Option<Look>; 2]);

impl Fingerprint {
    pub(super) fn of(files: &TlsFiles) -> Self {
        Self([&files.certificate, &files.key].map(|file| look(file)))
    }
}

/// Of the file that the path leads to; where there is none that is a change, too.
fn look(file: &Path) -> Option<Look> {
    std::fs::metadata(file).ok().map(|metadata| look_at(&metadata))
}

/// Device, inode, size, and the times of the last change of content and of anything.
#[cfg(unix)]
type Look = (u64, u64, u64, [i64; 4]);

#[cfg(unix)]
fn look_at(metadata: &Metadata) -> Look {
    use std::os::unix::fs::MetadataExt;
    let times = [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()];
    (metadata.dev(), metadata.ino(), metadata.len(), times)
}

/// Size, and the time of the last change of content.
#[cfg(not(unix))]
type Look = (u64, Option<std::time::SystemTime>);

#[cfg(not(unix))]
fn look_at(metadata: &Metadata) -> Look {
    (metadata.len(), metadata.modified().ok())
}
