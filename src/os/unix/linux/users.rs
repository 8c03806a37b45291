//! Users in a user namespace: all that it does not map are shown under one number.

use std::fs;

/// The number of those who have none, unless the system says otherwise.
const OVERFLOW_USER: u32 = 65534;

/// Returns `true` if the number can be that of many users, so that two who have it need not be one.
pub fn stands_for_many(user: u32) -> bool {
    let overflow = fs::read_to_string("/proc/sys/kernel/overflowuid");
    let overflow = overflow.ok().and_then(|text| text.trim().parse().ok());
    user == overflow.unwrap_or(OVERFLOW_USER)
        && !fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| maps_all(&map))
}

/// Each line maps a range: its first number inside, its first number outside, its length.
fn maps_all(map: &str) -> bool {
    let length = |line: &str| line.split_ascii_whitespace().nth(2)?.parse::<u64>().ok();
    map.lines().filter_map(length).sum::<u64>() >= u64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_map_has_a_number_for_every_user() {
        assert!(maps_all("         0          0 4294967295\n"));
        assert!(!maps_all("      1000       1000          1\n"));
        assert!(!maps_all("0 100000 65536\n65536 1000 1\n"));
        assert!(!maps_all(""));
    }
}
