//! How encoded bytes read to a person: like JSON, with what JSON cannot say written out.

use std::fmt::Write as _;

use rmp::Marker;

use super::MAX_DEPTH;
use super::wire::{Malformed, Reader};

/// Encoded values as a text for people: `{"session": "s1", "expires_at": 10}`; bytes as
/// `h'00ff'`. What is no value any more is shown as `..` with the reason.
pub fn show(bytes: &[u8]) -> String {
    let mut out = String::new();
    let mut values = Reader::new(bytes);
    while !values.rest().is_empty() {
        if !out.is_empty() {
            out.push(' ');
        }
        if let Err(problem) = value(&mut values, &mut out, MAX_DEPTH) {
            let _ = write!(out, ".. ({problem})");
            break;
        }
    }
    out
}

fn value(values: &mut Reader<'_>, out: &mut String, depth: usize) -> Result<(), Malformed> {
    let Some(depth) = depth.checked_sub(1) else {
        out.push_str("..");
        return values.value().map(drop);
    };
    let missing = values.missing("a value");
    let marker = values.rest().first().map(|byte| Marker::from_u8(*byte)).ok_or(missing)?;
    let (len, children) = values.head()?;
    let bytes = values.take(len, missing)?;
    match marker {
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
            list(values, out, depth, children, ['[', ']'])?;
        }
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => {
            list(values, out, depth, children, ['{', '}'])?;
        }
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
            let _ = write!(out, "{:?}", String::from_utf8_lossy(bytes));
        }
        marker => scalar(marker, bytes, out),
    }
    Ok(())
}

/// The values of an array, or the keys and values of a map in turn.
fn list(
    values: &mut Reader<'_>,
    out: &mut String,
    depth: usize,
    children: u64,
    [open, close]: [char; 2],
) -> Result<(), Malformed> {
    out.push(open);
    for n in 0..children {
        let key = open == '{' && n % 2 == 1;
        out.push_str(if key { ": " } else { "" });
        out.push_str(if !key && n > 0 { ", " } else { "" });
        value(values, out, depth)?;
    }
    out.push(close);
    Ok(())
}

fn scalar(marker: Marker, bytes: &[u8], out: &mut String) {
    let shift = 64 - 8 * bytes.len().clamp(1, 8);
    let unsigned = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let _ = match marker {
        Marker::Null => write!(out, "null"),
        Marker::True => write!(out, "true"),
        Marker::False => write!(out, "false"),
        Marker::FixPos(number) => write!(out, "{number}"),
        Marker::FixNeg(number) => write!(out, "{number}"),
        Marker::U8 | Marker::U16 | Marker::U32 | Marker::U64 => write!(out, "{unsigned}"),
        // The sign is in the first of the bytes that were written.
        Marker::I8 | Marker::I16 | Marker::I32 | Marker::I64 => {
            write!(out, "{}", (unsigned << shift).cast_signed() >> shift)
        }
        Marker::F32 => {
            bytes.try_into().map_or(Ok(()), |bytes| write!(out, "{:?}", f32::from_be_bytes(bytes)))
        }
        Marker::F64 => write!(out, "{:?}", f64::from_bits(unsigned)),
        _ => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            write!(out, "h'{digits}'")
        }
    };
}
