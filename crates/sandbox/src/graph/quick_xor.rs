//! quickXorHash, the hash that document libraries state for a file: each byte is XORed into a ring of 160 bits, eleven bits
//! further than the one before, and the length into its last eight bytes.

const WIDTH_BITS: usize = 160;
const SHIFT_BITS: usize = 11;

pub(super) fn hash(content: &[u8]) -> [u8; 20] {
    let mut ring = [0_u8; 20];
    for (place, byte) in content.iter().enumerate() {
        let bit = (place * SHIFT_BITS) % WIDTH_BITS;
        let (at, shift) = (bit / 8, bit % 8);
        ring[at] ^= byte << shift;
        if shift > 0 {
            ring[(at + 1) % 20] ^= byte >> (8 - shift);
        }
    }
    for (cell, byte) in ring[12..].iter_mut().zip((content.len() as u64).to_le_bytes()) {
        *cell ^= byte;
    }
    ring
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn known_hashes() {
        for (content, expected) in [
            ("", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            ("Sg==", "SgAAAAAAAAAAAAAAAQAAAAAAAAA="),
            ("tbQ=", "taAFAAAAAAAAAAAAAgAAAAAAAAA="),
            ("0pZP", "0rDEEwAAAAAAAAAAAwAAAAAAAAA="),
        ] {
            assert_eq!(STANDARD.encode(hash(&STANDARD.decode(content).unwrap())), expected, "{content}");
        }
    }
}
