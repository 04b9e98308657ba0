//! Rows of a database of the user's, folded from the journal: each event once, whatever fails.

mod slots;
