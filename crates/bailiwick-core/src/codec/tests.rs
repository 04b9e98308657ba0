use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::IpAddr;

use serde::de::IgnoredAny;

use super::*;

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) -> String {
    let bytes = encode_value(&value).unwrap();
    assert_eq!(decode_value::<T>(&bytes).unwrap(), value, "{}", show(&bytes));
    show(&bytes)
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
enum Nested {
    Unit,
    New(u8),
    Pair(u8, String),
    Fields { inner: Option<Box<Nested>> },
}

#[test]
fn numbers_come_back_with_all_their_bits() {
    let number = |text: &str| text.parse::<f64>().unwrap();
    let floats = [0.1, -0.0, f64::MIN_POSITIVE, number("5e-324"), f64::MAX, f64::INFINITY];
    let nans = [f64::NAN, -f64::NAN, f64::from_bits(0x7ff0_0000_0000_0001)];
    for float in floats.into_iter().chain(nans) {
        let bytes = encode_value(&float).unwrap();
        assert_eq!(decode_value::<f64>(&bytes).unwrap().to_bits(), float.to_bits());
    }
    assert_eq!(show(&encode_value(&[f64::NAN, 1.5, -0.0]).unwrap()), "[NaN, 1.5, -0.0]");
    assert_eq!(
        comes_back([0, 127, 128, 255, 256, u64::MAX]),
        "[0, 127, 128, 255, 256, 18446744073709551615]"
    );
    assert_eq!(
        comes_back([-1, -32, -33, -128, -129, i64::MIN]),
        "[-1, -32, -33, -128, -129, -9223372036854775808]"
    );
    comes_back([i128::MIN, -1, 0, i128::MAX]);
    comes_back([0, u128::MAX]);
    comes_back(f32::MAX);
}

#[test]
fn everything_serde_knows_comes_back() {
    assert_eq!(comes_back((Some(1), None::<u8>, 'ü', true)), r#"[1, null, "ü", true]"#);
    assert_eq!(comes_back(Nested::Unit), r#""Unit""#);
    assert_eq!(comes_back(Nested::New(1)), r#"{"New": 1}"#);
    assert_eq!(comes_back(Nested::Pair(1, "a".into())), r#"{"Pair": [1, "a"]}"#);
    let nested = Nested::Fields { inner: Some(Box::new(Nested::Unit)) };
    assert_eq!(comes_back(nested), r#"{"Fields": {"inner": "Unit"}}"#);
    assert_eq!(comes_back(BTreeMap::from([((1, 2), 3)])), "{[1, 2]: 3}");
    assert_eq!(comes_back(vec![0_u8, 255]), "[0, 255]");
    comes_back([[200_u8; 32]; 2]);
    comes_back(());
    comes_back("x".repeat(70_000));
    comes_back((0..70_000_u32).collect::<Vec<_>>());
}

/// Bytes, as types give them that know serde's bytes.
#[derive(PartialEq, Debug)]
struct Raw(Vec<u8>);

impl Serialize for Raw {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Raw;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Raw, E> {
                Ok(Raw(bytes.to_owned()))
            }
        }
        deserializer.deserialize_bytes(Visitor)
    }
}

#[test]
fn bytes_are_bytes() {
    assert_eq!(comes_back(Raw(vec![0, 255])), "h'00ff'");
    comes_back(Raw(vec![7; 70_000]));
}

/// Types with a form for people keep it however deep serde buffers them: flattened, tagged inside,
/// untagged.
#[test]
fn types_with_two_forms_are_stored_in_the_one_for_people() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Session {
        #[serde(flatten)]
        from: From,
        way: Way,
    }
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct From {
        ip: IpAddr,
    }
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    #[serde(tag = "kind")]
    enum Way {
        Through { proxy: IpAddr },
    }
    let ip = IpAddr::from([10, 0, 0, 1]);
    let session = Session { from: From { ip }, way: Way::Through { proxy: ip } };
    let text = r#"{"ip": "10.0.0.1", "way": {"kind": "Through", "proxy": "10.0.0.1"}}"#;
    assert_eq!(comes_back(session), text);
}

#[test]
fn what_follows_a_value_or_is_missing_is_refused() {
    let bytes = encode_value(&(1, "two")).unwrap();
    for len in 0..bytes.len() {
        let error = decode_value::<(u8, String)>(&bytes[..len]).unwrap_err();
        assert!(matches!(error, CodecError::Decode(_)), "{error:?}");
    }
    for more in [&[0xc0][..], &[0xc1], &[0x81], &[0x92, 0x01]] {
        let error = decode_value::<(u8, String)>(&[&bytes[..], more].concat()).unwrap_err();
        assert_eq!(error.to_string(), "it cannot be decoded: something follows it");
    }
}

#[test]
fn what_is_nested_too_deep_is_refused_before_the_stack_is_used_up() {
    for open in [0x91, 0x81] {
        let deep = vec![open; 1_000_000];
        assert!(decode_value::<IgnoredAny>(&deep).is_err());
        assert!(show(&deep).len() < 10_000);
    }
    for (depth, read) in [(MAX_DEPTH, true), (MAX_DEPTH + 1, false)] {
        // The innermost one counts.
        let bytes = [vec![0x91; depth - 1], vec![0xc0]].concat();
        assert_eq!(decode_value::<IgnoredAny>(&bytes).is_ok(), read, "{depth}");
    }
    let mut nested = Nested::Unit;
    for _ in 0..MAX_DEPTH / 2 - 1 {
        nested = Nested::Fields { inner: Some(Box::new(nested)) };
    }
    comes_back(nested);
}

#[test]
fn a_fingerprint_stays_as_it_is() {
    assert_eq!(fingerprint("", b""), 0xaf64_724c_8602_eb6e);
    assert_eq!(fingerprint("Acquire", b"\x81\xa7session\xa2s1"), 0xb796_3443_fae8_bf76);
    assert_ne!(fingerprint("Acquire", b"x"), fingerprint("Acquirex", b""));
}
