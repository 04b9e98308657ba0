//! The rows of a projection are behind: a reader of its own writes is told so, and not made to wait for ever.

use rusqlite::Connection;

use crate::callers::{projected, start};
use crate::process::{Process, until};

#[test]
fn who_reads_up_to_a_position_is_told_when_the_rows_do_not_get_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("text");
    let server = Process::server(["--data", data]);
    let first = server.send(&start("a", "s1"));
    let position = first.header("bailiwick-position").expect("a position").to_owned();
    assert_eq!(projected(&server, &position).get("a"), Some(&1));
    // Somebody else writes to the same database.
    let other = Connection::open(folder.path().join("slots.sqlite")).expect("it is there");
    other.execute_batch("BEGIN IMMEDIATE").expect("nobody writes for long");
    let second = server.send(&start("a", "s2"));
    assert_eq!(second.status, 201, "no command waits for rows");
    let position = second.header("bailiwick-position").expect("a position").to_owned();
    let page = format!("/accounts?min_position={position}");
    let behind = server.get(&page);
    assert_eq!((behind.status, behind.code().as_deref()), (503, Some("not_reached")));
    assert!(behind.header("Retry-After").is_some());
    other.execute_batch("COMMIT").expect("nothing was written");
    until("the rows are there", || (server.get(&page).status == 200).then_some(()));
    assert_eq!(projected(&server, &position).get("a"), Some(&2));
}
