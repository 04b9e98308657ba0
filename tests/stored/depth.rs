//! How deep an event may be nested: what cannot be read again for its depth is refused while it is
//! encoded, before the stack is used up.

use bailiwick::{Cause, Event, RoundTrip, Unstorable};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fixture::emit_and_tell;

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Received {
    payload: Value,
}

fn arrays(depth: usize) -> Value {
    (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]))
}

fn is_too_deep<T: std::fmt::Debug>(told: Result<T, Cause>) {
    match told {
        Err(Cause::Unstorable(why)) if matches!(*why, Unstorable::TooDeep { .. }) => {}
        told => panic!("it should have been refused for its depth: {told:?}"),
    }
}

#[tokio::test]
async fn a_value_is_stored_to_the_depth_that_can_be_read() {
    // The event is the outermost value, what is in the arrays the innermost.
    assert!(emit_and_tell([Received { payload: arrays(126) }]).await.is_ok());
    is_too_deep(emit_and_tell([Received { payload: arrays(127) }]).await);
}

/// A type that nests itself, and is vouched for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, RoundTrip)]
enum Tree {
    Leaf,
    Only(Box<Tree>),
    Named { below: Box<Tree> },
    Many(Vec<Tree>),
    Maybe(Option<Box<Tree>>),
    Pair(Box<Tree>, u8),
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Planted {
    tree: Tree,
}

#[tokio::test]
async fn a_type_that_nests_itself_is_stored_to_a_depth_that_can_be_read() {
    let nest: [fn(Tree) -> Tree; 5] = [
        |tree| Tree::Only(tree.into()),
        |tree| Tree::Named { below: tree.into() },
        |tree| Tree::Many(vec![tree]),
        |tree| Tree::Maybe(Some(tree.into())),
        |tree| Tree::Pair(tree.into(), 1),
    ];
    assert!(Planted::TYPES[0].round_trips);
    for nest in nest {
        let mut deepest = 0;
        for depth in 1..140 {
            let tree = (0..depth).fold(Tree::Leaf, |tree, _| nest(tree));
            match emit_and_tell([Planted { tree }]).await {
                Ok(_) => deepest = depth,
                told => is_too_deep(told),
            }
        }
        assert!((60..130).contains(&deepest), "{deepest}");
    }
}

/// What has no depth in its encoding has one on the stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, RoundTrip)]
struct Hollow(Option<Box<Hollow>>);

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Dug {
    hole: Hollow,
}

/// Far more than any stack has room for, if each level of it were encoded; less than what dropping
/// it takes.
const ABYSS: usize = 5_000;

#[tokio::test]
async fn an_abyss_is_refused_before_the_stack_is_used_up() {
    let small = std::thread::Builder::new().stack_size(1 << 20);
    let refused = small.spawn(|| {
        let mut out = Vec::new();
        let hole = (0..ABYSS).fold(Hollow(None), |hole, _| Hollow(Some(hole.into())));
        let tree = (0..ABYSS).fold(Tree::Leaf, |tree, _| Tree::Only(tree.into()));
        [
            Received { payload: arrays(ABYSS) }.encode(&mut out).is_err(),
            Dug { hole }.encode(&mut out).is_err(),
            Planted { tree }.encode(&mut out).is_err(),
            bailiwick::codec::encode_value(&arrays(ABYSS)).is_err(),
            bailiwick::codec::fingerprint("Receive", &arrays(ABYSS)).is_err(),
            out.is_empty(),
        ]
    });
    assert_eq!(refused.unwrap().join().unwrap(), [true; 6]);
}
