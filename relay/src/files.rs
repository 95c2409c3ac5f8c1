//! Files that an operator names, read whole.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The octets of a file that are read, at most: a deny list of a million entries is shorter, and what is longer a mistake, such as a
/// device without an end.
const MOST: u64 = 64 << 20;

/// # Errors
/// Where the file cannot be read, or is longer.
pub(crate) fn octets_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    File::open(path)?.take(MOST + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > MOST {
        let why = format!("it is longer than {} MiB, the most that is read", MOST >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(octets)
}

/// The text of a file that an operator names, of at most 64 MiB.
///
/// # Errors
/// Where the file cannot be read, is longer, or is not UTF-8.
pub fn text_of(path: &Path) -> io::Result<String> {
    String::from_utf8(octets_of(path)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "mx.example").unwrap();
        assert_eq!(text_of(&path).unwrap(), "mx.example");

        std::fs::write(&path, [0x80]).unwrap();
        assert_eq!(text_of(&path).unwrap_err().to_string(), "it is not text in UTF-8");

        File::create(&path).unwrap().set_len(MOST).unwrap();
        assert_eq!(octets_of(&path).unwrap().len() as u64, MOST);
        File::create(&path).unwrap().set_len(MOST + 1).unwrap();
        for endless in [&path, Path::new("/dev/zero")] {
            assert_eq!(
                octets_of(endless).unwrap_err().to_string(),
                "it is longer than 64 MiB, the most that is read"
            );
        }
    }
}
