use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::IpAddr;

use serde::de::IgnoredAny;

use super::*;

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) -> String {
    let bytes = encode_value(&value).unwrap();
    assert_eq!(decode_value::<T>(&bytes).unwrap(), value, "{}", show(&bytes));
    assert_eq!(bytes, as_by_rmp_serde(&value), "{}", show(&bytes));
    show(&bytes)
}

/// The encoder is our own, the form is that of `rmp-serde`.
fn as_by_rmp_serde<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    let named = rmp_serde::Serializer::new(&mut bytes).with_struct_map();
    value.serialize(&mut named.with_human_readable()).unwrap();
    bytes
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
enum Nested {
    Unit,
    New(u8),
    Pair(u8, String),
    Fields { inner: Option<Box<Nested>> },
}

#[derive(Deserialize)]
enum Russian {
    #[allow(dead_code, reason = "it is only read")]
    Doll(Box<Russian>),
}

#[test]
fn variants_that_somebody_else_nested_too_deep_are_refused_before_the_stack_is_used_up() {
    let small = std::thread::Builder::new().stack_size(1 << 20);
    let read = small.spawn(|| {
        for dolls in [300, 100_000] {
            let deep = b"\x81\xa4Doll".repeat(dolls);
            let error = decode_value::<Russian>(&[&deep[..], b"\xc0"].concat()).err();
            assert!(matches!(error, Some(CodecError::TooDeep { .. })), "{error:?}");
            assert!(decode_value::<Russian>(&deep).is_err());
        }
    });
    read.unwrap().join().unwrap();
    let wide = vec![arrays_of(MAX_DEPTH - 1); 50];
    comes_back(wide);
}

fn arrays_of(depth: usize) -> serde_json::Value {
    (1..depth).fold(serde_json::Value::Null, |inner, _| vec![inner].into())
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
        let text = crate::report::ErrorReport::of(&error).to_string();
        assert_eq!(text, "it cannot be decoded: something follows it");
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

/// Says that it has other entries than it has.
struct Liar(Option<usize>, u32);

impl Serialize for Liar {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(self.0)?;
        (0..self.1).try_for_each(|n| map.serialize_entry(&n, &[n]))?;
        map.end()
    }
}

#[test]
fn the_number_of_entries_is_the_one_that_there_are() {
    for there in [0, 1, 15, 16, 65_536] {
        let all: BTreeMap<u32, [u32; 1]> = (0..there).map(|n| (n, [n])).collect();
        comes_back(all.clone());
        for said in [None, Some(15), Some(70_000)] {
            let bytes = encode_value(&(1, Liar(said, there), 2)).unwrap();
            assert_eq!(decode_value::<(u8, BTreeMap<u32, [u32; 1]>, u8)>(&bytes).unwrap().1, all);
        }
    }
    let unsized_list = (0..1_000).filter(|n| n % 2 == 0).collect::<Vec<u32>>();
    struct Unsized;
    impl Serialize for Unsized {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq((0..1_000_u32).filter(|n| n % 2 == 0))
        }
    }
    assert_eq!(encode_value(&Unsized).unwrap(), encode_value(&unsized_list).unwrap());
    assert_eq!(encode_value(&Unsized).unwrap(), as_by_rmp_serde(&Unsized));
}

#[test]
fn every_shape_of_a_type_is_written_as_rmp_serde_writes_it() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Unit;
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Nothing();
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Empty {}
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Newtype(Option<u8>);
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    enum Shape {
        Nothing(),
        Empty {},
        OfUnit(Unit),
        OfNone(Option<u8>),
        Within(Box<Shape>),
    }
    assert_eq!(comes_back(Some(Unit)), "[]");
    comes_back((Unit, Nothing(), Empty {}, Newtype(None), Newtype(Some(1))));
    comes_back([Shape::Nothing(), Shape::Empty {}, Shape::OfUnit(Unit), Shape::OfNone(None)]);
    comes_back(Shape::Within(Shape::Within(Shape::Nothing().into()).into()));
    comes_back(BTreeMap::from([(None, ()), (Some('c'), ())]));
    comes_back(BTreeMap::from([(u128::MAX, i8::MIN)]));
    comes_back(Ok::<u8, String>(1));
    comes_back((std::time::Duration::MAX, "ü".repeat(200), ["x".repeat(40), String::new()]));
    comes_back((f32::MIN_POSITIVE, [1.0_f64; 20]));
}

#[test]
fn some_of_what_is_stored_as_nothing_is_refused_where_it_matters() {
    #[derive(Serialize)]
    struct Patch {
        note: Option<Option<u8>>,
    }
    let mut out = b"before".to_vec();
    for lost in [encode(&Patch { note: Some(None) }, &mut out), encode_whole(&Some(()), &mut out)] {
        assert!(matches!(lost, Err(CodecError::SomeOfNothing)), "{lost:?}");
        assert_eq!(out, b"before");
    }
    assert!(encode_value(&Patch { note: Some(None) }).is_ok());
    for note in [None, Some(Some(1))] {
        encode(&Patch { note }, &mut out).unwrap();
    }
}

/// Goes on whatever becomes of its entries.
struct Reckless;

impl Serialize for Reckless {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut list = serializer.serialize_seq(None)?;
        let _ = list.serialize_element(&Some(None::<u8>));
        list.end()
    }
}

#[test]
fn nobody_passes_over_a_refusal() {
    let refused = encode_whole(&Reckless, &mut Vec::new());
    assert!(matches!(refused, Err(CodecError::SomeOfNothing)), "{refused:?}");
}

#[test]
fn what_is_nested_too_deep_is_refused_by_the_encoder_and_the_decoder_alike() {
    let nested = arrays_of;
    for depth in [MAX_DEPTH - 1, MAX_DEPTH] {
        comes_back(nested(depth));
    }
    let refused = encode_value(&nested(MAX_DEPTH + 1));
    assert!(matches!(refused, Err(CodecError::TooDeep { most: MAX_DEPTH })), "{refused:?}");
    assert!(decode_value::<serde_json::Value>(&as_by_rmp_serde(&nested(MAX_DEPTH + 1))).is_err());
}
