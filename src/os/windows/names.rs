//! Names that are no files, whatever the file system says.

use std::os::windows::ffi::OsStrExt;
use std::path::{Component, Path, Prefix};

/// The devices that Windows, in some version, sees in every folder and under every extension.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
/// Those that take a digit, of which there are superscript ones too.
const PORTS: [&str; 2] = ["COM", "LPT"];
const PORT_NUMBERS: &str = "0123456789\u{b9}\u{b2}\u{b3}";

/// Is it a device by name, a pipe, or a stream beside a file's content? The streams of a file are
/// locked apart from one another, but they are one file by identity.
pub fn is_irregular(path: &Path) -> bool {
    let mut verbatim = false;
    for component in path.components() {
        match component {
            Component::Prefix(prefix) => match prefix.kind() {
                Prefix::DeviceNS(device) => return !is_drive(&device.to_string_lossy()),
                kind => verbatim = kind.is_verbatim(),
            },
            Component::Normal(name) if name.encode_wide().any(|c| c == u16::from(b':')) => {
                return true;
            }
            _ => {}
        }
    }
    let name = path.file_name().unwrap_or_default();
    !verbatim && is_device(&name.to_string_lossy())
}

/// `\\.\C:\file` is a file.
fn is_drive(device: &str) -> bool {
    matches!(device.as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic())
}

fn is_device(name: &str) -> bool {
    let stem = name.split(['.', ':']).next().unwrap_or_default().trim_end_matches(' ');
    let upper = stem.to_uppercase();
    let is_port = |port: &&str| {
        upper.strip_prefix(*port).is_some_and(|number| {
            let mut digits = number.chars();
            digits.next().is_some_and(|digit| PORT_NUMBERS.contains(digit))
                && digits.next().is_none()
        })
    };
    DEVICES.contains(&upper.as_str()) || PORTS.iter().any(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_known_by_its_name() {
        for name in ["NUL", "nul", "con.lock", "Com1", "LPT9.txt", "aux ", "COM\u{b9}", "conin$"] {
            assert!(is_irregular(&Path::new(r"C:\folder").join(name)), "{name}");
        }
        for path in [r"\\.\pipe\x", r"\\.\COM1", r"\\.\PhysicalDrive0"] {
            assert!(is_irregular(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn a_stream_beside_the_content_is_irregular() {
        for path in [r"C:\f.lock:stream", r"C:\f.lock::$DATA", r"\\?\C:\f.lock:s"] {
            assert!(is_irregular(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn other_names_are_files() {
        let paths = [
            r"C:\console.lock",
            r"C:\com10",
            r"C:\com",
            r"C:\nul\x.lock",
            r"\\?\C:\nul",
            r"\\server\share\x.lock",
            r"\\?\UNC\server\share\x.lock",
            r"\\.\C:\x.lock",
            r"C:\x.lock. .",
        ];
        for path in paths {
            assert!(!is_irregular(Path::new(path)), "{path}");
        }
    }
}
