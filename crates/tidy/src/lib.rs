//! Keeps the house tidy: the tests of this crate read the source and the documents as text. There is no code here.
