//! What becomes of bad files, without a process for each.

use clap::Parser;

use super::*;

/// The line that the program ends with when it is to replay this text.
fn ends_with(name: &str, text: &[u8]) -> String {
    let path = std::env::temp_dir().join(format!("lease_expiry-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    let line = failure(path.to_str().unwrap());
    std::fs::remove_file(&path).unwrap();
    line.replace(path.to_str().unwrap(), "FILE")
}

fn failure(path: &str) -> String {
    let args = Args::try_parse_from(["lease_expiry", "--trace", path]).unwrap();
    let line = run(&args).unwrap_err().to_string();
    assert!(!line.contains('\n'), "{line}");
    line
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let line = failure("no/such/evening.jsonl");
    assert!(line.starts_with("no/such/evening.jsonl: "), "{line}");
}

#[test]
fn a_malformed_line_is_named_with_what_was_expected() {
    let line = ends_with(
        "malformed",
        b"{\"at\":5,\"account\":\"a\",\"what\":\"set_limit\",\"limit\":2}\n\
          {\"at\":6,\"account\":\"a\",\"session\":\"tv\",\"what\":\"aquire\",\"lease_ms\":1}\n",
    );
    assert_eq!(
        line,
        "FILE, line 2: unknown variant `aquire`, expected one of `acquire`, `keep_alive`, \
         `release`, `set_limit` (column 52); expected for example \
         {\"at\":61500,\"account\":\"a1\",\"session\":\"tv\",\"what\":\"acquire\",\"lease_ms\":180000}"
    );
}

#[test]
fn time_that_goes_back_is_named() {
    let line = ends_with(
        "back",
        b"{\"at\":5,\"account\":\"a\",\"what\":\"set_limit\",\"limit\":2}\n\
          {\"at\":4,\"account\":\"a\",\"what\":\"set_limit\",\"limit\":3}\n",
    );
    assert_eq!(line, "FILE, line 2: \"at\" goes back to 4 from 5; expected 5 or later");
}

#[test]
fn an_empty_file_is_no_trace() {
    assert_eq!(ends_with("empty", b""), "FILE, there is no step; expected a line of JSON for each");
}
