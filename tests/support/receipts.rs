//! What a repetition is told.

use bailiwick::Receipt;

/// The receipt of a repetition of what `first` is the receipt of.
pub fn repetition_of<R>(first: Receipt<R>) -> Receipt<R> {
    assert!(!first.repeated, "it was not the first");
    let mut again = first;
    again.repeated = true;
    again
}
