//! Numbers in as few bytes as they need: LEB128.

/// Writes a number.
pub(super) fn write(mut number: u64, out: &mut Vec<u8>) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

/// Reads one; none if the bytes end before it does, or it is too large.
pub(super) fn read(bytes: &mut &[u8]) -> Option<u64> {
    // Most are small.
    let (byte, rest) = bytes.split_first()?;
    if byte & 0x80 == 0 {
        *bytes = rest;
        return Some(u64::from(*byte));
    }
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Reads one of 32 bits.
pub(super) fn read_short(bytes: &mut &[u8]) -> Option<u32> {
    u32::try_from(read(bytes)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        for bits in 0..64 {
            for number in [(1 << bits) - 1, 1 << bits, u64::MAX >> bits] {
                let mut bytes = Vec::new();
                write(number, &mut bytes);
                for end in 0..bytes.len() {
                    assert_eq!(read(&mut &bytes[..end]), None);
                }
                let mut rest = &bytes[..];
                assert_eq!((read(&mut rest), rest.len()), (Some(number), 0));
            }
        }
    }
}
