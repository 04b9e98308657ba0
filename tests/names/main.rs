//! What is stored changes its names, and nothing of it is passed over without a word: a runtime starts
//! when it is said how to read all of it, and else says itself what is missing.

mod decisions;
