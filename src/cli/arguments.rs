//! The arguments as the bytes they came as. Node decodes them to text, which loses what is not UTF-8.

use std::ffi::{OsStr, OsString};

/// Returns the bytes of the last arguments of this process, which `decoded` shows as Node decoded
/// them. An argument that does not match what the operating system says is taken as decoded.
pub fn original(decoded: &[String]) -> Vec<OsString> {
    let all = of_this_process();
    let first = all.len().checked_sub(decoded.len());
    let last = first.map_or(&[][..], |first| &all[first..]);
    decoded
        .iter()
        .enumerate()
        .map(|(number, text)| match last.get(number) {
            Some(bytes) if is_decoded_as(bytes, text) => bytes.clone(),
            _ => text.into(),
        })
        .collect()
}

/// Two decoders can replace one invalid sequence by a different number of U+FFFD.
fn is_decoded_as(bytes: &OsStr, text: &str) -> bool {
    match bytes.to_str() {
        Some(valid) => valid == text,
        None => text.contains('\u{FFFD}'),
    }
}

/// Not `args_os`, which is empty in a library under musl.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn of_this_process() -> Vec<OsString> {
    use std::os::unix::ffi::OsStringExt;

    let Ok(mut line) = std::fs::read("/proc/self/cmdline") else { return Vec::new() };
    if line.last() == Some(&0) {
        line.pop();
    }
    line.split(|byte| *byte == 0).map(|bytes| OsString::from_vec(bytes.to_vec())).collect()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn of_this_process() -> Vec<OsString> {
    std::env::args_os().collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn bytes_that_are_not_utf8_match_their_replacement_and_nothing_else() {
        let bytes = OsString::from_vec(b"caf\xe9".to_vec());
        assert!(is_decoded_as(&bytes, "caf\u{FFFD}"));
        assert!(!is_decoded_as(&bytes, "cafe"));
        assert!(!is_decoded_as(OsStr::new("cafe"), "caf\u{FFFD}"));
    }

    #[test]
    fn the_last_arguments_of_this_process_are_found_and_others_are_taken_as_given() {
        let own: Vec<String> = std::env::args().collect();
        assert_eq!(original(&own), own.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(original(&["other".into()]), ["other"]);
        let many = vec![String::from("x"); own.len() + 1];
        assert_eq!(original(&many).len(), many.len());
    }
}
