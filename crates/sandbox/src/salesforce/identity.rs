//! Record ids: fifteen characters that tell case apart, and three more for those who cannot.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECKS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// The id of the n-th record of an object.
pub(super) fn record_id(key_prefix: &str, number: u64) -> String {
    let mut rest = number;
    let mut digits = [b'0'; 9];
    for place in digits.iter_mut().rev() {
        *place = DIGITS[usize::try_from(rest % 62).unwrap_or(0)];
        rest /= 62;
    }
    let short = format!("{key_prefix}7Q0{}", String::from_utf8_lossy(&digits));
    with_check(&short)
}

/// The eighteen-character form of a fifteen-character id; anything else unchanged.
pub(super) fn with_check(id: &str) -> String {
    if id.len() != 15 || !id.is_ascii() {
        return id.to_owned();
    }
    let mut long = id.to_owned();
    for chunk in id.as_bytes().chunks(5) {
        let bits = chunk
            .iter()
            .enumerate()
            .fold(0, |bits, (at, c)| bits | (usize::from(c.is_ascii_uppercase()) << at));
        long.push(char::from(CHECKS[bits]));
    }
    long
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_is_the_real_one() {
        // Ids from real orgs.
        for long in ["0017e00001W4GYRAA3", "0037e00001WZ30qAAD", "0012300000bVTq1AAG", "0037e00001WZ310AAD"] {
            assert_eq!(with_check(&long[..15]), long);
        }
        assert_eq!(record_id("006", 62).len(), 18);
        assert_ne!(record_id("006", 1), record_id("006", 2));
    }
}
